"""The variables of a template, found in its sources: where they stand, what kind they are, which column gives them."""

from __future__ import annotations

import difflib
import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from babel import Locale
from jinja2 import TemplateError, nodes

from app.emails.filters import read_date, read_number, read_time
from app.emails.rendering import needed_in, tree_of

NEAR = 0.72
"""How alike two names must be for one to be suggested for the other."""


class Kind(enum.StrEnum):
    """What kind of value a variable takes."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    TIME = "time"
    YES_NO = "yes_no"
    LINK = "link"
    LIST = "list"


KIND_WORDS = {
    Kind.TEXT: "Text",
    Kind.NUMBER: "Number",
    Kind.MONEY: "Money",
    Kind.DATE: "Date",
    Kind.TIME: "Time",
    Kind.YES_NO: "Yes or no",
    Kind.LINK: "Web address",
    Kind.LIST: "Several values",
}
_OF_FILTER = {"date": Kind.DATE, "time": Kind.TIME, "money": Kind.MONEY, "number": Kind.NUMBER}
_OF_FILTER |= {"split": Kind.LIST, "lines": Kind.LIST}
_OF_NAME = (
    (re.compile(r"(^|_)(date|day|due|until|from|expires|birthday|deadline)(_|$)"), Kind.DATE),
    (re.compile(r"(^|_)(time|hour)(_|$)"), Kind.TIME),
    (re.compile(r"(^|_)(amount|total|price|fee|balance|sum|cost)(_|$)"), Kind.MONEY),
    (re.compile(r"(^|_)(link|url|address_on_the_web|website)(_|$)"), Kind.LINK),
    (re.compile(r"(^|_)(count|number_of|quantity|age)(_|$)"), Kind.NUMBER),
)
_EXAMPLES = {
    Kind.TEXT: "Something",
    Kind.NUMBER: "12",
    Kind.MONEY: "48.50",
    Kind.DATE: "2027-01-31",
    Kind.TIME: "14:30",
    Kind.YES_NO: "yes",
    Kind.LINK: "https://www.example.com/page",
    Kind.LIST: "one; two; three",
}
_EXAMPLES_OF_NAMES = {"first_name": "Anna", "last_name": "Smith", "name": "Anna Smith", "city": "Leeds"}


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that a template takes from the recipient's data."""

    name: str
    places: tuple[tuple[str, int], ...]
    """Place and line of each use, in order."""
    is_needed: bool
    """Without a value the e-mail cannot be rendered."""
    kind: Kind
    """As guessed from how it is used."""


@dataclass(frozen=True, slots=True)
class Match:
    """Which column of a list gives a variable."""

    variable: str
    column: str | None
    suggestions: tuple[str, ...] = ()
    """Columns of nearly the same name, when none fits."""


def find_variables(sources: Iterable[tuple[str, str]]) -> tuple[Variable, ...]:
    """Find the variables of (place, Jinja source) pairs in order; sources that cannot be read are passed over."""
    places: dict[str, list[tuple[str, int]]] = {}
    needed: set[str] = set()
    kinds: dict[str, Kind] = {}
    for place, source in sources:
        try:
            tree = tree_of(place, source)
        except (TemplateError, RecursionError, MemoryError):
            continue
        needed |= {name for name, _ in needed_in(tree)}
        own = {node.name for node in tree.find_all(nodes.Name) if node.ctx in {"store", "param"}} | {"range", "loop"}
        for node in tree.find_all(nodes.Name):
            if node.ctx == "load" and node.name not in own:
                places.setdefault(node.name, []).append((place, node.lineno))
        kinds = {**_kinds_in(tree), **kinds}
    return tuple(
        Variable(name, tuple(dict.fromkeys(uses)), name in needed, kinds.get(name) or _kind_of_name(name))
        for name, uses in places.items()
    )


def example_for(name: str, kind: Kind) -> str:
    """Give a made-up value, always the same one."""
    return _EXAMPLES_OF_NAMES.get(name, _EXAMPLES[kind])


def wrong_for(kind: Kind, value: str) -> str:
    """Say why a value does not fit its kind; empty when it does."""
    try:
        if kind in {Kind.NUMBER, Kind.MONEY}:
            read_number(value)
        elif kind is Kind.DATE:
            read_date(value, Locale("en", "GB"))
        elif kind is Kind.TIME:
            read_time(value)
    except ValueError as error:
        return f"{error}."
    if kind is Kind.LINK and not re.match(r"(https?://|mailto:)\S+\Z", value.strip()):
        return f"“{value}” is not a web address. It begins with https://."
    return ""


def match_columns(names: Sequence[str], columns: Sequence[str]) -> tuple[Match, ...]:
    """Match variables to columns: the same name, the same but for case and spaces, else near ones are suggested."""
    plain = {_plain(column): column for column in reversed(columns)}
    found = []
    for name in names:
        column = name if name in columns else plain.get(_plain(name))
        near = difflib.get_close_matches(_plain(name), list(plain), n=2, cutoff=NEAR) if column is None else []
        found.append(Match(name, column, tuple(plain[one] for one in near)))
    return tuple(found)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


def _kinds_in(tree: nodes.Template) -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for one in tree.find_all(nodes.Filter):
        inner = one.node
        while isinstance(inner, nodes.Filter):
            inner = inner.node
        if one.name in _OF_FILTER and isinstance(inner, nodes.Name):
            kinds.setdefault(inner.name, _OF_FILTER[one.name])
    for loop in tree.find_all(nodes.For):
        if isinstance(loop.iter, nodes.Name):
            kinds.setdefault(loop.iter.name, Kind.LIST)
    for comparison in tree.find_all(nodes.Compare):
        values = {str(one.expr.value).lower() for one in comparison.ops if isinstance(one.expr, nodes.Const)}
        if isinstance(comparison.expr, nodes.Name) and values and values <= {"yes", "no"}:
            kinds.setdefault(comparison.expr.name, Kind.YES_NO)
    return kinds


def _kind_of_name(name: str) -> Kind:
    return next((kind for pattern, kind in _OF_NAME if pattern.search(name.lower())), Kind.TEXT)
