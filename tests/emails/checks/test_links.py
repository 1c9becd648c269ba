"""Links and what follows the reader."""

from __future__ import annotations

import pytest

from app.emails.checks.finding import Severity
from tests.emails.checks.mails import an_email, codes, found, page

SITE = "https://harbour.org/fees"


@pytest.mark.parametrize(
    "link",
    [
        f'<a href="{SITE}">Our fees</a>',
        '<a href="mailto:office@harbour.org?subject=Room">Write to us</a>',
        '<a href="mailto:office@harbour.org">office@harbour.org</a>',
        '<a href="mailto:?subject=Room%2012">Tell a friend</a>',
        '<a href="tel:+4930123">Call us</a>',
        '<a href="#part">The part</a><h2 id="part">Part</h2>',
        '<a name="top"></a>',
        f'<a href="{SITE}">harbour.org</a>',
        '<a href="https://www.harbour.org/fees?id=7">www.harbour.org/fees</a>',
        f'<a href="{SITE}">fees.pdf</a>',
        '<a href="https://bücher.example.ch/">Bücher</a>',
        '<a href="https://xn--bcher-kva.ch/">Books</a>',
        '<a href="https://harbour.org:8443/a%20b?q=1&amp;c=2#x">A page</a>',
        f'<a href="{SITE}" aria-label="Our fees"></a>',
    ],
)
def test_good_links_are_left_alone(link: str) -> None:
    assert [code for code in codes(an_email(link)) if code.startswith("link")] == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "is empty"),
        ("#", "is empty"),
        ("#nowhere", "does not have"),
        ("javascript:alert(1)", "javascript:"),
        ("file:///C:/a.pdf", "file:"),
        ("fees.html", "no https://"),
        ("www.harbour.org", "no https://"),
        ("https://", "no name of a website"),
        ("https://harbour..org/", "no proper name"),
        ("https://localhost:5000/", "cannot reach"),
        ("https://[::1/", "no web address"),
        ("https://harbour.org:port/", "no web address"),
        ("https://harbour.org/{{ id", "braces"),
        ("https://harbour.org/%7B%7Bid%7D%7D", "braces"),
        ("mailto:", "no proper e-mail address"),
        ("mailto:office", "no proper e-mail address"),
        ("tel:", "no number"),
    ],
)
def test_an_address_that_leads_nowhere_is_an_error(address: str, words: str) -> None:
    finding = found(an_email(f'<p>Read</p>\n<a href="{address}">our fees</a>'), "link_broken")
    assert words in finding.words
    assert (finding.severity, finding.line) == (Severity.ERROR, 6)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("foo:bar", "begins with foo:"),
        ("msteams:/l/chat", "begins with msteams:"),
        ("https://intranet/fees", "within one network"),
        ("https://files.harbour.local/", "within one network"),
        ("https://harbour.org/our fees", "space"),
    ],
)
def test_an_address_that_may_be_right_keeps_nobody_from_publishing(address: str, words: str) -> None:
    finding = found(an_email(f'<p>Read</p>\n<a href="{address}">our fees</a>'), "link_doubtful")
    assert words in finding.words
    assert (finding.severity, finding.line) == (Severity.WARNING, 6)


def test_an_empty_address_is_not_looked_for_among_colours() -> None:
    email = an_email('<p style="color:#222222" title="">Read</p>\n<a href="#">our fees</a>')
    assert found(email, "link_broken").line == 6


@pytest.mark.parametrize("body", ["[Pay]({{ link }})", "{{ link }} and link"])
def test_a_broken_address_out_of_sample_data_is_only_a_warning(body: str) -> None:
    finding = found(an_email(html=page('<a href="link">Pay</a>'), body=body), "link_broken")
    assert finding.severity is Severity.WARNING


def test_a_broken_address_in_markdown_is_an_error() -> None:
    html = page('<a href="fees">Our fees</a>')
    assert found(an_email(html=html, body="[Our fees](fees)"), "link_broken").severity is Severity.ERROR


@pytest.mark.parametrize("words", ["click here", "Here", "Read more »", "Hier klicken", "en savoir plus"])
def test_words_that_say_nothing_are_told(words: str) -> None:
    assert codes(an_email(f'<a href="{SITE}">{words}</a>')) == ["link_words"]


def test_a_link_without_words_is_told() -> None:
    assert found(an_email(f'<a href="{SITE}">&nbsp;</a>'), "link_empty").line == 5


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("https://harbour.org/fees", "https://evil.net/fees"),
        ("harbour.org", "https://harbour.org.evil.net/"),
        ("www.harbour.org", "https://notharbour.org/"),
        ("office@harbour.org", "mailto:other@harbour.org"),
    ],
)
def test_words_that_show_another_address_are_told(words: str, address: str) -> None:
    assert codes(an_email(f'<a href="{address}">{words}</a>')) == ["link_shows_another"]


def test_the_same_words_to_different_places_are_hinted_at() -> None:
    email = an_email('<a href="https://harbour.org/1">Pay</a>\n<a href="https://harbour.org/2">Pay</a>')
    assert (found(email, "link_same_words").severity, found(email, "link_same_words").line) == (Severity.HINT, 6)
    assert codes(an_email(f'<a href="{SITE}">Pay</a><a href="{SITE}">Pay</a>')) == []


def test_http_and_addresses_of_examples_are_told() -> None:
    assert codes(an_email('<a href="http://harbour.org/">Our site</a>')) == ["link_http"]
    assert codes(an_email('<a href="https://example.com/a">Our site</a>')) == ["link_example"]
    out_of_data = an_email(html=page('<a href="https://example.com/a">Our site</a>'), body="[Our site]({{ link }})")
    assert codes(out_of_data) == []


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("https://harbour.org/?utm_source=news&amp;id=1", "link_tracking"),
        ("https://harbour.org/?MC_EID=abc", "link_tracking"),
        ("https://bit.ly/3abc", "link_shortened"),
        ("https://go.harbour-news.net/c?url=https%3A%2F%2Fharbour.org%2F", "link_redirects"),
        ("https://click.harbour.org/ls/" + "aZ09_-" * 15, "link_redirects"),
    ],
)
def test_what_follows_readers_is_told(address: str, code: str) -> None:
    assert codes(an_email(f'<a href="{address}">Our fees</a>')) == [code]


@pytest.mark.parametrize(
    "address",
    [
        "https://www.facebook.com/sharer/sharer.php?u=https%3A%2F%2Fharbour.org%2F",
        "https://harbour.org/room?url=https%3A%2F%2Fwww.harbour.org%2Ffees",
        "https://accounts.harbour-it.net/login?redirect=https%3A%2F%2Fharbour.org%2F",
        "https://harbour.org/news/the-new-opening-hours-of-the-harbour-office-and-the-library-in-winter-2026",
    ],
)
def test_sharing_signing_in_and_long_titles_are_no_counting(address: str) -> None:
    assert codes(an_email(f'<a href="{address}">Our fees</a>')) == []


@pytest.mark.parametrize("given", ['width="1" height="1"', 'style="width:1px;height:1px"', 'width="0" height="0"'])
def test_a_picture_of_one_pixel_is_told(given: str) -> None:
    email = an_email(f'<img src="https://t.harbour.org/o?id=7" {given}>')
    assert codes(email) == ["tracking_pixel"]
    assert codes(an_email('<img src="https://harbour.org/l.png" width="600" height="1" alt="">')) == []
