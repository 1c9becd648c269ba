"""What somebody sets for themselves, in all their workspaces."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for

from app.people import resets, signing_in, zones
from app.people.proving import prove_password
from app.people.roles import Permission
from app.people.sign_in_models import WAY_WORDS
from app.people.views.blueprint import Page, blueprint
from app.people.views.forms import TimezoneForm
from app.people.views.sign_in_forms import ChangePasswordForm
from app.refusals import Refused
from app.web.request import db, may, me, services, sign_in_of_request
from app.web.sign_in import clear_cookie
from app.words import _


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
    zone = zones.zone_label(me().timezone)
    flash(_("Times are shown in %(zone)s.", zone=zone) if zone else _("Times are shown in the zone of your browser."))
    return redirect(url_for("people.you"))


@blueprint.post("/you/password")
@may(Permission.LOOK)
def change_password() -> Page:
    """Choose a new password; whoever does must have the present one."""
    form, here = ChangePasswordForm(), sign_in_of_request()
    if form.validate_on_submit() and here is not None:
        try:
            wrong = _("This is not your present password.")
            typed, address = form.present.data or "", request.remote_addr or ""
            prove_password(db(), me().email, typed, address, field="present", wrong=wrong)
            resets.change_password(db(), services().settings, me(), form.new_password.data or "", keep=here.id)
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(_("Your password is changed. You are signed out everywhere else."))
            return redirect(url_for("people.you"))
    return _page(password_form=form), 422


@blueprint.post("/you/sign-out")
@may(Permission.LOOK)
def end_sign_in() -> Page:
    """End one of one's sign-ins, or all of them."""
    which = request.form.get("which", "")
    if which == "all":
        signing_in.end_everywhere(db(), me())
        clear_cookie()
        flash(_("You are signed out everywhere."))
        return redirect(url_for("people.sign_in"))
    if which.isdecimal():
        ended = signing_in.end_sign_in(db(), me(), int(which[:9]))
        flash(_("Signed out: %(browser)s.", browser=ended.browser_words))
    return redirect(url_for("people.you"))


def _page(timezone_form: TimezoneForm | None = None, password_form: ChangePasswordForm | None = None) -> str:
    timezone_form = timezone_form or TimezoneForm(formdata=None, obj=me())
    timezone_form.timezone.choices = [
        ("", _("As the browser says")),
        *((one, zones.zone_label(one)) for one in zones.zone_names()),
    ]
    return render_template(
        "people/you.html",
        timezone_form=timezone_form,
        password_form=password_form or ChangePasswordForm(formdata=None),
        sign_ins=signing_in.sign_ins_of(db(), services().settings, me().account_id),
        here=sign_in_of_request(),
        way_words=WAY_WORDS,
    )
