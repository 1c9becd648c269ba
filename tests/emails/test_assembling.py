"""Layout, snippets, language, preheader and format become one source, with problems where the author wrote them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.emails.assembling import Pieces, PieceSource, assemble, check_written, in_format, included
from app.emails.content import Content, Format, Hint, Variant, content_of
from app.emails.preview import make_preview
from app.emails.publishing import make_ready
from app.emails.rendering import RenderError
from app.refusals import Refused

LAYOUT = PieceSource(
    "<html><head><style>.content p { color: red }</style></head><body><div class='content'>{{ content }}</div>"
    "{% include 'Foot' %}</body></html>",
    "{{ content }}\n-- \nOur office",
    7,
)
FOOT = PieceSource("<p>Open {{ hours | default('9 to 5') }}</p>", "", 8)
PIECES = Pieces(LAYOUT, {"Foot": FOOT})


def written(body: str, **change: object) -> Content:
    content = content_of("Hello {{ name }}", body, written_in=Format.MARKDOWN)
    return replace(content, **change)  # type: ignore[arg-type]


def test_body_layout_and_snippets_are_one_e_mail() -> None:
    ready = make_ready(written("Dear **{{ name }}**"), PIECES)
    html = ready.sources["en"].html
    assert 'style="color: red;">Dear <strong>{{ name }}</strong>' in html
    assert "{{ hours | default('9 to 5') }}" in html
    assert ready.variables == ("name",)


def test_an_own_text_gets_the_layouts_text_around_it() -> None:
    content = written("x")
    content = content.with_variant("en", replace(content.main, text="Dear {{ name }}"))
    assert assemble(content, "en", PIECES).text == "Dear {{ name }}\n-- \nOur office"


def test_a_snippet_in_the_text_part_is_its_text_or_made_of_its_html() -> None:
    content = written("x", layout_id=None)
    content = content.with_variant("en", replace(content.main, text="{% include 'Foot' %}"))
    assert assemble(content, "en", Pieces(None, {"Foot": FOOT})).text == "Open {{ hours | default('9 to 5') }}"


def test_the_preheader_comes_first_hidden_and_escaped() -> None:
    content = written("Body text")
    content = content.with_variant("en", replace(content.main, preheader="Fish & {{ name }}"))
    html = assemble(content, "en", PIECES).html
    before = html[html.index("<body") : html.index("Body text")]
    assert "display:none" in before
    assert "Fish &amp; {{ name }}" in before


@pytest.mark.parametrize(("tag", "way"), [("en", "ltr"), ("ar", "rtl"), ("he", "rtl"), ("fa", "rtl"), ("fr", "ltr")])
def test_the_language_and_its_direction_are_said(tag: str, way: str) -> None:
    content = Content(format=Format.MARKDOWN, language=tag, variants={tag: Variant("s", body="x")})
    html = assemble(content, tag, PIECES).html
    assert f'<html lang="{tag}" dir="{way}">' in html
    assert ('<body dir="rtl">' in html) == (way == "rtl")


def test_what_an_author_says_of_the_language_stays() -> None:
    html = assemble(content_of("s", '<html lang="de"><body>x</body></html>'), "en", Pieces()).html
    assert 'lang="de"' in html
    assert 'lang="en"' not in html


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("fine\n\n{% include 'Gone' %}", 3, "there is no published snippet “Gone”"),
        ("fine\n{{ 1 + }}", 2, "cannot be read"),
        ("{% include 'Foot' %}\n\n{% extends 'x' %}", 3, "other templates cannot be taken in"),
    ],
)
def test_problems_are_where_the_author_wrote_them(body: str, line: int, words: str) -> None:
    found = check_written(written(body), "en", PIECES)
    assert [(one.place, one.line) for one in found] == [("body", line)]
    assert words in found[0].words


def test_a_missing_value_has_the_authors_line_and_shows_in_its_place() -> None:
    shown = make_preview(written("One\n\nTwo {{ city }}\n"), "en", PIECES, {"name": "Anna"})
    assert [str(one) for one in shown.problems] == ["Body, line 3: there is no value for city."]
    assert shown.email is not None
    assert "Two [city missing]" in shown.email.html


def test_an_if_missing_value_stands_in_for_nothing_and_for_an_empty_cell() -> None:
    content = written("{{ city }}", hints={"city": Hint(default="your town")})
    assert make_ready(content, PIECES).variables == ("name",)
    for data in ({"name": "A"}, {"name": "A", "city": ""}):
        shown = make_preview(content, "en", PIECES, data)
        assert shown.email is not None
        assert "your town" in shown.email.html


def test_a_snippet_within_itself_is_a_problem() -> None:
    loop = Pieces(None, {"A": PieceSource("{% include 'A' %}")})
    with pytest.raises(RenderError, match="within itself"):
        assemble(written("{% include 'A' %}"), "en", loop)


def test_names_of_snippets_are_found_in_every_spelling_of_the_tag() -> None:
    assert included("{% include 'A b' %} {%- include \"C\" -%}", "{% include 'A b' %}") == ["A b", "C"]


MJML = """<mjml><mj-head><mj-title>{{ name }}</mj-title></mj-head><mj-body>
{% if on %}
<mj-section><mj-column>
<mj-text>Dear {{ name }}</mj-text><mj-button href="{{ link }}">Go</mj-button>
</mj-column></mj-section>
{% endif %}
</mj-body></mjml>"""


def test_mjml_becomes_html_with_its_tags_in_place() -> None:
    content = content_of("s", MJML, written_in=Format.MJML)
    shown = make_preview(content, "en", Pieces(), {"name": "Anna", "on": True, "link": "https://example.com"})
    assert shown.email is not None
    assert "Dear Anna" in shown.email.html
    assert 'href="https://example.com"' in shown.email.html
    assert 'lang="en"' in shown.email.html
    hidden = make_preview(content, "en", Pieces(), {"name": "Anna", "on": False, "link": "https://example.com"})
    assert hidden.email is not None
    assert "Dear Anna" not in hidden.email.html


def test_broken_mjml_says_where() -> None:
    shown = make_preview(
        content_of("s", "<mjml>\n<mj-body>\n<mj-section>\n</mj-body></mjml>", written_in=Format.MJML),
        "en",
        Pieces(),
        {},
    )
    assert shown.problems[0].line == 4
    assert "MJML cannot be read" in shown.problems[0].words


def test_writing_as_html_instead_looks_the_same() -> None:
    content = written("Dear **{{ name }}**")
    changed = in_format(content, Format.HTML)
    assert changed.format is Format.HTML
    assert assemble(changed, "en", PIECES).html == assemble(content, "en", PIECES).html
    with pytest.raises(Refused):
        in_format(content_of("s", "no mjml", written_in=Format.MJML), Format.HTML)


def test_every_language_is_made_ready_and_a_problem_names_its_language() -> None:
    content = written("Dear {{ name }}")
    content = content.with_variant("fr", Variant("Bonjour {{ name }}", body="Cher {{ prenom }}"))
    ready = make_ready(content, PIECES)
    assert set(ready.sources) == {"en", "fr"}
    assert ready.variables == ("name", "prenom")
    with pytest.raises(RenderError, match="French: write a subject"):
        make_ready(content.with_variant("fr", Variant("", body="x")), PIECES)


def test_the_stored_form_is_read_back_as_it_was() -> None:
    content = written("x", hints={"a": Hint("date", "1 May", "soon")}, headers=(("X-A", "1"),), layout_id=3)
    assert Content.from_json(content.to_json()) == content
