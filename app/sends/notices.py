"""Which kind of notice a draft send is, and whether it is a service notice that people cannot stop."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.people.models import Person
from app.recipients.notices import SCOPES, ServiceScope, checked_declaration, declared_words
from app.recipients.topics import chosen_topic, topic_name
from app.refusals import Refused
from app.sends.compose import changed, draft_of
from app.sends.models import Send, SendKind


def change_topic(session: Session, actor: Actor, send_id: int, topic_id: int) -> Send:
    """Say which kind of notice a draft is; 0: of none. Raises Refused."""
    send = _draft(session, actor, send_id)
    topic = chosen_topic(session, actor, topic_id, kept=send.topic_id)
    wanted = topic.id if topic is not None else None
    if send.topic_id != wanted:
        changes = {"Kind of notice": (topic_name(session, send.topic_id), topic_name(session, wanted))}
        send.topic_id = wanted
        words = f"Send {send.id} is {f'of the kind “{topic.name}”' if topic else 'of no kind of notice'}"
        note(session, actor, "send.topic", words, subject_id=send.id, changes=changes)
        changed(send, actor)
    return send


def declare(session: Session, person: Person, send_id: int, scope: ServiceScope, reason: str) -> Send:
    """Declare a draft a service notice, or take it back. Raises Refused for anybody but an administrator."""
    send = _draft(session, person, send_id)
    reason = checked_declaration(person, scope, reason)
    changes = {
        "Service notice": (SCOPES[send.service_scope], SCOPES[scope]),
        "Reason": (send.service_reason, reason),
    }
    send.service_scope, send.service_reason = scope, reason
    words = f"Send {send.id} {declared_words(scope, reason)}"
    note(session, person, "send.service_notice", words, subject_id=send.id, changes=changes)
    return changed(send, person)


def _draft(session: Session, actor: Actor, send_id: int) -> Send:
    send = draft_of(session, actor, send_id)
    if send.kind is SendKind.TEST:
        raise Refused("A test goes to its testers whatever they stopped.")
    return send
