"""The public pages behind the link in an e-mail. No sign-in, no cookie, no token: the reference itself is the key."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.cloudflare.contract import ONE_CLICK
from app.refusals import NotThere
from app.sends import opting_out
from app.web.request import db

blueprint = Blueprint("unsubscribe", __name__, url_prefix="/u")
MAX_REFERENCE = 36
"""Characters of a message's reference."""


@blueprint.get("/<reference>")
def show(reference: str) -> AnyResponse:
    """Show who would be written to no longer, and a button. Changes nothing: mail scanners open every link."""
    try:
        found = opting_out.opt_out_of(db(), _checked(reference))
    except NotThere:
        return _page(None, 404)
    return _page(found)


@blueprint.post("/<reference>")
def answer(reference: str) -> AnyResponse:
    """Unsubscribe, or undo it. A mail program's one click (RFC 8058) gets a plain answer, a person the page again."""
    name, _, value = ONE_CLICK.partition("=")
    is_one_click = request.form.get(name) == value
    verb = request.form.get("do", "")
    try:
        opting_out.opt_out_of(db(), _checked(reference))
        if is_one_click or verb == "unsubscribe":
            opting_out.opt_out(db(), reference)
        elif verb == "undo":
            opting_out.opt_in_again(db(), reference)
    except NotThere:
        return _page(None, 404)
    if is_one_click:
        return _quiet(Response("Unsubscribed.\n", mimetype="text/plain"))
    return _quiet(redirect(reference, 303))  # relative: Postroom may stand below a folder of its public address


def _checked(reference: str) -> str:
    """Give the reference back when it can be one. Raises NotThere."""
    if len(reference) > MAX_REFERENCE or "\0" in reference:
        raise NotThere("message")
    return reference


def _page(found: opting_out.OptOut | None, status: int = 200) -> AnyResponse:
    page = render_template("recipients/unsubscribe.html", found=found)
    return _quiet(make_response(page, status))


def _quiet(response: AnyResponse) -> AnyResponse:
    """Keep the address, which is a key, out of caches, of the next page's log and of search engines."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
