"""What mail programs remove."""

from __future__ import annotations

import pytest

from app.emails.checks.finding import Severity
from tests.emails.checks.mails import GOOD, an_email, codes, found, page


@pytest.mark.parametrize(
    ("inside", "code", "severity"),
    [
        ("<script>alert(1)</script>", "script", Severity.ERROR),
        ('<iframe src="https://harbour.org/"></iframe>', "frame", Severity.ERROR),
        ('<object data="a.swf"></object>', "frame", Severity.ERROR),
        ('<embed src="a.swf">', "frame", Severity.ERROR),
        ('<meta http-equiv="Refresh" content="0;url=https://harbour.org/">', "refresh", Severity.ERROR),
        ('<form action="https://harbour.org/"><input name="a"><button>Go</button></form>', "form", Severity.WARNING),
        ('<input type="text">', "form", Severity.WARNING),
        ('<p onclick="go()">Words</p>', "script_attribute", Severity.WARNING),
        ('<base href="https://harbour.org/">', "base", Severity.WARNING),
        ('<link rel="stylesheet" href="https://harbour.org/a.css">', "outside_styles", Severity.WARNING),
        ('<link rel="stylesheet" href="https://fonts.googleapis.com/css?family=Lato">', "web_font", Severity.HINT),
    ],
)
def test_what_cannot_be_in_an_email_is_told(inside: str, code: str, severity: Severity) -> None:
    email = an_email(f"<p>One</p>\n{inside}")
    assert codes(email) == [code]
    finding = found(email, code)
    assert (finding.severity, finding.place, finding.line) == (severity, "body", 6)


def test_imported_styles_are_told() -> None:
    assert codes(an_email(style="@import url(https://harbour.org/a.css);")) == ["outside_styles"]
    assert codes(an_email(style="@import url(https://fonts.googleapis.com/css?family=Lato);")) == ["web_font"]


def test_comments_for_outlook_and_other_links_are_fine() -> None:
    inside = (
        '<!--[if mso]><script></script><table><tr><td><![endif]--><link rel="icon" href="https://harbour.org/i.png">'
    )
    assert codes(an_email(html=page(inside + GOOD))) == []
