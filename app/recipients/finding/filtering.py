"""Filters: conditions on the columns of a list, as people say them, for list pages and for segments alike."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, and_, func, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.recipients.columns import ColumnKind, kind_of
from app.recipients.finding.keys import BEGINNING, EMAIL, NAME, OTHER, WHOLE, folded, key_of, read_date, read_number
from app.recipients.models import Recipient, RecipientList
from app.refusals import Refused
from app.words import _, _p, in_a_row, joined, with_commas

MOST_CONDITIONS = 20
"""Conditions of one filter."""
MAX_VALUE = BEGINNING
"""Characters of the value of a condition."""


LAST = "\U0010ffff"
"""Stands behind every other sign: what begins with a text lies between it and it with this."""


class Operator(enum.StrEnum):
    """How a condition compares."""

    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    BEGINS_WITH = "begins_with"
    IS_EMPTY = "is_empty"
    IS_FILLED = "is_filled"
    BEFORE = "before"
    AFTER = "after"
    LESS_THAN = "less_than"
    MORE_THAN = "more_than"
    IS_YES = "is_yes"
    IS_NO = "is_no"


OPERATOR_WORDS: Mapping[Operator, str] = {
    Operator.IS: _p("comparison", "is"),
    Operator.IS_NOT: _p("comparison", "is not"),
    Operator.CONTAINS: _p("comparison", "contains"),
    Operator.BEGINS_WITH: _p("comparison", "begins with"),
    Operator.IS_EMPTY: _p("comparison", "is empty"),
    Operator.IS_FILLED: _p("comparison", "is filled"),
    Operator.BEFORE: _p("comparison", "before"),
    Operator.AFTER: _p("comparison", "after"),
    Operator.LESS_THAN: _p("comparison", "less than"),
    Operator.MORE_THAN: _p("comparison", "more than"),
    Operator.IS_YES: _p("comparison", "is yes"),
    Operator.IS_NO: _p("comparison", "is no"),
}
"""What people read for each operator."""
_CONDITION_WORDS: Mapping[Operator, str] = {
    Operator.IS: _("%(column)s is %(value)s"),
    Operator.IS_NOT: _("%(column)s is not %(value)s"),
    Operator.CONTAINS: _("%(column)s contains %(value)s"),
    Operator.BEGINS_WITH: _("%(column)s begins with %(value)s"),
    Operator.IS_EMPTY: _("%(column)s is empty"),
    Operator.IS_FILLED: _("%(column)s is filled"),
    Operator.BEFORE: _("%(column)s before %(value)s"),
    Operator.AFTER: _("%(column)s after %(value)s"),
    Operator.LESS_THAN: _("%(column)s less than %(value)s"),
    Operator.MORE_THAN: _("%(column)s more than %(value)s"),
    Operator.IS_YES: _("%(column)s is yes"),
    Operator.IS_NO: _("%(column)s is no"),
}
"""A whole condition: other languages have other forms in a sentence than alone."""

WITHOUT_VALUE = frozenset({Operator.IS_EMPTY, Operator.IS_FILLED, Operator.IS_YES, Operator.IS_NO})
_EQUAL = (Operator.IS, Operator.IS_NOT)
_PARTS = (Operator.CONTAINS, Operator.BEGINS_WITH)
_FILLED = (Operator.IS_EMPTY, Operator.IS_FILLED)

OPERATORS: Mapping[ColumnKind, tuple[Operator, ...]] = {
    ColumnKind.TEXT: (*_EQUAL, *_PARTS, *_FILLED),
    ColumnKind.FILE: (*_EQUAL, *_PARTS, *_FILLED),
    ColumnKind.NUMBER: (*_EQUAL, Operator.LESS_THAN, Operator.MORE_THAN, *_FILLED),
    ColumnKind.DATE: (*_EQUAL, Operator.BEFORE, Operator.AFTER, *_FILLED),
    ColumnKind.YES_NO: (Operator.IS_YES, Operator.IS_NO, *_FILLED),
}
"""The operators that go with a column of each kind."""
_OTHER_KIND: Mapping[Operator, str] = {
    **dict.fromkeys((Operator.BEFORE, Operator.AFTER), _("Does it hold dates? Say so under “Columns”.")),
    **dict.fromkeys((Operator.LESS_THAN, Operator.MORE_THAN), _("Does it hold numbers? Say so under “Columns”.")),
    **dict.fromkeys((Operator.IS_YES, Operator.IS_NO), _("Does it hold yes or no? Say so under “Columns”.")),
}
"""What makes an operator go with a column after all: nobody would look for that elsewhere."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: `column` is `email`, `name` or a column of the list; `value` is as typed."""

    column: str
    operator: Operator
    value: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that must all be met, or with `any_of` one of them. Without conditions it finds everybody."""

    conditions: tuple[Condition, ...] = ()
    any_of: bool = False

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def to_json(self) -> dict[str, Any]:
        """Give what `from_json` makes the same filter of."""
        rows = [[one.column, str(one.operator), one.value] for one in self.conditions]
        return {"any_of": self.any_of, "conditions": rows}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Filter:
        """Make a filter of what `to_json` gave; an empty mapping is one without conditions."""
        rows = stored.get("conditions", ())
        conditions = tuple(Condition(column, Operator(operator), value) for column, operator, value in rows)
        return cls(conditions, bool(stored.get("any_of", False)))


NO_FILTER = Filter()
"""Finds everybody."""


def columns_of(found_list: RecipientList) -> list[str]:
    """Give every column a condition can name: the address and the name first."""
    return [EMAIL, NAME, *found_list.columns]


def kind_of_column(found_list: RecipientList, column: str) -> ColumnKind:
    """Give what a column of a list holds; the address and the name are text."""
    return ColumnKind.TEXT if column in {EMAIL, NAME} else kind_of(found_list.column_kinds, column)


def check_filter(found_list: RecipientList, wanted: Filter) -> Filter:
    """Give the filter without spare spaces. Raises Refused with the field: `column-0`, `operator-0` or `value-0`,
    with the number of the condition."""
    if len(wanted.conditions) > MOST_CONDITIONS:
        raise Refused(_("A filter has at most %(most_conditions)s conditions.", most_conditions=MOST_CONDITIONS))
    checked = tuple(_checked(found_list, one, number) for number, one in enumerate(wanted.conditions))
    return Filter(checked, wanted.any_of)


def clauses(found_list: RecipientList, wanted: Filter) -> list[ColumnElement[bool]]:
    """Give the conditions on `Recipient` that the people of the list must meet, the list itself among them.

    They read `Recipient.keys`: ask `keying.is_ready` before, else people without keys yet would be left out.
    Raises Refused as `check_filter` does, for a column that was renamed or removed since, or whose kind was changed.
    """
    checked = check_filter(found_list, wanted)
    of_list = Recipient.list_id == found_list.id
    if not checked.conditions:
        return [of_list]
    met = [clause_of(found_list, one) for one in checked.conditions]
    return [of_list, or_(*met)] if checked.any_of else [of_list, *met]


def key_column(column: str) -> ColumnElement[str]:
    """Give the expression that holds a column's key; it sorts bytewise on every database."""
    if column == EMAIL:
        return Bytewise(Recipient.email_key)
    return Bytewise(func.coalesce(Recipient.keys[column].as_string(), ""))  # a column added since has no keys yet


