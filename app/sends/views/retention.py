"""The page “How long data are kept”: what sent e-mails say about people, and the words of the trail."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from wtforms import IntegerField, RadioField
from wtforms.validators import Optional

from app.people.models import Workspace
from app.people.roles import Permission
from app.people.trail_keeping import keep_trail_for
from app.refusals import Refused
from app.sends import retention
from app.sends.views.blueprint import Page, blueprint
from app.web.forms import Form
from app.web.request import db, may, me
from app.words import _


class RetentionForm(Form):
    """How long the data of e-mails are kept."""

    keep = RadioField(
        _("Keep the data of sent e-mails"),
        choices=[("ever", _("for ever")), ("days", _("for a number of days"))],
        default="ever",
    )
    days = IntegerField(_("Days after the send is over"), [Optional()])


class TrailForm(Form):
    """How long the words of the trail are kept."""

    keep_trail = RadioField(
        _("Keep the words and addresses of the activity"),
        choices=[("ever", _("for ever")), ("years", _("for a number of years"))],
        default="ever",
    )
    years = IntegerField(_("Years"), [Optional()])


@blueprint.route("/retention", methods=["GET", "POST"])
@may(Permission.ADMINISTER)
def retention_rule() -> Page:
    """How long the data of e-mails are kept."""
    days = _workspace().keep_message_days
    form = RetentionForm(data={"keep": "ever" if days is None else "days", "days": days})
    if form.validate_on_submit():
        try:
            retention.keep_for(db(), me(), (form.days.data or 0) if form.keep.data == "days" else None)
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(_("The retention rule is saved."))
            return redirect(url_for("sends.retention_rule"))
    return _page(form=form), 422 if form.errors else 200


@blueprint.post("/retention/trail")
@may(Permission.ADMINISTER)
def trail_rule() -> Page:
    """How long the words of the trail are kept."""
    form = TrailForm()
    if form.validate_on_submit():
        try:
            keep_trail_for(db(), me(), (form.years.data or 0) if form.keep_trail.data == "years" else None)
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(_("The rule for the activity is saved."))
            return redirect(url_for("sends.retention_rule"))
    return _page(trail=form), 422


def _workspace() -> Workspace:
    return db().get_one(Workspace, me().workspace_id)


def _page(*, form: RetentionForm | None = None, trail: TrailForm | None = None) -> str:
    days, years = _workspace().keep_message_days, _workspace().keep_trail_years
    form = form or RetentionForm(formdata=None, keep="ever" if days is None else "days", days=days)
    trail = trail or TrailForm(formdata=None, keep_trail="ever" if years is None else "years", years=years)
    return render_template("sends/retention.html", form=form, trail_form=trail)
