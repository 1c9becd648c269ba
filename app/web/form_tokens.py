"""Forms stay in the workspace they were opened in.

Whoever works in several workspaces has one sign-in, and may have pages of each open in several tabs. So each workspace
has a CSRF token of its own, made of the sign-in's secret and the workspace: a form, or a request of htmx, from a page
of one workspace is refused after going to another, by the check that every form passes anyway.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from flask import Flask, current_app, request, session
from itsdangerous import BadData, URLSafeTimedSerializer

from app.people import accounts
from app.people.models import Workspace
from app.web.request import db, reader

FIELD = "csrf_token"
"""Flask-WTF's name of the token, in the session and in forms."""
HEADERS = ("X-CSRFToken", "X-CSRF-Token")
_SEED = "forms"


def install_form_tokens(app: Flask, public: set[str]) -> None:
    """Give every page the token of its workspace. Comes before `CSRFProtect`, which then checks it."""

    @app.before_request
    def _take_token_of_workspace() -> None:
        person = None if request.endpoint in public else reader()
        if person is None:
            return
        seed = session.get(_SEED) or session.setdefault(_SEED, secrets.token_urlsafe(24))
        token = _token(seed, person.workspace_id)
        if session.get(FIELD) != token:
            session[FIELD] = token


def opened_in() -> Workspace | None:
    """Give the other workspace of the person's in which the refused form was opened, if that is why it was refused."""
    seed, person = session.get(_SEED), reader()
    if seed is None or person is None:
        return None
    posted = request.form.get(FIELD) or next((request.headers[one] for one in HEADERS if one in request.headers), "")
    try:
        token = URLSafeTimedSerializer(current_app.secret_key or "", salt="wtf-csrf-token").loads(posted)
    except BadData:
        return None
    for place in accounts.places_of(db(), person.account):
        if place.id != person.id and hmac.compare_digest(_token(seed, place.workspace_id), str(token)):
            return place.workspace
    return None


def _token(seed: str, workspace_id: int) -> str:
    return hashlib.sha256(f"{seed}:{workspace_id}".encode()).hexdigest()
