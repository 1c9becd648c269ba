"""The blueprint of the template pages; every module of views registers on it."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

from app.emails.languages import direction, language_name

blueprint = Blueprint("emails", __name__, url_prefix="/templates")
Page = str | AnyResponse | tuple[str, int]


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"language_name": language_name, "direction": direction}
