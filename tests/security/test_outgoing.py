"""Postroom calls nobody but the mail service: no address that somebody types, pastes or uploads is ever fetched."""

from __future__ import annotations

import io
import socket
import sys
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.cloudflare.client import Client
from app.db import Database
from app.emails import templates
from app.emails.content import Format, content_of
from app.people.connection import save_connection
from app.people.models import Connection, Person
from app.people.service_address import check_service_address
from app.recipients.checking import NewRecipient
from app.refusals import Refused
from app.settings import Settings
from tests.emails.test_files import a_zip
from tests.factories import a_draft_send, a_list, a_template_version
from tests.files import a_png
from tests.security.test_headers import stand_in
from tests.simulator_process import free_port

_watchers: list[list[tuple[str, object]]] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _watchers and event in {"socket.connect", "socket.sendto", "socket.getaddrinfo"}:
        _watchers[-1].append((event, arguments[1] if event == "socket.connect" else arguments[0]))


@pytest.fixture
def outgoing() -> Iterator[list[tuple[str, object]]]:
    """Every connection and question about a name that this process makes; nothing of ours is replaced for it."""
    if not getattr(sys, "_postroom_watches", False):
        sys.addaudithook(_watch)  # stays for good: Python takes none away
        sys._postroom_watches = True  # type: ignore[attr-defined]
    _watchers.append([])
    yield _watchers[-1]
    _watchers.pop()


def elsewhere(seen: list[tuple[str, object]], database: Database) -> list[tuple[str, object]]:
    """What is neither the database nor a socket within this machine's files."""
    ours = set() if database.is_sqlite else {database.engine.url.port, None}
    found = []
    for event, where in seen:
        is_file = isinstance(where, (str, bytes)) and event == "socket.connect"
        is_database = isinstance(where, tuple) and len(where) > 1 and where[1] in ours
        if not is_file and not is_database:
            found.append((event, where))
    return found


def test_the_watch_sees_a_connection(outgoing: list[tuple[str, object]]) -> None:
    with socket.socket() as one, pytest.raises(OSError, match=""):
        one.connect(("127.0.0.1", free_port()))
    assert outgoing


def test_no_route_fetches_an_address_from_any_field(
    app: Flask, client: FlaskClient, database: Database, actor: Person, outgoing: list[tuple[str, object]]
) -> None:
    """Every POST route, its fields' names read off the pages and forms of the application, full of addresses."""
    trap = f"http://127.0.0.1:{free_port()}/trap"
    with database.writing() as session:
        version = a_template_version(session, actor)
        people = a_list(session, actor, people=[NewRecipient("a@example.com", "A", {"city": trap})])
        a_draft_send(session, actor, version=version, people=people)
    outgoing.clear()
    tried = 0
    for rule in list(app.url_map.iter_rules()):
        if "POST" not in (rule.methods or ()) or rule.endpoint in {"people.sign_out", "people.check_connection"}:
            continue
        values = {name: stand_in(kind) for name, kind in rule._converters.items()}
        path = app.url_map.bind("localhost").build(rule.endpoint, values)
        client.post(path, data={**dict.fromkeys(FIELDS, trap), "file": (io.BytesIO(trap.encode()), "a.txt")})
        client.post(path, json=dict.fromkeys(FIELDS, trap))
        tried += 1
    assert tried > 60
    assert elsewhere(outgoing, database) == []


FIELDS = (
    "url base_url public_url next target source html body text subject preheader name email address pasted paste file "
    "logo colour mailbox link href image content headers header_name header_value value values to cc bcc reply_to note "
    "words reason template list sender file_column column q search draft language layout key account_id token archive"
).split()

SOURCES = {
    Format.HTML: '<html><head><link rel="stylesheet" href="{0}/a.css"><style>@import "{0}/b.css"; p {{ background: '
    'url({0}/c.png) }}</style></head><body background="{0}/d.png"><img src="{0}/e.png"><iframe src="{0}/f"></iframe>'
    '<object data="{0}/g"></object></body></html>',
    Format.MJML: '<mjml><mj-head><mj-include path="{0}/a.mjml" /><mj-include path="/etc/passwd" type="html" /><mj-font '
    'name="A" href="{0}/b.css" /></mj-head><mj-body><mj-include path="{0}/c.mjml" /><mj-section><mj-column><mj-image '
    'src="{0}/d.png" /><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>',
    Format.MARKDOWN: "![a]({0}/a.png)\n\n[a]: {0}/b\n\n<img src='{0}/c.png'>\n",
}


