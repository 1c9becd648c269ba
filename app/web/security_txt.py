"""`/.well-known/security.txt` (RFC 9116): whom to tell about a weakness, when the settings name somebody."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort

from app.db import now
from app.web.request import services

blueprint = Blueprint("security_txt", __name__)
VALID_FOR = timedelta(days=180)
"""It says of itself when it ends; the RFC recommends less than a year."""


@blueprint.get("/.well-known/security.txt")
def show() -> Response:
    """Say whom to tell."""
    settings = services().settings
    if not settings.security_contact:
        abort(404)
    until = (now() + VALID_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = (
        f"Contact: {settings.security_contact}",
        f"Expires: {until:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {settings.url}/.well-known/security.txt",
    )
    return Response("".join(f"{line}\n" for line in lines), mimetype="text/plain")
