"""A whole Postroom of one's own (web, worker, simulator as processes) and a real Chromium to use it with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.simulator_process import ROOT, free_port

PASSWORD = "a long password for tests"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first is Chromium without what only a person needs at a screen: a fifth less work."""
PATIENCE = 20_000
"""Milliseconds that a page may take to do or to show something: how busy the machine is decides it, not Postroom."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


expect.set_options(timeout=PATIENCE)


def chromium() -> str:
    """The system's or the user's own Chromium; CHROMIUM names another one."""
    found = os.environ.get("CHROMIUM") or next((path for name in NAMES if (path := shutil.which(name))), None)
    assert found, "The browser tests need Chromium: install it (Debian: apt install chromium) or name it with CHROMIUM."
    return found


@dataclass(frozen=True)
class RunningPostroom:
    """A Postroom started by `postroom demo`."""

    url: str
    simulator_url: str
    process: subprocess.Popen[bytes]
    data: Path

    def captured(self) -> list[dict[str, object]]:
        """Every mail the simulator captured."""
        found: list[dict[str, object]] = requests.get(
            f"{self.simulator_url}/api/v1/messages", params={"limit": 10_000}, timeout=60
        ).json()["messages"]
        return found


def start_postroom(
    folder: Path, *, undo_seconds: int = 0, host: str = "127.0.0.1", more: dict[str, str] | None = None
) -> RunningPostroom:
    """Start one with demo data and wait until it answers. `more`: further settings."""
    port, simulator_port = free_port(), free_port()
    url = f"http://{host}:{port}"
    environment = {
        **os.environ,
        "POSTROOM_DATA": str(folder),
        "POSTROOM_PORT": str(port),
        "POSTROOM_SIMULATOR_PORT": str(simulator_port),
        "POSTROOM_ADMIN_PASSWORD": PASSWORD,
        "POSTROOM_RETRY_SCALE": "0.001",
        "POSTROOM_EVENTS_SECONDS": "2",  # what happens later happens a minute later, unless a test sets it
        "POSTROOM_UNDO_SECONDS": str(undo_seconds),
        "POSTROOM_SECRET_KEY": "a secret key for tests, long enough for its check",
        "POSTROOM_URL": url,
        **(more or {}),
    }
    log = (folder / "log.txt").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
    )
    running = RunningPostroom(url, f"http://127.0.0.1:{simulator_port}", process, folder)
    deadline = time.monotonic() + 90
    while True:
        try:
            if requests.get(f"{running.url}/readyz", timeout=2).ok:
                return running
        except requests.RequestException:
            pass
        assert process.poll() is None and time.monotonic() < deadline, (folder / "log.txt").read_text()
        time.sleep(0.2)


@pytest.fixture(scope="session")
def postroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostroom]:
    running = start_postroom(tmp_path_factory.mktemp("postroom"))
    yield running
    running.process.terminate()
    running.process.wait(40)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    started = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
    yield started
    started.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser of its own for one person, with `options` as Playwright's."""
    made = browser.new_context(**options)
    made.set_default_timeout(PATIENCE)
    if options.get("java_script_enabled", True):
        made.add_init_script("addEventListener('load', () => { document.documentElement.dataset.loaded = 'yes'; })")
        made.on("page", wait_for_scripts)
    return made


def wait_for_scripts(page: Page) -> None:
    """Press and read nothing before a page's scripts have run: until then it works as a page without scripts does."""
    page.add_locator_handler(page.locator("html:not([data-loaded])"), lambda _: page.wait_for_load_state())


@pytest.fixture(autouse=True)
def _pages_end_with_their_test(browser: Browser) -> Iterator[None]:
    """A page that stays open goes on asking its Postroom."""
    yield
    for left in browser.contexts:
        left.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = new_context(browser, viewport={"width": 1440, "height": 900}, timezone_id="Europe/London")
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, postroom: RunningPostroom) -> Page:
    """A page, signed in as the first administrator; a script error on any page fails the test."""
    made = context.new_page()
    made.on("pageerror", lambda error: pytest.fail(f"script error on {made.url}: {error}"))
    sign_in(made, postroom)
    return made


def sign_in(page: Page, postroom: RunningPostroom, email: str = "admin@example.com") -> None:
    page.goto(f"{postroom.url}/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{postroom.url}/")
