"""Preparing at publish keeps the template's tags: inlined then rendered is rendered then inlined."""

from __future__ import annotations

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
