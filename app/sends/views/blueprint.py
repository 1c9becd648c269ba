"""The blueprint of the send pages, and what its views share."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from app.words import _

blueprint = Blueprint("sends", __name__, url_prefix="/sends")
Page = str | Response | tuple[str, int]

STEPS = (
    ("sends.what", _("Template and people")),
    ("sends.sender", _("Sender and headers")),
    ("sends.values", _("Values and files")),
    ("sends.review", _("Review and release")),
)
