"""Scan a running Postroom for weaknesses with wapiti, as a signed-in administrator, and the libraries with pip-audit.

    python scripts/scan.py [--wapiti PATH] [--minutes N]

wapiti (`pip install wapiti3`, in an environment of its own: its libraries are not ours) and pip-audit are not among
Postroom's own dependencies. The script starts a demo with data of its own on free ports, signs in, scans, and ends with
exit code 1 and the findings when there are any. docs/threats.md says what the last run found.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

ROOT = Path(__file__).parent.parent
PASSWORD = "a password for the scan only"  # noqa: S105 - of a demo that ends with the scan
MODULES = (
    "cookieflags,csp,http_headers,methods,csrf,redirect,crlf,xss,permanentxss,exec,file,sql,upload,shellshock,timesql"
)
"""What is tried. Left out: what asks servers of others (`nikto`, `wapp`, `ssrf`, `xxe`, `log4shell`; tests of our own
watch every connection and try entities), and `backup`, which stumbles over addresses with a port."""
SIGNS_OUT = ("/sign-out", "/you/*", "/settings/people*", "/settings/connection*")
"""Addresses that are left alone: they would end the scan's own sign-in."""


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_demo(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start a demo with data of its own, and wait until it answers."""
    ours = ("POSTROOM_", "CLOUDFLARE_", "DATABASE_URL")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    given = {
        "POSTROOM_DATA": str(folder),
        "POSTROOM_PORT": str(port),
        "POSTROOM_SIMULATOR_PORT": str(free_port()),
        "POSTROOM_ADMIN_PASSWORD": PASSWORD,
        "POSTROOM_SECURE_COOKIES": "true",  # as wherever people reach it
    }
    with (folder / "demo.log").open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "demo"], cwd=ROOT, env={**clean, **given}, stdout=log, stderr=log
        )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).ok:
                return demo
        except requests.RequestException:
            pass
        time.sleep(0.5)
    demo.terminate()
    raise SystemExit(f"The demo did not start: {(folder / 'demo.log').read_text()[-2000:]}")


def sign_in(url: str) -> str:
    """Sign in; gives the Cookie header."""
    # By hand: over http no library sends a cookie along that is for https only.
    first = requests.get(f"{url}/sign-in", timeout=30)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', first.text)
    if token is None:
        raise SystemExit("The sign-in page has no form.")
    form = {"csrf_token": token[1], "email": "admin@example.com", "password": PASSWORD}
    headers = {"Origin": url, "Cookie": first.headers["Set-Cookie"].partition(";")[0]}
    done = requests.post(f"{url}/sign-in", data=form, headers=headers, timeout=30, allow_redirects=False)
    if done.status_code != 302:
        raise SystemExit("Signing in did not work.")
    return done.headers["Set-Cookie"].partition(";")[0]


def scan(wapiti: str, url: str, cookie: str, minutes: int, folder: Path) -> dict[str, list[dict[str, str]]]:
    """Run wapiti; gives the findings by their kind."""
    report = folder / "report.json"
    left_out = [part for path in SIGNS_OUT for part in ("-x", f"{url}{path}")]
    command = [wapiti, "-u", f"{url}/", "-H", f"Cookie: {cookie}", "-H", f"Origin: {url}", "-m", MODULES, *left_out]
    command += ["--scope", "folder", "--flush-session", "--store-session", str(folder), "--no-bugreport"]
    command += ["--dns-endpoint", "localhost"]  # not its makers'
    command += [
        "--max-scan-time",
        str(minutes * 30),
        "--max-attack-time",
        str(minutes * 6),
        "--max-links-per-page",
        "60",
    ]
    command += ["--max-parameters", "40", "--tasks", "4", "-f", "json", "-o", str(report)]
    subprocess.run(command, check=True)  # noqa: S603 - the command that was asked for
    found = json.loads(report.read_text())
    print(f"{found['infos'].get('crawled_pages_nbr')} pages and forms were looked at.")
    kinds = {**found["vulnerabilities"], **found["anomalies"]}
    return {kind: findings for kind, findings in kinds.items() if findings}


def audit() -> int:
    """Look the libraries up among the known weaknesses; 0 when none has one."""
    command = shutil.which("pip-audit")
    if command is None:
        print("pip-audit is not installed: the libraries were not looked up, which is no good news.")
        return 1
    asked = [command, "-r", str(ROOT / "requirements.lock"), "--disable-pip", "--no-deps", "--strict"]
    return subprocess.run(asked, check=False).returncode  # noqa: S603 - pip-audit, with our own list


def main() -> int:
    """Scan, and tell."""
    options = argparse.ArgumentParser(description="Scan a demo of Postroom for weaknesses.")
    options.add_argument("--wapiti", default=shutil.which("wapiti"), help="the command of wapiti")
    options.add_argument("--minutes", type=int, default=10, help="about how long it may take")
    chosen = options.parse_args()
    if not chosen.wapiti:
        raise SystemExit("wapiti is not installed: `pip install wapiti3` in an environment of its own, then --wapiti.")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="postroom-scan-") as made:
        demo = start_demo(Path(made), port)
        try:
            url = f"http://127.0.0.1:{port}"
            found = scan(chosen.wapiti, url, sign_in(url), chosen.minutes, Path(made))
            faults = [one for one in (Path(made) / "demo.log").read_text().splitlines() if "a view failed" in one]
        finally:
            demo.terminate()
            demo.wait(30)
    for kind, findings in found.items():
        for one in findings:
            print(f"{kind}: {one.get('method')} {one.get('path')} {one.get('parameter') or ''}: {one.get('info')}")
    print(f"{sum(map(len, found.values()))} findings, {len(faults)} faults of our own in the log.")
    return 1 if found or faults or audit() else 0


if __name__ == "__main__":
    sys.exit(main())
