"""In a language whose every word stands in brackets: what a page says without them is not in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import String, inspect, text
from sqlalchemy.types import JSON
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from app import words
from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person
from app.settings import Settings
from app.web import forms
from app.web.sign_in import PUBLIC
from tests.conftest import signed_in
from tests.pages import PLACES
from tests.web.filled import DATA, fill
from tests.web.pseudo import TAG, Pseudo, unsaid

NAMES = frozenset({"template.name"})
"""Columns of names that the program proposes in the language of whoever acts; from then on they are people's own."""
OWN_WORDS = frozenset({"unsubscribe"})
"""Blueprints with a table of words of their own (`unsubscribe_words.py`)."""


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer the language, and let forms' own messages speak it too."""
    real, of_library = words.catalogue_of, forms.library_words
    monkeypatch.setitem(words.LANGUAGES, TAG, TAG)
    monkeypatch.setattr(words, "catalogue_of", lambda tag: Pseudo() if tag == TAG else real(tag))
    named = words._language_name
    monkeypatch.setattr(
        words, "_language_name", lambda tag, spoken: "⟦French⟧" if spoken == TAG else named(tag, spoken)
    )
    monkeypatch.setattr(forms, "library_words", lambda tag: Pseudo() if tag == TAG else of_library(tag))


@pytest.fixture
def reader(app: Flask, actor: Person, pseudo: None) -> FlaskClient:
    """The administrator, whose browser asks for that language."""
    client = signed_in(app, actor)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = TAG
    return client


def blueprint_of(app: Flask, path: str, method: str = "GET") -> str:
    """Whose page an address is; empty for one that is nobody's."""
    try:
        endpoint, _values = app.url_map.bind("localhost").match(path.split("?", maxsplit=1)[0], method=method)
    except Exception:  # no such page: the error pages are everybody's
        return ""
    return str(endpoint).partition(".")[0]


def report(found: dict[str, list[str]]) -> str:
    """What is to be put into the catalogue, by page."""
    return "\n".join(f"{name}: {line}" for name, lines in found.items() for line in lines)


def test_every_page_says_its_words_through_the_catalogue(
    app: Flask, reader: FlaskClient, database: Database, renderer: LimitedRenderer, actor: Person, settings: Settings
) -> None:
    numbers = fill(database, renderer, actor, settings)
    found = {}
    for place in PLACES:
        path = place.path.format(**numbers)
        blueprint = blueprint_of(app, path)
        if place.of_simulator or blueprint in OWN_WORDS:
            continue
        answer = reader.get(path)
        assert answer.status_code == (404 if place.name in {"not-found", "link-gone", "person-unknown"} else 200), place
        found[place.name] = unsaid(answer.text, DATA)
    if lines := report(found):
        pytest.fail(f"not in the catalogue:\n{lines}", pytrace=False)
    assert found.keys() >= {"home", "suppressions", "suppression-address", "bad-address", "not-found"}


def test_every_answer_to_a_wrong_form_does_too(
    app: Flask, reader: FlaskClient, database: Database, renderer: LimitedRenderer, actor: Person, settings: Settings
) -> None:
    fill(database, renderer, actor, settings)
    found = {}
    for rule, url in _posts(app):
        for data in ({}, _nonsense(), {"email": "¤nobody¤@", "until": "2020-01-01", "choice": "x", "file": "x"}):
            answer = reader.post(url, data=data)
            assert answer.status_code < 500, url
            is_page = answer.mimetype == "text/html" and not 300 <= answer.status_code < 400
            if is_page and (lines := unsaid(answer.text, DATA)):
                found[rule.endpoint] = lines
    if lines := report(found):
        pytest.fail(f"not in the catalogue:\n{lines}", pytrace=False)


