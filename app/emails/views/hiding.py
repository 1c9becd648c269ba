"""The page of a template on which values are marked that are hidden after sending."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from wtforms import RadioField, StringField

from app.emails import hiding, templates
from app.emails.content import ALL_VALUES
from app.emails.hiding import HIDING_WORDS, Hiding
from app.emails.views.blueprint import Page, blueprint
from app.people.roles import Permission
from app.refusals import Refused
from app.sends.hiding import DOUBT_HOURS
from app.web.forms import Form, strip
from app.web.request import db, may, me
from app.words import _


class HidingForm(Form):
    """Which values are hidden."""

    hiding = RadioField(
        _("Values of sent e-mails"),
        choices=[(str(one), words) for one, words in HIDING_WORDS.items()],
        default=str(Hiding.NONE),
    )
    names = StringField(_("Variables, with commas between them"), filters=[strip], render_kw={"autocomplete": "off"})


@blueprint.route("/<int:template_id>/hiding", methods=["GET", "POST"])
@may(Permission.WRITE)
def hide_after_sending(template_id: int) -> Page:
    """Mark which values are hidden after sending; the next published version has it."""
    template = templates.find_template(db(), me(), template_id)
    draft = template.draft
    shown = [one for one in draft.hides if one != ALL_VALUES]
    form = HidingForm(data={"hiding": str(hiding.hiding_of(draft)), "names": ", ".join(shown)})
    if form.validate_on_submit():
        try:
            hiding.change_hiding(db(), me(), template_id, Hiding(form.hiding.data), form.names.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(_("Saved in the draft. It counts for sends of the next version: publish it."))
            return redirect(url_for("emails.edit", template_id=template_id))
    page = render_template("emails/hiding.html", template=template, form=form, doubt_hours=DOUBT_HOURS)
    return page, 422 if form.errors else 200
