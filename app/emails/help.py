"""Examples of the help drawer, in the reader's language; the tests render each, so that the help never lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.words import _


@dataclass(frozen=True, slots=True)
class HelpExample:
    """One thing that a template can do."""

    heading: str
    words: str
    source: str
    data: Mapping[str, str]
    result: str


HELP_EXAMPLES = (
    HelpExample(
        _("A gap for each person"),
        _("Write the column's name in double braces. Each person gets what stands in their row."),
        _("Dear {{ first_name }},"),
        {"first_name": "Anna"},
        _("Dear Anna,"),
    ),
    HelpExample(
        _("When a value may be missing"),
        _("Say what to write instead, here or under “If missing” in the table of variables."),
        _('Dear {{ title | default("friend") }},'),
        {},
        _("Dear friend,"),
    ),
    HelpExample(
        _("A part for some people only"),
        _("What stands between if and endif is left out for everybody else."),
        _('{%% if concession == "yes" %%}Bring your pass.{%% else %%}Bring your card.{%% endif %%}'),
        {"concession": "yes"},
        _("Bring your pass."),
    ),
    HelpExample(
        _("A part only when there is a value"),
        _(
            "Ask whether the list has the column and whether the cell holds something. "
            "Other people do not get the part."
        ),
        _("{%% if room is defined and room %%}We meet in room {{ room }}.{%% endif %%}"),
        {"room": "12"},
        _("We meet in room 12."),
    ),
    HelpExample(
        _("Two conditions at once"),
        _("Join them with and, or, not."),
        _('{%% if city == "Leeds" and not renewed == "yes" %%}Renew in Leeds.{%% endif %%}'),
        {"city": "Leeds", "renewed": "no"},
        _("Renew in Leeds."),
    ),
    HelpExample(
        _("Several values in one cell"),
        _("Put a sign between them, for example a semicolon, and go through them one by one."),
        _('{%% for book in books | split(";") %%}{{ book }}, {%% endfor %%}'),
        {"books": _("Emma; Middlemarch")},
        _("Emma, Middlemarch, "),
    ),
    HelpExample(
        _("A date in words"),
        _("Dates, times, sums and numbers are written as the e-mail's language does."),
        _("Until {{ due | date }} at {{ closing | time }}: {{ fee | money('GBP') }}"),
        {"due": "2027-01-31", "closing": "17:30", "fee": "12"},
        _("Until 31 January 2027 at 17:30: £12.00"),
    ),
)
