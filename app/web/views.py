"""The start page and the health addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, render_template
from sqlalchemy.exc import SQLAlchemyError

from app.delivery.worker import worker_alive
from app.people.connection import NotConnected, resolve
from app.people.senders import senders
from app.sends import results
from app.web.request import db, me, services

blueprint = Blueprint("web", __name__)

NAVIGATION = (
    ("Home", "web.home", "web"),
    ("Templates", "emails.index", "emails"),
    ("Lists", "recipients.index", "recipients"),
    ("Sends", "sends.index", "sends"),
    ("Activity", "audit.activity", "audit"),
    ("Settings", "people.settings", "people"),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One line under the navigation on every page."""

    tone: str
    words: str


@blueprint.app_context_processor
def _shared() -> dict[str, Any]:
    return {"navigation": lambda: NAVIGATION, "workspace_notice": workspace_notice}


def workspace_notice() -> Notice | None:
    """Say when nothing leaves this machine, or when only the team gets e-mail."""
    session, person = db(), me()
    if not person.workspace.is_live:
        return Notice("warn", "Trial mode: e-mail goes only to the people who sign in here.")
    try:
        parameters = resolve(session, services().settings, person.workspace_id)
    except NotConnected:
        return None
    if urlsplit(parameters.base_url).hostname in {"127.0.0.1", "localhost", "::1"}:
        return Notice("info", "Connected to the simulator: nothing leaves this machine.")
    return None


@blueprint.get("/")
def home() -> str:
    """What needs me, the last sends, and whether everything runs."""
    session, person = db(), me()
    try:
        resolve(session, services().settings, person.workspace_id)
        missing = ""
    except NotConnected as reason:
        missing = reason.words
    return render_template(
        "web/home.html",
        missing=missing,
        has_sender=bool(senders(session, person.workspace_id)),
        worker_alive=worker_alive(session),
        attention=results.needing_attention(session, person),
        latest=results.latest_sends(session, person, limit=5),
    )


@blueprint.get("/healthz")
def healthz() -> tuple[dict[str, str], int]:
    """The process answers."""
    return {"status": "ok"}, 200


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, bool], int]:
    """The database answers, and a worker was seen in the last 30 seconds."""
    try:
        ready = {"database": services().database.answers(), "worker": worker_alive(db())}
    except SQLAlchemyError:
        ready = {"database": False, "worker": False}
    return ready, 200 if all(ready.values()) else 503
