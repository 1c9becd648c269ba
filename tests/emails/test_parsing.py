"""Parsing without the long runs of plain text gives the same e-mail, with problems on the same lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateSyntaxError

from app.emails.parsing import line_of_name, parse
from app.emails.rendering import Sandbox, needed_in

LONG = "Words of a long notice,\nin lines. " * 12
PIECES = (
    "{{ name }}",
    "{%- if on -%}",
    "{% if on %}",
    "{% endif %}",
    "{% for one in many %}",
    "{% endfor %}",
    "{# a remark #}",
    "{% raw %}",
    "{% endraw %}",
    "{{ '}}" + "x" * 250 + "' }}",
    "{{",
    "}}",
    "\r\n",
    "  \n ",
    " { css } ",
    LONG,
    LONG.replace("\n", "\r\n"),
    "ö" * 300,
)
DATA = {"name": "Anna", "on": True, "many": [1, 2], "ö" * 300: "a name may be long"}


def outcome(environment: Sandbox, source: str, *, quick: bool) -> tuple[str, object]:
    try:
        tree = parse(environment, source) if quick else environment.parse(source)
        return "text", environment.from_string(tree).render(DATA)
    except TemplateSyntaxError as error:
        return "problem", error.lineno


@given(st.lists(st.sampled_from(PIECES), max_size=14), st.booleans())
def test_it_is_the_tree_that_jinja_makes(pieces: list[str], is_text: bool) -> None:
    environment = Sandbox(autoescape=False, is_text=is_text)
    source = "".join(pieces)
    assert outcome(environment, source, quick=True) == outcome(environment, source, quick=False)


def test_a_problem_behind_a_long_text_keeps_its_line() -> None:
    with pytest.raises(TemplateSyntaxError) as raised:
        parse(Sandbox(autoescape=True), LONG + "\n{{ 1 + }}")
    assert raised.value.lineno == LONG.count("\n") + 2


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("Dear\n{{ name }}", 2),
        ("{% if x %}\n{{ other.name }}\n{{ 'name' }}\n{{ names }}\n{{ name|upper }}", 5),
        ("{{ x\n+\nname }}", 3),
        ("{# name #}\n{% for one in name %}", 2),
        ("Name and name", None),
        ("", None),
    ],
)
def test_the_first_line_of_a_variable_is_found_in_the_tags_alone(source: str, line: int | None) -> None:
    assert line_of_name(source, "name") == line


@given(st.lists(st.sampled_from(["\n", "text ", "{{ a }}", "{{ b|upper }}", "{% if c %}x{% endif %}", "{{ a ~ d }}"])))
def test_it_is_the_line_that_reading_the_whole_finds(pieces: list[str]) -> None:
    source = "".join(pieces)
    needed = dict(needed_in(Sandbox(autoescape=True).parse(source)))
    assert {name: line_of_name(source, name) for name in "abcd"} == {name: needed.get(name) for name in "abcd"}
