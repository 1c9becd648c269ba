"""Counts that take their time: an address says how far one came, and htmx asks on until everybody was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request, url_for

from app.recipients.finding.walking import Counted, Place
from app.recipients.models import RecipientList
from app.web.numbers import row_number
from app.words import _

NOT_COUNTED_YET = _("The number shows here when the filter is complete.")
NOTHING_COUNTED = Counted(0, 0, Place())


def counted_so_far() -> Counted:
    """Read from the address how far a count came; at the beginning when it says nothing."""
    found, looked, stream, after = (
        request.args.get(name, 0, type=row_number) for name in ("found", "looked", "stream", "after")
    )
    return Counted(found, looked, Place(stream, after))


def next_step(counted: Counted | None) -> dict[str, int] | None:
    """Give the parts of the address where a count begins or goes on; None when it is done."""
    if counted is None:
        return {}
    if counted.place is None:
        return None
    return {
        "found": counted.found,
        "looked": counted.looked,
        "stream": counted.place.stream,
        "after": counted.place.after,
    }


def counting_url(found: RecipientList, arguments: Mapping[str, Any], counted: Counted | None) -> str | None:
    """Give the address that counts on who is found in a list; `arguments` say by what. None when it is done."""
    step = next_step(counted)
    return None if step is None else url_for("recipients.count", list_id=found.id, **{**arguments, **step})
