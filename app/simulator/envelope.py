"""Answers in the vendor's envelope (API.md, sections 1 and 6)."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from app.cloudflare.errors import KINDS, PREFIX


def success(result: Any, **more: Any) -> Response:
    """A 200 with a result."""
    return jsonify(success=True, errors=[], messages=[], result=result, **more)


def refusal(status: int, code: int | str | None, message: str) -> Response:
    """A failure with one error; `code` None leaves it out, as the vendor does in places."""
    error: dict[str, Any] = {"message": message}
    if code is not None:
        error["code"] = int(code) if str(code).isdigit() else code
    response = jsonify(success=False, errors=[error], messages=[], result=None)
    response.status_code = status
    return response


def over_global_limit(seconds: float) -> Response:
    """The gateway's 429: the whole API is closed for so long (section 15)."""
    response = refusal(429, 10429, "Rate limited. Please wait and consider throttling your request speed")
    response.headers["Retry-After"] = str(max(1, round(seconds)))
    return response


def documented(cause: str, retry_after: int | None = None) -> Response:
    """One of the documented errors of Email Sending."""
    kind = KINDS[cause]
    response = refusal(kind.status or 500, kind.code, PREFIX + cause)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
