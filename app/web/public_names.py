"""The names in the public addresses of workspaces, under which recipients may ask."""

from __future__ import annotations

import threading
import time
from urllib.parse import urlsplit

from sqlalchemy import select, union
from sqlalchemy.exc import SQLAlchemyError

from app.db import Database
from app.people.models import Workspace
from app.sends.models import Send
from app.settings import LOOPBACK

ASK_AGAIN_SECONDS = 5.0
"""The database is asked for public addresses at most so often, however many wrong names come."""


def name_of(host: str) -> str:
    """Give the name in a Host header, in lower case, without its port; empty when it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return ""
    is_plain = parts.username is None and not (parts.path or parts.query or parts.fragment)
    return (parts.hostname or "").rstrip(".") if is_plain else ""


class PublicNames:
    """The workspaces' public names, kept in memory and asked for anew when one is not among them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names: frozenset[str] = frozenset()
        self._asked_at = -ASK_AGAIN_SECONDS
        self._lock = threading.Lock()

    def has(self, name: str) -> bool:
        """Whether a name is one of them."""
        if not name:
            return False
        with self._lock:
            if name not in self._names and time.monotonic() - self._asked_at >= ASK_AGAIN_SECONDS:
                self._asked_at = time.monotonic()
                self._names = _public_names(self._database)
            return name in self._names


def _public_names(database: Database) -> frozenset[str]:
    try:
        with database.reading() as session:
            present = select(Workspace.public_url).where(Workspace.public_url != "")
            earlier = select(Send.public_url).where(Send.public_url != "")  # links of years ago must go on working
            urls = session.scalars(union(present, earlier)).all()
    except SQLAlchemyError:  # a database that is away has a page of its own, under the names of the settings
        return frozenset()
    return frozenset(name_of(urlsplit(url).netloc) for url in urls) - {""} - LOOPBACK
