"""The activity page."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from app.audit.trail import latest
from app.people.accounts import team
from app.people.roles import Permission
from app.web.numbers import row_number
from app.web.request import db, may, me

blueprint = Blueprint("audit", __name__)
PAGE = 50


@blueprint.get("/activity")
@may(Permission.LOOK)
def activity() -> str:
    """Who did what, newest first."""
    session, person = db(), me()
    entries = latest(session, person.workspace_id, before=request.args.get("before", type=row_number), limit=PAGE + 1)
    more = len(entries) > PAGE
    entries = entries[:PAGE]
    return render_template(
        "audit/activity.html",
        entries=entries,
        names={one.id: one.name for one in team(session, person.workspace_id)},
        next_url=url_for("audit.activity", before=entries[-1].id) if more else None,
    )
