"""Captured mail, read back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.cloudflare.body import parse_body
from app.cloudflare.types import SendRequest
from app.simulator.mime import mime_of
from app.simulator.store import Store


@dataclass(frozen=True, slots=True)
class Mail:
    """One captured mail."""

    id: int
    at: float
    message_id: str
    subject: str
    recipients: tuple[str, ...]
    groups: dict[str, str]
    reference: str
    size: int
    request: SendRequest

    @property
    def when(self) -> datetime:
        """When it was captured."""
        return datetime.fromtimestamp(self.at, UTC)

    def source(self) -> bytes:
        """The mail as MIME text."""
        return mime_of(self.request, self.message_id)


def find(store: Store, mail_id: int) -> Mail | None:
    """Find one."""
    row = store.one("select * from mail where id = ?", mail_id)
    return None if row is None else _mail(row)


def recent(
    store: Store, *, query: str = "", before: int | None = None, limit: int = 50, offset: int = 0
) -> Sequence[Mail]:
    """Give mails newest first, `before` an id; `query` looks into addresses, subject and headers."""
    where: list[str] = ["1 = 1"]
    values: list[object] = []
    if before is not None:
        where.append("id < ?")
        values.append(before)
    if query.strip():
        like = "%" + query.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        where.append(
            "(sender like ? escape '\\' or recipients like ? escape '\\' or subject like ? escape '\\'"
            " or json_extract(body, '$.headers') like ? escape '\\')"
        )
        values += [like] * 4
    sql = f"select * from mail where {' and '.join(where)} order by id desc limit ? offset ?"  # noqa: S608 - fixed words
    return [_mail(row) for row in store.rows(sql, *values, limit, offset)]


def count(store: Store) -> int:
    """How many mails are captured."""
    return int(store.one("select count(*) as n from mail")["n"])


def _mail(row: Any) -> Mail:
    return Mail(
        id=row["id"],
        at=row["at"],
        message_id=row["message_id"],
        subject=row["subject"],
        recipients=tuple(json.loads(row["recipients"])),
        groups=json.loads(row["groups"]),
        reference=row["reference"],
        size=row["size"],
        request=parse_body(json.loads(row["body"])),
    )
