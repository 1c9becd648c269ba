"""More ways out of the sandbox of template code: what published attacks on Jinja2 use, and what is new in it.

The first seventy stand in tests/emails/test_rendering.py. Nothing may be rendered of what these reach for.
"""

from __future__ import annotations

import pytest

from app.emails.rendering import EmailSource, RenderError, render

DATA = {"n": 7, "first_name": "Ada", "items": ["a", "b"], "row": {"a": "b"}}
REACHED = (
    "class",
    "module",
    "built-in",
    "function",
    "object at",
    "root:",
    "uid=",
    "os.",
    "<frame",
    "sk-secret",
    "Undefined",
)

ESCAPES = (
    # attr and its relatives, by names that are put together
    "{{ ''|attr('__cla'~'ss__') }}",
    "{{ ''|attr(['__cla','ss__']|join) }}",
    "{{ ''|attr('%s%s'|format('__cla','ss__')) }}",
    "{{ ''|attr('__ssalc__'[::-1]) }}",
    "{{ ''|attr('__CLASS__'|lower) }}",
    "{{ ''[['__cla','ss__']|join] }}",
    "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ ''['\\u005f\\u005fclass\\u005f\\u005f'] }}",
    "{{ (''|attr)('__class__') }}",
    "{{ ['x']|map('attr','__class__')|list }}",
    "{{ ['x']|map('attr', '__init__')|map('attr', '__globals__')|list }}",
    "{{ [row]|map(attribute='items.__self__.__class__')|list }}",
    "{{ [first_name]|sum(attribute='__class__') }}",
    "{{ [first_name]|sort(attribute='__class__') }}",
    "{{ [first_name]|unique(attribute='__class__')|list }}",
    "{{ [first_name]|rejectattr('__class__')|list }}",
    "{{ [first_name]|max(attribute='__class__') }}",
    "{{ [first_name]|min(attribute='__class__') }}",
    # str.format and format_map, direct and by a filter or a variable (CVE-2016-10745, CVE-2019-10906, CVE-2024-56326)
    "{{ '{0.__class__}'.format('x') }}",
    "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "{{ ('{0.__class__}'.format)('x') }}",
    "{% set f = '{0.__class__}'.format %}{{ f('x') }}",
    "{% set f = '{x.__class__}'.format_map %}{{ f({'x': 1}) }}",
    "{{ ['{0.__class__}']|map('format', 'x')|list }}",
    "{{ ['{0.__class__}'.format]|map('string')|list }}",
    "{{ '{0.__class__}'|attr('format')('x') }}",
    "{{ ('{0.__class__}'|attr('form'~'at'))(n) }}",
    "{{ ['x']|map('{0.__class__}'.format)|list }}",
    "{{ [n]|map('{0.__class__.__init__}'.format)|first }}",
    # the library's own objects
    "{{ cycler('a').__init__.__globals__ }}",
    "{{ cycler('a').next.__globals__ }}",
    "{{ joiner(',').__init__.__globals__ }}",
    "{{ joiner.__call__.__globals__ }}",
    "{{ namespace(a=1).__init__.__globals__ }}",
    "{{ namespace().__getattribute__ }}",
    "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns.__class__ }}",
    "{% set ns = namespace(x=namespace) %}{{ ns.x.__init__.__globals__ }}",
    "{{ lipsum.__globals__.__builtins__ }}",
    "{{ lipsum()|attr('__class__') }}",
    "{{ lipsum|attr('__globals__') }}",
    "{{ dict(a=1).__class__.__base__ }}",
    "{{ dict.fromkeys.__self__ }}",
    "{{ range(3).__class__ }}",
    "{{ range.__init__.__objclass__ }}",
    "{{ self }}{{ self.__class__ }}",
    "{{ self._TemplateReference__context.environment }}",
    "{{ self.__dict__ }}",
    "{% block x %}{{ self.x.__globals__ }}{% endblock %}",
    "{% block x %}{{ super.__self__ }}{% endblock %}",
    "{% for a in items recursive %}{{ loop._iterator }}{% endfor %}",
    "{% for a in items %}{{ loop.__init__.__globals__ }}{% endfor %}",
    "{% for a in items %}{{ loop.changed.__func__ }}{% endfor %}",
    "{% macro m() %}{{ varargs.__class__ }}{% endmacro %}{{ m(1) }}",
    "{% macro m() %}{{ kwargs.__class__ }}{% endmacro %}{{ m(a=1) }}",
    "{% macro m() %}x{% endmacro %}{{ m._func.__globals__ }}",
    "{% macro m() %}x{% endmacro %}{{ m._environment }}",
    "{% call(x) n() %}{% endcall %}",
    "{{ caller.__globals__ }}",
    "{{ ctx }}{{ context.environment }}",
    "{{ environment.globals }}",
    "{{ resolve('os') }}",
    "{{ __builtins__ }}{{ __import__('os') }}",
    "{{ g }}{{ current_app }}{{ session }}{{ config }}",
    "{{ get_flashed_messages.__globals__['os'] }}",
    # generators, coroutines, frames, code
    "{% set g = items|map('upper') %}{{ g.gi_frame }}",
    "{% set g = items|select %}{{ g.gi_code }}",
    "{{ (items|map('upper')).gi_frame.f_back.f_globals }}",
    "{{ (items|select('string')).ag_frame }}",
    "{{ (items|select('string')).cr_frame.f_globals }}",
    "{{ items.sort.__self__.__class__ }}",
    "{{ first_name.upper.__func__.__code__ }}",
    "{{ row.get.__self__.__class__ }}",
    "{{ n.__class__.__subclasses__() }}",
    "{{ n.bit_length.__self__.__class__ }}",
    # changing what is there
    "{{ row.update(a='c') }}",
    "{{ row.setdefault('z', 1) }}",
    "{{ row.pop('a') }}",
    "{{ row.clear() }}",
    "{{ items.extend(['c']) }}",
    "{{ items.insert(0, 'c') }}",
    "{{ items.reverse() }}",
    "{{ items.sort() }}",
    "{% set items.__class__ = 1 %}",
    # other code
    "{% include ['/etc/passwd', 'x'] %}",
    "{% include '../../app/settings.py' ignore missing %}{{ n.__class__ }}",
    "{% import '/etc/passwd' as x %}{{ x.__dict__ }}",
    "{% from '/etc/passwd' import x with context %}",
    "{% extends ['/etc/passwd'] %}",
    "{% extends n.__class__ %}",
    "{% trans %}{{ n.__class__ }}{% endtrans %}",
    "{{ _('%(x)s', x=n.__class__) }}",
    "{{ gettext.__globals__ }}",
    "{% filter attr('__class__') %}x{% endfilter %}",
    "{{ n is filter('__class__') }}{{ n.__class__ }}",
    "{{ n is test.__class__ }}",
    "{{ await n }}",
    "{% async for x in items %}{{ x }}{% endfor %}",
    "{{ items|sameas(n.__class__) }}",
    "{{ {'a': n}|dictsort(by='__class__') }}",
    "{{ row|xmlattr|attr('__class__') }}",
    "{{ row|items|map(attribute='__class__')|list }}",
    "{{ first_name|string|attr('__html__') }}",
    "{{ (first_name|escape).__html__.__globals__ }}",
    "{{ (first_name|e).unescape.__func__ }}",
    "{{ (first_name|safe)|attr('escape') }}",
)


