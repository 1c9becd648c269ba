"""Opens a workbook from standard input in a process of its own, which may break; see `reading_workbook`.

Run as a script: it imports next to nothing of Postroom, so that it starts at once. Exit code 0: it can be opened, or
cannot in a way that the library says itself. 3: it has more cells than are read. Any other: it takes too much, or the
library broke over it: two cells far apart in a file of a few hundred bytes are enough to ask for more memory than any
machine has, which ends a process at once.
"""

from __future__ import annotations

import io
import resource
import sys
import tempfile
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

sys.path.append(str(Path(__file__).parent))  # by its file alone: the package would import half of Postroom
from shown_zeros import shown_zeros  # type: ignore[import-not-found]

MEMORY = 1024 * 1024 * 1024
"""Bytes that the process may take…"""
SECONDS = 30
"""…and seconds that it may compute."""
MOST_CELLS = 20_000_000
"""Cells of the rectangle around everything in a sheet: empty ones take up memory, too."""
TOO_MANY = 3


def main() -> int:
    """Open every sheet that is shown; gives the exit code."""
    for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)):
        _, highest = resource.getrlimit(kind)  # what the system allows, which nobody may raise
        limit = most if highest == resource.RLIM_INFINITY else min(most, highest)
        resource.setrlimit(kind, (limit, limit))
    content = sys.stdin.buffer.read()
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for sheet in workbook.sheets_metadata:
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet:
                found = workbook.get_sheet_by_name(sheet.name)
                if found.total_height * found.total_width > MOST_CELLS:
                    return TOO_MANY
                shown_zeros(content, sheet.name)
    except (CalamineError, ValueError, OSError):
        return TOO_MANY if _lie_too_far_apart(content) else 0
    return 0


def _lie_too_far_apart(content: bytes) -> bool:
    """Ask why an OpenDocument workbook is not opened: the library says so only of a file whose name tells its kind."""
    with tempfile.NamedTemporaryFile(suffix=".ods") as file:
        file.write(content)
        file.flush()
        try:
            CalamineWorkbook.from_path(file.name)
        except (CalamineError, ValueError, OSError) as error:
            return "Cell limit exceeded" in str(error)
    return False


if __name__ == "__main__":
    sys.exit(main())
