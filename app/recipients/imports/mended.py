"""What a person mended in an upload, kept beside its rows: when they are read again, they are mended again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest

from app.recipients.checking import Fault, NewRecipient
from app.recipients.files.grid import Row
from app.recipients.imports.rows import RowChecker
from app.recipients.models import ListUpload

MENDED = "mended"
"""Where `ListUpload.choices` has, by line, the cells that were typed (None: as in the file) and the kinds of doubts
that a person said are none. Another way of reading the file forgets them: its lines and cells are others then."""
ACCEPTED = "accepted"
"""Where it has the kinds of problems whose suggestions were all used; they are too many to be kept one by one."""


def over(cells: Sequence[str], typed: Sequence[str | None], width: int) -> list[str]:
    """Put typed cells over those of a row. What stands beyond the columns goes: it was the problem, and was shown."""
    merged = [old or "" if new is None else new for old, new in zip_longest(cells, typed)]
    merged += [""] * (width - len(merged))
    return merged[:width] if any(one is not None for one in typed) else merged


def remember(upload: ListUpload, line: int, typed: Sequence[str | None], kept: Sequence[str]) -> None:
    """Keep what was typed into a row, over what was typed before, and the doubts that a person said are none."""
    known = upload.choices.get(MENDED, {})
    before = known.get(str(line), {"cells": []})["cells"]
    cells = [new if new is not None else old for old, new in zip_longest(before, typed)]
    upload.choices = {**upload.choices, MENDED: {**known, str(line): {"cells": cells, "kept": list(kept)}}}


def kept_in(upload: ListUpload, line: int) -> list[str]:
    """Give the kinds of doubts that a person said are none in a row."""
    return list(upload.choices.get(MENDED, {}).get(str(line), {"kept": []})["kept"])


def mended_rows(upload: ListUpload) -> int:
    """Count the rows that were mended one by one."""
    return len(upload.choices.get(MENDED, {}))


def checked(upload: ListUpload, checker: RowChecker) -> Callable[[Row], tuple[Row, NewRecipient, Fault | None]]:
    """Give what checks a row of the file as the person mended it."""
    known, width = upload.choices.get(MENDED, {}), upload.found.get("width", 0)

    def check(row: Row) -> tuple[Row, NewRecipient, Fault | None]:
        mended = known.get(str(row.line)) if known else None
        if mended is None:
            return (row, *checker.check(row))
        row = Row(row.line, over(row.cells, mended["cells"], width))
        return (row, *checker.check(row, mended["kept"]))

    return check