def clause_of(found_list: RecipientList, condition: Condition) -> ColumnElement[bool]:
    """Give one checked condition as a clause."""
    key = key_column(condition.column)
    kind = kind_of_column(found_list, condition.column)
    value = condition_key(kind, condition)
    if condition.operator is Operator.CONTAINS:
        return _whole_key(condition.column).contains(value, autoescape=True)
    if condition.operator is Operator.IS_NOT:
        return key != value
    span = span_of(kind, condition)
    if span is None:
        raise ValueError(f"no span for {condition.operator}")
    return within(key, span)


@dataclass(frozen=True, slots=True)
class Span:
    """A range of keys: from `first` on, to `last` inclusive or up to `before` exclusive; None is no bound."""

    first: str | None = None
    last: str | None = None
    before: str | None = None


ALL = Span()
"""Every key."""


def span_of(kind: ColumnKind, condition: Condition) -> Span | None:
    """Give the range of keys that meet a condition; None when they are no range (`is not`, `contains`)."""
    value, smallest = condition_key(kind, condition), "\x01"
    spans = {
        Operator.IS: Span(value, value),
        Operator.IS_YES: Span("yes", "yes"),
        Operator.IS_NO: Span("no", "no"),
        Operator.IS_EMPTY: Span("", ""),
        Operator.IS_FILLED: Span(smallest),
        Operator.BEGINS_WITH: Span(value, before=value + LAST),
        Operator.BEFORE: Span(smallest, before=value),
        Operator.LESS_THAN: Span(smallest, before=value),
        Operator.AFTER: Span(value + smallest, before=OTHER),
        Operator.MORE_THAN: Span(value + smallest, before=OTHER),
    }
    return spans.get(condition.operator)


