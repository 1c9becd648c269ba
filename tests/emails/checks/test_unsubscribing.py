"""Headers, and the way off a list."""

from __future__ import annotations

import pytest

from app.emails.checks.finding import Severity
from tests.emails.checks.mails import an_email, codes, found

LINK = ("List-Unsubscribe", "<https://harbour.org/u/7>")
ONE_CLICK = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def test_headers_that_the_service_refuses_are_errors_with_their_place() -> None:
    finding = found(an_email(headers=(("Reply-To", "a@harbour.org"),)), "E_HEADER_USE_API_FIELD")
    assert (finding.severity, finding.place) == (Severity.ERROR, "headers.Reply-To")
    assert codes(an_email(headers=(("X-Case", "17"), ("Importance", "high")))) == []


@pytest.mark.parametrize(
    "header", [("Precedence", "bulk"), ("precedence", "list"), ("List-Id", "Members <m.harbour.org>")]
)
def test_mass_mail_needs_a_way_to_unsubscribe(header: tuple[str, str]) -> None:
    finding = found(an_email(headers=(header,)), "unsubscribe_missing")
    assert (finding.severity, finding.place) == (Severity.WARNING, "headers.List-Unsubscribe")
    assert codes(an_email(headers=(header, LINK, ONE_CLICK))) == []


@pytest.mark.parametrize("words", ["You can unsubscribe here.", "Se désabonner", "Newsletter abbestellen"])
def test_what_offers_a_way_off_a_list_needs_it_too(words: str) -> None:
    assert codes(an_email(f"<p>{words}</p>")) == ["unsubscribe_missing"]
    assert codes(an_email(f"<p>{words}</p>", headers=(LINK, ONE_CLICK))) == []


def test_a_word_that_other_mail_may_have_too_is_only_a_hint() -> None:
    assert found(an_email("<p>Our newsletter of May</p>"), "unsubscribe_maybe").severity is Severity.HINT
    assert codes(an_email("<p>Our newsletter of May</p>", headers=(LINK, ONE_CLICK))) == []


def test_one_click_is_hinted_at() -> None:
    finding = found(an_email(headers=(LINK,)), "one_click_missing")
    assert finding.severity is Severity.HINT
    assert "List-Unsubscribe=One-Click" in finding.remedy
    assert codes(an_email(headers=(("List-Unsubscribe", "<mailto:u@harbour.org>"),))) == []
