"""What is wrong with an address that is none, in plain words: the library that checks it speaks to programmers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.words import _, with_and

_PLAIN = (
    ("An email address must have an @-sign", _("It has no @.")),
    ("There must be something before the @-sign", _("Nothing stands before the @.")),
    ("There must be something after the @-sign", _("Nothing stands after the @.")),
    ("There can't be anything after the email address", _("Something stands behind the address.")),
    ("An email address cannot start with a period", _("It begins with a dot.")),
    ("An email address cannot have a period immediately before the @-sign", _("A dot stands right before the @.")),
    ("An email address cannot have two periods in a row", _("Two dots stand side by side.")),
    ("An email address cannot have a period immediately after the @-sign", _("A dot stands right after the @.")),
    ("An email address cannot end with a period", _("It ends with a dot.")),
    ("An email address cannot have a hyphen immediately after the @-sign", _("A hyphen stands right after the @.")),
    ("An email address cannot end with a hyphen", _("It ends with a hyphen.")),
    ("An email address cannot have a period and a hyphen", _("A dot and a hyphen stand side by side after the @.")),
    (
        "The part after the @-sign is not valid. It should have a period",
        _("A dot is missing after the @, as in “example.com”."),
    ),
    (
        "The part after the @-sign is not valid. It is not within a valid top-level domain",
        _("What stands after the last dot is no ending that exists, such as “com” or “org”."),
    ),
    ("The part after the @-sign is a special-use", _("Nobody can have e-mail at what stands after the @.")),
    ("The part after the @-sign", _("What stands after the @ is no name of a mail domain.")),
    ("After the @-sign, periods cannot be separated", _("A part between two dots is too long.")),
    ("The email address is too long", _("It is too long.")),
    ("Internationalized characters before the @-sign", _("It holds letters with accents before the @.")),
    ("Quoting the part before the @-sign", _("Quotation marks stand around what is before the @.")),
    ("A bracketed IP address after the @-sign", _("Brackets stand after the @.")),
    ("A display name and angle brackets", _("A name stands beside it.")),
)
"""How the library's sentence begins, the longer beginning first, and what people read."""
_PLACES = (
    ("The email address contains invalid characters before the @-sign", _("%(signs)s cannot stand before the @.")),
    ("The part after the @-sign contains invalid characters", _("%(signs)s cannot stand after the @.")),
    ("The email address contains unsafe characters", _("%(signs)s cannot stand in an address.")),
)
"""The same for sentences that go on with signs."""
_SIGNS = re.compile(r"""['"](?P<sign>.)['"]|(?P<name>[A-Z][A-Z0-9 -]+)""")


def why_no_address(error: Exception) -> str:
    """Say what the library found."""
    beginning, _colon, signs = str(error).partition(": ")
    shown = with_and(_shown(signs))
    for known, words in _PLACES:
        if beginning.startswith(known) and shown:
            return _(words, signs=shown)
    return next(
        (words for known, words in _PLAIN if beginning.startswith(known)), _("It is not written as addresses are.")
    )


def _shown(signs: str) -> Iterable[str]:
    for found in _SIGNS.finditer(signs):
        if sign := found["sign"]:
            yield f"“{sign}”"
        else:
            yield _("a space") if found["name"] == "SPACE" else _("a sign that cannot be seen")
