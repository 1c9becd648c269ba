"""Subject, preheader, text part, size."""

from __future__ import annotations

import pytest

from app.emails.checks.check import CheckedFile
from app.emails.checks.finding import Severity
from tests.emails.checks.mails import an_email, codes, found


def test_a_subject_is_needed() -> None:
    finding = found(an_email(subject="  "), "subject_empty")
    assert (finding.severity, finding.place) == (Severity.ERROR, "subject")


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("A" + " long subject" * 6, "subject_long"),
        ("URGENT NOTICE TO EVERYBODY", "subject_capitals"),
        ("СРОЧНОЕ УВЕДОМЛЕНИЕ", "subject_capitals"),
        ("Your parcel is here!!", "subject_exclamation"),
    ],
)
def test_a_subject_may_be_better(subject: str, code: str) -> None:
    assert found(an_email(subject=subject), code).severity is Severity.HINT


@pytest.mark.parametrize("subject", ["Your PDF is ready!", "FAQ", "متجر الكتب يفتح غدا", "Invoice 17/2026", "x" * 70])
def test_good_subjects_are_left_alone(subject: str) -> None:
    assert codes(an_email(subject=subject)) == []


def test_a_preheader_is_hinted_at() -> None:
    assert found(an_email(preheader=""), "preheader_missing").severity is Severity.HINT
    assert codes(an_email(subject="Your Booking", preheader="your booking ")) == ["preheader_same"]


def test_a_missing_text_part_is_told() -> None:
    finding = found(an_email(text="", text_is_made=False), "text_missing")
    assert (finding.severity, finding.place) == (Severity.WARNING, "text")
    picture = '<img src="https://harbour.org/a.png" width="9" alt="Your room is booked">'
    assert "pictures only" in found(an_email(picture, text=""), "text_missing").remedy


LONG = "The swimming pool closes tomorrow because workers repair broken tiles. Visitors should come again \
next Monday morning when everything opens. Season tickets stay valid and their period becomes seven days longer."


def test_a_text_part_that_says_something_else_is_told() -> None:
    assert codes(an_email(f"<p>{LONG}</p>", text="Old words about another matter entirely.", text_is_made=False)) == [
        "text_unlike"
    ]


def test_a_text_part_in_about_the_same_words_is_fine() -> None:
    text = "The swimming pool closes tomorrow: workers repair broken tiles. Come again next Monday morning. \
    Season tickets stay valid, their period becomes seven days longer."
    assert codes(an_email(f"<p>{LONG}</p>", text=text, text_is_made=False)) == []
    assert codes(an_email(f"<p>{LONG}</p>", text="Anything", text_is_made=True)) == []


@pytest.mark.parametrize("left", ["{{ name }}", "*|FNAME|*", "%%first_name%%", "Lorem ipsum dolor", "{% if x %}"])
def test_placeholders_that_nobody_filled_are_told(left: str) -> None:
    assert found(an_email(f"<p>Dear {left}</p>"), "placeholder_left").line == 5
    assert found(an_email(subject=f"Hello {left}"), "placeholder_left").place == "subject"


def test_percent_signs_and_braces_of_words_are_fine() -> None:
    assert codes(an_email("<p>50% off 100% {really}</p>")) == []


def test_what_gmail_would_cut_off_is_told() -> None:
    finding = found(an_email("<!--" + "x" * 103_000 + "-->"), "clipped")
    assert finding.severity is Severity.WARNING
    assert "103 kB" in finding.words
    assert found(an_email("<!--" + "x" * 85_000 + "-->"), "nearly_clipped").severity is Severity.HINT
    assert codes(an_email("<!--" + "x" * 79_000 + "-->")) == []


def test_bytes_count_not_characters() -> None:
    assert codes(an_email("<!--" + "é" * 52_000 + "-->")) == ["clipped"]


def test_files_beyond_what_the_service_takes_are_an_error() -> None:
    email = an_email(files=(CheckedFile("a.pdf", "application/pdf", 4_500_000),))
    assert (found(email, "too_large").severity, found(email, "too_large").place) == (Severity.ERROR, "files")
    assert codes(an_email(files=(CheckedFile("a.pdf", "application/pdf", 3_000_000),))) == []
