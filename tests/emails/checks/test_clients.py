"""What the big mail programs do not know, from the vendored data."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from app.emails.checks import clients
from app.emails.checks.finding import Severity
from app.emails.checks.impact import IMPACTS, SILENT
from tests.emails.checks.mails import GOOD, an_email, codes, found

FOLDER = Path(clients.__file__).parent
DATA = json.loads((FOLDER / "caniemail.json").read_text("utf-8"))


def test_the_data_are_what_their_page_says() -> None:
    described = (FOLDER / "caniemail.md").read_text("utf-8")
    assert hashlib.sha256((FOLDER / "caniemail.json").read_bytes()).hexdigest() in described
    assert DATA["version"] in described
    assert DATA["date"] in described
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", DATA["date"])
    assert (FOLDER / "caniemail.LICENSE").read_text("utf-8").startswith("MIT License")


def test_every_feature_that_has_words_or_is_silent_is_in_the_data() -> None:
    slugs = {one["slug"] for one in DATA["features"]}
    assert set(IMPACTS) - slugs == set()
    assert set(SILENT) - slugs - {"css-color-scheme"} == set()
    assert not set(IMPACTS) & SILENT


def test_every_feature_says_how_it_is_found_and_where_to_read_more() -> None:
    for one in DATA["features"]:
        assert one["url"] == f"https://www.caniemail.com/features/{one['slug']}/"
        assert all(re.fullmatch(r"[a-z-]+(:[a-z0-9%-]+)+", key) for key in one["keys"]), one
        assert "n" in one["support"].values()


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ('<div style="position:absolute">Words</div>', "client_css_position"),
        ('<div style="display:flex">Words</div>', "client_css_display_flex"),
        ('<div style="DISPLAY: inline-flex">Words</div>', "client_css_display_flex"),
        ('<div style="display:grid">Words</div>', "client_css_display_grid"),
        ('<p style="color:oklch(40% 0.1 20)">Words</p>', "client_css_modern_color"),
        ('<p style="background:var(--ours)">Words</p>', "client_css_variables"),
        ('<p style="visibility:hidden">Words</p>', "client_css_visibility"),
        ("<video></video>", "client_html_video"),
        ("<svg></svg>", "client_html_svg"),
        ("<p hidden>Words</p>", "client_html_hidden"),
        ('<img src="https://harbour.org/a.webp" width="9" alt="">', "client_image_webp"),
    ],
)
def test_what_would_be_lost_is_a_warning(inside: str, code: str) -> None:
    finding = found(an_email(f"<p>One</p>\n{inside}"), code)
    assert (finding.severity, finding.place, finding.line) == (Severity.WARNING, "body", 6)


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ('<p style="width:calc(100% - 9px)">Words</p>', "client_css_unit_calc"),
        ('<p style="margin:2rem">Words</p>', "client_css_unit_rem"),
        ('<p style="float:left">Words</p>', "client_css_float"),
        ('<p style="background:#fff url(https://harbour.org/a.png)">Words</p>', "client_css_background_image"),
        ("<p style=\"background:#fff url('https://harbour.org/a.png')\">Words</p>", "client_css_background_image"),
        ('<p style="background-image:url(https://harbour.org/a.png)">Words</p>', "client_css_background_image"),
    ],
)
def test_what_looks_different_is_a_hint(inside: str, code: str) -> None:
    finding = found(an_email(inside), code)
    assert (finding.severity, finding.line) == (Severity.HINT, 5)


def test_the_clients_are_named_as_a_family_where_all_of_it_is_concerned() -> None:
    words = found(an_email('<div style="position:absolute">Words</div>'), "client_css_position").words
    assert words.startswith("Gmail, Outlook for Windows and Outlook on iPhone ignore position:")
    assert "Apple Mail" not in words
    assert found(an_email('<div style="float:left">Words</div>'), "client_css_float").words.startswith(
        "Outlook for Windows ignores float"
    )


def test_an_ordinary_email_gets_one_hint_for_all_that_looks_plainer() -> None:
    inside = (
        '<table role="presentation" style="max-width:600px;border-radius:8px;box-shadow:0 1px 2px;border-spacing:0">'
        '<tr><td style="padding:1em;overflow:hidden;word-break:break-word;box-sizing:border-box">'
        + GOOD
        + "</td></tr></table>"
    )
    style = "@media (max-width: 600px) { td { padding: 8px !important; display: flex } } a:hover { color: #333333 }"
    finding = found(an_email(inside, style=style), "plainer")
    assert codes(an_email(inside, style=style)) == ["plainer"]
    assert finding.severity is Severity.HINT
    assert "border-radius and box-shadow" in finding.words


@pytest.mark.parametrize(
    "style", ["float:none", "position:relative", "visibility:visible", "opacity:1", "border-radius:0", "transform:none"]
)
def test_a_value_that_asks_for_nothing_is_not_told(style: str) -> None:
    assert codes(an_email(f'<p style="{style}">Words</p>')) == []


def test_each_feature_is_told_once() -> None:
    assert codes(an_email('<p style="position:absolute">One</p><p style="position:fixed">Two</p>')) == [
        "client_css_position"
    ]


def test_a_hidden_preheader_may_be_hidden_in_every_way() -> None:
    hidden = "display:none;visibility:hidden;opacity:0;max-height:0;overflow:hidden;mso-hide:all"
    assert codes(an_email(f'<div style="{hidden}">Room 12</div>' + GOOD)) == []
