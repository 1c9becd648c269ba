"""Files that people upload in the place of a CSV file, told by their first bytes."""

from __future__ import annotations

from dataclasses import dataclass

_SAVE_AS = "Open it in your spreadsheet program, choose “Save as” and “CSV UTF-8”, and upload that file."
_FIND_SOURCE = "Ask for the spreadsheet behind it and save that as CSV."


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is, and what to do about it."""

    title: str
    advice: str


_WORKBOOK = FileKind("an Excel workbook (XLSX)", _SAVE_AS)
_OPEN_DOCUMENT = FileKind("an OpenDocument spreadsheet (ODS)", _SAVE_AS)
_WORD = FileKind("a Word document", "Copy the table into a spreadsheet and save it as CSV.")
_ZIP = FileKind("a ZIP file", "Unpack it first; if a spreadsheet is inside, save it as CSV.")

_BEGINNINGS = (
    (b"%PDF-", FileKind("a PDF", _FIND_SOURCE)),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileKind("an old Office document (such as XLS)", _SAVE_AS)),
    (b"{\\rtf", FileKind("a formatted text document (RTF)", "Copy the table into a spreadsheet and save it as CSV.")),
    (b"\x1f\x8b", FileKind("a compressed file (gzip)", "Unpack it first.")),
    (b"7z\xbc\xaf\x27\x1c", FileKind("a compressed file (7z)", "Unpack it first.")),
    (b"\x89PNG\r\n", FileKind("a picture", _FIND_SOURCE)),
    (b"\xff\xd8\xff", FileKind("a picture", _FIND_SOURCE)),
    (b"GIF8", FileKind("a picture", _FIND_SOURCE)),
    (b"BEGIN:VCARD", FileKind("an address card (vCard)", "Export your contacts as CSV and upload that file.")),
)
_WEB_PAGES = (b"<!doctype html", b"<html", b"<?xml", b"<table")


def foreign_kind(content: bytes) -> FileKind | None:
    """Recognise a file that is no CSV; None when it may be one."""
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(content)
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB_PAGES):
        return FileKind(
            "a web page or XML file", "Export it as CSV, or copy the table into a spreadsheet and save that."
        )
    return None


def _zip_kind(content: bytes) -> FileKind:
    """Office documents are ZIP files; the names of the parts inside stand in clear."""
    if b"opendocument.spreadsheet" in content[:200]:
        return _OPEN_DOCUMENT
    if b"xl/" in content or b"[Content_Types].xml" in content[:100]:
        return _WORD if b"word/" in content else _WORKBOOK
    return _ZIP
