"""The blueprint of the template pages; every module of views registers on it."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response as AnyResponse

from app.emails.languages import direction, language_name
from app.emails.script_words import editor_words, frame_words

blueprint = Blueprint("emails", __name__, url_prefix="/templates")
Page = str | AnyResponse | tuple[str, int]

# Not by a context processor: the macros of the toolbar are imported without the page's context.
for _function in (editor_words, frame_words):
    blueprint.add_app_template_global(_function)


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {"language_name": language_name, "direction": direction}
