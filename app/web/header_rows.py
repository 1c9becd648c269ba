"""The composer of custom headers: reading its form, and what its partial `_header_rows.html` shows.

In the form a header is a row of `header_row` (its number on the page), `header_name`, `header_form` (`raw`: the value
is written by hand) and `header_value`; kinds of values that are put together have fields `header_ROW_PART` besides.
Name and value alone are enough for a program. The buttons are `action=VERB:SUBJECT`; `given_headers` obeys them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from flask import Response, make_response, render_template, request

from app.cloudflare.contract import (
    HEADER_RULES,
    MAX_HEADER_VALUE,
    MAX_HEADERS,
    MAX_HEADERS_TOTAL,
    ONE_CLICK,
    HeaderRule,
    Problem,
    canonical_name,
)
from app.cloudflare.header_forms import HEADER_GROUPS, ValueKind, value_kind
from app.cloudflare.headers import TOO_LARGE, TOO_MANY, VALUE_INVALID, count_listed, headers_size, value_size
from app.emails.headers import problems_of_headers
from app.recipients.unsubscribing.branding import look_of
from app.web.header_values import HOSTED, PARTS, ZONES, Parts, build, parse
from app.web.request import db, is_htmx, me
from app.words import _

Pair = tuple[str, str]

UNSUBSCRIBE, POST = "List-Unsubscribe", "List-Unsubscribe-Post"
UNSUBSCRIBE_EXAMPLE = "<https://example.com/unsubscribe>"
"""What “Add unsubscribe headers” puts in without a public address, for the address to be filled in."""
OWN = "X-"
"""Beginning of a name of one's own; in `add-header:X-` it asks for an empty row for one."""
NEARLY = 0.9
"""Share of a limit from which on the page warns."""
TARGET = "header-composer"
"""Id of the partial's outermost element."""
RAW = "raw"
ADD, REMOVE, WRITE, FORM, ADD_UNSUBSCRIBE = "add-header", "remove-header", "write-header", "form-header", "unsubscribe"
ACTIONS = frozenset({ADD, REMOVE, WRITE, FORM, ADD_UNSUBSCRIBE})
LANGUAGES = (
    *(
        ("ar", _("Arabic")),
        ("cy", _("Welsh")),
        ("de", _("German")),
        ("en", _("English")),
        ("en-GB", _("English, British")),
    ),
    *(("en-US", _("English, American")), ("es", _("Spanish")), ("fr", _("French")), ("fr-CA", _("French, Canadian"))),
    *(("it", _("Italian")), ("nl", _("Dutch")), ("pl", _("Polish")), ("pt", _("Portuguese")), ("ro", _("Romanian"))),
    *(("tr", _("Turkish")), ("uk", _("Ukrainian")), ("zh", _("Chinese"))),
)
"""Language tags that are offered; any other may be typed."""


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a limit is used."""

    used: int
    limit: int

    @property
    def tone(self) -> str:
        """`good`, `warn` near the limit, `bad` above it."""
        if self.used > self.limit:
            return "bad"
        return "warn" if self.used >= self.limit * NEARLY else "good"


@dataclass(frozen=True, slots=True)
class Row:
    """One header as the page shows it."""

    number: int
    name: str
    value: str
    is_raw: bool = False
    parts: Parts = field(default_factory=dict)
    one_click: bool = False
    """List-Unsubscribe-Post goes with this row's List-Unsubscribe."""
    origin: str = ""
    """`template`, `changed` or `added`; empty where there is nothing to compare with."""
    problems: tuple[str, ...] = ()
    note: str = ""
    is_focused: bool = False

    @property
    def rule(self) -> HeaderRule | None:
        """What the header is for; None for a name of one's own."""
        return HEADER_RULES.get(self.name)

    @property
    def kind(self) -> ValueKind:
        """Which form its value takes."""
        return value_kind(self.name)

    @property
    def label(self) -> str:
        """What the row is called on the page."""
        return self.name if self.rule else _("header %(number)s", number=self.number)

    @property
    def size(self) -> Meter:
        """Bytes of the value as written."""
        return Meter(value_size(self.value), MAX_HEADER_VALUE)

    @property
    def can_switch(self) -> bool:
        """Whether it has a form besides writing the value by hand."""
        return self.kind in PARTS or self.kind is ValueKind.CHOICE

    @property
    def pairs(self) -> list[Pair]:
        """The headers that it stands for."""
        return [(self.name, self.value), *([(POST, ONE_CLICK)] if self.one_click else [])]


