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
