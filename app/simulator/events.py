"""Later delivery events: what becomes of captured mail, and the GraphQL endpoint that tells it (API.md, section 11.1).

This is no GraphQL server: it understands the one question that Postroom's client and the vendor's pages ask, with its
arguments as variables or as they are, and refuses the rest as the vendor would.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify, request
from pydantic import TypeAdapter, ValidationError

from app.simulator.access import scopes_of_token
from app.simulator.outcomes import Told, told_of
from app.simulator.settings import Behaviour
from app.simulator.store import Row, Store

DATASET = "emailSendingAdaptive"
FIELDS = (
    "datetime from to subject messageId sessionId status eventType sendingDomain envelopeTo errorCause errorDetail arc "
    "dkim dmarc spf isSpam isNDR"
).split()
MOST = 10_000
"""Rows of one answer."""
KEPT_SECONDS = 31 * 86400
_TIME = TypeAdapter(datetime)


class Refused(Exception):
    """A question that is refused, with the vendor's code."""

    def __init__(self, words: str, code: str = "parser") -> None:
        super().__init__(words)
        self.words = words
        self.code = code


def zone_id(name: str) -> str:
    """Give the id of a domain's zone."""
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def events_of_mail(mail: Mapping[str, Any], behaviour: Behaviour) -> list[dict[str, Any]]:
    """Give the rows of everything that will happen to a mail that was just captured."""
    sender, at = str(mail["sender"]), time.time()
    groups: Mapping[str, str] = json.loads(mail["groups"])
    later = behaviour.events.after_seconds
    return [
        {
            "at": at + one.steps * later,
            "zone_id": zone_id(sender.rpartition("@")[2].lower()),
            "message_id": str(mail["message_id"]),
            "sender": sender,
            "recipient": recipient,
            "subject": str(mail["subject"]),
            **_row(one),
        }
        for recipient, group in groups.items()
        for one in told_of(recipient, group)
    ]


def answer(store: Store) -> Response:
    """Answer a question."""
    behaviour = store.behaviour
    if "analytics" not in scopes_of_token(behaviour):
        return _errors("not authorized for that account", "authz")
    body = request.get_json(silent=True)
    query = body.get("query") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(query, str) or DATASET not in query:
        return _errors("the question has no known dataset", "parser")
    given = body.get("variables")
    variables: dict[str, Any] = given if isinstance(given, dict) else {}
    try:
        wanted = _zone(query, variables)
        rows = _rows(store, query, variables, wanted)
    except Refused as refusal:
        return _errors(refusal.words, refusal.code)
    known = wanted in {zone_id(name) for name in behaviour.domains}
    zones = [{DATASET: rows}] if known else []
    return jsonify(data={"viewer": {"zones": zones}}, errors=None)


def _row(one: Told) -> dict[str, Any]:
    return {"status": one.status, "event_type": one.event_type, "cause": one.cause, "detail": one.detail}


def _zone(query: str, variables: Mapping[str, Any]) -> str:
    return str(_argument(query, "zoneTag", variables))


def _rows(store: Store, query: str, variables: Mapping[str, Any], zone: str) -> list[dict[str, Any]]:
    since, until = (_moment(_argument(query, name, variables)) for name in ("datetime_geq", "datetime_leq"))
    limit = _argument(query, "limit", variables)
    if not str(limit).isdigit() or not 0 < int(str(limit)) <= MOST:
        raise Refused(f"limit must be positive number and not greater than {MOST}")
    behaviour = store.behaviour
    fields = _fields(query)
    newest = time.time() - behaviour.events.lag_seconds
    backwards = "datetime_DESC" in query
    found = store.rows(
        f"select * from event where zone_id = ? and at >= ? and at < ? and at <= ? and at >= ? "  # noqa: S608
        f"order by cast(at as integer) {'desc' if backwards else 'asc'}, id limit ?",
        zone,
        since,
        int(until) + 1,  # times are told in whole seconds
        newest,
        time.time() - KEPT_SECONDS,
        int(str(limit)),
    )
    return [_shown(row, fields, behaviour) for row in found]


def _shown(row: Row, fields: Sequence[str], behaviour: Behaviour) -> dict[str, Any]:
    bare_id = str(row["message_id"]).strip("<>")
    ids = {
        "brackets": f"<{bare_id}>",
        "bare": bare_id,
        "other": f"{hashlib.md5(bare_id.encode(), usedforsecurity=False).hexdigest()[:12]}-msg-1",
    }
    everything: dict[str, Any] = {
        "datetime": datetime.fromtimestamp(int(row["at"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "from": row["sender"],
        "to": row["recipient"],
        "envelopeTo": row["recipient"],
        "subject": row["subject"],
        "messageId": ids[behaviour.events.message_ids],
        "sessionId": bare_id[:8],
        "status": row["status"],
        "eventType": row["event_type"],
        "sendingDomain": str(row["sender"]).rpartition("@")[2],
        "errorCause": row["cause"],
        "errorDetail": row["detail"],
        **dict.fromkeys(("arc", "dkim", "dmarc", "spf"), "pass"),
        "isSpam": 0,
        "isNDR": 0,
    }
    return {name: everything[name] for name in fields}


def _fields(query: str) -> list[str]:
    found = re.search(DATASET + r"\s*\([^)]*\)\s*\{([\w\s]*)\}", query)
    fields = found.group(1).split() if found else []
    for name in fields:
        if name not in FIELDS:
            raise Refused(f'unknown field "{name}"')
    if not fields:
        raise Refused("the question asks for no field")
    return fields


def _argument(query: str, name: str, variables: Mapping[str, Any]) -> Any:
    """Give an argument's value: a variable's, or the one written in the question."""
    found = re.search(rf'\b{name}\s*:\s*(?:\$(\w+)|"([^"]*)"|(\d+))', query)
    if found is None:
        raise Refused(f"the question has no {name}")
    if found.group(1):
        if found.group(1) not in variables:
            raise Refused(f"variable {found.group(1)} is not given")
        return variables[found.group(1)]
    return found.group(2) if found.group(2) is not None else found.group(3)


def _moment(value: Any) -> float:
    try:
        when = _TIME.validate_python(value)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValidationError, OverflowError, ValueError) as error:
        raise Refused(f"cannot read the time {value!r}") from error


def _errors(words: str, code: str) -> Response:
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    one = {"message": words, "path": ["viewer"], "extensions": {"code": code, "timestamp": at}}
    return jsonify(data=None, errors=[one])
