"""The header composer of the editor: what is wrong with what is typed, and its buttons."""

from __future__ import annotations

from flask import url_for

from app.emails import templates
from app.emails.views.blueprint import Page, blueprint
from app.people.roles import Permission
from app.web.header_rows import answer, composer, given_headers
from app.web.request import db, may, me


@blueprint.post("/<int:template_id>/headers")
@may(Permission.WRITE)
def check_headers(template_id: int) -> Page:
    """Answer with what is wrong with the headers typed so far; with the composer when one of its buttons asks."""
    template = templates.find_template(db(), me(), template_id)
    check_url = url_for("emails.check_headers", template_id=template.id)
    return answer(composer(given_headers(), check_url=check_url))
