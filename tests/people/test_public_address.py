"""The address under which recipients reach Postroom: https, a server people outside can reach, or nothing."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.db import Database
from app.people.models import Workspace
from app.people.public_address import checked_public_url
from app.refusals import Refused


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("", ""),
        ("  ", ""),
        (" https://mail.example.com/ ", "https://mail.example.com"),
        ("HTTPS://Mail.Example.com", "https://mail.example.com"),
        ("https://example.com:8443/mail/", "https://example.com:8443/mail"),
        ("https://example.com:443", "https://example.com"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
    ],
)
def test_a_good_address_is_stored_without_a_slash_at_its_end(typed: str, stored: str) -> None:
    assert checked_public_url(typed) == stored
    assert checked_public_url(stored) == stored


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("http://mail.example.com", "must begin with https://"),
        ("mail.example.com", "must begin with https://"),
        ("https://", "people outside can reach"),
        ("https://localhost", "people outside can reach"),
        ("https://192.168.0.1", "people outside can reach"),
        ("https://[::1]", "people outside can reach"),
        ("https://two words.example.com", "people outside can reach"),
        ("https://a..b.example", "no web address"),
        ("https://example.com:port", "no web address"),
        ("https://me:secret@example.com", "only the address of the server"),
        ("https://example.com/a/b", "only the address of the server"),
        ("https://example.com/?a=b", "only the address of the server"),
        ("https://example.com/#a", "only the address of the server"),
        ("https://example.com/{{ x }}", "only the address of the server"),
        ("https://example.com/" + "a" * 300, "at most 300 characters"),
    ],
)
def test_anything_else_is_refused_in_words(typed: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        checked_public_url(typed)


def test_an_administrator_sets_it_and_it_is_noted(client: FlaskClient, database: Database) -> None:
    refused = client.post("/settings/public-address", data={"public_url": "http://x.example"})
    assert refused.status_code == 422
    assert 'value="http://x.example"' in refused.text
    page = client.post("/settings/public-address", data={"public_url": "https://x.example/"}, follow_redirects=True)
    assert "Unsubscribe links now begin with https://x.example/u/." in page.text
    with database.reading() as session:
        assert session.scalars(select(Workspace.public_url)).one() == "https://x.example"
    assert "Address for recipients set to https://x.example" in client.get("/activity").text
    page = client.post("/settings/public-address", data={"public_url": ""}, follow_redirects=True)
    assert "There is no unsubscribe link any more." in page.text
