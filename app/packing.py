"""ZIP files as people's programs make them: stored or deflated. The other ways of packing can ask for any memory."""

from __future__ import annotations

import zipfile

_PLAIN = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


def check_packing(archive: zipfile.ZipFile) -> None:
    """Raise NotImplementedError, as the library does for what it cannot unpack, when an entry is packed otherwise."""
    for entry in archive.infolist():
        check_entry(entry)


def check_entry(entry: zipfile.ZipInfo) -> None:
    """Raise NotImplementedError when one entry is packed otherwise."""
    if entry.compress_type not in _PLAIN:
        raise NotImplementedError(f"ZIP method {entry.compress_type}")
