"""What one request has at hand: its session, its person, the services. Only views use this."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import Flask, Response, abort, current_app, g, has_request_context, request
from flask import session as cookie
from sqlalchemy.orm import Session

from app.people.models import Person
from app.people.roles import Permission
from app.people.sign_in_models import SignIn
from app.people.signing_in import find_sign_in
from app.web.services import Services

P = ParamSpec("P")
R = TypeVar("R")

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
TOKEN = "sign_in"  # noqa: S105 - the name, not a token
"""Name under which the cookie carries the token of a sign-in."""


def services() -> Services:
    """Give the services of this application."""
    return cast(Services, current_app.extensions["postroom"])


def db() -> Session:
    """Give the request's session: it reads for GET, and writes for everything else."""
    if "db_session" not in g:
        g.db_session = services().database.session(write=not only_looks())
    return cast(Session, g.db_session)


def only_reads(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a view that answers to POST because much is typed, and changes nothing: it waits for no writer."""
    view.only_reads = True  # type: ignore[attr-defined]
    return view


def sign_in_of_request() -> SignIn | None:
    """Give the sign-in whose token the cookie carries; None for a stranger."""
    if "sign_in" not in g:
        token = cookie.get(TOKEN)
        g.sign_in = find_sign_in(db(), services().settings, token) if isinstance(token, str) else None
    return cast(SignIn | None, g.sign_in)


def forget_sign_in() -> None:
    """Find the sign-in anew when it is asked for next: it began or ended in this request."""
    g.pop("sign_in", None)


def reader() -> Person | None:
    """Give the signed-in person; None for a stranger on a public page. Page templates call it `current_user`."""
    found = sign_in_of_request() if has_request_context() else None
    return found.person if found is not None else None


def me() -> Person:
    """Give the signed-in person of a view that needs one."""
    found = sign_in_of_request()
    if found is None:
        abort(403)
    return found.person


def is_htmx() -> bool:
    """Whether htmx asks for a part of the page."""
    return request.headers.get("HX-Request") == "true"


def may(permission: Permission, *, to_change: Permission | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let in whose role has the permission, or `to_change` when the request changes something; others get 403.

    Every view has this mark, but for those of `app.web.sign_in.PUBLIC`: `check_marks` stops an application without.
    """

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not me().may(needed(guarded, request.method)):
                abort(403)
            return view(*args, **kwargs)

        guarded.may = (permission, to_change or permission)  # type: ignore[attr-defined]
        return guarded

    return mark


def needed(view: Callable[..., Any], method: str) -> Permission:
    """Give the permission that a marked view asks of a request with this method."""
    to_look, to_change = cast(tuple[Permission, Permission], view.may)  # type: ignore[attr-defined]
    return to_look if method in SAFE_METHODS else to_change


def roll_back() -> None:
    """Undo what the request changed so far; the session can be used again afterwards, also after a failed flush."""
    session: Session | None = g.get("db_session")
    if session is not None:
        session.rollback()


def install_session(app: Flask) -> None:
    """Commit the request's session when the answer is no error, roll back otherwise, and close it."""

    @app.after_request
    def _settle(response: Response) -> Response:
        session: Session | None = g.get("db_session")
        if session is not None:
            if response.status_code < 400:
                session.commit()
            else:
                session.rollback()
        return response

    @app.teardown_request
    def _close(error: BaseException | None) -> None:
        session: Session | None = g.pop("db_session", None)
        if session is not None:
            session.close()


def only_looks() -> bool:
    """Whether the request changes nothing, but for the time at which somebody was seen."""
    view = current_app.view_functions.get(request.endpoint or "")
    return request.method in SAFE_METHODS or getattr(view, "only_reads", False)
