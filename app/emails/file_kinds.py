"""What a file really is, held against what its name says. The `filetype` library knows the first bytes."""

from __future__ import annotations

import io
import mimetypes
import re
import struct
import zipfile
import zlib

import filetype
import imagesize

from app.cloudflare.inline_images import IN_TEXT
from app.emails.drawings import check_drawing
from app.packing import check_packing
from app.refusals import Refused
from app.words import _

MAX_FILE_NAME = 255
"""Characters of a file's name."""
SVG = "image/svg+xml"

PROGRAMS = frozenset(
    "ade adp apk app appx appxbundle bat chm class cmd com cpl crx deb dex dll dmg elf ex exe hta img ins iso isp jar "
    "jnlp js jse lib lnk mde msc msi msix msixbundle msp mst nsh osx pif pkg ps1 psm1 reg rpm run scr sct sh shb so "
    "sys vb vbe vbs vhd vxd wasm wsc wsf wsh xll".split()
)
"""Endings of programs and scripts, which mail services refuse."""
_PROGRAM_KINDS = frozenset("exe elf class crx deb rpm wasm swf nes".split())
_PROGRAM_BEGINNINGS = (b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"#!/")
"""Mach-O in its four forms, and scripts."""

_TEXT_TYPES = {
    "asc": "text/plain",
    "csv": "text/csv",
    "eml": "message/rfc822",
    "htm": "text/html",
    "html": "text/html",
    "ics": "text/calendar",
    "json": "application/json",
    "log": "text/plain",
    "md": "text/markdown",
    "svg": SVG,
    "tsv": "text/tab-separated-values",
    "txt": "text/plain",
    "vcf": "text/vcard",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}
_ALIASES = {
    "apng": "png",
    "aif": "aiff",
    "docm": "docx",
    "dot": "doc",
    "dotx": "docx",
    "heif": "heic",
    "jfif": "jpg",
    "jpe": "jpg",
    "jpeg": "jpg",
    "m4v": "mp4",
    "mid": "midi",
    "mpeg": "mpg",
    "oga": "ogg",
    "ott": "odt",
    "potx": "pptx",
    "ppsx": "pptx",
    "pptm": "pptx",
    "tgz": "gz",
    "tiff": "tif",
    "xlsm": "xlsx",
    "xltx": "xlsx",
}
"""Other endings of one kind, and kinds that the library tells apart and people do not."""
_OLD_OFFICE = frozenset("doc xls ppt msg pub vsd mpp docx xlsx pptx".split())
"""Endings of Office files before 2007, and of newer ones that are locked with a password: both are packed that way."""
_OLD_OFFICE_BEGINNING = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TYPES: dict[str, str] = {str(kind.extension): str(kind.mime) for kind in filetype.types} | {
    "apng": "image/png",
    "eot": "application/vnd.ms-fontobject",
    "ico": "image/vnd.microsoft.icon",
    "m4a": "audio/mp4",
    "msg": "application/vnd.ms-outlook",
    "mpp": "application/vnd.ms-project",
    "pub": "application/vnd.ms-publisher",
    "rar": "application/vnd.rar",
    "vsd": "application/vnd.visio",
}
_NAMES = {
    "doc": _("an old Word document"),
    "docx": _("a Word document"),
    "gif": _("a GIF picture"),
    "jpg": _("a JPEG picture"),
    "odp": _("an OpenDocument presentation"),
    "ods": _("an OpenDocument spreadsheet"),
    "odt": _("an OpenDocument text"),
    "old": _("an old Office document"),
    "pdf": _("a PDF"),
    "png": _("a PNG picture"),
    "ppt": _("an old PowerPoint presentation"),
    "pptx": _("a PowerPoint presentation"),
    "rtf": _("a formatted text (RTF)"),
    "svg": _("an SVG drawing"),
    "webp": _("a WebP picture"),
    "xls": _("an old Excel workbook"),
    "xlsx": _("an Excel workbook"),
    "zip": _("a ZIP file"),
}
_PICTURES = frozenset({"png", "gif", "webp", "jpg", "bmp", "tif"})
MAX_SIDE = 20_000
MAX_PIXELS = 120_000_000
"""Pixels of a picture, at a side and in all: more than any camera makes."""
_PLAIN_TYPES = mimetypes.MimeTypes()
"""The language's own table only, so that a type does not depend on the machine."""
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


