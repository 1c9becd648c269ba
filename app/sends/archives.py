"""Reading a ZIP file that a person uploaded, one file inside after the other, under limits.

Nothing is unpacked to the disk, so a path inside leads nowhere: only the last part of each name counts.
"""

from __future__ import annotations

import hashlib
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from app.cloudflare.contract import MAX_MESSAGE_BYTES, encoded_size
from app.emails.file_kinds import check_file, clean_name
from app.packing import check_entry
from app.refusals import Refused
from app.words import _

MAX_ARCHIVE = 200 * 1024 * 1024
"""Bytes of a ZIP file that may be uploaded."""
MAX_ENTRIES = 20_000
"""Files in a ZIP file."""
MAX_UNPACKED = 400 * 1024 * 1024
"""Bytes of all its files together; documents hardly shrink by packing, bombs do."""
LARGEST_FILE = MAX_MESSAGE_BYTES * 57 // 78
"""Bytes of one file; a larger one fits into no e-mail."""
MAX_DIRECTORY = 4 * 1024 * 1024
"""Bytes of the list of contents, which is read as a whole: enough for the entries above."""
PROBLEMS_TOLD = 20

_END = struct.Struct("<4s4H2LH")
_END_MARK, _LARGE_MARK = b"PK\x05\x06", b"PK\x06\x07"
_UTF8_NAME, _ENCRYPTED = 0x800, 0x1
_PASSED_OVER = frozenset({"thumbs.db", "desktop.ini"})
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)


class BadArchive(Refused):
    """A ZIP file cannot be taken; `problems` names what is wrong with it or with files inside. Nothing was kept."""

    def __init__(self, problems: Sequence[str]) -> None:
        more = len(problems) - PROBLEMS_TOLD
        self.problems = [*problems[:PROBLEMS_TOLD], *([_("%(more)s more like these.", more=more)] if more > 0 else [])]
        super().__init__(problems[0], field="archive")


@dataclass(frozen=True, slots=True)
class Packed:
    """One checked file in a ZIP file."""

    position: int
    """Of its entry."""
    name: str
    media_type: str
    size: int
    sha256: str


def check_archive(file: IO[bytes]) -> list[Packed]:
    """Look at every file in a ZIP file. Raises BadArchive with every problem; memory holds one file at a time."""
    found: dict[str, Packed] = {}
    problems: list[str] = []
    with _opened(file) as archive:
        left = MAX_UNPACKED
        for position, (name, path) in _files(archive):
            content = _content(archive, position, path, problems)
            if content is None:
                continue
            left -= len(content)
            if left < 0:
                raise BadArchive(
                    [
                        _(
                            "Unpacked, the files take over %(most)s MiB. Use fewer ones.",
                            most=MAX_UNPACKED // 1024 // 1024,
                        )
                    ]
                )
            try:
                packed = Packed(
                    position, name, check_file(name, content), len(content), hashlib.sha256(content).hexdigest()
                )
            except Refused as refusal:
                problems.append(refusal.words)
                continue
            twin = found.setdefault(name.lower(), packed)
            if twin.sha256 != packed.sha256:
                problems.append(
                    _(
                        "“%(name)s” is there twice, in two folders, with different content. Rename one of them.",
                        name=name,
                    )
                )
    if problems:
        raise BadArchive(problems)
    if not found:
        raise BadArchive([_("There is no file in this ZIP file. Choose another one.")])
    return list(found.values())


def contents(file: IO[bytes], wanted: Sequence[Packed]) -> Iterator[tuple[Packed, bytes]]:
    """Give the content of checked files again, one after the other. Raises BadArchive when the file is another one."""
    if not wanted:
        return
    with _opened(file) as archive:
        for packed in wanted:
            problems: list[str] = []
            content = _content(archive, packed.position, packed.name, problems)
            if content is None or hashlib.sha256(content).hexdigest() != packed.sha256:
                raise BadArchive(problems or [_("The ZIP file changed while it was read. Upload it again.")])
            yield packed, content


def _opened(file: IO[bytes]) -> zipfile.ZipFile:
    _check_directory(file)
    try:
        archive = zipfile.ZipFile(file)
    except _UNREADABLE as error:
        raise BadArchive([_("This is no ZIP file, or it is damaged. Pack the files again.")]) from error
    if len(archive.infolist()) > MAX_ENTRIES:
        raise BadArchive([_("There are more than %(most)s files in this ZIP file. Pack fewer.", most=MAX_ENTRIES)])
    return archive


def _check_directory(file: IO[bytes]) -> None:
    """Look how long the list of contents says it is, before the library reads all of it into memory."""
    size = file.seek(0, 2)
    if size > MAX_ARCHIVE:
        raise BadArchive(
            [
                _(
                    "A ZIP file may have at most %(most)s MiB. Split it, or shrink the files.",
                    most=MAX_ARCHIVE // 1024 // 1024,
                )
            ]
        )
    file.seek(max(0, size - _END.size - 65_535))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(_END_MARK)
    if not size or at < 0 or len(tail) - at < _END.size:
        raise BadArchive([_("This is no ZIP file, or it is damaged. Pack the files again.")])
    fields = _END.unpack_from(tail, at)
    if _LARGE_MARK in tail[max(0, at - 20) : at] or fields[5] > MAX_DIRECTORY or fields[4] > MAX_ENTRIES:
        raise BadArchive([_("There are more than %(most)s files in this ZIP file. Pack fewer.", most=MAX_ENTRIES)])


def _files(archive: zipfile.ZipFile) -> Iterator[tuple[int, tuple[str, str]]]:
    """Give place, name and path of each file; folders and what systems hide among them are passed over."""
    for position, entry in enumerate(archive.infolist()):
        path = _path(entry)
        name = unicodedata.normalize("NFC", clean_name(path))
        parts = path.replace("\\", "/").split("/")
        if entry.is_dir() or not name or name.startswith(".") or name.lower() in _PASSED_OVER or "__MACOSX" in parts:
            continue
        yield position, (name, path)


def _path(entry: zipfile.ZipInfo) -> str:
    """Give an entry's path; some programs write UTF-8 without saying so."""
    if not entry.flag_bits & _UTF8_NAME:
        try:
            return entry.filename.encode("cp437").decode("utf-8")
        except UnicodeError:
            pass
    return entry.filename


def _content(archive: zipfile.ZipFile, position: int, path: str, problems: list[str]) -> bytes | None:
    """Read one file; None adds to `problems`. Never more than the largest file there may be."""
    entry, name = archive.infolist()[position], clean_name(path)
    if entry.flag_bits & _ENCRYPTED:
        problems.append(_("“%(name)s” is locked with a password. Pack the files without one.", name=name))
        return None
    try:
        check_entry(entry)
        with archive.open(entry) as opened:
            content = opened.read(LARGEST_FILE + 1)
    except NotImplementedError:
        problems.append(
            _(
                "“%(name)s” is packed in a way that cannot be read here. Pack the files as an ordinary ZIP file.",
                name=name,
            )
        )
        return None
    except _UNREADABLE:
        problems.append(_("“%(name)s” is damaged and cannot be unpacked. Pack the files again.", name=name))
        return None
    if encoded_size(len(content)) > MAX_MESSAGE_BYTES:
        problems.append(_("“%(name)s” is too large: an e-mail takes at most 5 MiB on its way. Shrink it.", name=name))
        return None
    return content
