"""The start page and the health addresses."""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, render_template, request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from app.delivery.health import AWAY, readiness
from app.delivery.jobs import EngineAway
from app.delivery.metrics import exposition
from app.delivery.worker import worker_alive
from app.people import accounts
from app.people.connection import NotConnected, resolve
from app.people.roles import Permission
from app.people.senders import senders
from app.recipients.suppressions import listing as suppression_list
from app.sends import approval_home, results
from app.web.request import db, may, me, services
from app.words import _

blueprint = Blueprint("web", __name__)

NAVIGATION = (
    (_("Home"), "web.home", "web"),
    (_("Templates"), "emails.index", "emails"),
    (_("Lists"), "recipients.index", "recipients"),
    (_("Sends"), "sends.index", "sends"),
    (_("Suppressions"), "suppressions.index", "suppressions"),
    (_("Activity"), "audit.activity", "audit"),
    (_("Settings"), "people.settings", "people"),
)


SETTINGS = (
    (_("Sending"), "people.settings", Permission.LOOK),
    (_("People"), "people.team", Permission.LOOK),
    (_("Signing in"), "factors.sign_in_rule", Permission.ADMINISTER),
    (_("Unsubscribing"), "topics.index", Permission.LOOK),
    (_("Approval"), "sends.approval_rule", Permission.LOOK),
    (_("How long data are kept"), "sends.retention_rule", Permission.ADMINISTER),
    (_("Workspaces"), "people.all_workspaces", Permission.RUN),
)
"""Pages under Settings, each for whom."""
ABOUT_PEOPLE = frozenset({"sends.person", "sends.erase_person"})
"""Pages of people among those of sends: one comes to them from the lists."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One line under the navigation on every page."""

    tone: str
    words: str


@blueprint.app_context_processor
def _shared() -> dict[str, Any]:
    return {
        "navigation": lambda: NAVIGATION,
        "part_of_navigation": part_of_navigation,
        "settings_pages": lambda: [(label, endpoint) for label, endpoint, needs in SETTINGS if me().may(needs)],
        "workspace_notice": workspace_notice,
        "places": lambda: accounts.places_of(db(), me().account),
    }


def part_of_navigation() -> str:
    """Give the part of the navigation that the page belongs to; empty: to none, as what one sets for oneself."""
    if request.path.startswith("/you"):
        return ""
    if request.path.startswith("/settings") or request.endpoint in {endpoint for _label, endpoint, _needs in SETTINGS}:
        return "people"
    if request.blueprint == "segments" or request.endpoint in ABOUT_PEOPLE:
        return "recipients"
    return request.blueprint or ""


def workspace_notice() -> Notice | None:
    """Say when nothing leaves this machine, or when only the team gets e-mail."""
    session, person = db(), me()
    if not person.workspace.is_live:
        return Notice("warn", _("Trial mode: e-mail goes only to the people who sign in here."))
    try:
        parameters = resolve(session, services().settings, person.workspace_id)
    except NotConnected:
        return None
    if urlsplit(parameters.base_url).hostname in {"127.0.0.1", "localhost", "::1"}:
        return Notice("info", _("Connected to the simulator: nothing leaves this machine."))
    return None


@blueprint.get("/")
@may(Permission.LOOK)
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
        sync=suppression_list.sync_of(session, person.workspace_id),
        approvals=approval_home.for_person(session, person),
        attention=results.needing_attention(session, person),
        latest=results.latest_sends(session, person, limit=5),
    )


@blueprint.get("/healthz")
def healthz() -> tuple[dict[str, str], int]:
    """The process answers."""
    return {"status": "ok"}, 200


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, object], int]:
    """The database answers, and a worker was seen in the last 30 seconds."""
    found = readiness(services().database)
    answer = {"database": found.database, "worker": found.worker, "words": found.words}
    return answer, 200 if found.is_ready else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """Figures for Prometheus, for whoever has the token of the settings."""
    token = services().settings.metrics_token
    if token is None:
        abort(404)
    if not compare_digest(
        request.headers.get("Authorization", "").encode(), f"Bearer {token.get_secret_value()}".encode()
    ):
        words = "This needs the token of POSTROOM_METRICS_TOKEN as `Authorization: Bearer …`.\n"
        return Response(words, 401, {"WWW-Authenticate": "Bearer"}, content_type="text/plain; charset=utf-8")
    try:
        with services().database.probing() as session:
            figures = exposition(session, services().settings, services().queue)
    except (SQLAlchemyError, EngineAway):
        return Response(f"{AWAY}\n", 503, content_type="text/plain; charset=utf-8")
    return Response(figures, content_type=CONTENT_TYPE_LATEST)
