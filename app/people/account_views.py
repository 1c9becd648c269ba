"""What somebody sets for themselves, in all their workspaces."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for

from app.people import zones
from app.people.blueprint import Page, blueprint
from app.people.forms import TimezoneForm
from app.people.roles import Permission
from app.refusals import Refused
from app.web.request import db, may, me


@blueprint.get("/you")
@may(Permission.LOOK)
def you() -> Page:
    """Show one's own settings."""
    return _page()


@blueprint.post("/you/timezone")
@may(Permission.LOOK)
def save_timezone() -> Page:
    """Choose one's own time zone."""
    form = TimezoneForm()
    try:
        zones.change_timezone(db(), me(), form.timezone.data or "")
    except Refused as refusal:
        form.show(refusal)
        return _page(form), 422
    flash(f"Times are shown in {zones.zone_label(me().timezone) or 'the zone of your browser'}.")
    return redirect(url_for("people.you"))


def _page(timezone_form: TimezoneForm | None = None) -> str:
    timezone_form = timezone_form or TimezoneForm(formdata=None, obj=me())
    timezone_form.timezone.choices = [
        ("", "As the browser says"),
        *((one, zones.zone_label(one)) for one in zones.zone_names()),
    ]
    return render_template("people/you.html", timezone_form=timezone_form)
