"""An uploaded file in pieces in the database: written and read piece by piece, never whole in memory."""

from __future__ import annotations

import io
from bisect import bisect_right
from itertools import accumulate
from typing import BinaryIO, cast

from sqlalchemy import func, insert, select

from app.db import Database
from app.recipients.models import UploadChunk

CHUNK = 1024 * 1024
"""Bytes of a piece."""


def store(database: Database, upload_id: int, file: BinaryIO) -> None:
    """Write a file's pieces, each in a short transaction of its own."""
    file.seek(0)
    number = 0
    while content := file.read(CHUNK):
        with database.writing() as session:
            session.execute(insert(UploadChunk), [{"upload_id": upload_id, "number": number, "content": content}])
        number += 1


class _StoredFile(io.RawIOBase):
    """Reads the pieces of one upload; keeps one of them."""

    def __init__(self, database: Database, upload_id: int) -> None:
        super().__init__()
        self._database = database
        self._upload_id = upload_id
        with database.reading() as session:
            sizes = session.scalars(
                select(func.length(UploadChunk.content))
                .where(UploadChunk.upload_id == upload_id)
                .order_by(UploadChunk.number)
            ).all()
        self._starts = [0, *accumulate(sizes)]
        self._place = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._starts[-1]}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._place >= self._starts[-1]:
            return 0
        number = bisect_right(self._starts, self._place) - 1
        start = self._place - self._starts[number]
        piece = self._piece(number)[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def _piece(self, number: int) -> bytes:
        if self._held[0] != number:
            with self._database.reading() as session:
                content = session.scalar(
                    select(UploadChunk.content).where(
                        UploadChunk.upload_id == self._upload_id, UploadChunk.number == number
                    )
                )
            self._held = (number, content or b"")
        return self._held[1]


def open_stored(database: Database, upload_id: int) -> BinaryIO:
    """Open an upload for reading. Close it, or let it go: it holds nothing but one piece."""
    return cast(BinaryIO, io.BufferedReader(_StoredFile(database, upload_id), CHUNK // 8))
