"""Pages for what goes wrong: each says what happened and what to do next."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, current_app, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import Forbidden, HTTPException

from app.people.roles import Permission
from app.refusals import NotThere, Refused
from app.web.form_tokens import opened_in
from app.web.request import is_htmx, me, needed, roll_back
from app.web.request_log import route
from app.web.rights import whose_task
from app.words import _

log = logging.getLogger(__name__)

WORDS = {
    400: (
        _("That request could not be read"),
        _("Go back, load the page again and try once more. Nothing was changed."),
    ),
    404: (_("This page does not exist"), _("It may have been deleted, or it belongs to another workspace.")),
    405: (_("That does not work here"), _("Go back and use the buttons on the page. Nothing was changed.")),
    413: (
        _("That is too large"),
        _(
            "Postroom takes up to 10 MiB at once, 200 MiB for a ZIP file with a file for each person, and 256 MiB for "
            "a list. Nothing was changed."
        ),
    ),
    500: (
        _("Something went wrong in Postroom"),
        _("Nothing half-done was kept. Try again; if it stays, tell your administrator."),
    ),
}


def install_errors(app: Flask) -> None:
    """Register the error pages."""

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> tuple[str, int]:
        return _page(error.code or 500)

    @app.errorhandler(Forbidden)
    def _forbidden(error: Forbidden) -> tuple[str, int]:
        return _page(403, words=(_("You may not do this"), _("%(who)s can. Nothing was changed.", who=_whose_task())))

    @app.errorhandler(CSRFError)
    def _csrf(error: CSRFError) -> tuple[str, int]:
        workspace = opened_in()
        if workspace is None:
            words = (_("This form is too old"), _("Load the page again and repeat the step. Nothing was changed."))
        else:
            words = (
                _("This page is of another workspace"),
                _(
                    "It was opened in “%(old)s”, and you are in “%(new)s” now. Nothing was "
                    "changed. Go back to “%(old)s” at the top of a new page, then repeat the step here.",
                    old=workspace.name,
                    new=me().workspace.name,
                ),
            )
        if is_htmx():  # only a part of the page: the rest, with what is typed, stays
            return render_template("web/_refused.html", heading=words[0], advice=words[1]), 409
        return _page(400, words=words)

    @app.errorhandler(NotThere)
    def _missing(error: NotThere) -> tuple[str, int]:
        return _page(404)

    @app.errorhandler(Refused)
    def _refused(error: Refused) -> tuple[str, int]:
        return _page(409, words=(_("That is not possible now"), error.words))

    @app.errorhandler(OperationalError)
    def _no_database(error: OperationalError) -> tuple[str, int, dict[str, str]]:
        """Say so on a page that asks the database nothing, not even who is signed in."""
        log.error("a view could not ask the database", exc_info=error, extra={"route": route()})
        page = app.jinja_env.get_template("web/unavailable.html")  # render_template would ask who is signed in
        return page.render(), 503, {"Retry-After": "30"}

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> tuple[str, int]:
        log.exception("a view failed", extra={"method": request.method, "route": route()})
        roll_back()  # the page below reads the signed-in person
        return _page(500)


def _whose_task() -> str:
    view: Any = current_app.view_functions.get(request.endpoint or "")
    return whose_task(needed(view, request.method) if hasattr(view, "may") else Permission.ADMINISTER)


def _page(status: int, words: tuple[str, str] | None = None) -> tuple[str, int]:
    heading, advice = words or WORDS.get(status, WORDS[400])
    return render_template("web/error.html", heading=heading, advice=advice, status=status), status
