"""The blueprint that the views of second factors, passkeys and the identity provider share."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for

from app.people.views.blueprint import Page

blueprint = Blueprint("factors", __name__)
__all__ = ["Page", "blueprint", "stopped"]


def stopped(heading: str, words: str, status: int = 403) -> Page:
    """Say that a sign-in goes no further, why, and lead back to its beginning."""
    return render_template(
        "people/sign_in_stopped.html", heading=heading, words=words, again=url_for("people.sign_in")
    ), status