@dataclass(frozen=True, slots=True)
class Composer:
    """Everything that the partial needs."""

    rows: list[Row]
    problems: list[str]
    """Those of all headers together."""
    listed: Meter
    size: Meter
    missing: list[str]
    """Headers of the template that are not there any more."""
    differs: bool
    """The headers are not the template's."""
    has_public_address: bool
    is_opener_focused: bool
    check_url: str
    groups = HEADER_GROUPS
    rules = HEADER_RULES
    zones = ZONES
    languages = LANGUAGES

    @property
    def names(self) -> set[str]:
        """Names that are there, in lower case."""
        return {name.lower() for row in self.rows for name, _value in row.pairs}


def given_headers() -> list[Pair]:
    """Give the headers of the posted form in order, after what a button of the composer asked for."""
    return [pair for row in _after_action(_posted_rows()) for pair in row.pairs]


def is_header_action() -> bool:
    """Whether a button of the composer was pressed: the page is shown again, and nothing is saved."""
    return _action()[0] in ACTIONS


def composer(
    headers: Sequence[Pair], *, check_url: str, from_template: Sequence[Pair] | None = None
) -> dict[str, Composer]:
    """Give the context of `_header_rows.html`. `check_url` is asked while people type, and by its buttons.

    With `from_template`, the template's own headers, every row says whether it comes from there.
    """
    posted = _posted_rows() if request.method == "POST" else []
    if is_htmx() and not _action()[0]:  # only asks what is wrong: the page keeps its rows and their numbers
        rows = posted
    else:
        rows = _focused([_shown(row, posted) for row in _rows(headers, posted)], posted)
    headers = [pair for row in rows for pair in row.pairs]
    problems = problems_of_headers(headers)
    rows = [
        replace(row, problems=tuple(_problems_of(row, problems)), origin=_origin(row, from_template)) for row in rows
    ]
    names = {name.lower() for name, _value in headers}
    made = Composer(
        rows=rows,
        problems=[one.words for one in problems if one.code in {TOO_MANY, TOO_LARGE}],
        listed=Meter(count_listed(headers), MAX_HEADERS),
        size=Meter(headers_size(headers), MAX_HEADERS_TOTAL),
        missing=[name for name, _value in from_template or () if name.lower() not in names],
        differs=bool(from_template) and _as_set(headers) != _as_set(from_template or ()),
        has_public_address=bool(me().workspace.public_url),
        is_opener_focused=_action()[0] == REMOVE,
        check_url=check_url,
    )
    return {"composer": made}


def answer(context: dict[str, Composer]) -> Response:
    """Answer htmx: the composer again after a button, else only what is wrong with what is typed."""
    if not _action()[0]:
        return make_response(render_template("_header_checks.html", **context))
    response = make_response(render_template("_header_composer.html", **context))
    # A button changes the form as typing does: whoever listens to the form (preview, autosave) is told so.
    response.headers["HX-Trigger-After-Settle"] = json.dumps({"input": {"target": f"#{TARGET}"}})
    return response


def _posted_rows() -> list[Row]:
    """Read the rows of the form that hold anything."""
    columns = [request.form.getlist(f"header_{one}") for one in ("name", "value", "form", "row")]
    rows = []
    for place, (typed, value, form, key) in enumerate(zip_longest(*columns, fillvalue=""), start=1):
        name = canonical_name(typed.strip())
        kind = value_kind(name)
        is_form = kind in PARTS and form == kind and _is_number(key)
        parts = {part: request.form.get(f"header_{key}_{part}", "") for part in PARTS[kind]} if is_form else {}
        written = build(kind, parts) if is_form else value.strip(" \t")
        if name or written:
            one_click = is_form and bool(request.form.get(f"header_{key}_one_click"))
            number = int(key) if _is_number(key) else place
            rows.append(Row(number, name, written, form == RAW, parts, one_click))
    return rows


def _after_action(rows: list[Row]) -> list[Row]:
    """Do what the pressed button says."""
    verb, subject = _action()
    if verb == REMOVE:
        return [row for row in rows if str(row.number) != subject]
    if verb == ADD:
        return _with(rows, subject, ONE_CLICK if subject == POST else "")
    if verb == ADD_UNSUBSCRIBE:
        rows = _with(rows, UNSUBSCRIBE, _ways_out())
        return _with(rows, POST, ONE_CLICK)
    return rows


