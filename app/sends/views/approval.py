"""Pages of approval: the rule, what an approver looks at and decides, and an emergency."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for

from app.cloudflare.inline_images import html_of_request
from app.delivery import finishing
from app.people.approval import (
    approvers_of,
    find_request,
    refusal_to_decide,
    rule_of,
    story_of,
    waiting_request,
)
from app.people.approval_models import SCOPE_WORDS, STATE_WORDS, ApprovalRequest, ApprovalState
from app.people.roles import Permission
from app.people.senders import senders
from app.refusals import NotThere, Refused
from app.sends import approval_rule as rules
from app.sends import approving, choosing, compose, control, looking, release
from app.sends.last_time import last_time
from app.sends.models import Send, SendState
from app.sends.sampling import neighbours_in, sample_of
from app.sends.views.approval_forms import EmergencyForm, RuleForm, SendBackForm, StartForm
from app.sends.views.blueprint import Page, blueprint
from app.web.frames import foreign_html
from app.web.numbers import row_number
from app.web.request import db, may, me, services
from app.words import _, _p, in_a_row, joined

PROBLEMS = 25
"""Problems of the review that are shown at once."""


@blueprint.app_context_processor
def _approval_words() -> dict[str, object]:
    return {
        "APPROVAL_STATES": STATE_WORDS,
        "approval_story_of": lambda send: story_of(db(), send_id=send.id),
    }


@blueprint.route("/approval-rule", methods=["GET", "POST"])
@may(Permission.LOOK, to_change=Permission.ADMINISTER)
def approval_rule() -> Page:
    """What needs approval; administrators change it."""
    if request.method == "GET":
        return _rule_page(_form_of_rule())
    form = RuleForm()
    try:
        above, hours = form.numbers()
        rules.change_rule(
            db(),
            me(),
            scope=form.chosen_scope(),
            above=above,
            list_ids=form.lists.data or [],
            segment_ids=form.segments.data or [],
            sender_ids=form.senders.data or [],
            of_templates=form.of_templates.data,
            remind_hours=hours,
        )
    except Refused as refusal:
        form.show(refusal)
        return _rule_page(form), 422
    flash(_("The rule is saved. It counts from now on; what is released already stays released."))
    return redirect(url_for("sends.approval_rule"))


@blueprint.get("/<int:send_id>/approval")
@may(Permission.LOOK)
def approval(send_id: int) -> Page:
    """Show what waits for approval, for the approver to decide and for the others to see."""
    send = control.find_send(db(), me(), send_id)
    asked = waiting_request(db(), send_id=send_id)
    if send.state is not SendState.AWAITING_APPROVAL or asked is None:
        return redirect(url_for("sends.show", send_id=send_id))
    return _approval_page(send, asked)


@blueprint.get("/<int:send_id>/approval/look")
@may(Permission.LOOK)
def approval_look(send_id: int) -> Page:
    """Show the e-mail of one person of the sample, exactly as it will be sent."""
    send, asked = _waiting(send_id)
    recipient_id, sample = _person_of_sample(send, asked)
    look = looking.look_before(db(), services().renderer, send, recipient_id)
    before, after = neighbours_in(sample, recipient_id or 0)
    return render_template(
        "sends/approval_look.html",
        send=send,
        look=look,
        recipient_id=recipient_id,
        previous_id=before,
        next_id=after,
        place=sample.index(recipient_id) + 1 if recipient_id in sample else 1,
        size=len(sample) or 1,
    )


@blueprint.get("/<int:send_id>/approval/look/page")
@may(Permission.LOOK)
def approval_look_page(send_id: int) -> Response:
    """Give the HTML of one person of the sample, for the sandboxed frame."""
    send, asked = _waiting(send_id)
    recipient_id, _rest = _person_of_sample(send, asked)
    found = looking.look_before(db(), services().renderer, send, recipient_id)
    return foreign_html(html_of_request(found.request) if found.request else "", images="images" in request.args)


@blueprint.post("/<int:send_id>/approval/<int:request_id>/approve")
@may(Permission.APPROVE)
def approve(send_id: int, request_id: int) -> Page:
    """Approve, and with that release, what was put up."""
    send, asked = _request_of(send_id, request_id)
    form = StartForm()

    def act() -> ApprovalRequest:
        return approving.approve(
            db(), me(), request_id, people=_people(), undo_seconds=services().settings.undo_seconds, start=form.start()
        )

    try:
        return _let_go(send_id, act, _("Approved. It goes out as it was put up."))
    except Refused as refusal:
        form.show(refusal)
        return _approval_page(send, asked, start_form=form), 422


@blueprint.post("/<int:send_id>/approval/<int:request_id>/send-back")
@may(Permission.APPROVE)
def send_back(send_id: int, request_id: int) -> Page:
    """Send it back to whoever asked, with a reason."""
    send, asked = _request_of(send_id, request_id)
    form = SendBackForm()
    try:
        approving.send_back(db(), me(), request_id, form.reason.data or "")
    except Refused as refusal:
        form.show(refusal)
        return _approval_page(send, asked, back_form=form), 422
    flash(_("Sent back. %(asker_name)s sees your reason, and it is a draft again.", asker_name=asked.asker.name))
    return redirect(url_for("web.home"))


@blueprint.post("/<int:send_id>/approval/take-back")
@may(Permission.SEND)
def take_back(send_id: int) -> Page:
    """Make it a draft again, to change it."""
    approving.take_back(db(), me(), send_id)
    flash(_("Taken back: it is a draft again, and you can change it."))
    return redirect(url_for("sends.review", send_id=send_id))


@blueprint.route("/<int:send_id>/approval/<int:request_id>/emergency", methods=["GET", "POST"])
@may(Permission.ADMINISTER)
def emergency(send_id: int, request_id: int) -> Page:
    """Release without approval: first the reason, then a confirmation that names the number of people."""
    send, asked = _request_of(send_id, request_id)
    if send.state is not SendState.AWAITING_APPROVAL or asked.state is not ApprovalState.WAITING:
        return redirect(url_for("sends.show", send_id=send_id))
    if request.method == "GET":
        return _emergency_page(send, asked, EmergencyForm(formdata=None))
    form = EmergencyForm()
    reason = form.reason.data or ""
    try:
        start = form.start()
        if not reason:
            raise Refused(_("Write why it cannot wait for an approver."), field="reason")
        if approving.lapsed_start(asked) is not None and start is None:
            raise Refused(_("The chosen time has passed. Say when it goes out."), field="when")
        if request.form.get("confirmed") != "yes":
            return _emergency_page(send, asked, form, confirms=True)
        return _let_go(
            send_id,
            lambda: approving.release_in_emergency(
                db(),
                me(),
                request_id,
                reason=reason,
                people=_people(),
                undo_seconds=services().settings.undo_seconds,
                start=start,
            ),
            _("Released without approval. It is written down, and all approvers are told."),
        )
    except Refused as refusal:
        form.show(refusal)
        return _emergency_page(send, asked, form), 422


def _let_go(send_id: int, act: Callable[[], ApprovalRequest], words: str) -> Page:
    """Release, wake the engine, and show the send; or say what changed, and that it is a draft again."""
    done = act()
    db().commit()
    if done.state is ApprovalState.CANCELLED:
        flash(
            _("%(words)s Nothing went out: the approval is cancelled, and it is a draft again.", words=done.words),
            "warn",
        )
        return redirect(url_for("web.home"))
    services().queue.wake(send_id)
    flash(words)
    return redirect(url_for("sends.show", send_id=send_id))


def _waiting(send_id: int) -> tuple[Send, ApprovalRequest]:
    send = control.find_send(db(), me(), send_id)
    asked = waiting_request(db(), send_id=send_id)
    if send.state is not SendState.AWAITING_APPROVAL or asked is None:
        raise Refused(_("This send does not wait for approval any more. Its own page says what became of it."))
    return send, asked


def _request_of(send_id: int, request_id: int) -> tuple[Send, ApprovalRequest]:
    asked = find_request(db(), me(), request_id)
    if asked.send_id != send_id:
        raise NotThere("request")
    return control.find_send(db(), me(), send_id), asked


def _person_of_sample(send: Send, asked: ApprovalRequest) -> tuple[int | None, list[int]]:
    """Give whom the address names; the first of the sample when it names nobody."""
    sample = sample_of(db(), send, asked.id)
    return request.args.get("person", type=row_number) or (sample[0] if sample else None), sample


def _people() -> int:
    """Read how many people the page named."""
    return request.form.get("people", 0, type=row_number)


def _approval_page(
    send: Send, asked: ApprovalRequest, *, start_form: StartForm | None = None, back_form: SendBackForm | None = None
) -> str:
    if asked.state is not ApprovalState.WAITING:  # it ended while somebody pressed a button
        form = start_form or back_form
        words = joined(str(one) for one in form.form_errors) if form else ""
        return render_template("sends/approval_over.html", send=send, asked=asked, words=words)
    form = start_form or StartForm(formdata=None)
    form.offer_zones(me().timezone)
    return render_template(
        "sends/approval.html", form=form, back_form=back_form or SendBackForm(formdata=None), **_seen(send, asked)
    )


def _seen(send: Send, asked: ApprovalRequest) -> dict[str, Any]:
    """Give everything that an approver looks at."""
    problems = looking.problems_of(db(), send, after=request.args.get("after", 0, type=row_number), limit=PROBLEMS + 1)
    count = release.would_go_out(db(), send)
    more = len(problems) > PROBLEMS
    return {
        "send": send,
        "asked": asked,
        "files": compose.attachments_of(db(), send.id),
        "options": approving.options_of(asked),
        "lapsed": approving.lapsed_start(asked),
        "changed": in_a_row(approving.changes_since(db(), send, asked), _p("clauses", "%(first)s, and %(second)s")),
        "refusal": refusal_to_decide(me(), asked),
        "approvers": approvers_of(db(), send.workspace_id, besides=(asked.asked_by, asked.changed_by)),
        "last": last_time(db(), send),
        "sample": sample_of(db(), send, asked.id),
        "problems": problems[:PROBLEMS],
        "next_url": url_for("sends.approval", send_id=send.id, after=problems[PROBLEMS - 1].id) if more else None,
        "count": count,
        "estimate": finishing.estimate_of(db(), services().settings, send, count) if count else None,
        "undo_seconds": int(services().settings.undo_seconds),
    }


def _emergency_page(send: Send, asked: ApprovalRequest, form: EmergencyForm, *, confirms: bool = False) -> str:
    form.offer_zones(me().timezone)
    return render_template(
        "sends/emergency.html",
        send=send,
        asked=asked,
        form=form,
        lapsed=approving.lapsed_start(asked),
        confirms=confirms,
        count=release.would_go_out(db(), send),
    )


def _form_of_rule() -> RuleForm:
    rule = rule_of(db(), me().workspace_id)
    named = rules.subjects_of(db(), me().workspace_id)
    return RuleForm(
        formdata=None,
        data={
            "scope": str(rule.scope),
            "above": rule.above,
            "lists": [one.list_id for one in named if one.list_id],
            "segments": [one.segment_id for one in named if one.segment_id],
            "senders": [one.sender_id for one in named if one.sender_id],
            "of_templates": rule.of_templates,
            "remind_hours": rule.remind_hours,
        },
    )


def _rule_page(form: RuleForm) -> str:
    offered = choosing.choices(db(), me())
    return render_template(
        "sends/approval_rule.html",
        form=form,
        words=rules.rule_words(db(), rule_of(db(), me().workspace_id)),
        scope_words=SCOPE_WORDS,
        lists=[(one.id, one.name) for one, _segments in offered],
        segments=[
            (one.id, _("%(segment)s, of %(of)s", segment=one.name, of=of.name))
            for of, found in offered
            for one in found
        ],
        senders=[(one.id, one.title) for one in senders(db(), me().workspace_id)],
        approvers=approvers_of(db(), me().workspace_id),
    )