_ODD_SIGNS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Controls, and whatever else ends a line."""
_TURNS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the writing round, so that `cod.exe` is shown as `exe.doc`."""


def clean_name(file_name: str) -> str:
    """Give the name of an uploaded file without folders, odd signs and superfluous spaces; empty when none is left."""
    name = _ODD_SIGNS.sub(" ", _TURNS.sub("", file_name.replace("\0", "")))
    name = name.encode("utf-8", "replace").decode()
    name = " ".join(name.replace("\\", "/").rpartition("/")[2].split())
    stem, dot, ending = name.rpartition(".")
    if len(name) > MAX_FILE_NAME and dot and len(ending) < 20:  # the ending says what it is
        return f"{stem[: MAX_FILE_NAME - len(ending) - 1]}.{ending}"
    return name[:MAX_FILE_NAME]


def check_file(name: str, content: bytes) -> str:
    """Give the media type of a file whose name is clean. Raises Refused, with words, for what must not be sent.

    Refused are: no name, no content, programs, and content that is not what the name says.
    """
    if not name:
        raise Refused(_("Choose a file first."), field="file")
    if not content:
        raise Refused(_("“%(name)s” is empty. Choose another file.", name=name), field="file")
    ending = _ending(name)
    kind = kind_of(content)
    if ending in PROGRAMS or kind == "program":
        raise Refused(
            _("“%(name)s” is a program or script, and mail services refuse those. Choose another file.", name=name),
            field="file",
        )
    if ending == "zip" and kind == "zip":
        _refuse_programs_within(name, content)
    if ending in _TEXT_TYPES:
        return _text_type(name, ending, kind, content)
    if kind in _PICTURES:
        _refuse_giant(name, kind, content)
    wanted = _ALIASES.get(ending, ending)
    if wanted and (kind == wanted or (kind == "old" and wanted in _OLD_OFFICE)):
        return _TYPES[wanted]
    if wanted in _TYPES or (kind in _NAMES and kind != "zip"):
        raise Refused(_mismatch(name, kind, wanted), field="file")
    return _PLAIN_TYPES.guess_type(f"a.{ending}")[0] or "application/octet-stream"


def check_picture_in_text(name: str, media_type: str) -> None:
    """Refuse, with words, what mail programs do not show within the text."""
    if media_type == SVG:
        raise Refused(
            _("“%(name)s” is an SVG drawing, which mail programs do not show. Save it as PNG and add that.", name=name),
            field="file",
        )
    if media_type not in IN_TEXT:
        raise Refused(
            _(
                "“%(name)s” cannot be shown in the text: mail programs show PNG, JPEG, GIF and WebP pictures. "
                "It can only be an attachment of a template.",
                name=name,
            ),
            field="file",
        )


def kind_of(content: bytes) -> str:
    """Tell a file by its content: an ending such as `png`, `program`, `old` (Office before 2007), or empty for text."""
    if content.startswith(_PROGRAM_BEGINNINGS):
        return "program"
    if content.startswith(_OLD_OFFICE_BEGINNING):
        return "old"
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(content)
    found = filetype.guess(content)
    if found is None:
        return ""
    kind = str(found.extension)
    # A few kinds are told by two or three letters, with which a text may begin, too.
    if kind not in {"pdf", "rtf", "ps"} and text_of(content) is not None:
        return ""
    return "program" if kind in _PROGRAM_KINDS else _ALIASES.get(kind, kind)


