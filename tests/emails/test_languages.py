"""Which language a recipient gets, and how a mail in dark mode is shown."""

from __future__ import annotations

import pytest

from app.emails.dark import has_dark_colours, in_dark_mode
from app.emails.languages import OFFERED, choose, direction, is_language, language_name

TAGS = ("en", "fr", "pt-BR", "ar")


@pytest.mark.parametrize(
    ("cell", "tag"),
    [
        ("fr", "fr"),
        ("FR", "fr"),
        ("fr-CA", "fr"),
        ("fr_CA", "fr"),
        ("French", "fr"),
        ("français", "fr"),
        ("pt", "pt-BR"),
        ("Arabic", "ar"),
        ("de", "en"),
        ("", "en"),
        ("   ", "en"),
        ("nonsense", "en"),
    ],
)
def test_a_cell_chooses_the_language_or_the_fallback(cell: str, tag: str) -> None:
    assert choose(cell, TAGS, "en") == tag


def test_every_offered_language_has_a_name() -> None:
    assert all(is_language(tag) and language_name(tag) != tag for tag in OFFERED)
    assert not is_language("../../etc/passwd")
    assert (direction("ur"), direction("en")) == ("rtl", "ltr")


def test_dark_colours_are_switched_on_and_light_ones_off() -> None:
    html = (
        "<html><head><style>@media (prefers-color-scheme: dark) { p { color: white } }"
        "@media (prefers-color-scheme:light) { p { color: black } }</style></head></html>"
    )
    shown = in_dark_mode(html)
    assert has_dark_colours(html)
    assert "@media (min-width: 0)" in shown
    assert "@media (max-width: 0)" in shown
    assert "invert" not in shown


def test_without_dark_colours_it_is_inverted_as_some_programs_do() -> None:
    assert not has_dark_colours("<p>x</p>")
    assert "invert(1)" in in_dark_mode("<p>x</p>")
