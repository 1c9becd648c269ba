"""Send and send_raw: strict about everything API.md says is refused, then the outcome that the addresses choose."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import random
import socket
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, current_app, request

from app.cloudflare.body import SHAPE, BadShape, parse_body
from app.cloudflare.contract import FIELD_MISSING, TOO_LARGE, VALIDATION, check_send
from app.cloudflare.problem import Problem
from app.cloudflare.types import Address, SendRequest
from app.simulator.envelope import documented, over_global_limit, success
from app.simulator.events import events_of_mail
from app.simulator.outcomes import GROUPS, Wish, wish_of
from app.simulator.settings import Behaviour
from app.simulator.store import Store
from app.simulator.suppressions import is_suppressed

REFERENCE = "X-Postroom-Message"
RETRY_AFTER = 1
"""Seconds that a throttled answer asks to wait."""
_GATEWAY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request that was read."""

    mail: SendRequest
    raw: bytes
    recipients: tuple[str, ...]

    @property
    def reference(self) -> str:
        """Our own reference, when the sender gave one."""
        return next((value for name, value in self.mail.headers if name.lower() == REFERENCE.lower()), "")


def send(store: Store, *, raw_mime: bool = False) -> Response:
    """Answer a send."""
    behaviour = store.behaviour
    if request.content_length is None:
        return documented("email.no_content_length")
    body = request.get_data(cache=False)
    arrived = _read_mime(body) if raw_mime else _read(body)
    if isinstance(arrived, Response):
        store.keep_request(status=arrived.status_code, outcome="refused", recipients="[]", sha256=_digest(body))
        return arrived
    answer, outcome, mail = _decide(store, behaviour, arrived)
    status = answer.status_code if answer is not None else None
    row = {
        "status": status,
        "outcome": outcome,
        "recipients": json.dumps(arrived.recipients),
        "reference": arrived.reference,
        "sha256": _digest(body),
    }
    if mail is None:
        store.keep_request(**row)
    else:
        store.keep_mail(mail, row, events_of_mail(mail, behaviour))
    return answer if answer is not None else _hang_up()


def _decide(
    store: Store, behaviour: Behaviour, arrived: Arrived
) -> tuple[Response | None, str, dict[str, object] | None]:
    """Give the answer (None: hang up), the outcome's name and the mail to capture, if any."""
    refused = _refuse(store, behaviour, arrived)
    if refused is not None:
        return refused, "refused", None
    wishes = {address: wish_of(address) for address in arrived.recipients}
    time.sleep(behaviour.chaos.latency_ms / 1000 + max(wish.seconds for wish in wishes.values()))
    whole = next((wish for wish in wishes.values() if wish.kind not in GROUPS), None)
    if whole is None and random.random() < behaviour.chaos.fault_share:  # noqa: S311 - chaos, no secret
        fault = random.choice(("error", "error", "drop", "refuse-drop"))  # noqa: S311
        whole = Wish(fault, error=random.choice(("internal_server", "authentication.upstream", "throttled")))  # noqa: S311
    if whole is not None and not (whole.once and not store.is_first_time(",".join(arrived.recipients).lower())):
        if whole.kind == "drop":
            return None, "drop", _capture(arrived, dict.fromkeys(arrived.recipients, "delivered"))
        return _whole(whole), whole.error or whole.kind, None
    groups = {address: wish.kind if wish.kind in GROUPS else "delivered" for address, wish in wishes.items()}
    mail = _capture(arrived, groups)
    return _answer(mail["message_id"], groups), "accepted", mail


def _refuse(store: Store, behaviour: Behaviour, arrived: Arrived) -> Response | None:
    problems = check_send(arrived.mail)
    if problems:
        return _problem(problems)
    domain = arrived.mail.sender.address.rpartition("@")[2].lower()
    if domain not in {one.lower() for one in behaviour.domains}:
        return documented("email.sender_not_configured")
    midnight = time.time() // 86400 * 86400
    if store.count_since(midnight) >= behaviour.daily_quota:
        return documented("throttled")
    suppressed = [
        one for one in arrived.recipients if wish_of(one).kind == "suppressed" or is_suppressed(store, one, domain)
    ]
    if suppressed and not behaviour.drop_suppressed_recipients:
        return documented("email.invalid")
    return None


