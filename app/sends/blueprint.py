"""The blueprint of the send pages, and what its views share."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

blueprint = Blueprint("sends", __name__, url_prefix="/sends")
Page = str | Response | tuple[str, int]

STEPS = (
    ("sends.what", "Template and people"),
    ("sends.sender", "Sender and headers"),
    ("sends.values", "Values and files"),
    ("sends.review", "Review and release"),
)