@pytest.mark.usefixtures("reader")
def test_what_is_written_down_is_in_no_language(
    app: Flask, reader: FlaskClient, database: Database, renderer: LimitedRenderer, actor: Person, settings: Settings
) -> None:
    with words.speaking(TAG):
        fill(database, renderer, actor, settings)
    for rule, url in _posts(app):
        reader.post(url, data={"email": f"{rule.endpoint}@example.net", "note": "¤", "choice": "here_only"})
    assert set(_columns_in_a_language(database)) <= NAMES


def _columns_in_a_language(database: Database) -> Iterator[str]:
    schema = inspect(database.engine)
    with database.reading() as session:
        for table in schema.get_table_names():
            for column in schema.get_columns(table):
                if isinstance(column["type"], (String, JSON)):
                    name = f'"{table}"."{column["name"]}"'
                    rows = session.execute(
                        text(f'SELECT count(*) FROM "{table}" WHERE CAST({name} AS TEXT) LIKE :sign'), {"sign": "%⟦%"}
                    )
                    if rows.scalar():
                        yield f"{table}.{column['name']}"


def _posts(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every address that takes a form, of what is converted, with the numbers of things that are there."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        blueprint = rule.endpoint.partition(".")[0]
        if "POST" not in (rule.methods or ()) or rule.endpoint in PUBLIC or blueprint in OWN_WORDS:
            continue
        values: dict[str, object] = {}
        for name in rule.arguments:
            converter = rule._converters[name]
            is_number = isinstance(converter, IntegerConverter)
            values[name] = min(converter.items) if isinstance(converter, AnyConverter) else 1 if is_number else "branch"
        yield rule, adapter.build(rule.endpoint, values, method="POST")


def _nonsense() -> dict[str, str]:
    names = "email name note until file pasted language choice lists q adds_bounces hands_over words reason"
    return dict.fromkeys(names.split(), "¤nonsense¤" * 60)


def test_the_sign_in_page_speaks_the_language_of_the_browser(app: Flask, anonymous_client: FlaskClient) -> None:
    for asked, language in (("de-AT, en;q=0.5", "de"), ("fr, de;q=0.3", "de"), ("fr", "en"), ("", "en")):
        answer = anonymous_client.get("/sign-in", headers={"Accept-Language": asked})
        assert f'<html lang="{language}">' in answer.text, asked
        assert answer.headers["Content-Language"] == language
        assert "Accept-Language" in answer.headers["Vary"]
    page = anonymous_client.get("/sign-in", headers={"Accept-Language": "de"}).text
    assert "Zum Inhalt springen" in page


def test_a_chosen_language_goes_before_the_browsers_and_is_each_persons_own(
    app: Flask, client: FlaskClient, staff: Person
) -> None:
    german = {"Accept-Language": "de"}
    assert '<html lang="de">' in client.get("/suppressions", headers=german).text
    assert client.post("/you/language", data={"language": "en"}, headers=german).status_code == 302
    assert '<html lang="en">' in client.get("/suppressions", headers=german).text
    assert client.post("/you/language", data={"language": "de"}).status_code == 302
    page = client.get("/suppressions").text
    assert "Adressen, an die nicht geschrieben wird" in page
    assert "Die Sprache ist geändert." in page
    assert "Diese Seite gibt es nicht" in client.get("/no-such-page").text
    assert '<html lang="en">' in signed_in(app, staff).get("/suppressions").text
    assert words.language() == "en"


def test_a_language_that_is_not_offered_is_refused(client: FlaskClient) -> None:
    answer = client.post("/you/language", data={"language": "tlh"})
    assert answer.status_code == 422
    assert "Choose a language from the list." in answer.text


def test_a_download_speaks_the_language_of_whoever_asks_for_it(
    client: FlaskClient, database: Database, actor: Person
) -> None:
    client.post("/suppressions/add", data={"email": "anna@example.net"})
    client.post("/you/language", data={"language": "de"})
    download = client.get("/suppressions/download.csv")
    assert "Liste,E-Mail,Grund" in download.text.replace('"', "")
    assert "Von Hand hinzugefügt" in download.text
    assert words.language() == "en"