@pytest.mark.parametrize("kind", SOURCES)
def test_no_template_makes_us_fetch_what_it_names(
    database: Database, actor: Person, kind: Format, outgoing: list[tuple[str, object]]
) -> None:
    """Preparing runs here, in the process that is watched, not in the limited ones."""
    from app.emails.publishing import publish

    trap = f"http://127.0.0.1:{free_port()}"
    with database.writing() as session:
        template = templates.create_template(session, actor, f"Trap {kind}")
        content = content_of("Hi", SOURCES[kind].format(trap), "")
        templates.save_draft(session, actor, template.id, content, number=template.draft_number)
        outgoing.clear()
        try:
            version = publish(session, actor, template.id)
        except Exception as refused:
            assert "passwd" not in str(refused)
        else:
            assert "root:" not in version.content.variants["en"].body
    assert elsewhere(outgoing, database) == []


def test_no_upload_makes_us_fetch_what_it_names(outgoing: list[tuple[str, object]], database: Database) -> None:
    from app.emails.file_kinds import check_file
    from app.recipients.files.reading import open_table
    from tests.security import test_bombs

    outgoing.clear()
    for act in (
        lambda: list(open_table(io.BytesIO(test_bombs.strings(b"<si><t>&a;</t></si>", test_bombs.EXTERNAL))).rows),
        lambda: check_file("a.svg", test_bombs.EXTERNAL + test_bombs.svg("<text>&a;</text>")),
        lambda: check_file("a.zip", a_zip({"http://127.0.0.1:9/x": a_png()})),
        lambda: list(
            open_table(
                io.BytesIO(b"BEGIN:VCARD\nEMAIL:a@example.com\nPHOTO;VALUE=uri:http://127.0.0.1:9/\nEND:VCARD")
            ).rows
        ),
    ):
        try:
            act()
        except Refused:
            continue
    assert elsewhere(outgoing, database) == []


# The one address that is called


@pytest.mark.parametrize(
    "url",
    [
        "https://api.cloudflare.com/client/v4",
        "http://127.0.0.1:5001/client/v4",
        "http://localhost:5001/client/v4",
        "http://[::1]:5001/client/v4",
        "https://1.1.1.1/client/v4",
    ],
)
def test_the_service_and_the_simulator_may_be_called(url: str) -> None:
    check_service_address(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.cloudflare.com/client/v4",
        "http://1.1.1.1/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::]/",
        "https://0.0.0.0/",
        "https://0x0a000001/",
        "https://167772161/",
        "https://012.0.0.1/",
        "https://10.1/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://user:password@api.cloudflare.com/",
        "https://api.cloudflare.com/?x=1",
        "https://api.cloudflare.com/#x",
        "https://api.cloudflare.com:0/",
        "https://api.cloudflare.com:99999/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/",
        "javascript:alert(1)",
        "//127.0.0.1/",
        "",
    ],
)
def test_nothing_else_may(url: str) -> None:
    with pytest.raises(Refused):
        check_service_address(url)


def test_a_host_of_ones_own_network_must_be_named_by_who_runs_postroom() -> None:
    with pytest.raises(Refused, match="POSTROOM_SERVICE_HOSTS"):
        check_service_address("https://10.0.0.1/client/v4")
    check_service_address("https://10.0.0.1/client/v4", {"10.0.0.1"})


def test_a_stored_token_does_not_go_to_another_address(database: Database, actor: Person, settings: Settings) -> None:
    def save(base_url: str, token: str) -> Connection:
        with database.writing() as session:
            return save_connection(
                session, actor, settings, account_id="a", token=token, base_url=base_url, calls_per_5_minutes=1200
            )

    save("http://127.0.0.1:5001/client/v4", "a token")
    with pytest.raises(Refused, match="put it in again"):
        save("https://1.1.1.1/client/v4", "")
    save("http://127.0.0.1:5001/client/v4", "")
    save("https://1.1.1.1/client/v4", "a token for there")


def test_the_client_follows_no_redirect(outgoing: list[tuple[str, object]]) -> None:
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    trap = free_port()

    class Redirecting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{trap}/trap")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *words: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Redirecting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    outgoing.clear()
    with Client(f"http://127.0.0.1:{server.server_port}", "a", "t", read_timeout=5) as client:
        client.check_token()
        client.limits()
    server.shutdown()
    server.server_close()
    ports = {where[1] for event, where in outgoing if event == "socket.connect" and isinstance(where, tuple)}
    assert ports == {server.server_port}


def test_nothing_in_the_house_but_the_client_opens_a_connection() -> None:
    """Who imports a library that calls others: the client of the mail service; the sign-in at the
    organisation's own provider, where a setting names it; the supervisor asks its own children."""
    from app import ROOT

    words = (
        "import requests",
        "import httpx",
        "import urllib.request",
        "import http.client",
        "from urllib import request",
    )
    found = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "app").rglob("*.py")
        if any(one in file.read_text() for one in words)
    }
    assert {one for one in found if not one.startswith("app/demo/")} == {
        "app/cloudflare/client.py",
        "app/people/oidc.py",
        "app/supervisor.py",
    }
