"""The public pages behind the link in an e-mail. No sign-in, no cookie, no token: the address itself is the key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, make_response, redirect, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from app.cloudflare.contract import ONE_CLICK
from app.recipients.unsubscribing import branding
from app.recipients.unsubscribing.links import MAX_TOKEN, LinkKeys, link_keys
from app.recipients.unsubscribing.models import Topic, UnsubscribeLook, WhyOut
from app.recipients.unsubscribing.topics import name_for
from app.recipients.unsubscribing.words import FALLBACK, LANGUAGES, WHY, WORDS, spoken
from app.refusals import NotThere
from app.sends import opting_out
from app.sends.opting_out import MAX_ANSWER, OptOut, Verb
from app.web.gentle_limit import GentleLimit
from app.web.numbers import row_number
from app.web.request import db, only_reads, services

blueprint = Blueprint("unsubscribe", __name__, url_prefix="/u")
MAX_BODY = 16 * 1024
"""Bytes of a form: a mail program's has some thirty, a person's answer a few hundred."""
UNKNOWN_LINKS = GentleLimit(60, 600)
"""Links that do not work, by network address. Those that do are never held back: a mail service asks for many."""
CHANGES = GentleLimit(40, 600)
"""Changes by one link: enough for everybody who changes their mind, too few to fill the trail."""
ONE_CLICK_NAME, _, ONE_CLICK_VALUE = ONE_CLICK.partition("=")
_COLOUR = re.compile(r"[0-9a-f]{6}\Z")
A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Choice:
    """One kind of notice as the page shows it."""

    id: int
    name: str
    sentence: str


class TooOften(Exception):
    """Somebody asks too often."""


@blueprint.get("/<token>")
def show(token: str) -> AnyResponse:
    """Show what is stopped, and buttons. Changes nothing: mail scanners open every link."""
    try:
        found = _found(token)
    except NotThere:
        return _message("unknown", 404)
    return _page(token, found)


@blueprint.post("/<token>")
@only_reads
def answer(token: str) -> AnyResponse:
    """Unsubscribe, or undo it. A mail program's one click (RFC 8058) gets a plain answer, a person the page again.

    The request's session only reads, so that strangers with unknown links never hold the lock of writers.
    """
    request.max_content_length = MAX_BODY
    try:
        found = _found(token)
        form = request.form
        if form.get(ONE_CLICK_NAME) == ONE_CLICK_VALUE:
            _one_click(token)
            return _quiet(Response("Unsubscribed.\n", mimetype="text/plain"))
        if form.get("do") == "answer":
            return _keep_answer(token, found)
        if form.get("do") in list(Verb):
            verb = Verb(form["do"])
            if _act(token, verb) and verb in {Verb.UNDO_KIND, Verb.UNDO_ALL}:
                return _again(token, undone=form.get("kind", "all"))
    except NotThere:
        return _message("unknown", 404)
    return _again(token)


@blueprint.get("/logo/<sha256>")
def logo(sha256: str) -> AnyResponse:
    """Give a workspace's logo; its name is its content, so that it may be kept for ever."""
    found = branding.logo_of(db(), sha256.replace("\0", "")[:64])
    if found is None:
        abort(404)
    response = Response(found[0], mimetype=found[1])
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    return response


@blueprint.get("/look/<colour>.css")
def colours(colour: str) -> AnyResponse:
    """Give the style sheet of a colour; asks the database nothing."""
    if not _COLOUR.match(colour):
        abort(404)
    response = Response(branding.colours_css(f"#{colour}"), mimetype="text/css")
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
    return response


@blueprint.errorhandler(TooOften)
def _too_often(error: TooOften) -> AnyResponse:
    response = _message("too_often", 429)
    response.headers["Retry-After"] = str(UNKNOWN_LINKS.seconds)
    return response


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(error: RequestEntityTooLarge) -> AnyResponse:
    return _message("too_large", 413)


def _found(token: str) -> OptOut:
    """Give what a link stands for. Raises NotThere, and TooOften for one address with many links that do not work."""
    try:
        if len(token) > MAX_TOKEN or "\0" in token:
            raise NotThere("message")
        return opting_out.opt_out_of(db(), _keys(), token)
    except NotThere:
        who = request.remote_addr or ""
        if UNKNOWN_LINKS.is_used_up(who):
            raise TooOften from None
        UNKNOWN_LINKS.count(who)
        raise


