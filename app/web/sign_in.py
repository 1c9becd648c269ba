"""Who may see anything at all: everybody must be signed in, but for a few public addresses."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, redirect, request, url_for
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response

from app.people.models import Person
from app.web.request import db

PUBLIC = {
    "static",
    "security_txt.show",
    "people.sign_in",
    "web.healthz",
    "web.readyz",
    "web.metrics",  # has a token of its own
    "unsubscribe.show",
    "unsubscribe.answer",
    "unsubscribe.logo",
    "unsubscribe.colours",
}
"""Endpoints that need no sign-in; every other one does."""


def install_sign_in(app: Flask) -> None:
    """Set up sign-in, CSRF protection and the rule that every view needs a signed-in person."""
    CSRFProtect(app)
    manager = LoginManager(app)
    manager.session_protection = "basic"

    @manager.user_loader  # type: ignore[untyped-decorator]
    def _load(cookie: str) -> Person | None:
        number, _, key = cookie.partition(":")
        person = db().get(Person, int(number)) if number.isdigit() else None
        return person if person is not None and key and person.account.session_key == key else None

    @app.before_request
    def _require_sign_in() -> Response | None:
        if request.endpoint in PUBLIC or current_user.is_authenticated:
            return None
        target = (
            request.full_path.rstrip("?") if request.method == "GET" and "HX-Request" not in request.headers else None
        )
        answer = redirect(url_for("people.sign_in", next=target))
        if "HX-Request" in request.headers:  # htmx must load the whole page, not put it into a part of this one
            answer.headers["HX-Redirect"] = answer.location
            answer.status_code = 200
        return answer


def check_marks(app: Flask) -> None:
    """Stop an application that has a view of which nobody said who may use it. Raises RuntimeError."""
    for endpoint, view in app.view_functions.items():
        if endpoint not in PUBLIC and not hasattr(view, "may"):
            raise RuntimeError(f"{endpoint} needs @may(...), or a place in PUBLIC")


def safe_target(target: str | None) -> str | None:
    """Give the page to go to after sign-in only when it is one of ours (no open redirect)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target
