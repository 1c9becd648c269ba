"""For programs: captured mail in Mailpit's shapes as far as they fit, every recorded POST, settings and faults."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from pydantic import ValidationError

from app.simulator import suppressions
from app.simulator.inbox import Mail, find, recent
from app.simulator.settings import Behaviour, Chaos
from app.simulator.vendor import graphql_limiter, limiter, store

blueprint = Blueprint("programs", __name__, url_prefix="/api/v1")
MOST = 10_000
"""Rows of one answer."""


@blueprint.get("/messages")
def messages() -> Response:
    """Captured mail, newest first (`start`, `limit`)."""
    return _page("")


@blueprint.get("/search")
def search() -> Response:
    """Captured mail that matches `query`."""
    return _page(request.args.get("query", ""))


@blueprint.delete("/messages")
def clear() -> Response:
    """Forget all captured mail and recorded requests."""
    store().clear()
    return Response("ok", mimetype="text/plain")


@blueprint.get("/message/<int:mail_id>")
def message(mail_id: int) -> Response:
    """One mail."""
    mail = find(store(), mail_id)
    if mail is None:
        return _missing()
    parts = mail.request
    return jsonify(
        {
            **_summary(mail),
            "HTML": parts.html or "",
            "Text": parts.text or "",
            "ReplyTo": [_address(parts.reply_to)] if parts.reply_to else [],
            "Headers": dict(parts.headers),
            "Groups": mail.groups,
            "Reference": mail.reference,
            "Attachments": [
                {
                    "FileName": one.filename,
                    "ContentType": one.type,
                    "ContentID": one.content_id or "",
                    "Size": len(one.content),
                }
                for one in parts.attachments
            ],
        }
    )


@blueprint.get("/message/<int:mail_id>/raw")
def raw(mail_id: int) -> Response:
    """One mail as MIME text."""
    mail = find(store(), mail_id)
    return _missing() if mail is None else Response(mail.source(), mimetype="message/rfc822")


@blueprint.get("/requests")
def requests() -> Response:
    """Every POST to send, oldest first (`start`: after this id, `limit`)."""
    rows = store().rows(
        "select * from request where id > ? order by id limit ?", _number("start", 0), _number("limit", MOST)
    )
    return jsonify(requests=[{**dict(row), "recipients": json.loads(row["recipients"])} for row in rows])


@blueprint.route("/settings", methods=["GET", "PUT"])
def settings() -> Response:
    """The behaviour; PUT changes the fields given and begins a new rate window."""
    if request.method == "PUT":
        try:
            given = request.get_json(silent=True) or {}
            changed = Behaviour.model_validate({**store().behaviour.model_dump(), **given})
        except (ValidationError, TypeError) as error:
            return _wrong(error)
        store().change_behaviour(changed)
        limiter().reset()
        graphql_limiter().reset()
    counts = {
        "rate_limit_tripped": limiter().tripped,
        "graphql_limit_tripped": graphql_limiter().tripped,
        "graphql_queries": graphql_limiter().counted,
    }
    return jsonify({**store().behaviour.model_dump(), **counts})


@blueprint.put("/suppressions")
def put_suppressions() -> Response:
    """Let the list of suppressions be the entries of the body, read-only ones and any reason among them."""
    rows = request.get_json(silent=True)
    if not isinstance(rows, list) or not all(isinstance(row, dict) and "email" in row for row in rows):
        return Response("a list of entries with an email is wanted\n", 400, content_type="text/plain; charset=utf-8")
    suppressions.replace_all(store(), rows)
    return jsonify(count=len(rows))


@blueprint.route("/chaos", methods=["GET", "PUT"])
def chaos() -> Response:
    """Faults and delays; PUT changes the fields given."""
    behaviour = store().behaviour
    if request.method == "PUT":
        try:
            given = request.get_json(silent=True) or {}
            changed = Chaos.model_validate({**behaviour.chaos.model_dump(), **given})
        except (ValidationError, TypeError) as error:
            return _wrong(error)
        behaviour = behaviour.model_copy(update={"chaos": changed})
        store().change_behaviour(behaviour)
    return jsonify(behaviour.chaos.model_dump())


def _page(query: str) -> Response:
    start, limit = _number("start", 0), _number("limit", 50)
    mails = recent(store(), query=query, limit=limit, offset=start)
    total = store().one("select count(*) as n from mail")["n"]
    return jsonify(
        total=total, count=len(mails), messages_count=total, start=start, messages=[_summary(mail) for mail in mails]
    )


def _summary(mail: Mail) -> dict[str, Any]:
    parts = mail.request
    return {
        "ID": str(mail.id),
        "MessageID": mail.message_id.strip("<>"),
        "From": _address(parts.sender),
        "To": [_address(one) for one in parts.to],
        "Cc": [_address(one) for one in parts.cc],
        "Bcc": [_address(one) for one in parts.bcc],
        "Subject": mail.subject,
        "Created": datetime.fromtimestamp(mail.at, UTC).isoformat(),
        "Size": mail.size,
        "Attachments": len(parts.attachments),
        "Snippet": " ".join((parts.text or "").split())[:200],
        "Reference": mail.reference,
        "Groups": mail.groups,
    }


def _address(one: Any) -> dict[str, str]:
    return {"Name": one.name or "", "Address": one.address}


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    return min(int(text), 10**12 if name == "start" else MOST) if text.isdigit() else default


def _missing() -> Response:
    response = jsonify(Error="message not found")
    response.status_code = 404
    return response


def _wrong(error: Exception) -> Response:
    response = jsonify(Error=str(error))
    response.status_code = 400
    return response
