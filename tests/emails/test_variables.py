"""Variables are found in the template itself, with their kind, and matched to a list's columns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.emails.assembling import Pieces, PieceSource
from app.emails.content import Hint, content_of
from app.emails.findings import make_findings, variables_in
from app.emails.variables import KIND_WORDS, Kind, example_for, find_variables, match_columns, wrong_for


def test_they_are_found_through_layout_and_snippets_with_their_places() -> None:
    content = content_of("Hi {{ first_name }}", "line\n{{ due | date }} {% include 'Foot' %}")
    pieces = Pieces(
        PieceSource("<p>{{ content }}{{ branch }}</p>"), {"Foot": PieceSource("{{ hours | default('9') }}")}
    )
    found = {one.name: one for one in variables_in(content, pieces)}
    assert set(found) == {"first_name", "due", "branch", "hours"}
    assert found["due"].places == (("body", 2),)
    assert (found["due"].is_needed, found["hours"].is_needed) == (True, False)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("{{ v | date }}", Kind.DATE),
        ("{{ v | default('1 May') | date }}", Kind.DATE),
        ("{{ v | money('GBP') }}", Kind.MONEY),
        ("{% for x in v | split(';') %}{{ x }}{% endfor %}", Kind.LIST),
        ("{% for x in v %}{{ x }}{% endfor %}", Kind.LIST),
        ("{% if v == 'yes' %}a{% endif %}", Kind.YES_NO),
        ("{% if 'no' == v | lower %}a{% endif %}", Kind.YES_NO),
        ("{% if v != 'Yes' %}a{% endif %}", Kind.YES_NO),
        ("{% if v == 'yes' or v == 'maybe' %}a{% endif %}", Kind.YES_NO),
        ("{% if v == 'Leeds' %}a{% endif %}", Kind.TEXT),
        ('<a class="x" href="{{ v }}">pay</a>', Kind.LINK),
        ("<a HREF = '{{ v | default(\"#\") }}'>pay</a>", Kind.LINK),
        ("[pay]({{ v }})", Kind.LINK),
        ('<a title="{{ v }}">pay</a>', Kind.TEXT),
        ("{{ v | time }}", Kind.TIME),
        ("{{ v | number(2) }}", Kind.NUMBER),
        ("{{ v }}", Kind.TEXT),
    ],
)
def test_the_kind_is_guessed_from_the_use(source: str, kind: Kind) -> None:
    assert find_variables([("body", source)])[0].kind is kind


@pytest.mark.parametrize(("name", "kind"), [("due_date", Kind.DATE), ("total", Kind.MONEY), ("pay_link", Kind.LINK)])
def test_the_kind_is_guessed_from_the_name(name: str, kind: Kind) -> None:
    assert find_variables([("body", "{{ " + name + " }}")])[0].kind is kind


@pytest.mark.parametrize("name", ["anything", "name", "first_name", "city"])
def test_every_kind_has_an_example_that_fits(name: str) -> None:
    assert [wrong_for(kind, example_for(name, kind)) for kind in Kind] == [""] * len(Kind)
    assert set(KIND_WORDS) == set(Kind)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (Kind.DATE, "31 Feb", "“31 Feb” is not a date. Write it like 2027-01-31."),
        (Kind.TIME, "noon", "“noon” is not a time. Write it like 14:30."),
        (Kind.MONEY, "lots", "“lots” is not a number. Write it like 1234.50."),
        (Kind.YES_NO, "maybe", "“maybe” is neither yes nor no. Write yes or no."),
        (Kind.LINK, "www.example.com", "“www.example.com” is not a web address. It begins with https://."),
        (Kind.YES_NO, "Yes", ""),
        (Kind.TEXT, "", ""),
    ],
)
def test_a_value_that_does_not_fit_is_said_in_words(kind: Kind, value: str, words: str) -> None:
    assert wrong_for(kind, value) == words


@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "9" * 5000 + " }}",
        "{{ " + "a+" * 3000 + "a }}",
        "{{ a." + "b." * 5000 + "c }}",
        "{{ " + "(" * 3000,
        "{% if " * 2000,
        "{{ '\\ud800' }}",
    ],
    ids=["digits", "sum", "dots", "brackets", "blocks", "half a character"],
)
def test_a_source_that_cannot_be_read_is_passed_over_and_the_others_are_read(source: str) -> None:
    assert "b" in {one.name for one in find_variables([("body", source), ("subject", "{{ b }}")])}


def test_columns_are_matched_whatever_their_case_and_spaces_and_near_ones_suggested() -> None:
    found = match_columns(["first_name", "e_mail", "frist_name", "town"], ["First name", "E-Mail", "city"])
    assert [(one.column, one.suggestions) for one in found] == [
        ("First name", ()),
        ("E-Mail", ()),
        (None, ("First name",)),
        (None, ()),
    ]


@given(st.text(alphabet="{}%| abif'\"", max_size=40))
def test_no_source_makes_finding_fail(source: str) -> None:
    assert isinstance(find_variables([("body", source), ("subject", source)]), tuple)


@given(st.lists(st.text(max_size=12), max_size=6), st.lists(st.text(max_size=12), max_size=6))
def test_columns_are_always_matched_in_the_same_way(names: list[str], columns: list[str]) -> None:
    found = match_columns(names, columns)
    assert found == match_columns(names, columns)
    assert [one.variable for one in found] == names
    assert all(one.column in {*columns, None} and set(one.suggestions) <= set(columns) for one in found)
    assert all(one.column == one.variable for one in found if one.variable in columns)


def test_unknown_and_unused_variables_are_found() -> None:
    content = content_of("Hi", "<p>{{ gone }}</p>", examples={"spare": "x"})
    found = {one.code: one for one in make_findings(content, "en", Pieces(), {}, frozenset())}
    assert found["unknown_variable"].line == 1
    assert "spare is used nowhere" in found["unused_variable"].words
    assert "unknown_variable" not in {
        one.code for one in make_findings(content, "en", Pieces(), {}, frozenset({"gone"}))
    }


def test_an_example_that_does_not_fit_its_kind_is_said() -> None:
    content = content_of("Hi", "<p>{{ due }}</p>")
    content = replace(content, hints={"due": Hint("date", "soon")})
    assert "wrong_example" in {one.code for one in make_findings(content, "en", Pieces(), {"due": "x"}, frozenset())}
