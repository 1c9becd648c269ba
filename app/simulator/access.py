"""Who may call what: token, account and rate, checked before anything else (API.md, sections 1, 2 and 6)."""

from __future__ import annotations

from flask import Response, request

from app.simulator.envelope import documented, refusal
from app.simulator.settings import Behaviour


def refuse_token(behaviour: Behaviour, *, account_id: str | None, scope: str) -> Response | None:
    """None when the token may do this in this account, else the refusal."""
    if not request.headers.get("Authorization") and request.headers.get("X-Auth-Key"):
        return documented("authentication.bad_token_type")
    scopes = _scopes(behaviour)
    if scopes is None or {"disabled", "expired"} & set(scopes):
        return documented("authentication.unauthorized")
    if "wrong_kind" in scopes:
        return documented("authentication.bad_token_type")
    if account_id is not None and account_id != behaviour.account_id:
        return documented("not_found")
    if "not_entitled" in scopes:
        return documented("authentication.not_entitled")
    if scope not in scopes and not (scope == "read" and "send" in scopes):
        return documented("authentication.forbidden")
    return None


def token_status(behaviour: Behaviour) -> Response | str:
    """Give the status of the token, or the refusal of a token that does not exist."""
    scopes = _scopes(behaviour)
    if scopes is None:
        return refusal(401, 1000, "Invalid API Token")
    return next((word for word in ("disabled", "expired") if word in scopes), "active")


def scopes_of_token(behaviour: Behaviour) -> list[str]:
    """Give the scopes of the bearer token; none when it is not known."""
    return _scopes(behaviour) or []


def _scopes(behaviour: Behaviour) -> list[str] | None:
    """Give the scopes of the bearer token; None when there is none that is known."""
    header = request.headers.get("Authorization", "")
    return behaviour.tokens.get(header.removeprefix("Bearer ").strip()) if header.startswith("Bearer ") else None
