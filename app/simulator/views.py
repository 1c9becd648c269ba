"""For people: captured mail to look at, the documentation of outcomes, settings."""

from __future__ import annotations

import io

from flask import Blueprint, Response, abort, redirect, render_template, request, send_file, url_for
from pydantic import ValidationError
from werkzeug.wrappers import Response as AnyResponse

from app.cloudflare.inline_images import html_of_request
from app.simulator.inbox import Mail, count, find, recent
from app.simulator.outcomes import EXAMPLES
from app.simulator.settings import Behaviour
from app.simulator.vendor import graphql_limiter, limiter, store

blueprint = Blueprint("people", __name__)
PAGE = 50
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
FRAME_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


@blueprint.before_request
def _same_site_only() -> None:
    """Refuse forms that another site sends (there is no sign-in here, so there is no token either)."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        abort(403)


@blueprint.after_request
def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response


@blueprint.get("/")
def inbox() -> str:
    """Captured mail, newest first."""
    query = request.args.get("q", "")
    mails = recent(store(), query=query, before=request.args.get("before", type=int), limit=PAGE + 1)
    more = len(mails) > PAGE
    next_url = url_for("people.inbox", q=query or None, before=mails[PAGE - 1].id) if more else None
    return render_template("inbox.html", mails=mails[:PAGE], query=query, next_url=next_url)


@blueprint.get("/mail/<int:mail_id>")
def mail(mail_id: int) -> str:
    """One mail."""
    found = _find(mail_id)
    source = found.source().decode("utf-8", "replace")
    return render_template("mail.html", mail=found, source=source[:200_000])


@blueprint.get("/mail/<int:mail_id>/html")
def html(mail_id: int) -> Response:
    """The HTML of a mail with the pictures that it carries, for the sandboxed frame."""
    response = Response(html_of_request(_find(mail_id).request), mimetype="text/html")
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    return response


@blueprint.get("/mail/<int:mail_id>/eml")
def eml(mail_id: int) -> Response:
    """The mail as an .eml file."""
    return send_file(
        io.BytesIO(_find(mail_id).source()),
        mimetype="message/rfc822",
        as_attachment=True,
        download_name=f"mail-{mail_id}.eml",
    )


@blueprint.get("/mail/<int:mail_id>/attachments/<int:number>")
def attachment(mail_id: int, number: int) -> Response:
    """One attachment, always as a download."""
    files = _find(mail_id).request.attachments
    if number >= len(files):
        abort(404)
    one = files[number]
    return send_file(
        io.BytesIO(one.content), mimetype="application/octet-stream", as_attachment=True, download_name=one.filename
    )


@blueprint.route("/clear", methods=["GET", "POST"])
def clear() -> str | AnyResponse:
    """Forget everything that was captured, after a question."""
    if request.method == "POST":
        store().clear()
        return redirect(url_for("people.inbox"))
    return render_template("clear.html", count=count(store()))


@blueprint.get("/outcomes")
def outcomes() -> str:
    """Which address gives which outcome."""
    return render_template("outcomes.html", examples=EXAMPLES)


@blueprint.route("/settings", methods=["GET", "POST"])
def settings() -> str | AnyResponse | tuple[str, int]:
    """Latency, faults, limit, domains, quota."""
    behaviour = store().behaviour
    if request.method == "GET":
        return render_template("settings.html", given=_form_of(behaviour), problems=[], saved="saved" in request.args)
    given = request.form.to_dict()
    try:
        changed = Behaviour.model_validate(
            {
                **behaviour.model_dump(),
                "domains": given.get("domains", "").split(),
                "rate_limit": given.get("rate_limit"),
                "rate_window": given.get("rate_window"),
                "daily_quota": given.get("daily_quota"),
                "drop_suppressed_recipients": "drop_suppressed_recipients" in given,
                "graphql_limit": given.get("graphql_limit"),
                "events": {name: given.get(name) for name in ("after_seconds", "lag_seconds", "message_ids")},
                "chaos": {"latency_ms": given.get("latency_ms"), "fault_share": given.get("fault_share")},
            }
        )
    except ValidationError as error:
        problems = [f"{one['loc'][-1]}: {one['msg']}".replace("_", " ") for one in error.errors()]
        return render_template("settings.html", given=given, problems=problems, saved=False), 422
    store().change_behaviour(changed)
    limiter().reset()
    graphql_limiter().reset()
    return redirect(url_for("people.settings", saved="yes"))


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


def _find(mail_id: int) -> Mail:
    found = find(store(), mail_id)
    if found is None:
        abort(404)
    return found


def _form_of(behaviour: Behaviour) -> dict[str, object]:
    return {
        "domains": "\n".join(behaviour.domains),
        "rate_limit": behaviour.rate_limit,
        "rate_window": behaviour.rate_window,
        "daily_quota": behaviour.daily_quota,
        "drop_suppressed_recipients": behaviour.drop_suppressed_recipients,
        "graphql_limit": behaviour.graphql_limit,
        **behaviour.events.model_dump(),
        "latency_ms": behaviour.chaos.latency_ms,
        "fault_share": behaviour.chaos.fault_share,
    }
