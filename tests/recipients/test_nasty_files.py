"""The folder of nasty files: each gives its rows, or words that say what to do, and its bad rows the right kind."""

from __future__ import annotations

import io

import pytest

from app.recipients.importing import RowChecker
from app.recipients.mapping import guess_mapping
from app.recipients.reading import open_table
from app.refusals import Refused
from tests.recipients.files import FILES
from tests.recipients.files.nasty_file import NastyFile


def test_there_are_at_least_sixty_of_them_with_names_of_their_own() -> None:
    assert len({one.name for one in FILES}) == len(FILES) >= 60


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_is_read_or_met_with_words(file: NastyFile) -> None:
    content = io.BytesIO(file.make())
    if file.words:
        with pytest.raises(Refused, match=None) as refused:
            list(open_table(content).rows)
        assert file.words in refused.value.words
        return
    table = open_table(content)
    rows = list(table.rows)
    assert table.header.cells == file.header
    assert [row.cells for row in rows] == file.rows
    if file.lines is not None:
        assert [row.line for row in rows] == file.lines
    if file.sheet:
        assert table.grid.sheet == file.sheet
    checker = RowChecker(guess_mapping(table.header, table.sample), "comma")
    faults = {row.line: fault.kind.value for row in rows if (fault := checker.check(row)[1]) is not None}
    assert faults == file.bad
