"""A line of the log for every request: method, route, status, duration and a number of its own.

The route is named as the program knows it (`/sends/<int:send_id>`), never as it was asked for: addresses and what
people search for stand in there.
"""

from __future__ import annotations

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request

from app.logs import log_context

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
"""Taken from a proxy in front when it looks like a number of a request; given back in every answer."""
QUIET = {"web.healthz", "web.readyz", "web.metrics", "static"}
"""Asked for all the time; logged at `debug` when all is well."""
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def route() -> str:
    """Give the route of the request with the names of its parts; `-` when there is none."""
    return request.url_rule.rule if request.url_rule is not None else "-"


def install_request_log(app: Flask) -> None:
    """Log every request. Install it first, so that it sees the answer last."""

    @app.before_request
    def _begin() -> None:
        asked = request.headers.get(HEADER, "")
        g.request_id = asked if _ID.fullmatch(asked) else uuid.uuid4().hex
        g.request_began = time.perf_counter()
        g.request_numbers = log_context(request_id=g.request_id)
        g.request_numbers.__enter__()

    @app.after_request
    def _answered(response: Response) -> Response:
        if "request_began" in g:
            response.headers[HEADER] = g.request_id
            numbers = {
                "method": request.method,
                "route": route(),
                "status": response.status_code,
                "milliseconds": round((time.perf_counter() - g.request_began) * 1000, 1),
            }
            is_quiet = request.endpoint in QUIET and response.status_code < 400
            log.log(logging.DEBUG if is_quiet else logging.INFO, "request", extra=numbers)
        return response

    @app.teardown_request
    def _end(error: BaseException | None) -> None:
        numbers = g.pop("request_numbers", None)
        if numbers is not None:
            numbers.__exit__(None, None, None)
