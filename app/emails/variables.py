"""The variables of a template, found in its sources: where they stand, what kind they are, which column gives them."""

from __future__ import annotations

import difflib
import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from babel import Locale
from jinja2 import TemplateError, nodes

from app.emails.filters import read_date, read_number, read_time
from app.emails.jinja_words import said_by
from app.emails.rendering import needed_in, tree_of
from app.words import _, _p

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
    Kind.TEXT: _p("kind of value", "Text"),
    Kind.NUMBER: _p("kind of value", "Number"),
    Kind.MONEY: _p("kind of value", "Money"),
    Kind.DATE: _p("kind of value", "Date"),
    Kind.TIME: _p("kind of value", "Time"),
    Kind.YES_NO: _p("kind of value", "Yes or no"),
    Kind.LINK: _p("kind of value", "Web address"),
    Kind.LIST: _p("kind of value", "Several values"),
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
_BEFORE_LINK = re.compile(r"""(\bhref\s*=\s*["']?|\]\()\s*\Z""", re.IGNORECASE)
"""What stands before an address, in HTML and in Markdown."""
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
            uses, needed_here, kinds_here = _uses_in(tree), needed_in(tree), _kinds_in(tree)
        except (TemplateError, RecursionError, MemoryError, ValueError):  # ValueError: a number of thousands of digits
            continue
        needed |= {name for name, _line in needed_here}
        for name, line in uses:
            places.setdefault(name, []).append((place, line))
        kinds = {**kinds_here, **kinds}
    return tuple(
        Variable(name, tuple(dict.fromkeys(where)), name in needed, kinds.get(name) or _kind_of_name(name))
        for name, where in places.items()
    )


def example_for(name: str, kind: Kind) -> str:
    """Give a made-up value, always the same one."""
    return _EXAMPLES_OF_NAMES.get(name, _EXAMPLES[kind]) if kind is Kind.TEXT else _EXAMPLES[kind]


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
        return _("%(sentence)s.", sentence=said_by(error))
    if kind is Kind.YES_NO and value.strip().lower() not in {"yes", "no"}:
        return _("“%(value)s” is neither yes nor no. Write yes or no.", value=value)
    if kind is Kind.LINK and not re.match(r"(https?://|mailto:)\S+\Z", value.strip()):
        return _("“%(value)s” is not a web address. It begins with https://.", value=value)
    return ""


def match_columns(names: Sequence[str], columns: Sequence[str]) -> tuple[Match, ...]:
    """Match variables to columns: the same name, the same but for case and spaces, else near ones are suggested."""
    plain = {_plain(column): column for column in reversed(columns) if _plain(column)}
    found = []
    for name in names:
        column = name if name in columns else plain.get(_plain(name))
        near = difflib.get_close_matches(_plain(name), list(plain), n=2, cutoff=NEAR) if column is None else []
        found.append(Match(name, column, tuple(plain[one] for one in near)))
    return tuple(found)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


def _uses_in(tree: nodes.Template) -> list[tuple[str, int]]:
    own = {node.name for node in tree.find_all(nodes.Name) if node.ctx in {"store", "param"}} | {"range", "loop"}
    names = tree.find_all(nodes.Name)
    return [(node.name, node.lineno) for node in names if node.ctx == "load" and node.name not in own]


def _kinds_in(tree: nodes.Template) -> dict[str, Kind]:
    """Guess kinds from the use; what says most comes first."""
    kinds: dict[str, Kind] = {}
    for one in tree.find_all(nodes.Filter):
        if one.name in _OF_FILTER and (name := _name_under(one)):
            kinds.setdefault(name, _OF_FILTER[one.name])
    for loop in tree.find_all(nodes.For):
        if isinstance(loop.iter, nodes.Name):
            kinds.setdefault(loop.iter.name, Kind.LIST)
    for comparison in tree.find_all(nodes.Compare):
        sides = [comparison.expr, *(one.expr for one in comparison.ops)]
        values = {str(side.value).lower() for side in sides if isinstance(side, nodes.Const)}
        if values and values <= {"yes", "no"}:
            for name in filter(None, map(_name_under, sides)):
                kinds.setdefault(name, Kind.YES_NO)
    for output in tree.find_all(nodes.Output):
        for before, after in pairwise(output.nodes):
            is_link = isinstance(before, nodes.TemplateData) and _BEFORE_LINK.search(before.data[-20:])
            if is_link and (name := _name_under(after)):
                kinds.setdefault(name, Kind.LINK)
    return kinds


def _name_under(node: nodes.Node | None) -> str | None:
    """Give the name that filters are put on."""
    while isinstance(node, nodes.Filter):
        node = node.node
    return node.name if isinstance(node, nodes.Name) else None


def _kind_of_name(name: str) -> Kind:
    return next((kind for pattern, kind in _OF_NAME if pattern.search(name.lower())), Kind.TEXT)
