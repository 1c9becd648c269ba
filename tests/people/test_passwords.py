"""Passwords: long ones that are not known; kept only as digests that take long to check."""

from __future__ import annotations

import pytest

from app.people import passwords
from app.refusals import Refused

ABOUT = ("ada.admin@harbour.example", "Ada Admin", "Harbour Council")


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password1234",
        "P@ssw0rd12345",
        "iloveyou1234",
        "qwertyuiop12",
        "1qaz2wsx3edc",
        "123456789012",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "adaadminadaadmin",
        "ada.admin@harbour.example",
        "harbour council",
        "postroompostroom",
        "21.03.198421.03.1984",
    ],
)
def test_known_and_easily_guessed_passwords_are_refused(password: str) -> None:
    with pytest.raises(Refused) as refused:
        passwords.check_new_password(password, ABOUT)
    assert refused.value.words == passwords.EASY
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    "password",
    [
        "violet anchor seldom rain",
        "Regen auf dem Blechdach um vier",
        "x9$Lq0!vTz3m",
        "äußerst große Öfen!",
    ],
)
def test_long_ones_that_nobody_knows_may_be_chosen_whatever_their_letters(password: str) -> None:
    passwords.check_new_password(password, ABOUT)


@pytest.mark.parametrize(("password", "words"), [("x9$Lq0!vT", "at least 12"), ("violet anchor " * 20, "at most 200")])
def test_the_length_is_between_twelve_and_two_hundred(password: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        passwords.check_new_password(password, ABOUT)


def test_a_password_is_kept_as_a_digest_and_nothing_fits_a_missing_one() -> None:
    digest = passwords.new_digest("violet anchor seldom rain")
    assert digest.startswith("$argon2id$") and "violet" not in digest
    assert passwords.is_right(digest, "violet anchor seldom rain")
    assert not passwords.is_right(digest, "violet anchor seldom rain ")
    assert not passwords.is_right(None, "nobody has this password")
    assert not passwords.is_right("!", "!")
