"""Opens a workbook from standard input in a process of its own, which may break; see `reading_workbook`.

Run as a script: it imports nothing of Postroom, so that it starts at once. Exit code 0: it can be opened, or cannot in
a way that the library says itself. 3: it has more cells than are read. Any other: it takes too much, or the library
broke over it: two cells far apart in a file of a few hundred bytes are enough to ask for more memory than any machine
has, which ends a process at once.
"""

from __future__ import annotations

import io
import resource
import sys

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

MEMORY = 1536 * 1024 * 1024
"""Bytes that the process may take…"""
SECONDS = 60
"""…and seconds that it may compute."""
MOST_CELLS = 20_000_000
"""Cells of the rectangle around everything in a sheet: empty ones take up memory, too."""
TOO_MANY = 3


def main() -> int:
    """Open every sheet that is shown; gives the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        for sheet in workbook.sheets_metadata:
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet:
                found = workbook.get_sheet_by_name(sheet.name)
                if found.total_height * found.total_width > MOST_CELLS:
                    return TOO_MANY
    except (CalamineError, ValueError, OSError):
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
