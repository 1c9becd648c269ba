"""The blueprint of the template pages; every module of views registers on it."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

blueprint = Blueprint("emails", __name__, url_prefix="/templates")
Page = str | AnyResponse | tuple[str, int]
