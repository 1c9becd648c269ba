"""*Write*: Markdown becomes HTML, and every tag of the template stays where its author put it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.emails.jinja_tags import TAG
from app.emails.markdown import markdown_to_html
from app.emails.rendering import EmailSource, render

DATA = {"name": "Anna", "on": True, "items": ["one", "two"], "link": "https://example.com/pay"}


def shown(source: str, **data: object) -> str:
    """Render a Markdown body; white space between elements says nothing."""
    return " ".join(render(EmailSource("s", markdown_to_html(source), ""), {**DATA, **data}).html.split())


def test_a_condition_alone_on_its_lines_takes_whole_paragraphs() -> None:
    source = 'Hello\n\n{% if name == "Anna" %}\nYou are **Anna**.\n{% else %}\nYou are not.\n{% endif %}\n\nBye'
    assert shown(source) == "<p>Hello</p> <p>You are <strong>Anna</strong>.</p> <p>Bye</p>"
    assert shown(source, name="Ben") == "<p>Hello</p> <p>You are not.</p> <p>Bye</p>"


def test_a_loop_around_items_makes_one_list() -> None:
    source = "{% for item in items %}\n- {{ item }}\n{% endfor %}"
    assert shown(source) == "<ul> <li>one</li> <li>two</li> </ul>"


def test_a_loop_between_the_rows_of_a_table_makes_rows() -> None:
    source = "| Item | Sum |\n|---|--:|\n{% for item in items %}\n| {{ item }} | 1 |\n{% endfor %}\n| all | 2 |"
    html = shown(source)
    assert html.count("<tr>") == 4
    assert [part in html for part in ("<td>one</td>", "<td>two</td>", "<td>all</td>")] == [True] * 3
    assert "<td></td>" not in html


def test_a_link_titled_button_alone_in_its_paragraph_is_a_button() -> None:
    html = shown('[Pay {{ name }}]({{ link }} "button")')
    assert html.startswith('<table role="presentation" class="button"')
    assert '<a href="https://example.com/pay">Pay Anna</a>' in html
    assert "<table" not in shown('Please [pay]({{ link }} "button") now')


def test_values_are_escaped_and_tags_are_not_read_as_markdown() -> None:
    assert shown("*{{ name }}*", name="<b>_x_</b>") == "<p><em>&lt;b&gt;_x_&lt;/b&gt;</em></p>"
    assert shown("{{ name | default('*') }}") == "<p>Anna</p>"


def test_words_that_look_like_our_own_stay() -> None:
    assert shown("jinja-0-x {{ name }} jinja-7-x") == "<p>jinja-0-x Anna jinja-7-x</p>"


LINES = (
    "{{ name }}",
    "{% if on %}",
    "{% endif %}",
    "{% for item in items %}",
    "{% endfor %}",
    "{# note #}",
    "- {{ item }}",
    "| {{ name }} | b |",
    "|---|---|",
    "Words *and* {{ name }} and <b>more</b>",
    "",
    "# {{ name }}",
    '[Go]({{ link }} "button")',
    "```",
    "    {{ name }}",
    "jinja-1-x",
)


@given(st.lists(st.sampled_from(LINES), max_size=14))
def test_no_tag_is_lost_doubled_or_moved(lines: list[str]) -> None:
    source = "\n".join(lines)
    # In a link the address stands before its words; nothing else may change places.
    buttons = source.count("button")
    tags, after = TAG.findall(source), TAG.findall(markdown_to_html(source))
    assert after == tags if not buttons else sorted(after) == sorted(tags)


@pytest.mark.parametrize("source", ["", "\n\n", "{% if", "{{", "\0", "<script>"])
def test_odd_sources_are_no_failure(source: str) -> None:
    assert isinstance(markdown_to_html(source), str)
