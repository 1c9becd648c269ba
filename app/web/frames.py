"""Showing HTML that is not ours: in a sandboxed frame with a policy of its own."""

from __future__ import annotations

from flask import Response


def foreign_html(html: str, *, images: bool = False) -> Response:
    """Answer with an e-mail's HTML that can run nothing and, unless `images`, loads nothing from elsewhere."""
    response = Response(html, mimetype="text/html")
    sources = "data: https: http:" if images else "data:"
    response.headers["Content-Security-Policy"] = (
        "sandbox; default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
        f"style-src 'unsafe-inline'; img-src {sources}"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def paper(*, images: bool = False, old: bool = False) -> Response:
    """Answer with a blank page on which the browser lays an e-mail while it is written (static/frames.js).

    It may be reached by our own page, so that only what changed is put in its place; nothing in it can run.
    `old`: without a doctype, as an e-mail without one is measured.
    """
    html = '<html lang="en"><head><title>E-mail</title></head><body></body></html>'
    response = foreign_html(html if old else f"<!doctype html>{html}", images=images)
    policy = response.headers["Content-Security-Policy"]
    response.headers["Content-Security-Policy"] = policy.replace("sandbox;", "sandbox allow-same-origin;", 1)
    return response
