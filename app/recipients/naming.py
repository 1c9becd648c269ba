"""Names of data columns as templates use them: `First name` becomes `first_name`."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable

from app.own_variables import OWN_VARIABLES

MAX_VARIABLE = 60
"""Characters of a variable name."""

EMAIL_HEADERS = frozenset(
    {
        *("email", "e_mail", "mail", "email_address", "e_mail_address", "mail_address", "emailaddress"),
        *("recipient_email", "emailadresse", "e_mail_adresse", "courriel", "correo", "correo_electronico"),
    }
)
"""Headers, as `plain` gives them, that name the e-mail column."""
MAYBE_EMAIL_HEADERS = frozenset({"address", "adresse", "contact", "recipient", "to", "user", "username", "login"})
"""Headers that often name something else; they count only when the cells are addresses."""
NAME_HEADERS = ("full_name", "fullname", "name", "display_name", "recipient_name", "contact_name")
"""By preference, the best first."""

RESERVED = (
    frozenset(word.lower() for word in keyword.kwlist)
    | frozenset(keyword.softkwlist)
    | frozenset(
        {
            *("autoescape", "block", "break", "call", "caller", "continue", "cycler", "debug", "dict", "do", "elif"),
            *("endautoescape", "endblock", "endcall", "endfilter", "endfor", "endif", "endmacro", "endraw", "endset"),
            *("endtrans", "endwith", "extends", "filter", "include", "joiner", "kwargs", "lipsum", "loop", "macro"),
            *("namespace", "pluralize", "range", "raw", "recursive", "scoped", "self", "set", "super", "trans"),
            "varargs",
        }
    )
)
"""Words that a template reads as something else."""

_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "å": "a", "ł": "l", "đ": "d", "œ": "oe", "þ": "th", "ð": "d"})


def variable_names(headers: Iterable[str]) -> list[str]:
    """Give each header a name that a template can use: an identifier, unique, no reserved word, in their order."""
    used = set(OWN_VARIABLES)
    names = []
    for position, header in enumerate(headers, start=1):
        wanted = _identifier(header) or f"column_{position}"
        name, count = wanted, 1
        while name in used:
            count += 1
            name = f"{wanted}_{count}"
        used.add(name)
        names.append(name)
    return names


def plain(header: str) -> str:
    """Give a header as it is compared: lower case, letters without accents, one `_` for anything else."""
    text = unicodedata.normalize("NFKC", header).lower().translate(_LETTERS)
    text = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return re.sub(r"\W+|_+", "_", unicodedata.normalize("NFKC", text)).strip("_")


def _identifier(header: str) -> str:
    """Give an identifier for the header, or nothing when it has no letters to make one from."""
    name = plain(header)[:MAX_VARIABLE].strip("_")
    if name and name[0].isdigit():
        name = f"column_{name}"
    if name in RESERVED:
        name = f"{name}_value"
    return name if name.isidentifier() else ""
