"""Every check finds what it is for, with the author's line, and is silent about good mail."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.emails import starter
from app.emails.assembling import Pieces
from app.emails.checks.check import CheckedEmail, CheckedFile, check_email
from app.emails.checks.clients import support
from app.emails.checks.colours import contrast
from app.emails.checks.finding import Severity
from app.emails.checks.findings_of_problems import REMEDIES, findings_of_problems
from app.emails.findings import make_findings
from app.emails.rendering import RenderProblem

GOOD = CheckedEmail("Your card runs out soon", "Renew it online", "<p>Hello</p>", "Hello", "<p>Hello</p>", True)
OK_HTML = '<html lang="en"><body>{}</body></html>'


def codes(body: str = "", **change: object) -> set[str]:
    email = replace(GOOD, **change)  # type: ignore[arg-type]
    if body:
        email = replace(email, html=OK_HTML.format(body), body=body)
    return {one.code for one in check_email(email)}


def test_good_mail_has_nothing_to_mend() -> None:
    assert codes() == set()
    found = make_findings(starter.CONTENT, "en", Pieces(), {"first_name": "Anna"}, frozenset())
    assert [one for one in found if one.severity is not Severity.HINT] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("<img src='https://a.net/x.png' width='10'>", "no_alt"),
        ("<img src='cid:gone' alt='x' width='10'>", "no_file"),
        ("<img src='http://a.net/x.png' alt='x' width='10'>", "http_image"),
        ("<img src='data:image/png;base64,xx' alt='x' width='10'>", "data_image"),
        ("<img src='https://a.net/x.svg' alt='x' width='10'>", "svg_image"),
        ("<img src='https://a.net/x.png' alt='x'>", "no_width"),
        ("<img src='https://a.net/o.gif' width='1' height='1' alt=''>", "tracking_image"),
        ("<a href='https://a.net'><img src='https://a.net/x.png' alt='' width='9'></a>", "silent_link"),
        ("<a href='https://a.net'>click here</a>", "vague_link"),
        ("<a href='https://a.net'></a>", "empty_link"),
        ("<a>nowhere</a>", "no_address"),
        ("<a href='#'>nowhere</a>", "no_address"),
        ("<a href='http://a.net'>Your page</a>", "http_link"),
        ("<a href='a.net/page'>Your page</a>", "broken_link"),
        ("<a href='javascript:x()'>Your page</a>", "script_link"),
        ("<a href='https://localhost/x'>Your page</a>", "local_link"),
        ("<a href='https://bad.net/x'>www.good.net</a>", "other_address"),
        ("<a href='https://bit.ly/x'>Your page</a>", "shortened_link"),
        ("<a href='https://a.net/?utm_source=x'>Your page</a>", "tracking_link"),
        ("<a href='https://a.net/1'>Page</a><a href='https://a.net/2'>Page</a>", "same_words"),
        ("<a href='https://example.com/'>Your page</a>", "left_over"),
        ("<p style='color:#999999;background-color:#ffffff'>pale</p>", "contrast"),
        ("<p style='font-size:9px'>small</p>", "small_text"),
        ("<h1>One</h1><h3>Three</h3>", "heading_order"),
        ("<h1></h1>", "empty_heading"),
        ("<table><tr><td>x</td></tr></table>", "table_role"),
        ("<script>x</script>", "refused_element"),
        ("<form><p>x</p></form>", "form"),
        ("<link rel='stylesheet' href='https://a.net/x.css'>", "outside_style"),
        ("<div style='display:flex'>x</div>", "layout_style"),
        ("<p style='border-radius:4px'>x</p>", "plainer"),
        ("<video src='x'></video>", "element"),
        ("<p>" + "x" * 110_000 + "</p>", "clipped"),
        ("<p>" + "x" * 90_000 + "</p>", "nearly_clipped"),
    ],
)
def test_what_is_wrong_in_the_body_is_found(body: str, code: str) -> None:
    assert code in codes(body)


@pytest.mark.parametrize(
    "body",
    [
        "<img src='https://a.net/x.png' alt='Our house' width='100'>",
        "<a href='https://a.net/invoice'>See your invoice</a> <a href='mailto:a@b.net'>Write to us</a>",
        "<a href='https://www.good.net/x'>www.good.net</a>",
        "<p style='color:#333333;background-color:#ffffff;font-size:16px'>dark</p>",
        "<h1>One</h1><h2>Two</h2>",
        "<table role='presentation'><tr><td>x</td></tr></table>",
        "<table><tr><th>Item</th></tr><tr><td>x</td></tr></table>",
    ],
)
def test_what_is_right_is_not_named(body: str) -> None:
    assert codes(body) == set()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"subject": "x" * 80}, "long_subject"),
        ({"subject": "READ THIS NOW"}, "capitals"),
        ({"subject": "Now!!"}, "exclamation"),
        ({"preheader": " "}, "no_preheader"),
        ({"text": ""}, "no_text"),
        ({"headers": (("List-Id", "x"),)}, "no_unsubscribe"),
        ({"headers": (("List-Unsubscribe", "<https://a.net/u>"),)}, "no_one_click"),
        ({"headers": (("Date", "now"),)}, "E_HEADER_NOT_ALLOWED"),
        ({"language": "fr", "html": OK_HTML.format("x")}, "other_language"),
        ({"language": "ar", "html": "<html lang='ar'><body>x</body></html>"}, "no_direction"),
        ({"html": "<html><body>x</body></html>"}, "no_language"),
        ({"files": (CheckedFile("a.png", "image/png", 10, "a"),)}, "never_shown"),
        ({"files": (CheckedFile("a.png", "image/png", 2_000_000),)}, "large_image"),
    ],
)
def test_what_is_wrong_around_the_body_is_found(change: dict[str, object], code: str) -> None:
    assert code in codes(**change)


def test_a_finding_has_the_line_on_which_the_author_wrote_it() -> None:
    body = "Fine\n\n[click here](https://a.net)"
    found = check_email(replace(GOOD, html=OK_HTML.format("<a href='https://a.net'>click here</a>"), body=body))
    assert [(one.place, one.line) for one in found] == [("body", 3)]
    elsewhere = check_email(replace(GOOD, html=OK_HTML.format("<a href='https://a.net'>click here</a>"), body="x"))
    assert [(one.place, one.line) for one in elsewhere] == [("layout", None)]


def test_contrast_is_as_the_standard_says() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast((1, 1, 1), (1, 1, 1)) == pytest.approx(1)


def test_problems_of_rendering_have_a_place_and_a_remedy() -> None:
    found = findings_of_problems([RenderProblem(code, "body", 3, "x") for code in REMEDIES])
    assert all(one.severity is Severity.ERROR and one.line == 3 and one.remedy for one in found)


def test_the_vendored_data_is_dated_and_names_programs() -> None:
    assert support()["date"] >= "2025"
    assert "Outlook for Windows" in support()["css"]["border-radius"]["lacks"]


@given(st.text(alphabet="<>/abimgtr='\" #:%;-\0&", max_size=120))
def test_no_html_makes_the_checks_fail(text: str) -> None:
    assert isinstance(check_email(replace(GOOD, html=text, body=text, subject=text)), list)


def test_a_long_mail_is_checked_quickly() -> None:
    row = "<tr><td style='padding:4px;color:#222222'>Words of a row</td><td style='text-align:right'>12.00</td></tr>"
    email = replace(GOOD, html=OK_HTML.format(f"<table role='presentation'>{row * 900}</table>"))
    began = time.process_time()
    check_email(email)
    assert time.process_time() - began < 1.0
