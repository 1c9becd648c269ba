"""The settings page: connection, senders, mode, the address in unsubscribe links."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for

from app.delivery import pacing
from app.people import connection, own_mail, public_address, senders
from app.people.own_mail_models import STATE_WORDS
from app.people.roles import Permission
from app.people.views.blueprint import Page, blueprint
from app.people.views.forms import ConnectionForm, OwnMailForm, PublicAddressForm, SenderForm
from app.recipients.suppressions.adding import go_on_syncing
from app.refusals import Refused
from app.sends import events
from app.web.request import db, may, me, services
from app.words import _

CHECK_CALLS = 6
"""Calls that a check of the connection makes, about; they count for the pace."""


@blueprint.get("/settings")
@may(Permission.LOOK)
def settings() -> Page:
    """Show the connection, senders and mode."""
    return _settings_page()


@blueprint.post("/settings/connection")
@may(Permission.ADMINISTER)
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
            flash(_("Saved. Now check the connection."))
            return redirect(url_for("people.settings"))
    return _settings_page(connection_form=form), 422


@blueprint.post("/settings/connection/check")
@may(Permission.ADMINISTER)
def check_connection() -> Page:
    """Ask the service what works; no transaction is open meanwhile."""
    session, person = db(), me()
    try:
        parameters = connection.resolve(session, services().settings, person.workspace_id)
    except connection.NotConnected as missing:
        findings = [connection.Finding(False, _("Connection"), missing.words)]
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
@may(Permission.ADMINISTER)
def save_public_url() -> Page:
    """Set the address in the unsubscribe links."""
    form = PublicAddressForm()
    if form.validate_on_submit():
        try:
            url = public_address.change_public_url(db(), me(), form.public_url.data or "")
        except Refused as refusal:
            form.show(refusal)
        else:
            flash(
                _("Unsubscribe links now begin with %(url)s/u/.", url=url)
                if url
                else _("There is no unsubscribe link any more.")
            )
            return redirect(url_for("people.settings", _anchor="public-address"))
    return _settings_page(public_form=form), 422


@blueprint.post("/settings/senders")
@may(Permission.ADMINISTER)
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
            flash(_("Staff may now send as %(address)s.", address=sender.address))
            return redirect(url_for("people.settings", _anchor="senders"))
    return _settings_page(sender_form=form), 422


@blueprint.post("/settings/senders/<int:sender_id>/retire")
@may(Permission.ADMINISTER)
def retire_sender(sender_id: int) -> Page:
    """Offer a sender no longer."""
    sender = senders.retire_sender(db(), me(), sender_id)
    flash(_("%(address)s is no longer offered. Past sends keep it.", address=sender.address))
    return redirect(url_for("people.settings", _anchor="senders"))


@blueprint.post("/settings/own-mail")
@may(Permission.ADMINISTER)
def choose_own_sender() -> Page:
    """Choose who Postroom's own e-mails come from."""
    form = OwnMailForm()
    form.offer(senders.senders(db(), me().workspace_id))
    if form.validate_on_submit():
        sender = own_mail.choose_sender(db(), me(), form.sender.data or None)
        flash(
            _("They now come from %(address)s.", address=sender.address)
            if sender
            else _("Postroom sends no e-mails of its own any more.")
        )
        return redirect(url_for("people.settings", _anchor="own-mail"))
    return _settings_page(own_form=form), 422


@blueprint.post("/settings/mode")
@may(Permission.ADMINISTER)
def switch_mode() -> Page:
    """Switch between trial mode and live."""
    live = request.form.get("mode") == "live"
    connection.switch_live(db(), me(), live=live)
    flash(
        _("Postroom is live: e-mail now goes to everybody on a list.")
        if live
        else _("Trial mode: only the team gets e-mail.")
    )
    return redirect(url_for("people.settings"))


def _settings_page(
    *,
    connection_form: ConnectionForm | None = None,
    sender_form: SenderForm | None = None,
    public_form: PublicAddressForm | None = None,
    own_form: OwnMailForm | None = None,
) -> str:
    session, person = db(), me()
    stored = connection.stored_connection(session, person.workspace_id)
    sender_form = sender_form or SenderForm(formdata=None, prefix="sender-")
    sender_form.domain.choices = [(name, name) for name in stored.domains]
    offered = senders.senders(session, person.workspace_id)
    if own_form is None:
        own_form = OwnMailForm(formdata=None, data={"sender": person.workspace.own_mail_sender_id or 0})
        own_form.offer(offered)
    return render_template(
        "people/settings.html",
        own_form=own_form,
        own_mails=own_mail.newest(session, person.workspace_id),
        own_words=STATE_WORDS,
        stored=stored,
        reading=events.reading_of(session, person.workspace_id),
        fixed=connection.from_environment(session, services().settings, person.workspace_id),
        connection_form=connection_form or ConnectionForm(formdata=None, obj=stored),
        sender_form=sender_form,
        public_form=public_form or PublicAddressForm(formdata=None, obj=person.workspace),
        senders=offered,
    )
