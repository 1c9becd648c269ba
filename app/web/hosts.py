"""Under which names Postroom answers. A wrong name in a request gets 400, before anything else is done.

A page must not be served under somebody else's name: links would be made with it, and a name that is turned to this
machine (DNS rebinding) would let a stranger's page read ours. Ports do not matter: a proxy may change them.
"""

from __future__ import annotations

from flask import Flask, Response, request

from app.web.public_names import name_of
from app.web.request import services

FOR_RECIPIENTS = ("/u/", "/static/")
"""What is served under the workspaces' public addresses as well, those of today and those that sends went out with."""
ASKED_BY_ADDRESS = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by machines, which name us by a number; they say nothing that a name could change."""
WORDS = (
    "Postroom does not answer under this name. An administrator adds it to POSTROOM_URL or POSTROOM_HOSTS, "
    "or it is mistyped.\n"
)


def install_host_check(app: Flask) -> None:
    """Refuse requests with a name that is none of ours."""

    @app.before_request
    def _check() -> Response | None:
        if request.path in ASKED_BY_ADDRESS:
            return None
        name = name_of(request.environ.get("HTTP_HOST", ""))
        if name in services().settings.host_names:
            return None
        if request.path.startswith(FOR_RECIPIENTS) and services().public_names.has(name):
            return None
        return Response(WORDS, 400, mimetype="text/plain")
