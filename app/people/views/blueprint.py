"""The blueprint that the views of sign-in, people and settings share."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

blueprint = Blueprint("people", __name__)
Page = str | Response | tuple[str, int]
"""What a view gives: a page, an answer, or a page with its status."""
