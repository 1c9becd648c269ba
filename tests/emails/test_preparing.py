"""Preparing at publish keeps the template's tags: inlined then rendered is rendered then inlined."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.emails import starter
from app.emails.preparing import inline, prepare, text_of
from app.emails.rendering import EmailSource, render

STYLE = "<style>p { color: red } .x { margin: 0 } @media (max-width: 600px) { p { color: blue } }</style>"
PIECES = (
    "<p>Hello {{ name }}</p>",
    '<p class="x">{% if on %}yes{% else %}no{% endif %}</p>',
    "<table><tr>{% for one in many %}<td class='x'>{{ one }}</td>{% endfor %}</tr></table>",
    "<table>{% for one in many %}<tr><td>{{ one }}</td></tr>{% endfor %}</table>",
    "<a href='https://example.com/{{ name }}'>link</a>",
    "{% if on %}<p>shown</p>{% endif %}",
    "{# a remark #}<ul>{% for one in many %}<li>{{ one }}</li>{% endfor %}</ul>",
)
DATA = {"name": "Anna", "on": True, "many": ["one", "two"]}


def rendered(source: str) -> str:
    return render(EmailSource("s", source, ""), DATA).html


def without_tags(html: str) -> str:
    """The elements in order, whatever the white space between them."""
    return " ".join(html.split())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5))
def test_inlined_then_rendered_is_rendered_then_inlined(pieces: list[str]) -> None:
    source = f"<html><head>{STYLE}</head><body>{''.join(pieces)}</body></html>"
    prepared = inline(source)
    assert prepared is not None
    after = inline(rendered(source))
    assert after is not None
    assert without_tags(rendered(prepared)) == without_tags(after)


def test_media_queries_are_kept_and_nothing_is_loaded() -> None:
    prepared = prepare(f"<html><head>{STYLE}</head><body><p>x</p></body></html>", "")
    assert "@media (max-width: 600px)" in prepared.html
    assert "color: red" in prepared.html.partition("<body")[2]


def test_the_text_keeps_tags_in_order_and_links() -> None:
    text = text_of(
        starter.HTML.replace("<p>write", "{% if a %}<table><tr><td>{{ b }}</td></tr></table>{% endif %}<p>write")
    )
    assert text.index("{% if a %}") < text.index("{{ b }}") < text.index("{% endif %}")
    assert "https://example.com/{{ id }}" in text_of("<a href='https://example.com/{{ id }}'>Your page</a>")


def test_an_own_text_is_left_alone() -> None:
    assert prepare("<p>x</p>", "my own {{ text }}").text == "my own {{ text }}"


@pytest.mark.parametrize(
    "body",
    [
        "<p class='{{ tone }}'>x</p>",
        "<p {% if on %}class='x'{% endif %}>x</p>",
        "<p {{ name }}>x</p>",
        "<{{ name }}>x</{{ name }}>",
    ],
)
def test_styles_that_depend_on_the_data_are_kept_as_written(body: str) -> None:
    source = f"<html><head>{STYLE}</head><body>{body}</body></html>"
    prepared = prepare(source, "")
    assert prepared.html == source
    assert "kept as written" in prepared.note


def test_rows_that_a_loop_makes_are_not_counted_before() -> None:
    source = (
        "<style>tr:nth-child(odd) { color: red }</style>"
        "<table>{% for one in many %}<tr><td>{{ one }}</td></tr>{% endfor %}</table>"
    )
    assert inline(source) is None


@pytest.mark.parametrize(
    "piece",
    [
        "<!--[if mso]><table><tbody><tr><td>{{ name }}</td></tr></tbody></table><![endif]-->",
        "<!--[if mso]><td {% if on %}width='600'{% endif %}><![endif]-->",
        "<title>{{ name }}</title>",
    ],
)
def test_comments_for_outlook_and_titles_keep_their_tags(piece: str) -> None:
    prepared = inline(f"<html><head>{STYLE}</head><body><p>x</p>{piece}</body></html>")
    assert prepared is not None
    assert piece in prepared


def test_words_that_look_like_stand_ins_stay() -> None:
    assert "jinja-7-x" in prepare("<p>jinja-7-x {{ name }}</p>", "").text
