"""What kind of file somebody gave, told by its first bytes, never by its name: which reader takes it, or why none."""

from __future__ import annotations

import enum
import re
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

from app.packing import check_packing
from app.refusals import Refused
from app.words import _

BEGINNING = 4096
"""Bytes that are looked at."""

_SAVE_AS = _("Open it in your spreadsheet program, choose “Save as” and “CSV UTF-8”, and upload that file.")
_FIND_SOURCE = _("Ask for the spreadsheet behind it and upload that.")


class Reader(enum.StrEnum):
    """Which reader takes a file."""

    TEXT = "text"
    WORKBOOK = "workbook"
    VCARD = "vcard"


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is, and what to do about it."""

    title: str
    advice: str


_WORD = FileKind(_("a text document (such as Word)"), _("Copy the table into a spreadsheet and upload that."))
_ZIP = FileKind(_("a ZIP file"), _("Unpack it first and upload the spreadsheet inside."))
_OFFICE = FileKind(_("another Office document"), _("Upload the spreadsheet with the addresses."))
_DAMAGED = FileKind(_("a damaged file (a workbook or ZIP file that breaks off)"), _("Save or download it again."))
_PROTECTED = FileKind(
    _("a workbook with a password"), _("Take the password off (“Save as”, without one) and upload it again.")
)

_XML_WORKBOOK = FileKind(_("a workbook saved as XML"), _SAVE_AS)
_EXCHANGE = FileKind(_("an old exchange file (DIF or SYLK)"), _SAVE_AS)

_BEGINNINGS = (
    (b"%PDF-", FileKind(_("a PDF"), _FIND_SOURCE)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileKind(_("an old Office document (such as XLS)"), _SAVE_AS)),
    (
        b"{\\rtf",
        FileKind(_("a formatted text document (RTF)"), _("Copy the table into a spreadsheet and upload that.")),
    ),
    (b"\x1f\x8b", FileKind(_("a compressed file (gzip)"), _("Unpack it first."))),
    (b"7z\xbc\xaf\x27\x1c", FileKind(_("a compressed file (7z)"), _("Unpack it first."))),
    (b"Rar!\x1a\x07", FileKind(_("a compressed file (RAR)"), _("Unpack it first."))),
    (b"\x89PNG\r\n", FileKind(_("a picture"), _FIND_SOURCE)),
    (b"\xff\xd8\xff", FileKind(_("a picture"), _FIND_SOURCE)),
    (b"GIF8", FileKind(_("a picture"), _FIND_SOURCE)),
    (b"SQLite format 3\0", FileKind(_("a database"), _("Export the people as CSV and upload that file."))),
    (b"PAR1", FileKind(_("a Parquet file"), _("Export the people as CSV and upload that file."))),
)
_MANIFEST = "META-INF/manifest.xml"
_WEB_PAGES = (b"<!doctype html", b"<html", b"<?xml", b"<table")
_XML_WORKBOOKS = re.compile(rb"opendocument\.spreadsheet|microsoft-com:office:spreadsheet")
_EXCHANGES = re.compile(rb'TABLE\s+0,1\s+"|ID;P.*?[\r\n]C;(?:[XY]\d+;)+K', re.DOTALL)
"""DIF, and SYLK: a CSV file may begin with “ID;P”, too, but has no cells that say where they are."""
_JSON = (b'[{"', b'{"', b"[\n", b"{\n", b"[ {")


def reader_of(file: BinaryIO) -> Reader:
    """Tell which reader takes the file; leaves it at its beginning. Raises Refused for a kind that none takes."""
    file.seek(0)
    beginning = file.read(BEGINNING)
    kind = _foreign_kind(file, beginning)
    file.seek(0)
    if isinstance(kind, Reader):
        return kind
    if kind is not None:
        raise Refused(
            _("This is %(title)s, which cannot be read here. %(advice)s", title=kind.title, advice=kind.advice)
        )
    plain = beginning.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return Reader.VCARD if plain[:11].upper() == b"BEGIN:VCARD" else Reader.TEXT


def _foreign_kind(file: BinaryIO, beginning: bytes) -> FileKind | Reader | None:
    """Recognise what is no text; None when it may be one."""
    if beginning.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(file)
    for start, kind in _BEGINNINGS:
        if beginning.startswith(start):
            return _PROTECTED if start[:2] == b"\xd0\xcf" and _is_encrypted(file) else kind
    start = beginning[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<?xml") and _XML_WORKBOOKS.search(beginning):
        return _XML_WORKBOOK
    if _EXCHANGES.match(beginning):
        return _EXCHANGE
    if start.startswith(_WEB_PAGES):
        return FileKind(_("a web page or XML file"), _("Copy the table into a spreadsheet and upload that."))
    if start.startswith(_JSON):
        return FileKind(_("a JSON file"), _("Export the people as CSV and upload that file."))
    return None


def _is_encrypted(file: BinaryIO) -> bool:
    """An encrypted workbook is an old-style container with a stream of this name."""
    file.seek(0)
    return "EncryptedPackage".encode("utf-16-le") in file.read(64 * 1024)


def _zip_kind(file: BinaryIO) -> FileKind | Reader:
    """Office documents are ZIP files; the names of the parts inside say which."""
    try:
        with zipfile.ZipFile(file) as archive:
            check_packing(archive)
            names = set(archive.namelist())
            media = archive.read("mimetype")[:200] if "mimetype" in names and _small(archive) else b""
            has_password = _MANIFEST in names and b"encryption-data" in archive.open(_MANIFEST).read(64 * 1024)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return _DAMAGED
    if b"opendocument" in media:
        if b"spreadsheet" not in media:
            return _WORD
        return _PROTECTED if has_password else Reader.WORKBOOK
    if any(name.startswith("xl/workbook.") for name in names):
        return Reader.WORKBOOK
    if any(name.startswith("word/") for name in names):
        return _WORD
    return _OFFICE if "[Content_Types].xml" in names else _ZIP


def _small(archive: zipfile.ZipFile) -> bool:
    return archive.getinfo("mimetype").file_size <= BEGINNING
