"""Rendering: strict about what is missing, clear about where, and a sandbox that keeps everything out."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from app.emails.assembling import Pieces
from app.emails.content import content_of
from app.emails.findings import findings
from app.emails.limits import LimitedRenderer
from app.emails.rendering import EmailSource, RenderError, render, variables_of

DATA = {"first_name": "Anna <b>", "items": ["one", "two"], "n": 3}


def html(text: str) -> EmailSource:
    return EmailSource("Subject", text, "")


def problems(source: EmailSource, data: dict[str, object] | None = None) -> list[str]:
    with pytest.raises(RenderError) as raised:
        render(source, data or {})
    return [str(one) for one in raised.value.problems]


def test_html_is_escaped_and_the_rest_is_not() -> None:
    source = EmailSource("To {{ first_name }}", "<p>{{ first_name }}</p>", "To {{ first_name }}", (("X-A", "{{ n }}"),))
    rendered = render(source, DATA)
    assert rendered.html == "<p>Anna &lt;b&gt;</p>"
    assert rendered.subject == rendered.text == "To Anna <b>"
    assert rendered.headers == (("X-A", "3"),)


def test_everything_that_is_missing_is_named_at_once_with_its_line() -> None:
    source = EmailSource("{{ a }}", "one\n{{ b }}\n\n{{ c }} {{ b }}", "{{ d }}")
    assert problems(source) == [
        "Subject, line 1: there is no value for a.",
        "Body, line 2: there is no value for b.",
        "Body, line 4: there is no value for c.",
        "Text, line 1: there is no value for d.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{{ gone | default('there') }}",
        "{% if gone is defined %}{{ gone }}{% endif %}",
        "{% set own = 1 %}{{ own }}",
        "{% for one in items %}{{ loop.index }}{{ one }}{% endfor %}",
        "{% for k in range(3) %}{{ k }}{% endfor %}",
    ],
)
def test_what_need_not_be_given_is_no_problem(text: str) -> None:
    assert render(html(text), DATA)


def test_syntax_errors_have_a_line_and_words() -> None:
    assert problems(html("fine\n{% if x %}\nmore"))[0].startswith("Body, line")
    assert problems(html("fine\n{{ 1 + }}"))[0].startswith("Body, line 2: the template cannot be read")


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n"])
def test_line_breaks_never_reach_subject_or_headers(line_break: str) -> None:
    source = EmailSource("{{ v }}", "<p></p>", "", (("X-A", "{{ v }}"),))
    assert len(problems(source, {"v": f"a{line_break}Bcc: x@example.com"})) == 2


def test_the_variables_of_a_template_are_found_in_all_its_parts() -> None:
    source = EmailSource(
        "{{ a }}", "{{ b.c }}{% for x in d %}{{ x }}{% endfor %}", "{{ e | default(1) }}", (("X", "{{ f }}"),)
    )
    assert variables_of(source) == ["a", "b", "d", "f"]


ESCAPES = (
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ [].__class__.__base__ }}",
    "{{ {}.__class__.__bases__ }}",
    "{{ ().__class__.__mro__ }}",
    "{{ (1).__class__ }}",
    "{{ n.__init__.__globals__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ config.items() }}",
    "{{ request.application.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ range.__self__ }}",
    "{{ range.__globals__ }}",
    "{{ '{0.__class__}'.format(n) }}",
    "{{ '{0.__class__}'.format_map({'0': n}) }}",
    "{{ ('{0.__class__.__init__.__globals__}').format(n) }}",
    "{{ '%s'|format(n) }}",
    "{{ n|map(attribute='__class__')|list }}",
    "{{ [n]|map(attribute='__class__')|list }}",
    "{{ [n]|selectattr('__class__')|list }}",
    "{{ [n]|groupby('__class__') }}",
    "{{ items.append(1) }}",
    "{{ items.pop() }}",
    "{{ items.__getattribute__('append') }}",
    "{% for c in [].__class__.__base__.__subclasses__() %}{{ c }}{% endfor %}",
    "{% import 'os' as os %}",
    "{% from 'os' import popen %}",
    "{% include '/etc/passwd' %}",
    "{% extends '/etc/passwd' %}",
    "{% macro m() %}{{ m.__globals__ }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ caller.__globals__ }}{% endmacro %}{% call m() %}{% endcall %}",
    "{{ loop.__class__ }}",
    "{% for x in [1] %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{{ (items|first).__class__ }}",
    "{{ dict.__base__ }}",
    "{{ first_name.encode().__class__ }}",
    "{{ first_name.join.__self__.__class__ }}",
    "{{ undefined_thing.__class__ }}",
    "{{ ''.__class__.mro() }}",
    "{{ {}.items.__self__.__class__ }}",
    "{{ [].sort.__doc__ }}",
    "{{ x.gi_frame.f_globals }}",
    "{{ (n for n in items).gi_frame }}",
    "{{ ''.startswith.__call__ }}",
    "{{ items|pprint }}",
    "{{ items|xmlattr }}",
    "{{ items|tojson }}",
    "{% debug %}",
    "{% do items.append(1) %}",
    "{{ n.real.__class__ }}",
    "{{ n.to_bytes.__self__.__class__ }}",
    "{{ (first_name | split(',')).__class__ }}",
    "{{ (first_name | lines).append.__self__ }}",
    "{{ ('a;b' | split(';')).append('c') }}",
    "{{ ('2027-01-31' | date).__class__.__mro__ }}",
    "{{ '2027-01-31' | date('{0.__class__}') }}",
    "{{ '2027-01-31' | date(style=self.__init__.__globals__) }}",
    "{{ '1' | money('{0.__class__}') }}",
    "{{ '1' | number('__class__') }}",
    "{{ '14:30' | time('%c') }}",
    "{{ '14:30' | time(environment=n) }}",
)


@pytest.mark.parametrize("text", ESCAPES)
def test_no_template_code_escapes_the_sandbox(text: str) -> None:
    before = list(DATA["items"])  # type: ignore[call-overload]
    assert problems(html(text), {**DATA})
    assert DATA["items"] == before


@pytest.mark.parametrize("text", ["{{ '\\x00' }}", "{{ '\\ud800' }}"])
def test_characters_that_no_email_can_carry_are_refused(text: str) -> None:
    assert "no e-mail can carry" in problems(html(text))[0]


def test_escaping_cannot_be_switched_off() -> None:
    text = "{% autoescape false %}{{ first_name }}{% endautoescape %}"
    assert problems(html(text), DATA) == ["Body, line 1: the template cannot be read: escaping cannot be switched off."]


BOMBS = (
    "{{ 'x' * 10**10 }}",
    "{% for a in range(999) %}{% for b in range(999) %}{% for c in range(999) %}{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in range(1000) %}{% for b in range(1000) %}{{ 'x' * 1000 }}{% endfor %}{% endfor %}",
    "{{ 9 ** (9 ** 9) }}",
    "{{ range(10**9) | list }}",
    "{{ ('a' * 10**8) | upper | replace('A', 'bbbbbbbbbbbbbbbbbbbb') }}",
    "{% macro m(x) %}{{ m(x) }}{{ m(x) }}{% endmacro %}{{ m(1) }}",
    "{{ [[[[1] * 1000] * 1000] * 1000] * 1000 }}",
)


@pytest.fixture(scope="module")
def limited() -> Iterator[LimitedRenderer]:
    made = LimitedRenderer()
    made.render(html("warm"), {})
    yield made
    made.close()


@pytest.mark.parametrize("text", BOMBS)
def test_a_bomb_is_one_message_and_the_next_template_is_rendered(limited: LimitedRenderer, text: str) -> None:
    began = time.monotonic()
    with pytest.raises(RenderError) as raised:
        limited.render(html(text), {})
    assert time.monotonic() - began < 30, "2 s of work are allowed; the rest is for a busy machine"
    assert len(raised.value.problems) == 1
    assert limited.render(html("{{ n }}"), {"n": 1}).html == "1"


def test_a_number_of_thousands_of_digits_is_a_problem_and_no_failure() -> None:
    assert "too long" in problems(html("{{ " + "9" * 5000 + " }}"))[0]


def test_styles_nested_without_end_are_one_message(limited: LimitedRenderer) -> None:
    content = content_of("s", "<p style='color:" + "(" * 5000 + "'>x</p>")
    assert findings(limited, content, "en", Pieces(), {})
