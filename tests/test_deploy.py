"""What stands in deploy/ fits the program: settings, commands and addresses exist, and the units are well-formed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask

from app.cli import main
from app.delivery.metrics import exposition
from app.settings import Settings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SETTINGS = {str(field.alias) for field in Settings.model_fields.values()}
READ_TIMEOUT = Settings.model_fields["read_timeout"].default
OURS = ("setup", "web", "worker")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def seconds(words: str) -> int:
    return int(words.removesuffix("s"))


def is_command(words: list[str]) -> bool:
    """`postroom WORDS` exists, with its options."""
    command = main.commands.get(words[0])
    options = {option for parameter in command.params for option in parameter.opts} if command else set()
    return command is not None and set(words[1:]) <= options


def test_every_service_of_compose_runs_a_command_of_postroom(compose: dict[str, Any]) -> None:
    for name in OURS:
        assert is_command(compose["services"][name]["command"]), name


def test_every_variable_and_secret_of_compose_is_a_setting(compose: dict[str, Any]) -> None:
    for name in OURS:
        service = compose["services"][name]
        assert set(service["environment"]) <= SETTINGS
        assert set(service["secrets"]) <= SETTINGS
        assert set(service["secrets"]) <= set(compose["secrets"])
        assert service["environment"]["POSTROOM_SECRETS"] == "/run/secrets"
    assert all(f"secrets/{name}" == one["file"] for name, one in compose["secrets"].items())


def test_no_secret_stands_in_the_environment(compose: dict[str, Any]) -> None:
    secret = {"DATABASE_URL", "POSTROOM_SECRET_KEY", "POSTROOM_METRICS_TOKEN", "CLOUDFLARE_API_TOKEN"}
    for service in compose["services"].values():
        assert not secret & set(service.get("environment", {}))
    example = (DEPLOY / "postroom.env.example").read_text()
    assert not secret & set(re.findall(r"^(\w+)=", example, re.MULTILINE))


def test_the_example_of_settings_is_read_without_complaint(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / "postroom.env.example").read_text(), re.MULTILINE))
    assert set(pairs) <= SETTINGS
    for name, value in pairs.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_environment().secure_cookies


def test_the_database_is_set_up_once_before_anything_else_starts(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["setup"]["restart"] == "no"
    assert services["setup"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in ("web", "worker"):
        assert services[name]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}


def test_web_and_worker_say_whether_they_are_well(compose: dict[str, Any], app: Flask) -> None:
    services = compose["services"]
    *_, program = services["web"]["healthcheck"]["test"]
    path = re.search(r"http://127\.0\.0\.1:5000(/\w+)", program)
    assert path is not None and path[1] in {rule.rule for rule in app.url_map.iter_rules()}
    compile(program, "healthcheck", "exec")
    first, name, *words = services["worker"]["healthcheck"]["test"]
    assert (first, name) == ("CMD", "postroom")
    assert is_command(words)


def test_many_workers_and_many_webs_can_run(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["worker"]["deploy"]["replicas"] > 1
    assert "ports" not in services["worker"]
    assert services["web"]["ports"] == ["127.0.0.1:5000-5009:5000"], "a fixed port would fit one only"
    assert not any("container_name" in service for service in services.values())


def test_containers_may_do_little_and_stop_with_grace(compose: dict[str, Any]) -> None:
    for name in OURS:
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["environment"]["POSTROOM_DATA"].startswith(tuple(service["tmpfs"]))
    assert seconds(compose["services"]["worker"]["stop_grace_period"]) >= READ_TIMEOUT + 10
    assert compose["networks"]["inside"]["internal"] is True
    assert compose["services"]["database"]["networks"] == ["inside"]


def test_the_image_is_made_of_the_lock_file_and_runs_as_nobody_in_particular() -> None:
    lines = (DEPLOY / "Dockerfile").read_text()
    assert "--no-deps --requirement /requirements.lock" in lines
    assert re.search(r"^USER (\d+):\d+$", lines, re.MULTILINE)[1] != "0"  # type: ignore[index]
    assert "http" not in re.sub(r"(?m)^#.*$", "", lines), "packages come from where pip is told to look"
    kept = re.findall(r"^!(\S+)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    for source in re.findall(r"^COPY (?!--from)(\S+)", lines, re.MULTILINE):
        assert (ROOT / source).exists()
        assert source in kept
    assert is_command(re.findall(r'^CMD \["(\w+)"\]$', lines, re.MULTILINE))
    needed = {path.name for path in ROOT.iterdir() if path.name in {"app", "migrations", "static", "templates"}}
    assert needed <= set(kept)


def test_secrets_are_made_once_and_fit_together(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    command = [str(DEPLOY / "make-secrets"), str(folder), "db.example.com"]
    subprocess.run(command, check=True, capture_output=True)
    assert folder.stat().st_mode & 0o777 == 0o700
    password = (folder / "database_password").read_text()
    assert (folder / "DATABASE_URL").read_text() == f"postgresql://postroom:{password}@db.example.com/postroom"
    names = {one.name for one in folder.iterdir()}
    assert names == set(yaml.safe_load((DEPLOY / "compose.yaml").read_text())["secrets"])
    assert subprocess.run(command, check=False, capture_output=True).returncode != 0, "it never writes over secrets"
    assert (folder / "database_password").read_text() == password


def test_settings_are_read_from_files_of_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "secrets"
    subprocess.run([str(DEPLOY / "make-secrets"), str(folder)], check=True, capture_output=True)
    monkeypatch.setenv("POSTROOM_SECRETS", str(folder))
    found = Settings.from_environment()
    assert found.secret_key == (folder / "POSTROOM_SECRET_KEY").read_text()
    assert found.database_url.startswith("postgresql+psycopg://postroom:")
    assert found.metrics_token is not None


# systemd


def entries(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_a_command_with_settings_that_exist(unit: Path) -> None:
    (start,) = entries(unit, "ExecStart")
    program, *words = start.split()
    assert program == "/opt/postroom/.venv/bin/postroom"
    assert is_command(words)
    names = [line.partition("=")[0] for line in entries(unit, "Environment")]
    assert {*names, *(line.partition(":")[0] for line in entries(unit, "LoadCredential"))} <= SETTINGS
    assert all(line.partition(":")[0] == line.rpartition("/")[2] for line in entries(unit, "LoadCredential"))
    assert entries(unit, "User") == ["postroom"]


def test_a_worker_has_time_to_end_what_is_under_way() -> None:
    unit = DEPLOY / "systemd" / "postroom-worker@.service"
    assert int(entries(unit, "TimeoutStopSec")[0]) >= READ_TIMEOUT + 10
    assert entries(unit, "KillMode") == ["mixed"]
    assert entries(unit, "Restart") == ["always"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze here")
def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    for unit in UNITS:
        words = unit.read_text().replace("/opt/postroom/.venv/bin/postroom", shutil.which("true") or "")
        (tmp_path / unit.name.replace("@", "@1")).write_text(words)
    files = [str(one) for one in sorted(tmp_path.iterdir())]
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], check=False, capture_output=True, text=True
    )
    assert (found.returncode, found.stderr) == (0, "")


def test_the_page_about_running_names_every_figure_and_every_file(app: Flask) -> None:
    page = (ROOT / "docs" / "scaling.md").read_text()
    services = app.extensions["postroom"]
    with services.database.reading() as session:
        figures = exposition(session, services.settings, services.queue).decode()
    for name in re.findall(r"^# HELP (\S+)", figures, re.MULTILINE):
        assert f"`{name}" in page, name
    for target in re.findall(r"\]\(([^)#]+)\)", page):
        assert (ROOT / "docs" / target).exists(), target
