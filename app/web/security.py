"""Headers every answer carries."""

from __future__ import annotations

from flask import Flask, Response

from app.settings import Settings
from app.web.request import services

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; font-src 'self'; frame-src 'self'; "
    "img-src 'self' data:; worker-src 'none'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""No inline script or style anywhere (design, section 7). `frame-src`: the frames that show e-mails, which have a
policy of their own (`frames.py`); `img-src data:`: pictures in them; `connect-src`: htmx and the editor."""
PERMISSIONS = ", ".join(
    (
        *(
            f"{name}=()"
            for name in "accelerometer camera display-capture geolocation gyroscope magnetometer microphone midi "
            "payment screen-wake-lock serial usb xr-spatial-tracking".split()
        ),
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    )
)
"""What a browser may be asked for: only keys to sign in with."""
HSTS = "max-age=31536000"
"""A year; other names below this one are not ours to decide about."""
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
    "X-Permitted-Cross-Domain-Policies": "none",
}


def install_headers(app: Flask) -> None:
    """Add the security headers to every answer; a view's own policy (foreign HTML) stays."""

    @app.after_request
    def _add(response: Response) -> Response:
        has_own = "Content-Security-Policy" in response.headers
        response.headers.setdefault("X-Frame-Options", "SAMEORIGIN" if has_own else "DENY")
        response.headers.setdefault("Content-Security-Policy", POLICY)
        for name, value in ALWAYS.items():
            response.headers.setdefault(name, value)
        if services().settings.secure_cookies:
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        if response.mimetype == "text/html":
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def cookie_settings(settings: Settings) -> dict[str, object]:
    """Give how the sign-in cookie is kept: never readable by scripts, not sent along from elsewhere.

    Over https it has the prefix with which browsers take it only from this very host, over https, for all paths.
    """
    return {
        "SESSION_COOKIE_NAME": "__Host-postroom" if settings.secure_cookies else "postroom",
        "SESSION_COOKIE_SAMESITE": "Lax",  # a link in an e-mail must open the page it names
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "SESSION_COOKIE_PATH": "/",
    }