def _ways_out() -> str:
    """Give the hosted page if there is a public address, and the mailbox of those who write if one is named."""
    mailbox = look_of(db(), me().workspace_id).mailbox
    hosted = HOSTED if me().workspace.public_url else UNSUBSCRIBE_EXAMPLE
    return f"{hosted}, <mailto:{mailbox}>" if mailbox else hosted


def _with(rows: list[Row], name: str, value: str) -> list[Row]:
    """Add a header; the two of unsubscribing side by side, so that they are shown as one."""
    if name != OWN and (name not in HEADER_RULES or any(name == one for row in rows for one, _value in row.pairs)):
        return rows
    made = Row(0, name, value)
    beside = {POST: UNSUBSCRIBE, UNSUBSCRIBE: POST}.get(name)
    for place, row in enumerate(rows):
        if row.name == beside:
            at = place + (name == POST)
            return [*rows[:at], made, *rows[at:]]
    return [*rows, made]


def _rows(headers: Sequence[Pair], posted: Sequence[Row]) -> list[Row]:
    """Make rows of headers: the one-click header right behind a List-Unsubscribe in its form is part of its row."""
    verb = _action()[0]
    raw = {row.name for row in posted if row.is_raw}
    raw = raw | {_subject_name(posted)} if verb == WRITE else raw - {_subject_name(posted)} if verb == FORM else raw
    rows: list[Row] = []
    for written, value in headers:
        name = canonical_name(written)
        last = rows[-1] if rows else None
        if last and (name, value) == (POST, ONE_CLICK) and last.name == UNSUBSCRIBE and _has_form(last):
            rows[-1] = replace(last, one_click=True)
        else:
            rows.append(Row(len(rows) + 1, name, value, is_raw=name in raw))
    return rows


def _has_form(row: Row) -> bool:
    return not row.is_raw and not row.one_click and parse(row.name, row.value) is not None


def _shown(row: Row, posted: Sequence[Row]) -> Row:
    """Put the fields of the form into a row, as they were typed if they were; by hand when they do not hold it."""
    parts = parse(row.name, row.value)
    if parts is None:
        asked = _action()[0] == FORM and row.name == _subject_name(posted)
        words = _("What is written here does not fit the form, so it stays as it is.") if asked else ""
        return replace(row, is_raw=True, note=words)
    typed = next((one.parts for one in posted if one.parts and (one.name, one.value) == (row.name, row.value)), None)
    return replace(row, parts=typed or parts)


def _focused(rows: list[Row], posted: Sequence[Row]) -> list[Row]:
    """Mark the row that a button was about: the next key goes there."""
    verb, subject = _action()
    wanted = {ADD: subject, ADD_UNSUBSCRIBE: UNSUBSCRIBE, WRITE: _subject_name(posted), FORM: _subject_name(posted)}
    fitting = [row for row in rows if any(name == wanted.get(verb) for name, _value in row.pairs)]
    return [replace(row, is_focused=row is fitting[-1]) for row in rows] if fitting else rows


def _problems_of(row: Row, problems: Sequence[Problem]) -> list[str]:
    """Give what is wrong with one row; a value still to be typed is none while people are at it."""
    if not row.value and row.name and (is_header_action() or is_htmx()):
        if row.name == OWN:
            return []
        problems = [one for one in problems if one.code != VALUE_INVALID]
    if not row.name:
        found = [one.words for one in problems if one.place == "headers" and one.code not in {TOO_MANY, TOO_LARGE}]
    else:
        places = {f"headers.{name}".lower() for name, _value in row.pairs}
        found = [one.words for one in problems if one.place.lower() in places]
    return list(dict.fromkeys(found))


def _origin(row: Row, from_template: Sequence[Pair] | None) -> str:
    if not from_template:
        return ""
    pairs, theirs = _as_set(row.pairs), _as_set(from_template)
    if pairs <= theirs:
        return "template"
    return "changed" if {name for name, _value in pairs} & {name for name, _value in theirs} else "added"


def _as_set(headers: Sequence[Pair]) -> set[Pair]:
    return {(name.lower(), value) for name, value in headers}


def _subject_name(posted: Sequence[Row]) -> str:
    """Give the name of the row that the pressed button belongs to."""
    return next((row.name for row in posted if str(row.number) == _action()[1]), "")


def _action() -> tuple[str, str]:
    """Give the verb and the subject of the button that was pressed.

    htmx sends the button pressed last along with whatever the form asks for; only the composer's own requests mean it.
    """
    if is_htmx() and request.headers.get("HX-Target") != TARGET:
        return "", ""
    verb, _colon, subject = request.form.get("action", "").partition(":")
    return verb, subject


def _is_number(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) < 6
