"""The help drawer: its examples are true, and it shows all of them."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.emails.filters import FILTER_WORDS, FilterWords
from app.emails.help import HELP_EXAMPLES, HelpExample
from app.emails.rendering import EmailSource, render
from app.web.language import let_say
from app.words import LANGUAGES, speaking

TEMPLATES = Path(__file__).parents[2] / "templates"


def drawer(examples: tuple[HelpExample, ...], words: tuple[FilterWords, ...]) -> str:
    pages = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    let_say(pages)
    return pages.get_template("emails/_help.html").render(help_examples=examples, filter_words=words)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("one", HELP_EXAMPLES, ids=lambda one: one.heading)
def test_the_examples_of_the_help_drawer_are_true(one: HelpExample, language: str) -> None:
    with speaking(language):
        rendered = render(EmailSource("s", "", str(one.source), language=language), one.data).text
        assert rendered.replace("\xa0", " ") == str(one.result)


def test_gaps_missing_values_conditions_and_loops_are_explained() -> None:
    sources = " ".join(one.source for one in HELP_EXAMPLES)
    for sign in ("{{ first_name }}", "default(", "{% if", "{% else %}", "{% for", "is defined"):
        assert sign in sources


def test_the_drawer_shows_every_example_and_every_filter_and_snippets() -> None:
    shown = unescape(drawer(HELP_EXAMPLES, FILTER_WORDS))
    assert "<summary>Help with gaps, conditions and loops</summary>" in shown
    for example in HELP_EXAMPLES:
        assert all(text in shown for text in (example.heading, example.words, example.source, example.result))
    for one in FILTER_WORDS:
        assert all(text in shown for text in (one.name, one.words, one.example, one.result))
    assert '{% include "' in shown


@given(st.text(max_size=30))
def test_whatever_an_example_says_is_shown_as_text(text: str) -> None:
    typed = f"<script>{text}</script>"
    shown = drawer((HelpExample(typed, typed, typed, {}, typed),), (FilterWords("x", typed, typed, typed),))
    assert "<script" not in shown
