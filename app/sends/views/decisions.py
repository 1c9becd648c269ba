"""Pages of what a person decides after a send: try again, decide doubts, follow up, send again."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for

from app.emails.templates import newest_versions
from app.people.roles import Permission
from app.refusals import NotThere, Refused
from app.sends import audience, control, deciding, following, results, retrying
from app.sends.deciding import Decision
from app.sends.models import Message, Outcome, Send
from app.sends.tallies import counts
from app.sends.views.blueprint import Page, blueprint
from app.sends.views.forms import SendAgainForm
from app.sends.words import why_words
from app.web.numbers import row_number
from app.web.request import db, may, me, services
from app.words import _, _n

PAGE = 25


@blueprint.app_context_processor
def _words() -> dict[str, object]:
    return {
        "why_words": why_words,
        "audience_words": audience.words,
        "audience_size": lambda send: audience.size(db(), send),
        "undecided_count": lambda send: deciding.undecided_count(db(), send),
        "follow_ups_of": lambda send: following.follow_ups_of(db(), send),
        "CAN_BE_RETRIED": retrying.CAN_BE_RETRIED,
        "CAN_BE_SENT_AGAIN": audience.CAN_BE_CHOSEN,
    }


@blueprint.route("/<int:send_id>/retry", methods=["GET", "POST"])
@may(Permission.SEND)
def retry(send_id: int) -> Page:
    """Ask, and then try failed or refused e-mails again: a group, or one."""
    send, message = _send_and_message(send_id)
    outcome = message.state if message else _outcome() or Outcome.FAILED
    message_id = message.id if message else None
    if request.method == "POST":
        chosen = [_counted(one) for one in request.form.getlist("reason")]
        moved = retrying.retry(
            db(),
            me(),
            send_id,
            outcome,
            reasons=[code for _, code in chosen],
            seen=sum(count for count, _ in chosen),
            upto=_upto(),
            message_id=message_id,
        )
        return _to_go_again(send_id, moved)
    upto = retrying.last_attempt(db())  # before the counts: what is attempted meanwhile is not counted as seen
    reasons = retrying.reasons_of(db(), send, outcome, message_id) if outcome in retrying.CAN_BE_RETRIED else []
    return render_template("sends/retry.html", send=send, message=message, outcome=outcome, reasons=reasons, upto=upto)


@blueprint.route("/<int:send_id>/decide", methods=["GET", "POST"])
@may(Permission.SEND)
def decide(send_id: int) -> Page:
    """Show what is known of e-mails in doubt, and decide: all, or one."""
    send, message = _send_and_message(send_id)
    message_id, left = message.id if message else None, request.args.get("left") == "1"
    if request.method == "POST":
        decision = _decision()
        seen = request.form.get("seen", 0, type=row_number)
        count = deciding.decide(
            db(), me(), send_id, decision, seen=seen, upto=_upto(), left=left, message_id=message_id
        )
        if decision is Decision.SEND_AGAIN:
            return _to_go_again(send_id, count)
        flash(
            _n("%(count)s e-mail left in doubt.", "%(count)s e-mails left in doubt.", count)
            if decision is Decision.LEAVE
            else _n("%(count)s e-mail marked as sent.", "%(count)s e-mails marked as sent.", count)
        )
        return redirect(url_for("sends.show", send_id=send_id))
    upto = retrying.last_attempt(db())  # before the counts, as above
    after = request.args.get("after", 0, type=row_number)
    known = deciding.known_of(db(), send, left=left, message_id=message_id, after=after, limit=PAGE + 1)
    more = len(known) > PAGE
    next_url = (
        url_for("sends.decide", send_id=send_id, left=int(left), after=known[PAGE - 1].message.id) if more else None
    )
    doubt = deciding.doubt_of(db(), send, left=left, message_id=message_id)
    return render_template(
        "sends/decide.html",
        send=send,
        message=message,
        left=left,
        doubt=doubt,
        count=doubt.left if left else doubt.undecided,
        known=known[:PAGE],
        next_url=next_url,
        upto=upto,
    )


@blueprint.post("/<int:send_id>/follow-added")
@may(Permission.SEND)
def follow_added(send_id: int) -> Page:
    """Begin a draft to people added to the list since."""
    try:
        draft = following.follow_added(db(), me(), send_id)
    except Refused as refusal:
        flash(refusal.words, "warn")
        return redirect(url_for("sends.show", send_id=send_id))
    return redirect(url_for("sends.review", send_id=draft.id))


@blueprint.route("/<int:send_id>/send-again", methods=["GET", "POST"])
@may(Permission.SEND)
def send_again(send_id: int) -> Page:
    """Choose a version and groups, and begin a draft to those whom the send did not reach."""
    send = _released(send_id)
    if request.method == "GET":
        group = _outcome()
        chosen = [str(group)] if group in audience.CAN_BE_CHOSEN else []
        return _send_again_page(send, SendAgainForm(formdata=None, version=_newest_version(send), groups=chosen))
    form = SendAgainForm()
    try:
        draft = following.follow_not_reached(
            db(), me(), send_id, version_id=form.version.data or 0, groups=form.groups.data or []
        )
    except Refused as refusal:
        form.show(refusal)
        return _send_again_page(send, form), 422
    return redirect(url_for("sends.values" if draft.from_address else "sends.sender", send_id=draft.id))


def _send_again_page(send: Send, form: SendAgainForm) -> str:
    versions, own = list(newest_versions(db(), me())), send.template_version
    if own is not None and own not in versions:
        versions.insert(0, own)
    form.version.choices = [(one.id, one.title) for one in versions]
    tally = counts(db(), send.id)
    groups = [(one, tally[one]) for one in audience.CAN_BE_CHOSEN]
    return render_template("sends/send_again.html", send=send, form=form, groups=groups)


def _newest_version(send: Send) -> int:
    """Give the newest version of the send's template, else its own."""
    own = send.template_version
    if own is None:
        return 0
    newest = [one.id for one in newest_versions(db(), me()) if one.template_id == own.template_id]
    return newest[0] if newest else own.id


def _to_go_again(send_id: int, count: int) -> Page:
    db().commit()
    services().queue.wake(send_id)
    flash(_n("%(count)s e-mail to be sent again.", "%(count)s e-mails to be sent again.", count))
    return redirect(url_for("sends.show", send_id=send_id))


def _send_and_message(send_id: int) -> tuple[Send, Message | None]:
    """Find the send, and the one message that the address names, if it names one. Raises NotThere."""
    message_id = request.args.get("message", type=row_number)
    if message_id is None:
        return _released(send_id), None
    return results.find_message(db(), me(), send_id, message_id)


def _released(send_id: int) -> Send:
    send = control.find_send(db(), me(), send_id)
    if send.released_at is None:
        raise NotThere("results")
    return send


def _outcome() -> Outcome | None:
    name = request.args.get("group", "")
    return Outcome(name) if name in set(Outcome) else None


def _decision() -> Decision:
    name = request.form.get("decision", "")
    if name not in set(Decision):
        raise Refused(_("Choose one of the three ways. Nothing was changed."))
    return Decision(name)


def _upto() -> int:
    """Read the newest attempt that the page knew of."""
    return request.form.get("upto", 0, type=row_number)


def _counted(value: str) -> tuple[int, str]:
    """Read a ticked reason: how many the person saw of it, and its code."""
    count, _colon, code = value.partition(":")
    return (int(count) if count.isascii() and count.isdecimal() and len(count) < 10 else 0), code
