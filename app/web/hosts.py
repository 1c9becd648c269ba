"""Under which names Postroom answers. A wrong name in a request gets 400, before anything else is done.

A page must not be served under somebody else's name: links would be made with it, and a name that is turned to this
machine (DNS rebinding) would let a stranger's page read ours. Ports do not matter: a proxy may change them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, Response, request
from sqlalchemy import select, union
from sqlalchemy.exc import SQLAlchemyError

from app.db import Database
from app.people.models import Workspace
from app.sends.models import Send
from app.settings import LOOPBACK, Settings

FOR_RECIPIENTS = ("/u/", "/static/")
"""What is served under the workspaces' public addresses as well, those of today and those that sends went out with."""
ASKED_BY_ADDRESS = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by machines, which name us by a number; they say nothing that a name could change."""
ASK_AGAIN_SECONDS = 5.0
"""The database is asked for public addresses at most so often, however many wrong names come."""
WORDS = (
    "Postroom does not answer under this name. An administrator adds it to POSTROOM_URL or POSTROOM_HOSTS, "
    "or it is mistyped.\n"
)


def install_host_check(app: Flask, settings: Settings, database: Database) -> None:
    """Refuse requests with a name that is none of ours."""
    public = PublicNames(lambda: _public_names(database))

    @app.before_request
    def _check() -> Response | None:
        if request.path in ASKED_BY_ADDRESS:
            return None
        name = name_of(request.environ.get("HTTP_HOST", ""))
        if name in settings.host_names or (request.path.startswith(FOR_RECIPIENTS) and public.has(name)):
            return None
        return Response(WORDS, 400, mimetype="text/plain")


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

    def __init__(self, ask: Callable[[], frozenset[str]]) -> None:
        self._ask = ask
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
                self._names = self._ask()
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
