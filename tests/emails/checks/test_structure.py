"""Headings, language, direction, title, tables."""

from __future__ import annotations

import pytest

from app.emails.checks.finding import Severity
from app.emails.languages import direction
from tests.emails.checks.mails import GOOD, an_email, codes, found, page


def test_headings_go_down_one_level_at_a_time() -> None:
    finding = found(an_email("<h1>One</h1>\n<h3>Three</h3>"), "heading_skips")
    assert (finding.severity, finding.line) == (Severity.WARNING, 6)
    assert "level 2" in finding.remedy
    assert codes(an_email("<h2>A</h2><h3>B</h3><h2>C</h2><h3>D</h3><h4>E</h4><h1>F</h1>")) == []


def test_an_empty_heading_is_told_with_its_line() -> None:
    assert found(an_email("<h1>One</h1>\n<h2> &nbsp;</h2>"), "heading_empty").line == 6
    assert codes(an_email('<h1><img src="https://harbour.org/a.png" width="9" alt="Harbour"></h1>')) == []


def test_a_long_email_needs_headings() -> None:
    assert codes(an_email("<p>" + "word " * 300 + "</p>")) == ["heading_none"]
    assert codes(an_email("<h2>Part</h2><p>" + "word " * 300 + "</p>")) == []


def test_the_language_must_be_said() -> None:
    finding = found(an_email(html=page(GOOD).replace(' lang="en"', ""), language="fr"), "language_missing")
    assert finding.severity is Severity.WARNING
    assert 'lang="fr"' in finding.remedy


def test_the_language_must_be_that_of_the_email() -> None:
    finding = found(an_email(language="fr-CA"), "language_differs")
    assert finding.line == 2
    assert codes(an_email(language="en-GB")) == []


@pytest.mark.parametrize("language", ["ar", "he", "fa-IR", "ur"])
def test_a_language_from_right_to_left_needs_its_direction(language: str) -> None:
    html = page(GOOD).replace('lang="en"', f'lang="{language}"')
    assert codes(an_email(html=html, language=language)) == ["direction_missing"]
    for right in (html.replace("<html", '<html dir="rtl"'), html.replace("<body>", '<body dir="rtl">')):
        assert codes(an_email(html=right, language=language)) == []


def test_the_outermost_table_may_say_the_direction() -> None:
    inside = (
        f'<div style="display:none">Room 12</div><table role="presentation" dir="rtl"><tr><td>{GOOD}</td></tr></table>'
    )
    assert codes(an_email(html=page(inside).replace('lang="en"', 'lang="ar"'), language="ar")) == []


def test_right_to_left_is_wrong_for_other_languages() -> None:
    assert codes(an_email(html=page(GOOD).replace("<html", '<html dir="rtl"'))) == ["direction_differs"]


def test_unknown_languages_read_from_left_to_right() -> None:
    assert not any(direction(one) == "rtl" for one in ("", "xx", "en", "?", "a" * 99, "-", "de_CH", "\0"))


def test_a_title_is_hinted_at() -> None:
    html = page(GOOD).replace("<title>Your booking</title>", "<title> </title>")
    assert found(an_email(html=html), "title_missing").severity is Severity.HINT


def test_layout_tables_must_say_so() -> None:
    email = an_email("<p>One</p>\n<table><tr><td><h1>Room</h1><p>Text</p></td></tr></table>")
    finding = found(email, "table_layout_role")
    assert (finding.severity, finding.place, finding.line) == (Severity.WARNING, "body", 6)
    for role in ("presentation", "none"):
        assert codes(an_email(f'<table role="{role}"><tr><td><h1>Room</h1></td></tr></table>')) == []


def test_the_layouts_tables_are_told_once_and_placed_there() -> None:
    html = page("<table><tr><td><table><tr><td>" + GOOD + "</td></tr></table></td></tr></table>")
    finding = found(an_email(html=html, body=GOOD), "table_layout_role")
    assert finding.place == "layout"
    assert finding.words.startswith("2 tables")


DATA = "<table>{0}<tr><td>Adults</td><td>4.00</td></tr><tr><td>Children</td><td>2.00</td></tr></table>"


def test_tables_of_data_need_header_cells() -> None:
    finding = found(an_email("<p>Fees</p>\n" + DATA.format("")), "table_headers")
    assert (finding.line, "“Adults”" in finding.words) == (6, True)
    assert codes(an_email(DATA.format("<tr><th>Who</th><th>Fee</th></tr>"))) == []


def test_header_cells_in_a_table_without_data_are_hinted_at() -> None:
    table = DATA.format("<tr><th>Who</th><th>Fee</th></tr>").replace("<table>", '<table role="presentation">')
    assert codes(an_email(table)) == ["table_contradicts"]