def within(key: ColumnElement[str], span: Span) -> ColumnElement[bool]:
    """Give the clause that a key lies in a range."""
    if span.first is not None and span.first == span.last:
        return key == span.first
    bounds = []
    if span.first is not None:
        bounds.append(key >= span.first)
    if span.last is not None:
        bounds.append(key <= span.last)
    if span.before is not None:
        bounds.append(key < span.before)
    return and_(true(), *bounds)


def condition_key(kind: ColumnKind, condition: Condition) -> str:
    """Give the key that a condition's value is compared by."""
    if condition.operator in WITHOUT_VALUE:
        return ""
    if condition.column == EMAIL:
        return condition.value.strip().lower()
    return key_of(kind, condition.value)


def words_of(wanted: Filter, kinds: Mapping[str, str] | None = None) -> str:
    """Say a filter in words: `city is Leeds and renewal before 1 May 2026`; empty when it finds everybody.

    `kinds` are those of the list (`RecipientList.column_kinds`).
    """
    both = _("%(first)s or %(second)s") if wanted.any_of else _("%(first)s and %(second)s")
    return in_a_row((_words(one, kinds or {}) for one in wanted.conditions), both)


def column_words(column: str) -> str:
    """Say which column a condition is about: address and name, which every list has, are said in every language."""
    own = {EMAIL: _("e-mail address"), NAME: _p("column", "name")}
    return own.get(column, column)


def value_fault(kind: ColumnKind, operator: Operator, value: str) -> str:
    """Say what is wrong with a condition's value; empty when nothing is."""
    if operator in WITHOUT_VALUE:
        return ""
    compared = folded(value)
    if not compared:  # an accent alone, too: everybody's cell would contain nothing
        return _("Type what to compare with, or choose “is empty”.")
    if max(len(value), len(compared)) > MAX_VALUE or "\0" in value:
        return _("A value has at most %(max_value)s characters.", max_value=MAX_VALUE)
    if kind is ColumnKind.NUMBER and read_number(value) is None:
        return _("This column holds numbers. Type one, such as 25 or 1,234.50.")
    if kind is ColumnKind.DATE and read_date(value) is None:
        return _("This column holds dates. Type one, such as 1 May 2026 or 2026-05-01.")
    return ""


class Bytewise(FunctionElement[str]):
    """A text that compares and sorts by its bytes, whatever the database's own order of letters is."""

    type = String()
    inherit_cache = True


@compiles(Bytewise)
def _bytewise(element: Bytewise, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(Bytewise, "postgresql")
def _bytewise_on_postgresql(element: Bytewise, compiler: SQLCompiler, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)} COLLATE "C")'


def _checked(found_list: RecipientList, condition: Condition, number: int) -> Condition:
    if condition.column not in columns_of(found_list):
        words = _(
            "The list “%(list_name)s” has no column “%(column)s”. Choose another one.",
            list_name=found_list.name,
            column=condition.column,
        )
        raise Refused(words if condition.column else _("Choose a column."), field=f"column-{number}")
    kind = kind_of_column(found_list, condition.column)
    if condition.operator not in OPERATORS[kind]:
        quoted = [_("“%(words)s”", words=OPERATOR_WORDS[one]) for one in OPERATORS[kind]]
        words = _(
            "“%(operator)s” does not go with the column “%(column)s”: use %(fitting)s.",
            operator=OPERATOR_WORDS[condition.operator],
            column=condition.column,
            fitting=with_commas(quoted),
        )
        hint = "" if condition.column in {EMAIL, NAME} else _OTHER_KIND.get(condition.operator, "")
        raise Refused(joined([words, hint]), field=f"operator-{number}")
    fault = value_fault(kind, condition.operator, condition.value)
    if fault:
        raise Refused(fault, field=f"value-{number}")
    value = "" if condition.operator in WITHOUT_VALUE else condition.value.strip()
    return Condition(condition.column, condition.operator, value)


def _whole_key(column: str) -> ColumnElement[str]:
    """Give what “contains” looks through: the key, or the whole text where the key has only its beginning."""
    if column == EMAIL:
        return key_column(EMAIL)
    return Bytewise(func.coalesce(Recipient.keys[column + WHOLE].as_string(), Recipient.keys[column].as_string(), ""))


def _words(condition: Condition, kinds: Mapping[str, str]) -> str:
    words = _(_CONDITION_WORDS[condition.operator], column=column_words(condition.column))
    if condition.operator in WITHOUT_VALUE:
        return words
    day = read_date(condition.value) if kind_of(kinds, condition.column) is ColumnKind.DATE else None
    return _(words, value=condition.value if day is None else day)
