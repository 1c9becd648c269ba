"""Headers of every answer, the names Postroom answers to, where changes may come from, and security.txt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import ValidationError
from werkzeug.routing.converters import AnyConverter, BaseConverter, NumberConverter

from app.db import Database, now
from app.people.models import Person, Workspace
from app.settings import Settings
from tests.conftest import PASSWORD, SECRET_KEY, an_app, signed_in
from tests.statements import statements

PAGES = ("/", "/templates/", "/lists", "/sends/", "/settings", "/sign-in", "/healthz", "/no-such-page", "/u/nobody")


def made_with(settings: Settings, **more: str) -> Flask:
    given = {
        "POSTROOM_DATA": settings.data,
        "POSTROOM_SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": settings.database_url,
        **more,
    }
    return an_app(Settings.model_validate(given))


@pytest.fixture
def secure(settings: Settings, database: Database) -> Iterator[Flask]:
    """Postroom as it stands behind a proxy with https."""
    app = made_with(
        settings,
        POSTROOM_HOST="0.0.0.0",
        POSTROOM_URL="https://postroom.example.com",
        POSTROOM_HOSTS="post.example.org, mail.example.org",
        POSTROOM_SECURE_COOKIES="true",
        POSTROOM_SECURITY_CONTACT="security@example.com",
    )
    yield app
    app.extensions["postroom"].database.close()


# Headers


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_has_the_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    for directive in ("object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"):
        assert directive in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_no_page_template_has_inline_script_or_style() -> None:
    from app import ROOT

    for file in (ROOT / "templates").rglob("*.html"):
        text = file.read_text()
        assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+\s*=\s*[\"']|<style|\sstyle\s*=|javascript:", text), (
            file
        )


def test_over_https_the_cookie_is_bound_to_this_host_and_https_is_remembered(secure: Flask, actor: Person) -> None:
    client = secure.test_client()
    base = "https://postroom.example.com"
    answer = client.post("/sign-in", data={"email": actor.email, "password": PASSWORD}, base_url=base)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-postroom=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {one.strip() for one in cookie.split(";")}
    assert "Domain" not in cookie
    assert client.get("/", base_url=base).status_code == 200


# Names


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "postroom.example.com.evil.example",
        "evil.example:80",
        "postroom.example.com@evil.example",
        "localhost",
        "127.0.0.1:5000",
        "[::1]",
        "evil.example/postroom.example.com",
        "postroom.example.com evil",
        "",
        "postroom.example.com:port",
        "mail.example.com",
        "xn--e1afmkfd.example",
    ],
)
@pytest.mark.parametrize("path", ["/", "/sign-in", "/static/postroom.css", "/u/nobody", "/.well-known/security.txt"])
def test_a_strange_name_gets_400_and_no_page(secure: Flask, host: str, path: str) -> None:
    answer = secure.test_client().get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "does not answer under this name" in answer.text
    assert "<" not in answer.text


@pytest.mark.parametrize(
    "host", ["postroom.example.com", "POSTROOM.example.com:8443", "post.example.org", "mail.example.org."]
)
def test_our_names_are_answered_whatever_the_port(secure: Flask, host: str) -> None:
    assert secure.test_client().get("/sign-in", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:5000", "[::1]:5000"])
def test_on_ones_own_machine_its_own_names_count(app: Flask, host: str) -> None:
    assert app.test_client().get("/sign-in", headers={"Host": host}).status_code == 200


def test_a_workspaces_public_name_serves_recipients_pages_only(
    secure: Flask, database: Database, actor: Person
) -> None:
    with database.writing() as session:
        session.get_one(Workspace, actor.workspace_id).public_url = "https://mail.harbour.example/post"
    client = secure.test_client()
    host = {"Host": "mail.harbour.example"}
    assert client.get("/u/nobody", headers=host).status_code == 404
    assert client.get("/static/postroom.css", headers=host).status_code == 200
    for path in ("/", "/sign-in", "/.well-known/security.txt", "/ustatic/"):
        assert client.get(path, headers=host).status_code == 400


def test_wrong_names_ask_the_database_once(secure: Flask, actor: Person) -> None:
    client = secure.test_client()
    with statements() as said:
        for number in range(20):
            assert client.get("/", headers={"Host": f"{number}.evil.example"}).status_code == 400
            assert client.get("/u/nobody", headers={"Host": f"{number}.evil.example"}).status_code == 400
    assert len([one for one in said if "SELECT" in one]) <= 1


def test_machines_may_ask_for_health_under_any_name(secure: Flask) -> None:
    assert secure.test_client().get("/healthz", headers={"Host": "10.0.0.7:5000"}).status_code == 200


# Where changes come from


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 302),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 302),
        ({"Sec-Fetch-Site": "none"}, 302),
        ({"Origin": "http://localhost:5000"}, 302),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
    ],
)
def test_a_change_comes_from_our_own_pages(app: Flask, actor: Person, headers: dict[str, str], status: int) -> None:
    client = app.test_client()
    given = {"email": actor.email, "password": PASSWORD}
    assert client.post("/sign-in", data=given, headers=headers).status_code == status


def test_reading_is_open_to_links_from_elsewhere(client: FlaskClient) -> None:
    assert client.get("/sends/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_mail_services_may_post_to_an_unsubscribe_link(anonymous_client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"}
    answer = anonymous_client.post("/u/nobody", data={"List-Unsubscribe": "One-Click"}, headers=headers)
    assert answer.status_code == 404


def stand_in(kind: BaseConverter) -> object:
    """Give a value that a part of an address takes."""
    if isinstance(kind, AnyConverter):
        return min(kind.items)
    return 1 if isinstance(kind, NumberConverter) else "x"


def test_every_form_and_htmx_request_needs_its_token(settings: Settings, database: Database, actor: Person) -> None:
    """Every route that takes POST, but for the links in e-mails, refuses a signed-in person without a token."""
    app = made_with(settings)
    client = signed_in(app, actor)
    app.config["WTF_CSRF_ENABLED"] = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    tried = 0
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith("unsubscribe."):
            continue
        values = {name: stand_in(kind) for name, kind in rule._converters.items()}
        with app.test_request_context():
            path = app.url_map.bind("localhost").build(rule.endpoint, values)
        for headers in ({}, {"HX-Request": "true"}, {"X-CSRFToken": "guessed"}):
            answer = client.post(path, data={"csrf_token": "guessed"} if headers else {}, headers=headers)
            wanted = 409 if "HX-Request" in headers else 400  # htmx puts a 409 into the page, and what was typed stays
            assert answer.status_code == wanted, (rule, headers, answer.status_code)
            assert "This form is too old" in answer.text
        tried += 1
    assert tried > 50
    app.extensions["postroom"].database.close()


# security.txt


def test_security_txt_says_whom_to_tell(secure: Flask) -> None:
    answer = secure.test_client().get("/.well-known/security.txt", headers={"Host": "postroom.example.com"})
    assert answer.mimetype == "text/plain"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:security@example.com"
    assert fields["Canonical"] == "https://postroom.example.com/.well-known/security.txt"
    assert 100 < (datetime.fromisoformat(fields["Expires"]) - now()).days < 365


def test_without_a_contact_it_is_not_there(anonymous_client: FlaskClient) -> None:
    assert anonymous_client.get("/.well-known/security.txt").status_code == 404


@pytest.mark.parametrize("contact", ["nobody", "http://example.com", "a@b\nContact: x", "javascript:alert(1)"])
def test_what_is_no_contact_stops_the_program(contact: str) -> None:
    with pytest.raises(ValidationError, match="POSTROOM_SECURITY_CONTACT"):
        Settings.model_validate({"POSTROOM_SECURITY_CONTACT": contact})
