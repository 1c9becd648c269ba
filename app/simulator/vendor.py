"""The vendor's side: every endpoint of API.md section 2 that Postroom uses, under /client/v4."""

from __future__ import annotations

import hashlib
import json
import time

from flask import Blueprint, Response, current_app, request

from app.cloudflare.body import parse_body
from app.simulator import events, sending, suppressions
from app.simulator.access import refuse_token, token_status
from app.simulator.envelope import documented, refusal, success
from app.simulator.limiter import Limiter
from app.simulator.mime import mime_of
from app.simulator.settings import Behaviour
from app.simulator.store import Store

blueprint = Blueprint("vendor", __name__, url_prefix="/client/v4")
ACCOUNT = "/accounts/<account_id>/email/sending"
READS = {"limits", "listed", "suppression", "zones", "subdomains", "subdomain", "dns", "raw_text"}
"""Endpoints for which reading is enough."""


def store() -> Store:
    """The store of this application."""
    found: Store = current_app.extensions["store"]
    return found


def limiter() -> Limiter:
    """The limiter of this application."""
    found: Limiter = current_app.extensions["limiter"]
    return found


def graphql_limiter() -> Limiter:
    """The limiter of GraphQL queries, which are counted by themselves."""
    found: Limiter = current_app.extensions["graphql_limiter"]
    return found


@blueprint.before_request
def _guard() -> Response | None:
    behaviour = store().behaviour
    refused = limiter().pass_or_refuse(behaviour)
    if refused is not None:
        return refused
    endpoint = (request.endpoint or "").removeprefix("vendor.")
    if endpoint == "graphql":
        return _guard_graphql(behaviour)
    if endpoint in {"verify_user", "verify_account"}:
        return None
    account_id = (request.view_args or {}).get("account_id")
    return refuse_token(behaviour, account_id=account_id, scope="read" if endpoint in READS else "send")


def _guard_graphql(behaviour: Behaviour) -> Response | None:
    """Refuse unknown tokens and too many queries; what the token may read is said in GraphQL's own way."""
    refused = graphql_limiter().pass_or_refuse(behaviour.model_copy(update={"rate_limit": behaviour.graphql_limit}))
    if refused is not None:
        return refused
    status = token_status(behaviour)
    return None if status == "active" else refusal(401, 10000, "Authentication error")


@blueprint.after_request
def _rate_headers(response: Response) -> Response:
    limiter().add_headers(response, store().behaviour)
    return response


@blueprint.post(f"{ACCOUNT}/send")
def send(account_id: str) -> Response:
    """Send one e-mail."""
    return sending.send(store())


@blueprint.post(f"{ACCOUNT}/send_raw")
def send_raw(account_id: str) -> Response:
    """Send MIME text."""
    return sending.send(store(), raw_mime=True)


@blueprint.get(f"{ACCOUNT}/limits")
def limits(account_id: str) -> Response:
    """Daily quota and its use."""
    quota = store().behaviour.daily_quota
    midnight = int(time.time() // 86400 * 86400)
    sent = store().count_since(midnight)
    resets_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(midnight + 86400))
    usage = {"sent": sent, "over_quota": sent >= quota, "resets_at": resets_at}
    return success({"quota": {"value": quota, "unit": "day"}, "usage": usage})


@blueprint.get(f"{ACCOUNT}/messages/<path:message_id>")
def raw_text(account_id: str, message_id: str) -> Response:
    """Raw text of a sent mail."""
    row = store().one("select body, message_id from mail where message_id = ?", message_id)
    if row is None:
        return documented("not_found")
    source = mime_of(parse_body(json.loads(row["body"])), row["message_id"])
    return Response(source, mimetype="message/rfc822")


@blueprint.get(f"{ACCOUNT}/suppressions")
def listed(account_id: str) -> Response:
    """List suppressions."""
    return suppressions.listed(store())


@blueprint.post(f"{ACCOUNT}/suppressions")
def create_suppression(account_id: str) -> Response:
    """Add a suppression."""
    return suppressions.create(store())


@blueprint.post(f"{ACCOUNT}/suppressions/bulk")
def import_suppressions(account_id: str) -> Response:
    """Import suppressions."""
    return suppressions.bulk(store())


@blueprint.get(f"{ACCOUNT}/suppressions/<suppression_id>")
def suppression(account_id: str, suppression_id: str) -> Response:
    """One suppression."""
    return suppressions.one(store(), suppression_id)


@blueprint.patch(f"{ACCOUNT}/suppressions/<suppression_id>")
def change_suppression(account_id: str, suppression_id: str) -> Response:
    """Change a suppression."""
    return suppressions.change(store(), suppression_id)


@blueprint.delete(f"{ACCOUNT}/suppressions/<suppression_id>")
def delete_suppression(account_id: str, suppression_id: str) -> Response:
    """Take a suppression away."""
    return suppressions.delete(store(), suppression_id)


@blueprint.post("/graphql")
def graphql() -> Response:
    """Later delivery events."""
    return events.answer(store())


@blueprint.get("/accounts/<account_id>/tokens/verify")
def verify_account(account_id: str) -> Response:
    """Check an account's token."""
    if account_id != store().behaviour.account_id:
        return refusal(401, 1000, "Invalid API Token")
    return _verify()


@blueprint.get("/user/tokens/verify")
def verify_user() -> Response:
    """Check a user's token."""
    return _verify()


@blueprint.get("/zones")
def zones() -> Response:
    """Zones of the account: one a domain."""
    behaviour = store().behaviour
    wanted = request.args.get("account.id", behaviour.account_id)
    names = behaviour.domains if wanted == behaviour.account_id else []
    result = [{"id": events.zone_id(name), "name": name, "account": {"id": behaviour.account_id}} for name in names]
    return success(result, result_info={"page": 1, "per_page": 50, "total_pages": 1, "count": len(result)})


@blueprint.get("/zones/<zone_id>/email/sending/subdomains")
def subdomains(zone_id: str) -> Response:
    """Sending domains of a zone."""
    names = [name for name in store().behaviour.domains if events.zone_id(name) == zone_id]
    return success([_domain(name) for name in names]) if names else documented("not_found")


@blueprint.get("/zones/<zone_id>/email/sending/subdomains/<tag>")
def subdomain(zone_id: str, tag: str) -> Response:
    """One sending domain."""
    names = [
        name for name in store().behaviour.domains if events.zone_id(name) == zone_id and _domain(name)["tag"] == tag
    ]
    return success(_domain(names[0])) if names else documented("not_found")


@blueprint.route("/", defaults={"rest": ""}, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
def unrouted(rest: str) -> Response:
    """Everything else is not routed."""
    return refusal(404, 7003, f"Could not route to /{rest}, perhaps your object identifier is invalid?")


def _verify() -> Response:
    status = token_status(store().behaviour)
    if isinstance(status, Response):
        return status
    return success({"id": hashlib.md5(b"simulator", usedforsecurity=False).hexdigest(), "status": status})


def _domain(name: str) -> dict[str, object]:
    return {
        "tag": hashlib.md5(f"sending {name}".encode(), usedforsecurity=False).hexdigest(),
        "name": name,
        "enabled": True,
        "created": "2026-01-01T00:00:00Z",
        "modified": "2026-01-01T00:00:00Z",
        "dkim_selector": "cf-bounce",
        "return_path_domain": f"cf-bounce.{name}",
        "preview_enabled": True,
        "drop_suppressed_recipients": store().behaviour.drop_suppressed_recipients,
    }
