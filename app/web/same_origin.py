"""Where a request that changes something comes from: only our own pages may ask for it, besides the CSRF token.

Browsers say it in `Sec-Fetch-Site`, older ones in `Origin`. Who says neither is no browser, and needs the token.
"""

from __future__ import annotations

from flask import Flask, abort, request

from app.web.public_names import name_of
from app.web.request import SAFE_METHODS

OPEN_TO_OTHERS = frozenset({"unsubscribe"})
"""Blueprints that mail services and mail programs post to; there nobody is signed in."""
_OWN = frozenset({"same-origin", "none"})
"""`none`: a person did it themselves, for instance by loading a page again."""


def install_same_origin(app: Flask) -> None:
    """Refuse with 403 what a page of somebody else asks us to change."""

    @app.before_request
    def _check() -> None:
        if request.method not in SAFE_METHODS and request.blueprint not in OPEN_TO_OTHERS and not comes_from_us():
            abort(403)


def comes_from_us() -> bool:
    """Whether this request comes from a page of ours, as far as the browser says."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in _OWN:
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    _, _, host = origin.partition("://")
    return bool(host) and name_of(host) == name_of(request.environ.get("HTTP_HOST", ""))
