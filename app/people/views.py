"""Sign-in and the settings page."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from app.delivery import pacing
from app.people import accounts, connection, public_address, senders, zones
from app.people.forms import ConnectionForm, PersonForm, PublicAddressForm, SenderForm, SignInForm, TimezoneForm
from app.people.models import Role
from app.recipients.suppression_adding import go_on_syncing
from app.refusals import Refused
from app.sends import events
from app.web.request import administrators_only, db, me, services
from app.web.sign_in import safe_target

blueprint = Blueprint("people", __name__)
Page = str | Response | tuple[str, int]
CHECK_CALLS = 6
"""Calls that a check of the connection makes, about; they count for the pace."""


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Page:
    """Sign in, then go where the person wanted to go."""
    target = safe_target(request.args.get("next")) or url_for("web.home")
    if current_user.is_authenticated:
        return redirect(target)
    form = SignInForm()
    if form.validate_on_submit():
        person = accounts.check_password(db(), form.email.data or "", form.password.data or "")
        if person is not None:
            login_user(person)
            return redirect(target)
        form.show(Refused("The address or the password is not right."))
    return render_template("people/sign_in.html", form=form), 422 if form.errors else 200


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """Sign out."""
    logout_user()
    return redirect(url_for("people.sign_in"))


@blueprint.get("/settings")
def settings() -> Page:
    """Show the connection, senders, people and mode."""
    return _settings_page()


@blueprint.post("/settings/timezone")
def save_timezone() -> Page:
    """Choose one's own time zone."""
    form = TimezoneForm()
    try:
        zones.change_timezone(db(), me(), form.timezone.data or "")
    except Refused as refusal:
        form.show(refusal)
        return _settings_page(timezone_form=form), 422
    flash(f"Times are shown in {zones.zone_label(me().timezone) or 'the zone of your browser'}.")
    return redirect(url_for("people.settings", _anchor="you"))


@blueprint.post("/settings/connection")
@administrators_only
def save_connection() -> Page:
    """Save the connection."""
    form = ConnectionForm()
    if form.validate_on_submit():
        try:
            connection.save_connection(
                db(),
                me(),
                services().settings,
                account_id=form.account_id.data or "",
                token=form.token.data or "",
                base_url=form.base_url.data or "",
                calls_per_5_minutes=form.calls_per_5_minutes.data or 0,
            )
        except Refused as refusal:
            form.show(refusal)
        else:
            events.read_again(db(), me().workspace_id)
            go_on_syncing(db(), me().workspace_id)
            flash("Saved. Now check the connection.")
            return redirect(url_for("people.settings"))
    return _settings_page(connection_form=form), 422


@blueprint.post("/settings/connection/check")
@administrators_only
def check_connection() -> Page:
    """Ask the service what works; no transaction is open meanwhile."""
    session, person = db(), me()
    try:
        parameters = connection.resolve(session, services().settings, person.workspace_id)
    except connection.NotConnected as missing:
        findings = [connection.Finding(False, "Connection", missing.words)]
        domains: list[str] = []
    else:
        session.commit()
        findings, domains = connection.check(parameters)
        pacing.spend(session, parameters.account_id, parameters.calls_per_5_minutes, CHECK_CALLS)
    connection.keep_report(session, person, findings, domains)
    events.read_again(session, person.workspace_id)
    go_on_syncing(session, person.workspace_id)
    return redirect(url_for("people.settings", _anchor="connection"))


@blueprint.post("/settings/public-address")
@administrators_only
def save_public_url() -> Page:
    """Set the address in the unsubscribe links."""
    form = PublicAddressForm()
    if form.validate_on_submit():
        try:
            url = public_address.change_public_url(db(), me(), form.public_url.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(f"Unsubscribe links now begin with {url}/u/." if url else "There is no unsubscribe link any more.")
            return redirect(url_for("people.settings", _anchor="public-address"))
    return _settings_page(public_form=form), 422


@blueprint.post("/settings/senders")
@administrators_only
def add_sender() -> Page:
    """Add a sender identity."""
    form = SenderForm(prefix="sender-")
    if form.validate_on_submit():
        try:
            sender = senders.add_sender(
                db(),
                me(),
                local_part=form.local_part.data or "",
                domain=form.domain.data or "",
                name=form.name.data or "",
                reply_to=form.reply_to.data or "",
            )
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(f"Staff may now send as {sender.address}.")
            return redirect(url_for("people.settings", _anchor="senders"))
    return _settings_page(sender_form=form), 422


@blueprint.post("/settings/senders/<int:sender_id>/retire")
@administrators_only
def retire_sender(sender_id: int) -> Page:
    """Offer a sender no longer."""
    sender = senders.retire_sender(db(), me(), sender_id)
    flash(f"{sender.address} is no longer offered. Past sends keep it.")
    return redirect(url_for("people.settings", _anchor="senders"))


@blueprint.post("/settings/people")
@administrators_only
def add_person() -> Page:
    """Let somebody new sign in."""
    form = PersonForm(prefix="person-")
    if form.validate_on_submit():
        try:
            person = accounts.add_person(
                db(),
                me().workspace,
                email=form.email.data or "",
                name=form.name.data or "",
                password=form.password.data or "",
                role=Role(form.role.data),
                actor=me(),
            )
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(f"{person.name} may now sign in.")
            return redirect(url_for("people.settings", _anchor="people"))
    return _settings_page(person_form=form), 422


@blueprint.post("/settings/mode")
@administrators_only
def switch_mode() -> Page:
    """Switch between trial mode and live."""
    live = request.form.get("mode") == "live"
    connection.switch_live(db(), me(), live=live)
    flash(
        "Postroom is live: e-mail now goes to everybody on a list."
        if live
        else "Trial mode: only the team gets e-mail."
    )
    return redirect(url_for("people.settings"))


def _settings_page(
    *,
    connection_form: ConnectionForm | None = None,
    sender_form: SenderForm | None = None,
    person_form: PersonForm | None = None,
    public_form: PublicAddressForm | None = None,
    timezone_form: TimezoneForm | None = None,
) -> str:
    session, person = db(), me()
    stored = connection.stored_connection(session, person.workspace_id)
    sender_form = sender_form or SenderForm(formdata=None, prefix="sender-")
    sender_form.domain.choices = [(name, name) for name in stored.domains]
    timezone_form = timezone_form or TimezoneForm(formdata=None, obj=person)
    timezone_form.timezone.choices = [
        ("", "As the browser says"),
        *((one, zones.zone_label(one)) for one in zones.zone_names()),
    ]
    return render_template(
        "people/settings.html",
        timezone_form=timezone_form,
        stored=stored,
        reading=events.reading_of(session, person.workspace_id),
        fixed=services().settings,
        connection_form=connection_form or ConnectionForm(formdata=None, obj=stored),
        sender_form=sender_form,
        public_form=public_form or PublicAddressForm(formdata=None, obj=person.workspace),
        person_form=person_form or PersonForm(formdata=None, prefix="person-"),
        senders=senders.senders(session, person.workspace_id),
        team=accounts.team(session, person.workspace_id),
    )
