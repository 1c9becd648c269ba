"""Who may see anything at all: everybody must be signed in, but for a few public addresses."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, redirect, request, session, url_for
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response

from app.people import signing_in
from app.people.models import Account
from app.people.sign_in_models import SignIn, Way
from app.web.form_tokens import install_form_tokens
from app.web.request import TOKEN, db, forget_sign_in, only_looks, reader, services, sign_in_of_request

log = logging.getLogger(__name__)

PUBLIC = {
    "static",
    "security_txt.show",
    "people.sign_in",
    "people.invitation",
    "people.accept_invitation",
    "people.accept_as_known",
    "people.forgot_password",
    "people.new_password",
    "factors.second_step",  # these are open to whoever has shown the first factor, or shows one there
    "factors.set_up_now",
    "factors.set_up_app_now",
    "factors.ask_for_first_passkey",
    "factors.ask_for_passkey",
    "factors.sign_in_with_passkey",
    "factors.go_to_provider",
    "factors.provider_answer",
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
    install_form_tokens(app, PUBLIC)
    CSRFProtect(app)

    @app.context_processor
    def _who() -> dict[str, Any]:
        return {"current_user": reader()}

    @app.before_request
    def _require_sign_in() -> Response | None:
        if request.endpoint in PUBLIC:
            return None
        found = sign_in_of_request()
        if found is not None:
            _write_seen(found)
            return None
        target = (
            request.full_path.rstrip("?") if request.method == "GET" and "HX-Request" not in request.headers else None
        )
        answer = redirect(url_for("people.sign_in", next=target))
        if "HX-Request" in request.headers:  # htmx must load the whole page, not put it into a part of this one
            answer.headers["HX-Redirect"] = answer.location
            answer.status_code = 200
        return answer


def enter(account: Account, way: Way) -> SignIn:
    """Begin a sign-in in this browser, with a token and a session that nobody knew before. Raises Refused."""
    before = sign_in_of_request()
    if before is not None:
        signing_in.end_sign_in(db(), before.person, before.id)
    begun, token = signing_in.begin_sign_in(db(), account, way)
    session.clear()
    session[TOKEN] = token
    forget_sign_in()
    return begun


def leave() -> None:
    """End the sign-in of this browser."""
    found = sign_in_of_request()
    if found is not None:
        signing_in.end_sign_in(db(), found.person, found.id)
    clear_cookie()


def clear_cookie() -> None:
    """Keep nothing in this browser."""
    session.clear()
    forget_sign_in()


def check_marks(app: Flask) -> None:
    """Stop an application that has a view of which nobody said who may use it. Raises RuntimeError."""
    for endpoint, view in app.view_functions.items():
        if endpoint not in PUBLIC and not hasattr(view, "may"):
            raise RuntimeError(f"{endpoint} needs @may(...), or a place in PUBLIC")


def safe_target(target: str | None) -> str | None:
    """Give the page to go to after sign-in only when it is one of ours (no open redirect)."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    if any(
        sign <= " " or sign in "\\\x7f" for sign in target
    ):  # browsers leave some of these out, and read others as /
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else target


def _write_seen(found: SignIn) -> None:
    """Write every five minutes that somebody is there, also when they only look."""
    if not signing_in.is_seen_long_ago(found):
        return
    database = services().database
    if database.is_sqlite and not only_looks():  # this request is the one writer there may be
        signing_in.see(db(), found.id)
        return
    try:
        with database.writing() as own:
            signing_in.see(own, found.id)
    except OperationalError:
        log.warning("it could not be written that somebody was seen")
