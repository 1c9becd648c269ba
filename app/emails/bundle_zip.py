"""ZIP files of plain files: written the same every time, read under limits."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from app.packing import check_packing
from app.refusals import Refused
from app.words import _

MOST_ENTRIES = 2_000
MOST_BYTES = 50 * 1024 * 1024
"""Of all files together, unpacked."""
_STEP = 64 * 1024
_LEFT_OUT = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}
"""What operating systems put into a ZIP file by themselves."""
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The same for every file: what was not changed gives the same ZIP file."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """Write files into a ZIP file, sorted by path."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _FIRST_DAY)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[path])
    return out.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    """Read the files of a ZIP file. Raises Refused in words that name the file which is too much or wrong."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_packing(archive)
            return _without_top_folder(_read_all(archive))
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OverflowError) as error:
        raise Refused(_("This ZIP file is damaged and cannot be read. Make it again."), field="file") from error
    except NotImplementedError as error:
        words = _("This ZIP file is packed in a way that Postroom does not read. Pack it as a plain ZIP file.")
        raise Refused(words, field="file") from error


def _read_all(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        words = _(
            "There are %(entries)s files in it; %(most_entries)s are the most. Import it in parts.",
            entries=len(entries),
            most_entries=MOST_ENTRIES,
        )
        raise Refused(words, field="file")
    files: dict[str, bytes] = {}
    left = MOST_BYTES
    for entry in entries:
        _check(entry)
        parts = PurePosixPath(entry.filename).parts
        if entry.is_dir() or _LEFT_OUT & set(parts):
            continue
        if entry.filename in files:
            raise Refused(_("“%(filename)s” is in it twice.", filename=entry.filename), field="file")
        files[entry.filename] = _read(archive, entry, left)
        left -= len(files[entry.filename])
    return files


def _check(entry: zipfile.ZipInfo) -> None:
    path = entry.filename
    if path.startswith("/") or "\\" in path or ":" in path.split("/")[0] or {"..", "."} & set(path.split("/")):
        raise Refused(
            _("“%(path)s” would lie outside of the folder of the templates. Pack the folder again.", path=path),
            field="file",
        )
    if entry.flag_bits & 0x1:
        raise Refused(_("“%(path)s” is locked with a password. Pack the files without one.", path=path), field="file")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise Refused(
            _("“%(path)s” is a link to another file. Put the file itself in its place.", path=path), field="file"
        )


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes:
    """Unpack one file in steps: the size that it says of itself may be wrong."""
    pieces: list[bytes] = []
    size = 0
    try:
        with archive.open(entry) as opened:
            while step := opened.read(_STEP):
                size += len(step)
                if size > left:
                    words = _(
                        "Unpacked, it is larger than %(most)s MiB; too much at “%(filename)s”.",
                        most=MOST_BYTES // 1024 // 1024,
                        filename=entry.filename,
                    )
                    raise Refused(words, field="file")
                pieces.append(step)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Refused(
            _("“%(filename)s” is damaged and cannot be read. Pack the files again.", filename=entry.filename),
            field="file",
        ) from error
    return b"".join(pieces)


def _without_top_folder(files: dict[str, bytes]) -> dict[str, bytes]:
    """Take off a folder around everything, which programs put there that pack a folder."""
    tops = {path.split("/")[0] for path in files}
    if len(tops) != 1 or tops <= {"templates", "layouts", "snippets"} or not all("/" in path for path in files):
        return files
    return {path.partition("/")[2]: content for path, content in files.items()}
