"""What an operator asks the web process: health, readiness, figures; and what it logs of a request."""

from __future__ import annotations

import logging
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.db import Database, now
from app.delivery.models import Worker
from app.people.models import Person
from app.settings import Settings
from tests.conftest import PASSWORD, signed_in
from tests.delivery.ground import wait_for
from tests.web.web_process import RunningWeb

TOKEN = "a token of this test only"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
NOBODY_THERE = "postgresql://postroom:secret-password@127.0.0.1:9/postroom"


@pytest.fixture
def with_token(app: Flask) -> Flask:
    kept = app.extensions["postroom"]
    app.extensions["postroom"] = replace(kept, settings=kept.settings.model_copy(update={"metrics_token": _secret()}))
    return app


def _secret() -> object:
    return Settings.model_validate({"POSTROOM_METRICS_TOKEN": TOKEN}).metrics_token


def beat(database: Database) -> None:
    with database.writing() as session:
        session.add(Worker(id="somewhere:1:abc", seen_at=now()))


# Health


def test_ready_means_that_the_database_answers_and_a_worker_lives(app: Flask, database: Database) -> None:
    client = app.test_client()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["database"], answer.json["worker"]) == (503, True, False)
    assert "No worker was seen in the last 30 seconds" in answer.json["words"]
    beat(database)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json["database"], answer.json["worker"]) == (200, True, True)


def test_a_database_that_is_away_is_said_in_words_quickly(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = Settings.model_validate(
        {
            "POSTROOM_DATA": tmp_path / "away",
            "POSTROOM_SECRET_KEY": settings.secret_key,
            "DATABASE_URL": NOBODY_THERE,
            "POSTROOM_METRICS_TOKEN": TOKEN,
        }
    )
    client = create_app(away).test_client()
    for path, status in (("/healthz", 200), ("/readyz", 503), ("/metrics", 503), ("/static/postroom.css", 200)):
        began = time.monotonic()
        answer = client.get(path, headers=BEARER)
        assert answer.status_code == status, path
        assert time.monotonic() - began < 30
        if status == 503:
            assert "database does not answer" in answer.text
            assert "Traceback" not in answer.text and "127.0.0.1" not in answer.text
    assert "secret-password" not in caplog.text
    with client.session_transaction() as session:
        session["sign_in"] = "some token"
    answer = client.get("/")
    assert answer.status_code == 503
    assert "Its database does not answer" in answer.text
    assert answer.headers["Retry-After"]


def test_a_database_without_tables_is_told_from_one_that_is_away(settings: Settings, tmp_path: Path) -> None:
    empty = settings.model_copy(update={"database_url_setting": f"sqlite:///{tmp_path}/empty.sqlite3"})
    empty.__dict__.pop("database_url", None)
    answer = create_app(empty).test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["words"] == "The database is not set up. Run `postroom setup`."


# Figures


def test_figures_need_the_token_and_without_a_setting_there_are_none(app: Flask, client: FlaskClient) -> None:
    assert app.test_client().get("/metrics", headers=BEARER).status_code == 404
    assert client.get("/metrics").status_code == 404, "to be signed in opens nothing"


@pytest.mark.parametrize("given", [None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ü"])
def test_a_wrong_token_is_refused(with_token: Flask, given: str | None) -> None:
    headers = {"Authorization": given} if given else {}
    answer = with_token.test_client().get("/metrics", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "postroom_" not in answer.text


def test_the_right_token_opens_the_figures(with_token: Flask, database: Database) -> None:
    beat(database)
    answer = with_token.test_client().get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    assert "\npostroom_workers_alive 1.0\n" in answer.text


# Requests in the log


def test_a_request_is_logged_by_its_route_never_by_what_was_asked_for(
    app: Flask, actor: Person, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "app.web.request_log")
    client = signed_in(app, actor)
    caplog.clear()
    answer = client.get("/lists/999?search=anna@example.net", headers={"X-Request-ID": "from-the-proxy-1"})
    (record,) = [one for one in caplog.records if one.name == "app.web.request_log"]
    said = record.__dict__
    assert (said["method"], said["route"], said["status"]) == ("GET", "/lists/<int:list_id>", 404)
    assert said["milliseconds"] >= 0
    assert answer.headers["X-Request-ID"] == "from-the-proxy-1"
    assert "anna" not in caplog.text
    strange = client.get("/no-such-page/anna@example.net", headers={"X-Request-ID": "a b\tc"})
    assert len(strange.headers["X-Request-ID"]) == 32
    assert caplog.records[-1].__dict__["route"] == "-"
    assert "anna" not in str([one.__dict__ for one in caplog.records])


def test_health_and_files_are_not_logged_while_all_is_well(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client = app.test_client()
    client.get("/healthz")
    client.get("/static/postroom.css")
    assert [one for one in caplog.records if one.name == "app.web.request_log"] == []
    client.get("/readyz")
    assert [one.__dict__["status"] for one in caplog.records if one.name == "app.web.request_log"] == [503]


def test_the_real_server_writes_json_lines_only(settings: Settings, actor: Person) -> None:
    with RunningWeb(settings, POSTROOM_LOG_FORMAT="json", POSTROOM_METRICS_TOKEN=TOKEN) as web:
        assert requests.get(f"{web.url}/healthz", timeout=5).json() == {"status": "ok"}
        assert requests.get(f"{web.url}/metrics", headers=BEARER, timeout=5).ok
        page = requests.post(f"{web.url}/sign-in", data={"email": actor.email, "password": PASSWORD}, timeout=5)
        assert page.status_code == 400  # no token of a form
        wait_for(lambda: any(line["event"] == "request" for line in web.lines))
        number = page.headers["X-Request-ID"]
        (line,) = [one for one in web.lines if (one["event"], one.get("request_id")) == ("request", number)]
        assert (line["route"], line["method"], line["status"]) == ("/sign-in", "POST", 400)
        assert actor.email not in web.words and PASSWORD not in web.words


def test_a_checked_worker_is_one_of_this_machine(settings: Settings, database: Database, tmp_path: Path) -> None:
    with database.writing() as session:
        session.add(Worker(id="another-machine:1:abc", seen_at=now()))
    found = _check(settings)
    assert found.returncode == 1
    assert "No worker was seen" in found.stdout
    with database.writing() as session:
        session.add(Worker(id=f"{socket.gethostname()[:60]}:1:abc", seen_at=now()))
    found = _check(settings)
    assert (found.returncode, found.stderr) == (0, "")
    found = _check(settings, DATABASE_URL=NOBODY_THERE)
    assert found.returncode == 2
    assert "The database does not answer" in found.stdout
    assert "Traceback" not in found.stdout + found.stderr


def _check(settings: Settings, **environment: str) -> subprocess.CompletedProcess[str]:
    web = RunningWeb(settings, **environment)
    return subprocess.run(
        web.command("check", "--worker"),
        check=False,
        env=web.environment,
        cwd=web.folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
