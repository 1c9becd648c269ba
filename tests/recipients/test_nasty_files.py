"""The folder of nasty files: each gives its rows, or words that say what to do, and its bad rows the right kind."""

from __future__ import annotations

import io

import pytest

from app.recipients.files.reading import open_table
from app.recipients.imports.mapping import guess_mapping
from app.recipients.imports.rows import RowChecker
from app.recipients.spreadsheet_cells import BYTE_ORDER_MARK, csv_lines
from app.refusals import Refused
from tests.recipients.files import FILES
from tests.recipients.files.libre_office import FOLDER
from tests.recipients.files.nasty_file import NastyFile
from tests.recipients.files.own_export import EXPORT
from tests.recipients.imports import read_table, understand


def test_there_are_at_least_sixty_of_them_with_names_of_their_own() -> None:
    assert len({one.name for one in FILES}) == len(FILES) >= 60


def test_every_kept_file_is_declared_and_the_folder_stays_small() -> None:
    kept = [one for one in FOLDER.iterdir() if one.is_file() and one.suffix != ".py"]
    assert {one.name for one in kept} == {file.name.split()[0] for file in FILES if " of LibreOffice: " in file.name}
    assert sum(one.stat().st_size for one in kept) < 300_000


@pytest.mark.parametrize("name", [one.name for one in sorted(FOLDER.glob("export*"))])
def test_a_download_that_libreoffice_saved_again_brings_the_same_people(name: str) -> None:
    ours = understand(read_table((BYTE_ORDER_MARK + csv_lines(EXPORT)).encode()))
    saved = understand(read_table((FOLDER / name).read_bytes()))
    assert (ours.bad_rows, saved.bad_rows, len(ours.people)) == ([], [], len(EXPORT) - 1)
    for before, after in zip(ours.people, saved.people, strict=True):
        if "as-text" not in name:  # LibreOffice makes numbers of codes before we see them
            after.data["code"] = before.data["code"]
        assert after == before


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_is_read_or_met_with_words(file: NastyFile) -> None:
    content = io.BytesIO(file.make())
    if file.words:
        with pytest.raises(Refused, match=None) as refused:
            table = open_table(content)
            guess_mapping(table.header, list(table.rows))
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
