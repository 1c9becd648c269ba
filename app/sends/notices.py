"""Which kind of notice a draft send is, and whether it is a service notice that people cannot stop."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.people.models import Person
from app.recipients.unsubscribing.notices import SCOPES, ServiceScope, checked_declaration
from app.recipients.unsubscribing.topics import chosen_topic, topic_name
from app.refusals import Refused
from app.sends.compose import changed, draft_of
from app.sends.models import Send, SendKind
from app.words import _


def change_topic(session: Session, actor: Actor, send_id: int, topic_id: int) -> Send:
    """Say which kind of notice a draft is; 0: of none. Raises Refused."""
    send = _draft(session, actor, send_id)
    topic = chosen_topic(session, actor, topic_id, kept=send.topic_id)
    wanted = topic.id if topic is not None else None
    if send.topic_id != wanted:
        changes = {_("Kind of notice"): (topic_name(session, send.topic_id), topic_name(session, wanted))}
        send.topic_id = wanted
        if topic is not None:
            words = _("Send %(send_id)s is of the kind “%(name)s”", send_id=str(send.id), name=topic.name)
        else:
            words = _("Send %(send_id)s is of no kind of notice", send_id=str(send.id))
        note(session, actor, "send.topic", words, subject_id=send.id, changes=changes)
        changed(send, actor)
    return send


def declare(session: Session, person: Person, send_id: int, scope: ServiceScope, reason: str) -> Send:
    """Declare a draft a service notice, or take it back. Raises Refused for who may not approve."""
    send = _draft(session, person, send_id)
    reason = checked_declaration(person, scope, reason)
    changes = {
        _("Service notice"): (SCOPES[send.service_scope], SCOPES[scope]),
        _("Reason"): (send.service_reason, reason),
    }
    send.service_scope, send.service_reason = scope, reason
    note(session, person, "send.service_notice", _declared(send, scope, reason), subject_id=send.id, changes=changes)
    return changed(send, person)


def _declared(send: Send, scope: ServiceScope, reason: str) -> str:
    """Say for the trail what was declared."""
    told = {"send_id": str(send.id), "reason": reason}
    if scope is ServiceScope.NONE:
        return _("Send %(send_id)s is no service notice any more", send_id=str(send.id))
    if scope is ServiceScope.ALL:
        return _(
            "Send %(send_id)s declared a service notice that also goes to people who stopped all e-mail: %(reason)s",
            **told,
        )
    return _(
        "Send %(send_id)s declared a service notice that also goes to people who stopped this kind: %(reason)s", **told
    )


def _draft(session: Session, actor: Actor, send_id: int) -> Send:
    send = draft_of(session, actor, send_id)
    if send.kind is SendKind.TEST:
        raise Refused(_("A test goes to its testers whatever they stopped."))
    return send
