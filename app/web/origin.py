"""Telling the trail from where a request comes: the client's address, and the browser in words."""

from __future__ import annotations

from flask import Flask, g, request

from app.audit.origin import Origin, Via, begin, end
from app.web.browsers import browser_in_words


def install_origin(app: Flask) -> None:
    """Say at the beginning of each request from where it comes, and forget it at its end."""

    @app.before_request
    def _begin() -> None:
        browser = browser_in_words(request.headers.get("User-Agent", ""))
        g.origin = begin(Origin(Via.PAGES, request.remote_addr or "", browser))

    @app.teardown_request
    def _end(error: BaseException | None) -> None:
        token = g.pop("origin", None)
        if token is not None:
            end(token)
