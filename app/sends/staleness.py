"""P7 for a send that starts long after its release: no surprise at its start.

A timed send keeps *marks* of what it was released with. When its time comes they are taken again, with two queries, and
compared; when one differs the send pauses itself, says which, and asks “send as released” or “cancel”. Stale means:

- **sender**: the chosen sender identity has another name or Reply-To, or was removed.
- **template**: a newer version was published since, or the template was archived. Which version the send uses does not
  matter: whoever chose an older one on purpose did so knowing the newest one of that day.
- **list**: its change number is another one (people added, changed or removed, or the list renamed), or it is gone; of
  several lists and of segments any of them.
- **connection**: another account or another address of the service on the settings page. A new API token for the same
  account is no change, and neither is the pace; what the environment sets cannot change while the program runs.
- **workspace**: trial mode or live was switched, or the address of the unsubscribe links is another one.

Only what happened since the release counts: everything before was in front of the person who released it. A send of the
undo window is not compared: its person is there, and looks. Whoever must not be written to since the release (they
unsubscribed, say) is left out at the start without a question. A send that was approved is not asked about: it becomes
a draft again, and needs another approval (`approving`).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import Case, ColumnElement, case, func, literal, select, true, update
from sqlalchemy.orm import Session, aliased

from app.audit.trail import Actor, note
from app.db import now
from app.emails.models import Template, TemplateVersion
from app.people.approval import request_in_force
from app.people.models import Connection, SenderIdentity, Workspace
from app.recipients.models import RecipientList
from app.refusals import Refused
from app.sends import audience
from app.sends.approval_rule import needs_approval
from app.sends.control import change_state, find_send, pause_by_program
from app.sends.models import Message, Outcome, Send, SendKind, SendState
from app.sends.pauses import STALE
from app.sends.stopped import everybody_of, must_not, who_must_not
from app.sends.tallies import move, move_retrying
from app.sends.words import state_change
from app.words import _, joined, kept, with_and

CHUNK = 500
"""Messages left out at once."""
WORDS = {
    "sender": _("the sender was changed or removed"),
    "template": _("a newer version of the template was published, or the template was archived"),
    "list": _("the list has changed"),
    "connection": _("Postroom is connected to the mail service in another way"),
    "workspace": _("trial mode or the address of unsubscribe links was changed"),
}
"""What each mark means when it differs."""


def marks(session: Session, send_id: int) -> dict[str, Any]:
    """Give the marks of a send as things stand now; two queries."""
    used, newest = aliased(TemplateVersion), aliased(TemplateVersion)
    newest_number = (
        select(func.max(newest.number)).where(newest.template_id == used.template_id).correlate(used).scalar_subquery()
    )
    row = session.execute(
        select(
            SenderIdentity.address,
            SenderIdentity.name,
            SenderIdentity.reply_to,
            SenderIdentity.is_retired,
            Template.is_archived,
            newest_number,
            RecipientList.id,
            RecipientList.change_number,
            Connection.account_id,
            Connection.base_url,
            Workspace.is_live,
            Workspace.public_url,
        )
        .select_from(Send)
        .join(Workspace, Workspace.id == Send.workspace_id)
        .outerjoin(SenderIdentity, SenderIdentity.id == Send.sender_identity_id)
        .outerjoin(used, used.id == Send.template_version_id)
        .outerjoin(Template, Template.id == used.template_id)
        .outerjoin(RecipientList, RecipientList.id == Send.list_id)
        .outerjoin(Connection, Connection.workspace_id == Send.workspace_id)
        .where(Send.id == send_id)
    ).one()
    parts = {
        "sender": row[0:4],
        "template": row[4:6],
        "list": (*row[6:8], *audience.marks_of_parts(session, session.get_one(Send, send_id))),
        "connection": row[8:10],
        "workspace": row[10:12],
    }
    return {name: hashlib.sha256(json.dumps(list(part)).encode()).hexdigest()[:16] for name, part in parts.items()}


def pause_when_stale(session: Session, send: Send) -> bool:
    """Pause a timed send, about to begin, that is no longer what was released; tells whether it did.

    The caller holds the send's row, so that nobody changes its state or its start meanwhile.
    """
    if not send.release_marks:
        return False
    changed = changed_words(session, send)
    if not changed:
        _leave_out(session, send)
        return False
    words = _(
        "Since this send was released, %(changes)s. Nothing has gone out. Send it as it was released, or "
        "cancel it and begin a new one.",
        changes=with_and(changed),
    )
    pause_by_program(session, send.id, words, code=STALE)
    return True


def send_as_released(session: Session, actor: Actor, send_id: int) -> None:
    """Let a send begin although something changed since its release; the caller wakes the engine. Raises Refused."""
    send = find_send(session, actor, send_id)
    if request_in_force(session, send.id) is None and (reasons := needs_approval(session, send)):
        why = [_("By now it may not go out without approval."), *reasons, _("Cancel it, and begin a new send.")]
        raise Refused(joined(why))
    values: dict[str, object] = {"pause_reason": "", "pause_code": "", "release_marks": {}}
    asked = Send.pause_code == STALE
    if not change_state(session, send_id, (SendState.PAUSED,), SendState.SCHEDULED, asked, **values):
        raise Refused(_("This send does not wait for that answer. Somebody gave it already, or cancelled the send."))
    _leave_out(session, send)
    words, changes = (
        _("Send %(send_id)s goes out as it was released", send_id=str(send_id)),
        state_change(SendState.PAUSED, SendState.SCHEDULED),
    )
    note(session, actor, "send.sent_as_released", words, subject_id=send_id, changes=changes)


def changed_words(session: Session, send: Send) -> list[str]:
    """Say what is another one than at the release; nothing when it is the same."""
    fresh = marks(session, send.id)
    return [WORDS[name] for name in WORDS if fresh[name] != send.release_marks.get(name)]


def _leave_out(session: Session, send: Send) -> None:
    """Leave out who must not be written to since the release; an e-mail to several people when one of them must not."""
    if send.kind is SendKind.LIST:
        gone = must_not(send, Message.email_key)
        waiting = select(Message.email).where(Message.send_id == send.id, Message.state == Outcome.PENDING, gone)
        while emails := session.scalars(waiting.order_by(Message.id).limit(CHUNK)).all():
            reasons = who_must_not(session, send, emails)
            if not reasons:  # ended in this very moment
                return
            for code in {one.code for one in reasons.values()}:
                of_code = {key: kept(one.words) for key, one in reasons.items() if one.code == code}
                _skip(session, send, code, Message.email_key.in_(of_code), case(of_code, value=Message.email_key))
        return
    found = list(who_must_not(session, send, everybody_of(send)).values())
    if found:
        _skip(session, send, found[0].code, true(), literal(kept(joined(one.words for one in found))))


def _skip(
    session: Session, send: Send, code: str, who: ColumnElement[bool], detail: ColumnElement[str] | Case[str]
) -> None:
    these = (Message.send_id == send.id, Message.state == Outcome.PENDING, who)
    retried = select(func.count()).select_from(Message).where(*these, Message.retry_until.is_not(None))
    retrying = session.scalar(retried) or 0
    left_out: int = session.execute(
        update(Message)
        .where(*these)
        .values(state=Outcome.SKIPPED, reason=code, detail=detail, next_try_at=None, retry_until=None, changed_at=now())
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    move(session, send.id, {(Outcome.PENDING, Outcome.SKIPPED): left_out})
    move_retrying(session, send.id, -retrying)
