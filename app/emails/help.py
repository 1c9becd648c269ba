"""Examples of the help drawer; the tests render each, so that the help never lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
        "A gap for each person",
        "Write the column's name in double braces. Each person gets what stands in their row.",
        "Dear {{ first_name }},",
        {"first_name": "Anna"},
        "Dear Anna,",
    ),
    HelpExample(
        "When a value may be missing",
        "Say what to write instead, here or under “If missing” in the table of variables.",
        'Dear {{ title | default("friend") }},',
        {},
        "Dear friend,",
    ),
    HelpExample(
        "A part for some people only",
        "What stands between if and endif is left out for everybody else.",
        '{% if concession == "yes" %}Bring your pass.{% else %}Bring your card.{% endif %}',
        {"concession": "yes"},
        "Bring your pass.",
    ),
    HelpExample(
        "A part only when there is a value",
        "Ask whether the list has the column and whether the cell holds something. Other people do not get the part.",
        "{% if room is defined and room %}We meet in room {{ room }}.{% endif %}",
        {"room": "12"},
        "We meet in room 12.",
    ),
    HelpExample(
        "Two conditions at once",
        "Join them with and, or, not.",
        '{% if city == "Leeds" and not renewed == "yes" %}Renew in Leeds.{% endif %}',
        {"city": "Leeds", "renewed": "no"},
        "Renew in Leeds.",
    ),
    HelpExample(
        "Several values in one cell",
        "Put a sign between them, for example a semicolon, and go through them one by one.",
        '{% for book in books | split(";") %}{{ book }}, {% endfor %}',
        {"books": "Emma; Middlemarch"},
        "Emma, Middlemarch, ",
    ),
    HelpExample(
        "A date in words",
        "Dates, times, sums and numbers are written as the e-mail's language does.",
        "Until {{ due | date }} at {{ closing | time }}: {{ fee | money('GBP') }}",
        {"due": "2027-01-31", "closing": "17:30", "fee": "12"},
        "Until 31 January 2027 at 17:30: £12.00",
    ),
)
