"""The blueprint of the list pages, and what its two modules of views share."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response
from werkzeug.utils import secure_filename
from werkzeug.wrappers import Response as Answer

blueprint = Blueprint("recipients", __name__, url_prefix="/lists")
Page = str | Answer | tuple[str, int]


def csv_response(content: Iterator[str] | str, name: str) -> Response:
    """Answer with a CSV file named after `name`."""
    answer = Response(content, mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{secure_filename(name) or 'list'}.csv")
    answer.headers["Cache-Control"] = "no-store"
    return answer