def _problem(problems: Sequence[Problem]) -> Response:
    """The vendor answers with one number (section 19 for those that are not documented)."""
    codes = {problem.code for problem in problems}
    if codes & {SHAPE, FIELD_MISSING}:
        return documented("invalid_request_schema")
    if TOO_LARGE in codes:
        return documented("email.too_big")
    return documented("email.invalid" if codes - {VALIDATION} else "invalid_request_schema")


def _whole(wish: Wish) -> Response | None:
    """What decides a whole request without capturing anything; None: hang up."""
    if wish.kind == "error":
        return documented(wish.error, retry_after=RETRY_AFTER if wish.error == "throttled" and wish.once else None)
    if wish.kind == "suppressed":
        return documented("email.invalid")
    if wish.kind == "gateway":
        return Response(_GATEWAY_PAGE, 502, mimetype="text/html")
    if wish.kind == "notjson":
        return Response("all good", 200, mimetype="text/plain")
    if wish.kind == "false200":
        answer = documented("internal_server")
        answer.status_code = 200
        return answer
    if wish.kind == "global-limit":
        return over_global_limit(2)
    return None


def _capture(arrived: Arrived, groups: dict[str, str]) -> dict[str, object]:
    mail = arrived.mail
    domain = mail.sender.address.rpartition("@")[2]
    return {
        "message_id": f"<{uuid.uuid4()}@{domain}>",
        "sender": mail.sender.address,
        "recipients": json.dumps(arrived.recipients),
        "subject": mail.subject,
        "reference": arrived.reference,
        "size": len(arrived.raw),
        "groups": json.dumps(groups),
        "body": arrived.raw,
    }


def _answer(message_id: object, groups: dict[str, str]) -> Response:
    result: dict[str, object] = {
        name: [address for address, group in groups.items() if group == name]
        for name in ("delivered", "permanent_bounces", "queued")
    }
    dropped = [address for address, group in groups.items() if group == "dropped"]
    if dropped:
        result["suppressed_recipients"] = dropped
    result["message_id"] = message_id
    return success(result)


def _read(body: bytes) -> Arrived | Response:
    try:
        decoded = json.loads(body)
        mail = parse_body(decoded)
    except BadShape as wrong:
        return _problem(wrong.problems)
    except ValueError:
        return documented("invalid_request_schema")
    return Arrived(mail, body, tuple(one.address for one in mail.recipients))


def _read_mime(body: bytes) -> Arrived | Response:
    """Read send_raw's body: envelope and MIME text, no other property (section 12)."""
    try:
        decoded = json.loads(body)
    except ValueError:
        decoded = None
    wanted = {"from": str, "recipients": list, "mime_message": str}
    if not isinstance(decoded, dict) or set(decoded) != set(wanted):
        return documented("invalid_request_schema")
    if not all(isinstance(decoded[name], kind) for name, kind in wanted.items()) or not decoded["recipients"]:
        return documented("invalid_request_schema")
    parsed = email.message_from_string(decoded["mime_message"], policy=email.policy.default)
    text = parsed.get_body(("plain", "html"))
    mail = SendRequest(
        sender=Address(decoded["from"]),
        to=tuple(Address(one) for one in decoded["recipients"]),
        subject=str(parsed.get("Subject", "")),
        text=text.get_content() if text is not None else decoded["mime_message"],
    )
    return Arrived(mail, json.dumps(mail.to_json()).encode(), tuple(decoded["recipients"]))


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _hang_up() -> Response:
    """Close the connection without an answer, as a broken network would."""
    connection: socket.socket | None = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    else:
        current_app.logger.warning("this server gives no access to its socket; the connection stays open")
    return Response(status=204)
