"""What is wrong with an address is said in plain words, never in those of the library."""

from __future__ import annotations

import pytest

from app.cloudflare.address_words import why_no_address
from app.cloudflare.contract import check_address


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("no address", "It has no @."),
        ("ann@home", "A dot is missing after the @, as in “example.com”."),
        ("a@example.com;b@example.com", "“;” and “@” cannot stand after the @."),
        ("an n@example.com", "a space cannot stand before the @."),
        ("a,b;c@example.com", "“,” and “;” cannot stand before the @."),
        ("ann..b@example.com", "Two dots stand side by side."),
        (".ann@example.com", "It begins with a dot."),
        ("ann@example.com.", "It ends with a dot."),
        ("@example.com", "Nothing stands before the @."),
        ("ann@", "Nothing stands after the @."),
        ("ann@" + "x" * 70 + ".com", "A part between two dots is too long."),
        ("ann@example.123", "What stands after the last dot is no ending that exists, such as “com” or “org”."),
        ("Ann <ann@example.com>", "A name stands beside it."),
        ("<ann@example.com", "It is not written as addresses are."),
    ],
)
def test_what_is_wrong_is_said_plainly(address: str, words: str) -> None:
    problem = check_address(address)
    assert problem is not None and problem.words == f"“{address}” is not an e-mail address: {words}"


def test_what_the_library_may_say_one_day_is_not_shown() -> None:
    assert why_no_address(ValueError("The IDNA label 7 fails")) == "It is not written as addresses are."