def text_of(content: bytes) -> str | None:
    """Read content as text: UTF-8, UTF-16 with its mark, else Western European; None when it is no text."""
    encodings = ("utf-16",) if content.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if _CONTROLS.search(text) else text
    return None


def _text_type(name: str, ending: str, kind: str, content: bytes) -> str:
    text = text_of(content)
    if kind or text is None:
        raise Refused(_mismatch(name, kind, ending), field="file")
    if ending == "svg":
        check_drawing(name, text)
    return _TEXT_TYPES[ending]


def _refuse_giant(name: str, kind: str, content: bytes) -> None:
    """Refuse a picture of a few bytes that takes up gigabytes when it is shown; its own header says how large it is."""
    try:
        width, height = imagesize.get(io.BytesIO(content))
    except (ValueError, struct.error, IndexError):  # nothing that could be shown
        return
    is_overflown = kind == "gif" and (width < 0 or height < 0)  # the library reads its two bytes with a sign
    if is_overflown or max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise Refused(
            _(
                "“%(name)s” is a picture of more than %(pixels)s million pixels, or longer than %(side)s at a "
                "side: no program would show it. Make it smaller.",
                name=name,
                pixels=MAX_PIXELS // 1_000_000,
                side=MAX_SIDE,
            ),
            field="file",
        )


def _kind_of_zip(content: bytes) -> str:
    """Tell Office files from other ZIP files by the parts inside. Any other one, also a damaged one, is `zip`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_packing(archive)
            names = set(archive.namelist())
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                said = archive.read("mimetype").decode("ascii", "replace").strip().removesuffix("-template")
                return next((ending for ending in ("odt", "ods", "odp", "epub") if _TYPES[ending] == said), "zip")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError):
        return "zip"
    if "[Content_Types].xml" in names:
        for folder, ending in (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx")):
            if any(one.startswith(folder) for one in names):
                return ending
    if "AndroidManifest.xml" in names or "META-INF/MANIFEST.MF" in names:
        return "program"
    return "zip"


def _refuse_programs_within(name: str, content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = [one for one in archive.namelist() if _ending(one) in PROGRAMS]
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Refused(
            _("“%(name)s” is damaged: it cannot be unpacked. Make it again.", name=name), field="file"
        ) from error
    if inside:
        words = _(
            "“%(name)s” holds a program, “%(inside)s”, and mail services refuse those. Take it out.",
            name=name,
            inside=clean_name(inside[0]),
        )
        raise Refused(words, field="file")


def _mismatch(name: str, kind: str, wanted: str) -> str:
    if not kind or kind == wanted:
        return _(
            "“%(name)s” does not hold %(kind)s, as its name says. It may be damaged; choose another file.",
            name=name,
            kind=_in_words(wanted),
        )
    return _("“%(name)s” is really %(kind)s. Rename it, or choose another file.", name=name, kind=_in_words(kind))


def _in_words(kind: str) -> str:
    if kind in _NAMES:
        return _NAMES[kind]
    if kind in _TEXT_TYPES:
        return _("text")
    group = _TYPES.get(kind, "").partition("/")[0]
    words = _BEGINS_WITH_A_VOWEL if kind[:1] in "aefhilmnorsx" else _OTHERS
    return _(words.get(group, words[""]), kind=kind.upper())


_BEGINS_WITH_A_VOWEL = {
    "image": _("an %(kind)s picture"),
    "audio": _("an %(kind)s sound"),
    "video": _("an %(kind)s film"),
    "": _("an %(kind)s file"),
}
"""As the letters of its ending are spoken."""
_OTHERS = {
    "image": _("a %(kind)s picture"),
    "audio": _("a %(kind)s sound"),
    "video": _("a %(kind)s film"),
    "": _("a %(kind)s file"),
}


def _ending(name: str) -> str:
    return name.rpartition(".")[2].strip().lower() if "." in name else ""
