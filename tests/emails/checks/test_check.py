"""All checks together: a good e-mail has nothing to mend, findings have an order and a place, nothing raises."""

from __future__ import annotations

import pickle
import re
import time

import mrml
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.emails.checks.check import CheckedEmail, CheckedFile, check_email
from app.emails.checks.finding import Severity
from app.emails.preparing import prepare
from app.emails.starter import HTML, SUBJECT
from tests.emails.checks.mails import GOOD, an_email, codes, found, page

MJML = """<mjml lang="en">
  <mj-head><mj-title>Booking</mj-title><mj-preview>Room 12 is yours</mj-preview></mj-head>
  <mj-body background-color="#f4f4f4">
    <mj-section background-color="#ffffff">
      <mj-column><mj-text>Dear Anna, your room is booked.</mj-text></mj-column>
      <mj-column><mj-image src="https://cdn.harbour.org/room.png" alt="The room" width="200px" /></mj-column>
    </mj-section>
    <mj-section>
      <mj-column><mj-button href="https://harbour.org/bookings">See your bookings</mj-button></mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""


def test_a_good_email_has_nothing_to_mend() -> None:
    assert check_email(an_email()) == []


def test_a_new_template_has_nothing_to_mend() -> None:
    html = prepare(HTML, "").html.replace("{{ first_name }}", "Anna")
    assert check_email(an_email(html=html, body=HTML, subject=SUBJECT.replace("{{ first_name }}", "Anna"))) == []


def test_an_ordinary_mjml_email_gets_hints_at_most() -> None:
    html = prepare(mrml.to_html(MJML).content, "").html
    findings = check_email(an_email(html=html, body=MJML))
    assert {one.severity for one in findings} <= {Severity.HINT}
    assert {one.code for one in findings} <= {"plainer", "web_font"}


def test_an_email_of_text_alone_is_fine() -> None:
    assert check_email(an_email(html="", body="Dear Anna", text_is_made=False)) == []


def test_an_email_without_content_is_an_error() -> None:
    assert found(an_email(html=" ", body="", text="\n"), "empty").severity is Severity.ERROR


def test_findings_are_sorted_by_severity_then_by_line() -> None:
    inside = (
        '<p><a href="http://harbour.org/b">Opening hours</a></p>\n<img src="https://harbour.org/a.png" width="9">\n'
        '<p style="font-size:9px">Small print</p>\n<a href="#">Fees</a>\n<script>1</script>'
    )
    findings = check_email(an_email(inside))
    assert [(one.code, one.line) for one in findings] == [
        ("link_broken", 8),
        ("script", 9),
        ("link_http", 5),
        ("image_alt", 6),
        ("text_tiny", 7),
    ]
    assert [one.severity for one in findings] == [*["error"] * 2, *["warning"] * 2, "hint"]


def test_what_the_author_did_not_write_is_in_the_layout() -> None:
    html = page('<p><a href="http://harbour.org/old">Our site</a></p>' + GOOD)
    finding = found(an_email(html=html, body=GOOD), "link_http")
    assert (finding.place, finding.line) == ("layout", None)
    assert finding.excerpt == "http://harbour.org/old"


@pytest.mark.parametrize(
    "body",
    [
        "Dear Anna,\n\n[Pay here now](http://harbour.org/pay?a=1&b=2)",
        'Dear Anna,\n\n<a href="http://harbour.org/pay?a=1&amp;b=2">Pay here now</a>',
        "Dear Anna,\n\n[Pay here now](http://harbour.org/pay?a={{ number }}&b=2)",
        "Dear Anna,\n\nPay   here\nnow",
    ],
)
def test_a_line_is_found_in_every_kind_of_source(body: str) -> None:
    html = page('<p>Dear Anna,</p><p><a href="http://harbour.org/pay?a=1&amp;b=2">Pay here now</a></p>')
    finding = found(an_email(html=html, body=body), "link_http")
    assert (finding.place, finding.line) == ("body", 3)


def test_many_alike_are_few_in_the_list_and_counted() -> None:
    inside = "".join(f'<img src="https://harbour.org/{n}.png" width="9">' for n in range(300))
    findings = [one for one in check_email(an_email(inside)) if one.code == "image_alt"]
    assert len(findings) == 10
    assert "There are 290 more like it." in findings[-1].words


def test_what_is_the_same_in_several_places_is_said_once() -> None:
    inside = '<img src="https://harbour.org/star.png" width="9">\n' * 4
    (finding,) = check_email(an_email(inside))
    assert (finding.code, finding.line) == ("image_alt", 5)
    assert finding.words.endswith("(4 times)")


def test_without_a_layout_nothing_is_said_to_be_in_it() -> None:
    html = page('<p><a href="http://harbour.org/old">Our site</a></p>' + GOOD)
    finding = found(an_email(html=html, body=GOOD, has_layout=False), "link_http")
    assert (finding.place, finding.line) == ("body", None)


def test_every_finding_says_what_is_wrong_and_how_to_mend_it_in_sentences() -> None:
    for email in SPOILT:
        for one in check_email(email):
            assert re.fullmatch(r"[A-Z“0-9].*[.!](?: \(\d+ times\))?", one.words, re.DOTALL), one
            assert re.fullmatch(r"[A-Z].*[.!]", one.remedy, re.DOTALL), one
            assert re.fullmatch(r"subject|preheader|body|text|headers(\..+)?|files|layout", one.place), one


def test_findings_and_emails_can_go_to_another_process() -> None:
    email = an_email('<a href="#"></a>', files=(CheckedFile("a.png", "image/png", 9, "a"),))
    assert pickle.loads(pickle.dumps(email)) == email
    findings = check_email(email)
    assert pickle.loads(pickle.dumps(findings)) == findings


def test_a_large_email_is_checked_while_the_author_writes() -> None:
    row = (
        '<tr><td style="padding:{n}px 12px;font-family:Arial,Helvetica,sans-serif;font-size:16px;color:#333333">'
        'Words <a href="https://harbour.org/{n}" style="color:#1a5fb4">of thing {n}</a></td></tr>\n'
    )
    rows = "".join(row.format(n=number) for number in range(560))
    style = "@media (prefers-color-scheme: dark) { td { color: #ffffff !important } }"
    email = an_email(f'<table role="presentation">{rows}</table>', style=style)
    assert len(email.html) > 100_000
    begun = time.process_time()
    check_email(email)
    assert time.process_time() - begun < 5  # about 0.1 s; the margin is for a busy machine


PIECES = (
    *(
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "<!",
        "<?xml version='1.0' encoding='utf-16'?>",
        "&",
        "&#0;",
        "\0",
    ),
    *("<!--[if mso]>", "<![endif]-->", "<table", "<tr>", "<td>", "</td>", "<th>", "</table>", "<style>", "</style>"),
    *(
        "<style>@media (prefers-color-scheme: dark){*{color:#111!important}",
        "<style media='(prefers-color-scheme:dark)'>",
    ),
    *(
        "<a href='",
        '<a href="http://[',
        "<a href=//>",
        "<a href=mailto:>",
        "<a href='tel:",
        "<img src='",
        "<img src=cid:",
    ),
    *(
        "<h1>",
        "<h6>",
        "<p style='",
        "<font size=9 color=red>",
        "<body bgcolor=",
        "<title>",
        "<svg>",
        "<math>",
        "<base>",
    ),
    *(
        "color:",
        "background:",
        "url(",
        "rgb(",
        "rgba(1e999,0,0)",
        "hsl(",
        "oklch(1 1 1)",
        "lab(",
        "color-mix(",
        "var(--x)",
    ),
    *(
        "font-size:",
        "font:",
        "1e999px",
        "-1em",
        "0",
        "%",
        ";",
        ":",
        "}",
        "{",
        "(",
        ")",
        "[",
        "@media",
        "@import",
        "!important",
    ),
    *(
        "'",
        '"',
        "=",
        " ",
        "\n",
        "http://",
        "https://",
        "javascript:",
        "www.a.org",
        "http://a:b",
        "%7B%7B",
        "{{ x }}",
        "#",
    ),
    *("\ud800", "\u202e", "é", "İ", "אב", "\ufeff", "\u2028", "x" * 300, "٣", "²"),
)
anything = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=40).map("".join)
files = st.builds(
    CheckedFile, anything, st.sampled_from(["image/png", "image/svg+xml", "", "x"]), st.integers(-1, 10**9), anything
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    anything,
    anything,
    anything,
    anything,
    st.lists(st.tuples(anything, anything), max_size=3),
    st.lists(files, max_size=2),
)
@example("<div>" * 20_000 + "deep", "", "", "", [], [])
@example("<b style='color:red'>" * 3000 + "<style>b{color:blue}</style>", "", "", "", [], [])
@example("<style>" + "a{" * 5000, "(" * 5000, "", "", [], [])
@example("<p style='color:" + "(" * 5000, "", "", "", [], [])
@example("<style>a{color:" + "(" * 5000 + ")" * 5000 + "}</style><a>b</a>", "", "", "", [], [])
def test_nothing_raises_whatever_the_author_writes(
    html: str, body: str, subject: str, language: str, headers: list[tuple[str, str]], attached: list[CheckedFile]
) -> None:
    email = CheckedEmail(subject, html[:50], html, body, body or html, False, tuple(headers), tuple(attached), language)
    for one in check_email(email):
        assert one.line is None or 1 <= one.line <= email.body.count("\n") + 1


SPOILT = (
    an_email('<a href="http://bit.ly/a"><img src="cid:x"></a><a href="#">here</a><table><tr><td>a</table>'),
    an_email("<h1></h1><h4>x</h4><video></video><form></form><p style='color:#eee;position:fixed'>pale</p>"),
    an_email(subject="", preheader="", text="", headers=(("From", "a"), ("List-Id", "x"))),
    an_email(subject="READ THIS NOW!!", html="x" * 200_000, body="", headers=(("Precedence", "bulk"),)),
    an_email(files=(CheckedFile("a.png", "image/png", 6_000_000, "a"), CheckedFile("b.svg", "image/svg+xml", 9, "b"))),
)


def test_spoilt_emails_are_told_so() -> None:
    assert all(codes(email) for email in SPOILT)
