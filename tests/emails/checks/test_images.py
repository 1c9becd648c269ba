"""Pictures."""

from __future__ import annotations

import pytest

from app.emails.checks.check import CheckedFile
from app.emails.checks.finding import Severity
from tests.emails.checks.mails import an_email, codes, found

PNG = "https://harbour.org/room.png"


def test_a_picture_needs_words() -> None:
    finding = found(an_email(f'<p>\n<img src="{PNG}" width="100"></p>'), "image_alt")
    assert (finding.severity, finding.line) == (Severity.WARNING, 6)
    assert "“room.png”" in finding.words


@pytest.mark.parametrize("given", ['alt="The room"', 'alt=""', 'aria-hidden="true"', 'role="presentation"'])
def test_words_or_decoration_are_fine(given: str) -> None:
    assert codes(an_email(f'<img src="{PNG}" width="100" {given}>')) == []


@pytest.mark.parametrize("given", ['alt=""', ""])
def test_a_picture_that_is_a_link_needs_words_and_is_told_once(given: str) -> None:
    email = an_email(f'<a href="https://harbour.org/"><img src="{PNG}" width="100" {given}></a>')
    assert codes(email) == ["link_empty"]
    assert "description (alt)" in found(email, "link_empty").remedy


def test_a_picture_beside_the_words_of_a_link_may_be_decoration() -> None:
    assert codes(an_email(f'<a href="https://harbour.org/"><img src="{PNG}" width="9" alt=""> Our site</a>')) == []


def test_a_width_is_hinted_at() -> None:
    assert found(an_email(f'<img src="{PNG}" alt="">'), "image_width").severity is Severity.HINT
    assert codes(an_email(f'<img src="{PNG}" alt="" style="max-width:100%">')) == []


@pytest.mark.parametrize(
    ("source", "code", "severity"),
    [
        ("http://harbour.org/a.png", "image_http", Severity.WARNING),
        ("images/a.png", "image_source", Severity.WARNING),
        ("", "image_source", Severity.WARNING),
        ("data:image/png;base64,AAAA", "image_data", Severity.WARNING),
        ("cid:lost", "image_file_missing", Severity.ERROR),
        ("https://harbour.org/a.svg?v=2", "client_image_svg", Severity.WARNING),
    ],
)
def test_sources_that_readers_do_not_see(source: str, code: str, severity: Severity) -> None:
    email = an_email(f'<p>One</p>\n<img src="{source}" width="9" alt="x">')
    assert codes(email) == [code]
    assert (found(email, code).severity, found(email, code).line) == (severity, 6)


def test_files_that_are_shown_and_small_are_fine() -> None:
    logo = CheckedFile("logo.png", "image/png", 20_000, "logo")
    assert codes(an_email('<img src="cid:logo" width="9" alt="Harbour">', files=(logo,))) == []
    assert codes(an_email('<td background="cid:logo" bgcolor="#ffffff">x</td>', files=(logo,))) == []
    assert codes(an_email(files=(CheckedFile("plan.png", "image/png", 20_000),))) == []


def test_picture_files_that_are_not_shown_or_too_large_are_told() -> None:
    assert found(an_email(files=(CheckedFile("a.png", "image/png", 9, "a"),)), "image_unused").place == "files"
    finding = found(an_email(files=(CheckedFile("a.jpg", "image/jpeg", 1_500_000),)), "image_large")
    assert "1.5 MB" in finding.words
