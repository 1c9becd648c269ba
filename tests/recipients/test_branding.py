"""The look of the unsubscribe page: a colour that can be read in both modes, a logo that is a picture."""

from __future__ import annotations

import io
import re

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.db import Database
from app.emails.checks.colours import Colour, colour_of_attribute, contrast
from app.people.models import Person
from app.recipients.unsubscribing.branding import (
    DARK_GROUNDS,
    LIGHT_GROUNDS,
    NEEDED,
    checked_colour,
    colours_css,
    look_of,
)
from app.refusals import Refused
from tests.files import a_png

PNG = a_png(90, 120, 40)


def colour(written: str) -> Colour:
    found = colour_of_attribute(written)
    assert found is not None
    return found


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_every_colour_that_is_taken_can_be_read_in_both_modes(written: str) -> None:
    try:
        stored = checked_colour(written)
    except Refused as refusal:
        suggested = re.search(r"#[0-9a-f]{6}", refusal.words)
        assert suggested is not None
        assert checked_colour(suggested[0]) == suggested[0], "what is suggested is taken"
        return
    light, light_ink, dark, dark_ink = re.findall(r"#[0-9a-f]{6}", colours_css(stored))
    assert light == stored
    for shown, grounds in ((light, LIGHT_GROUNDS), (dark, DARK_GROUNDS)):
        assert all(contrast(colour(shown), colour(one)) >= NEEDED - 0.01 for one in grounds)
    assert contrast(colour(light), colour(light_ink)) >= NEEDED - 0.01
    assert contrast(colour(dark), colour(dark_ink)) >= NEEDED - 0.01


@pytest.mark.parametrize("typed", ["blue", "#12345", "#1d4e8g", "1d4e89;}", "url(x)", "#1d4e8900"])
def test_what_is_no_colour_is_refused(typed: str) -> None:
    with pytest.raises(Refused, match="Enter a colour as #"):
        checked_colour(typed)


def test_an_administrator_sets_colour_and_logo_and_strangers_get_them(
    client: FlaskClient, anonymous_client: FlaskClient, database: Database, actor: Person
) -> None:
    too_pale = client.post("/settings/unsubscribing/look", data={"colour": "#ffcc00"})
    assert too_pale.status_code == 422
    assert "too pale to be read on a light page" in too_pale.text
    assert 'value="#ffcc00"' in too_pale.text
    given_look = {"colour": "7a1f5c", "logo": (io.BytesIO(PNG), "logo.png")}
    assert client.post("/settings/unsubscribing/look", data=given_look).status_code == 302
    with database.reading() as session:
        look = look_of(session, actor.workspace_id)
    assert (look.colour, look.logo_type) == ("#7a1f5c", "image/png")
    picture = anonymous_client.get(f"/u/logo/{look.logo_sha256}")
    assert (picture.data, picture.mimetype) == (PNG, "image/png")
    css = anonymous_client.get("/u/look/7a1f5c.css")
    assert css.mimetype == "text/css"
    assert "--accent: #7a1f5c" in css.text
    for answer in (picture, css):
        assert "immutable" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
    kept = client.post("/settings/unsubscribing/look", data={"colour": ""})
    assert kept.status_code == 302
    assert anonymous_client.get(f"/u/logo/{look.logo_sha256}").status_code == 200, "no new file keeps the logo"
    client.post("/settings/unsubscribing/look", data={"colour": "", "no_logo": "y"})
    assert anonymous_client.get(f"/u/logo/{look.logo_sha256}").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "is no PNG, JPEG, GIF or WebP"),
        ("logo.png", b"not a picture", "does not hold a PNG picture"),
        ("logo.png", PNG + b"\0" * 300_000, "at most 200 are possible"),
        ("run.exe", b"MZ", "is a program"),
    ],
)
def test_what_is_no_logo_is_refused(client: FlaskClient, name: str, content: bytes, words: str) -> None:
    data = {"colour": "", "logo": (io.BytesIO(content), name)}
    answer = client.post("/settings/unsubscribing/look", data=data)
    assert answer.status_code == 422
    assert words in answer.text


@pytest.mark.parametrize("path", ["/u/logo/", "/u/logo/x", "/u/look/zzzzzz.css", "/u/look/1d4e89", "/u/look/..css"])
def test_other_addresses_below_are_not_there(anonymous_client: FlaskClient, path: str) -> None:
    assert anonymous_client.get(path).status_code in {404, 302}


def test_the_mailbox_is_named_in_new_headers(client: FlaskClient, database: Database, actor: Person) -> None:
    wrong = client.post("/settings/unsubscribing/mailbox", data={"mailbox": "not an address"})
    assert wrong.status_code == 422
    assert client.post("/settings/unsubscribing/mailbox", data={"mailbox": "off@example.org"}).status_code == 302
    page = client.get("/settings/unsubscribing/by-hand").text
    assert "off@example.org" in page
