"""Approval of sends: ask, approve, send back, take back; and an administrator's release in an emergency.

A request keeps the fingerprint of the review that was put up, and marks of its parts. Exactly that may be approved.
When anything is another one, while it waits or after its approval and before it begins, the approval is cancelled with
words that say what changed, and the send is a draft again (P7). Everything holds the send's row first, so that two
approvers, or an approver and whoever takes it back, come one after the other: one of them wins.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.audit.trail import note, note_program
from app.db import now
from app.people import approval
from app.people.approval import check_may_decide, check_waits, checked_note, checked_words, find_request, settle
from app.people.approval_models import IN_FORCE, ApprovalRequest, ApprovalState
from app.people.models import Person
from app.people.roles import Permission
from app.refusals import NotThere, Refused
from app.sends import release, staleness
from app.sends.approval_rule import needs_approval
from app.sends.control import change_state, find_send
from app.sends.models import Send, SendState
from app.sends.pace import Pace
from app.sends.release import Options
from app.sends.review import fingerprint, marks_of_review
from app.sends.scheduling import unrelease
from app.words import _, joined, with_and

AS_SOON_AS_IT_MAY = Options()
CHANGED = {
    "template": _("the template of this send is another one"),
    "newer": staleness.WORDS["template"],
    "list": _("the list has changed"),
    "parts": _("the list has changed"),
    "audience": _("the choice of people, or one of its lists or segments, has changed"),
    "addresses": _("the addresses have changed"),
    "sender": _("the sender or the Reply-To was changed"),
    "identity": staleness.WORDS["sender"],
    "headers": _("the headers have changed"),
    "values": _("the values have changed"),
    "files": _("the files have changed"),
    "notice": _("the kind of notice has changed"),
    "workspace": staleness.WORDS["workspace"],
    "connection": staleness.WORDS["connection"],
}
"""What each mark means when it differs."""


def ask(
    session: Session,
    person: Person,
    send_id: int,
    *,
    seen: str,
    again_confirmed: bool,
    options: Options = AS_SOON_AS_IT_MAY,
    note_text: str = "",
) -> ApprovalRequest:
    """Put a reviewed draft up for approval, with how it is to go out. A second press gives the request that waits.

    `seen` is the fingerprint of the review that the person looked at. Raises Refused and SentBefore as a release does.
    """
    send = find_send(session, person, send_id)
    note_text = checked_note(note_text)
    release.hold_still(session, send)
    if send.state is SendState.AWAITING_APPROVAL and (waiting := approval.waiting_request(session, send_id=send_id)):
        return waiting
    if send.state is not SendState.DRAFT:
        raise Refused(_("This send is released already."))
    release.check(session, send, seen, again_confirmed=again_confirmed)
    reasons = needs_approval(session, send)
    if not reasons:
        raise Refused(_("This send needs no approval any more. You can send it yourself."))
    request = ApprovalRequest(
        workspace_id=send.workspace_id,
        send_id=send.id,
        asked_by=person.id,
        changed_by=send.changed_by or send.created_by,
        note=note_text,
        reasons=reasons,
        fingerprint=seen,
        marks=_marks(session, send),
        options=_to_json(options),
        people=release.would_go_out(session, send),
    )
    session.add(request)
    change_state(session, send.id, (SendState.DRAFT,), SendState.AWAITING_APPROVAL)
    session.flush()
    session.refresh(send)
    words = _(
        "Send %(send_id)s put up for approval: %(people)s e-mails. %(reasons)s",
        send_id=str(send.id),
        people=request.people,
        reasons=joined(reasons),
    )
    note(session, person, "send.approval_asked", words, subject_id=send.id)
    return request


def approve(
    session: Session,
    person: Person,
    request_id: int,
    *,
    people: int,
    undo_seconds: float,
    start: Options | None = None,
) -> ApprovalRequest:
    """Approve, and with that release, exactly what was put up; the caller wakes the engine after the commit.

    `people` is the number that the approver read. `start` says when it begins if the chosen time has passed meanwhile.
    The request that comes back is CANCELLED when something changed: then it is a draft again. Raises Refused.
    """
    request, send = _held(session, person, request_id)
    if request.state is ApprovalState.APPROVED and request.decided_by == person.id:  # a second press
        return request
    check_may_decide(person, request)
    words = _("Approval of send %(send_id)s", send_id=str(send.id))
    return _let_go(
        session,
        person,
        request,
        send,
        ApprovalState.APPROVED,
        words,
        people=people,
        undo_seconds=undo_seconds,
        start=start,
    )


def release_in_emergency(
    session: Session,
    person: Person,
    request_id: int,
    *,
    reason: str,
    people: int,
    undo_seconds: float,
    start: Options | None = None,
) -> ApprovalRequest:
    """Let an administrator release without approval what waits for it, with a reason that stays on the send for ever.

    All approvers are told. Otherwise as `approve`. Raises Refused.
    """
    request, send = _held(session, person, request_id)
    if not person.may(Permission.ADMINISTER):
        raise Refused(_("Only an administrator releases without approval."))
    if request.state is ApprovalState.EMERGENCY and request.decided_by == person.id:  # a second press
        return request
    check_waits(request)
    reason = checked_words(reason, field="reason", missing=_("Write why it cannot wait for an approver."))
    words = _("Emergency: send %(send_id)s without approval, because: %(reason)s", send_id=str(send.id), reason=reason)
    return _let_go(
        session,
        person,
        request,
        send,
        ApprovalState.EMERGENCY,
        words,
        people=people,
        undo_seconds=undo_seconds,
        start=start,
        reason=reason,
    )


def send_back(session: Session, person: Person, request_id: int, reason: str) -> ApprovalRequest:
    """Make a send that waits a draft again, with a reason for whoever asked. Raises Refused."""
    request, send = _held(session, person, request_id)
    check_may_decide(person, request)
    reason = checked_words(reason, field="reason", missing=_("Write what should be mended: whoever asked reads it."))
    _to_draft(session, send, request, ApprovalState.SENT_BACK, by=person.id, words=reason)
    note(
        session,
        person,
        "send.sent_back",
        _("Send %(send_id)s sent back: %(reason)s", send_id=str(send.id), reason=reason),
        subject_id=send.id,
    )
    return request


def take_back(session: Session, person: Person, send_id: int) -> None:
    """Make a send that waits a draft again, to change it. A second press changes nothing. Raises Refused."""
    send = find_send(session, person, send_id)
    session.refresh(send, with_for_update=True)
    if send.state is SendState.DRAFT:
        return
    request = approval.waiting_request(session, send_id=send_id)
    if send.state is not SendState.AWAITING_APPROVAL or request is None:
        raise Refused(
            _("It is too late to take this back: it was approved. It can still be undone, paused or cancelled.")
        )
    _to_draft(session, send, request, ApprovalState.TAKEN_BACK, by=person.id)
    note(
        session,
        person,
        "send.taken_back",
        _("Send %(send_id)s taken back before its approval", send_id=str(send.id)),
        subject_id=send.id,
    )


def changes_since(session: Session, send: Send, request: ApprovalRequest) -> list[str]:
    """Say what is another one than what was put up; nothing when it is the same."""
    if fingerprint(session, send) == request.fingerprint:
        fresh = _marks_of_ground(session, send)
    else:
        fresh = _marks(session, send)
    found = [words for name, words in CHANGED.items() if name in fresh and fresh[name] != request.marks.get(name)]
    if not found and len(fresh) > len(staleness.WORDS):
        found = [_("something of it has changed")]
    return list(dict.fromkeys(found))


def cancel_when_changed(session: Session, send_id: int) -> bool:
    """Cancel the approval of a send that changed: one that waits, or one approved for later; tells whether it did.

    For the worker, which looks now and then.
    """
    send = session.get(Send, send_id, with_for_update=True, populate_existing=True)
    if send is None:
        return False
    if send.state is SendState.SCHEDULED:
        return back_to_draft_when_stale(session, send)
    request = approval.waiting_request(session, send_id=send_id)
    if send.state is not SendState.AWAITING_APPROVAL or request is None:
        return False
    changed = changes_since(session, send, request)
    if changed:
        _cancel(session, send, request, changed)
    return bool(changed)


def back_to_draft_when_stale(session: Session, send: Send) -> bool:
    """Make an approved send that did not begin a draft again when it is no longer what was approved.

    Sends without approval are left to `staleness.pause_when_stale`. The caller holds the send's row.
    """
    if send.state is not SendState.SCHEDULED or not send.release_marks:
        return False
    request = approval.request_in_force(session, send.id)
    changed = staleness.changed_words(session, send) if request is not None else []
    if request is None or not changed:
        return False
    unrelease(session, send)
    _settle_cancelled(session, send, request, changed)
    return True


def lapsed_start(request: ApprovalRequest) -> datetime | None:
    """Give the chosen time when it has passed while the send waited; None: it has not, or none was chosen."""
    start_at = options_of(request).start_at
    return start_at if start_at is not None and start_at <= now() else None


def options_of(request: ApprovalRequest) -> Options:
    """Give how the send is to go out, as whoever asked chose it."""
    chosen = request.options
    start_at, pace = chosen.get("start_at"), chosen.get("pace")
    return Options(
        start_at=datetime.fromisoformat(start_at) if start_at else None,
        pace=Pace(*pace) if pace else None,
        wave=chosen.get("wave"),
    )


def _let_go(
    session: Session,
    person: Person,
    request: ApprovalRequest,
    send: Send,
    after: ApprovalState,
    words: str,
    *,
    people: int,
    undo_seconds: float,
    start: Options | None,
    reason: str = "",
) -> ApprovalRequest:
    """Release what was put up, unless it changed."""
    if changed := changes_since(session, send, request):
        _cancel(session, send, request, changed)
        return request
    options = options_of(request)
    if (passed := lapsed_start(request)) is not None:
        if start is None:
            raise Refused(_("The chosen time has passed. Say when it goes out."), field="when")
        options = replace(options, start_at=start.start_at)
    release.check(session, send, request.fingerprint, again_confirmed=True)  # whoever asked said that it is meant
    count = release.would_go_out(session, send)
    if count > people:
        raise Refused(
            _(
                "Meanwhile it would be %(count)s e-mails instead of %(people)s. Look at it again.",
                count=count,
                people=people,
            )
        )
    settle(session, request, after, by=person.id, words=reason)
    release.let_go(session, person, send, SendState.AWAITING_APPROVAL, undo_seconds=undo_seconds, options=options)
    said = [_("%(words)s: %(count)s e-mails.", words=words, count=count)]
    if passed:
        said.append(_("The chosen time had passed; the approver chose another one."))
    action = "send.approved" if after is ApprovalState.APPROVED else "send.emergency_released"
    note(
        session,
        person,
        action,
        joined(said),
        subject_id=send.id,
    )
    return request


def _held(session: Session, person: Person, request_id: int) -> tuple[ApprovalRequest, Send]:
    """Find a request and its send as they are now, and hold both, so that decisions come one after the other."""
    request = find_request(session, person, request_id)
    if request.send_id is None:
        raise NotThere("request")
    send = find_send(session, person, request.send_id)
    release.hold_still(session, send)
    session.refresh(request)
    return request, send


def _cancel(session: Session, send: Send, request: ApprovalRequest, changed: list[str]) -> None:
    change_state(session, send.id, (SendState.AWAITING_APPROVAL,), SendState.DRAFT)
    session.refresh(send)
    _settle_cancelled(session, send, request, changed)


def _settle_cancelled(session: Session, send: Send, request: ApprovalRequest, changed: list[str]) -> None:
    what = with_and(changed)
    if request.state in IN_FORCE:
        words = _("Since it was approved, %(changes)s.", changes=what)
    else:
        words = _("Since approval was asked for, %(changes)s.", changes=what)
    settle(session, request, ApprovalState.CANCELLED, before=(ApprovalState.WAITING, *IN_FORCE), words=words)
    said = _(
        "Approval of send %(send_id)s cancelled; it is a draft again. %(words)s", send_id=str(send.id), words=words
    )
    note_program(session, send.workspace_id, "send.approval_cancelled", said, subject_id=send.id)


def _to_draft(
    session: Session, send: Send, request: ApprovalRequest, after: ApprovalState, *, by: int, words: str = ""
) -> None:
    settle(session, request, after, by=by, words=words)
    change_state(session, send.id, (SendState.AWAITING_APPROVAL,), SendState.DRAFT)
    session.refresh(send)


def _marks(session: Session, send: Send) -> dict[str, Any]:
    return {**marks_of_review(session, send), **_marks_of_ground(session, send)}


def _marks_of_ground(session: Session, send: Send) -> dict[str, Any]:
    """Give the marks of what the send stands on, as a timed send has them at its release."""
    ground = staleness.marks(session, send.id)
    names = {"sender": "identity", "template": "newer", "list": "parts", "workspace": "workspace"}
    return {names.get(name, name): value for name, value in ground.items()}


def _to_json(options: Options) -> dict[str, Any]:
    return {
        "start_at": options.start_at.isoformat() if options.start_at else None,
        "pace": [options.pace.count, options.pace.seconds] if options.pace else None,
        "wave": options.wave,
    }