def _one_click(token: str) -> None:
    with services().database.writing() as session:
        opting_out.one_click(session, _keys(), token)


def _act(token: str, verb: Verb) -> bool:
    """Do what was pressed. False when it was so already."""
    if CHANGES.is_used_up(token):
        raise TooOften
    topic_id = request.form.get("kind", type=row_number)
    with services().database.writing() as session:
        fresh = opting_out.opt_out_of(session, _keys(), token)
        if not opting_out.act(session, fresh, verb, topic_id):
            return False
    CHANGES.count(token)
    return True


def _keep_answer(token: str, found: OptOut) -> AnyResponse:
    if not found.is_out:
        return _again(token)
    words = request.form.get("words", "")
    chosen = request.form.get("reason", "")
    if chosen not in list(WhyOut):
        return _page(token, found, status=422, problem="why_missing", typed=words)
    if CHANGES.is_used_up(token):
        raise TooOften
    CHANGES.count(token)
    with services().database.writing() as session:
        opting_out.keep_answer(session, found, token, WhyOut(chosen), words)
    return _again(token, thanks="yes")


def _again(token: str, **more: str) -> AnyResponse:
    """Show the page again by GET; relative, because Postroom may stand below a folder of its public address."""
    asked = request.args.get("language", "")
    query = urlencode({**({"language": asked} if asked in LANGUAGES else {}), **more})
    return _quiet(redirect(f"{token}?{query}" if query else token, 303))


def _page(token: str, found: OptOut, *, status: int = 200, problem: str = "", typed: str = "") -> AnyResponse:
    look = branding.look_of(db(), found.workspace_id) if found.workspace_id else None
    language = _language(found)
    title = "example_title" if found.is_example else "title_out" if found.is_out else "title"
    own = found.topic
    return _rendered(
        status,
        language,
        title,
        look,
        found=found,
        kind=_choice(own, language) if own is not None else None,
        others=[_choice(one, language) for one in found.stopped if own is None or one.id != own.id],
        why=[(str(one), key) for one, key in WHY.items()],
        most=MAX_ANSWER,
        problem=problem,
        typed=typed,
        undone=_undone_words(found),
        thanks=found.is_out and request.args.get("thanks") == "yes",
    )


def _undone_words(found: OptOut) -> str:
    """Give the key of what is said after Undo; the page may be opened again later, and says only what is true then."""
    if request.args.get("undone") == "all":
        return "" if found.all_stopped else "undone_all"
    kind = request.args.get("undone", type=row_number)
    if kind is None or any(one.id == kind for one in found.stopped):
        return ""
    return "undone" if found.all_stopped else "undone_kind"


def _message(which: str, status: int) -> AnyResponse:
    """Say on a page of its own why nothing was done."""
    return _rendered(status, _language(None), f"{which}_title", None, found=None, message=which)


def _rendered(
    status: int, language: str, title: str, look: UnsubscribeLook | None, found: OptOut | None, **values: object
) -> AnyResponse:
    filled = {"organisation": found.organisation, "email": found.email} if found is not None else {}
    # Not render_template, which would ask who is signed in: here nobody is, and no cookie is read.
    page = current_app.jinja_env.get_template("recipients/unsubscribe.html").render(
        language=language,
        languages=LANGUAGES,
        words=WORDS[language],
        filled=filled,
        title=title,
        look=look,
        found=found,
        **values,
    )
    response = make_response(page, status)
    response.headers["Content-Language"] = language
    response.vary.add("Accept-Language")
    return _quiet(response)


def _choice(topic: Topic, language: str) -> Choice:
    return Choice(topic.id, *name_for(topic, language))


def _language(found: OptOut | None) -> str:
    """Choose the page's language: asked for, the one chosen for this reader, the browser's, the e-mail's."""
    of_mail = spoken(found.language) if found is not None else ""
    for one in (
        spoken(request.args.get("language", "")),
        of_mail if found is not None and found.is_own_language else "",
        spoken(request.accept_languages.best_match(list(LANGUAGES)) or ""),
        of_mail,
    ):
        if one:
            return one
    return FALLBACK


def _keys() -> LinkKeys:
    return link_keys(services().settings.secret_keys)


def _quiet(response: AnyResponse) -> AnyResponse:
    """Keep the address, which is a key, out of caches, of the next page's log and of search engines."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