def test_there_are_over_a_hundred_more_of_them() -> None:
    assert len(set(ESCAPES)) == len(ESCAPES) >= 100


@pytest.mark.parametrize("code", ESCAPES)
def test_nothing_is_reached_and_nothing_changed(code: str) -> None:
    data = {"n": 7, "first_name": "Ada", "items": ["a", "b"], "row": {"a": "b"}}
    try:
        shown = render(EmailSource(subject="Hi", html=f"<p>[{code}]</p>", text="x"), data)
    except RenderError:
        pass
    else:
        rendered = shown.html or ""
        assert not [one for one in REACHED if one in rendered], rendered
    assert data == DATA


@pytest.mark.parametrize("code", ESCAPES)
def test_neither_in_a_subject_nor_in_a_header(code: str) -> None:
    data = {"n": 7, "first_name": "Ada", "items": ["a", "b"], "row": {"a": "b"}}
    source = EmailSource(
        subject=f"[{code}]", html="<p>x</p>", text=f"[{code}]", headers=(("X-Reference", f"[{code}]"),)
    )
    try:
        shown = render(source, data)
    except RenderError:
        return
    for rendered in (shown.subject, shown.text or "", *(value for _, value in shown.headers)):
        assert not [one for one in REACHED if one in rendered], rendered


def test_the_same_code_reaches_something_where_there_is_no_sandbox() -> None:
    """Else these tests could not fail: many of them do get through to what they reach for in plain Jinja."""
    import jinja2

    reaching = 0
    plain = jinja2.Environment(autoescape=False)
    for code in ESCAPES:
        try:
            rendered = plain.from_string(code).render(n=7, first_name="Ada", items=["a", "b"], row={"a": "b"})
        except Exception:
            continue
        reaching += any(one in rendered for one in REACHED)
    assert reaching >= 30
