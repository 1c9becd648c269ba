"""Made-up people on reserved example domains (RFC 2606), always the same ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from app.recipients.checking import NewRecipient

FIRST = (
    "Amara Ben Chloe Daniel Elena Farid Grace Hugo Imani Jonas Keiko Liam Maya Noah Olga Priya Quentin Rosa Samir Tara "
    "Umar Vera Wanda Xavier Yusuf Zoe Aisha Bruno Clara Dmitri Esme Felix Greta Hanna Ivan Julia Karim Lucia Marek "
    "Nadia"
).split()
LAST = (
    "Abbott Baker Castellano Dubois Evans Fischer Gupta Hughes Ivanova Jensen Kowalski Lambert Morgan Nakamura Okafor "
    "Patel Quinn Rossi Schmidt Taylor Underwood Vargas Walker Xu Young Zhang Adeyemi Bergstrom Clarke Diaz "
    "Eriksen Ferrari Grant Haddad Ibrahim Johnson Khan Larsen Murphy Novak"
).split()
BRANCHES = ("Quayside", "Northgate", "Mill Lane", "Castle Street")
TITLES = ("The Salt Path", "Middlemarch", "A Month in the Country", "The Overstory", "Small Things Like These")
DOMAINS = ("example.net", "mail.example.net", "example.edu")
COLUMNS = ["first_name", "branch", "card_number", "renewal_date", "concession", "title", "keep_until"]
ODD = (
    "bounce",
    "queued",
    "nolist",
    "suppressed",
    "drop",
    "error-email.invalid",
    "once-internal_server",
    "refuse-drop",
    "queued-bounce",
    "complain",
)
"""Beginnings of addresses for which the simulator has an outcome of its own; one person of the small list each."""


def small_list() -> list[NewRecipient]:
    """Thirty people, ten of them with an outcome of their own."""
    people = list(_people(30, seed=1))
    for place, beginning in zip(range(2, 30, 3), ODD, strict=False):
        one = people[place]
        people[place] = NewRecipient(f"{beginning}-{one.email}", one.name, one.data)
    return people


def large_list(count: int = 5000) -> list[NewRecipient]:
    """Many people, about two in a hundred of whom bounce or stay queued."""
    people = list(_people(count, seed=2))
    for place in range(40, count, 90):
        one = people[place]
        beginning = "bounce" if place % 180 < 90 else "queued"
        people[place] = NewRecipient(f"{beginning}-{one.email}", one.name, one.data)
    return people


def _people(count: int, seed: int) -> Iterator[NewRecipient]:
    chance = random.Random(seed)  # noqa: S311 - made-up people, no secret
    today = date(2026, 12, 1)
    for number in range(1, count + 1):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        email = f"{first}.{last}{number if count > 100 else ''}@{chance.choice(DOMAINS)}".lower()
        yield NewRecipient(
            email if count > 100 else email.replace("@", f"{number}@"),
            f"{first} {last}",
            {
                "first_name": first,
                "branch": chance.choice(BRANCHES),
                "card_number": f"0{chance.randrange(10**7, 10**8)}",
                "renewal_date": _words(today + timedelta(days=chance.randrange(10, 300))),
                "concession": "yes" if chance.random() < 0.2 else "no",
                "title": chance.choice(TITLES),
                "keep_until": _words(today + timedelta(days=chance.randrange(3, 14))),
            },
        )


def _words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
