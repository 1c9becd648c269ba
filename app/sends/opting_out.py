"""Unsubscribing by the link in an e-mail: whoever holds it may, because its key cannot be guessed.

A link stands for one person and, if the e-mail was of one, a kind of notice. What it carries is enough
(`recipients/unsubscribing/links.py`): the message may be gone, or younger than the backup that was restored.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Sequence
from contextlib import suppress as suppress_error
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit.trail import note_program
from app.emails.languages import choose
from app.people.models import Workspace
from app.recipients.models import SuppressionReason
from app.recipients.suppressions.who import find_suppression, lift_opt_out, suppress
from app.recipients.unsubscribing.links import LinkKeys, OnlyReference, Sealed, read_link
from app.recipients.unsubscribing.models import OptOutAnswer, Topic, WhyOut
from app.recipients.unsubscribing.notices import ServiceScope
from app.recipients.unsubscribing.topics import resume_topic, stop_topic, stopped_topics, topic_of_key
from app.refusals import NotThere
from app.sends.composition import SPECIMEN_REFERENCE
from app.sends.models import Message, Send, SendKind
from app.words import _

MAX_ANSWER = 500
"""Characters of what somebody says about why they unsubscribed."""


class Verb(enum.StrEnum):
    """What a person may ask for on the page."""

    STOP_KIND = "stop-kind"
    STOP_ALL = "stop-all"
    UNDO_KIND = "undo-kind"
    UNDO_ALL = "undo-all"


@dataclass(frozen=True, slots=True)
class OptOut:
    """What an unsubscribe link stands for, and what is stopped now."""

    email: str = ""
    workspace_id: int = 0
    organisation: str = ""
    topic: Topic | None = None
    """The kind of notice of the e-mail."""
    stopped: Sequence[Topic] = ()
    """Kinds that are stopped, this one or others."""
    all_stopped: bool = False
    language: str = ""
    is_own_language: bool = False
    message_id: int | None = None
    """None: the message is gone."""
    send_id: int | None = None
    service_scope: ServiceScope = ServiceScope.NONE
    service_reason: str = ""
    is_example: bool = False
    """The link of a preview or of a test e-mail: nothing comes of it."""

    @property
    def topic_stopped(self) -> bool:
        """Whether this e-mail's kind is stopped."""
        return self.topic is not None and any(one.id == self.topic.id for one in self.stopped)

    @property
    def is_out(self) -> bool:
        """Whether anything is stopped."""
        return self.all_stopped or bool(self.stopped)


def opt_out_of(session: Session, keys: LinkKeys, token: str) -> OptOut:
    """Give what a link stands for. Changes nothing. Raises NotThere."""
    if token.startswith(SPECIMEN_REFERENCE):
        return OptOut(is_example=True)
    link = read_link(keys, token)
    message, send = _message_of(session, link.reference)
    if isinstance(link, OnlyReference):
        link = _sealed_of(session, message, send)
    workspace = session.get(Workspace, link.workspace_id)
    if workspace is None:
        raise NotThere("message")
    if send is not None and send.kind is SendKind.TEST:
        return OptOut(is_example=True, workspace_id=workspace.id, organisation=workspace.name)
    found = find_suppression(session, workspace.id, link.email)
    return OptOut(
        email=link.email,
        workspace_id=workspace.id,
        organisation=workspace.name,
        topic=topic_of_key(session, workspace.id, link.topic_key),
        stopped=stopped_topics(session, workspace.id, link.email),
        all_stopped=found is not None,
        language=link.language,
        is_own_language=link.is_own_language,
        message_id=message.id if message is not None else None,
        send_id=send.id if send is not None else None,
        service_scope=send.service_scope if send is not None else ServiceScope.NONE,
        service_reason=send.service_reason if send is not None else "",
    )


def one_click(session: Session, keys: LinkKeys, token: str) -> bool:
    """Do what a mail program's unsubscribe button means (RFC 8058): stop the kind, or all when it has none.

    Doing it twice is doing it once; tells whether anything changed. Raises NotThere.
    """
    found = opt_out_of(session, keys, token)
    return act(session, found, Verb.STOP_KIND if found.topic is not None else Verb.STOP_ALL)


def act(session: Session, found: OptOut, verb: Verb, topic_id: int | None = None) -> bool:
    """Stop something or take it back; tells whether anything changed. `topic_id` names another stopped kind to undo."""
    if found.is_example:
        return False
    if verb is Verb.STOP_ALL:
        reason = SuppressionReason.OPT_OUT
        done = suppress(session, found.workspace_id, found.email, reason, message_id=found.message_id)
        return _noted(
            session,
            found,
            "recipient.unsubscribed",
            _("Somebody unsubscribed from all e-mail, by the link in %(where)s"),
            done=done,
        )
    if verb is Verb.UNDO_ALL:
        done = lift_opt_out(session, found.workspace_id, found.email)
        return _noted(
            session,
            found,
            "recipient.subscribed_again",
            _("Somebody took back the unsubscribing, by the link in %(where)s"),
            done=done,
        )
    if verb is Verb.STOP_KIND:
        if found.topic is None:
            return False
        done = stop_topic(session, found.topic, found.email, message_id=found.message_id)
        return _noted(
            session,
            found,
            "recipient.stopped_kind",
            _("Somebody stopped “%(topic)s”, by the link in %(where)s", topic=found.topic.name),
            done=done,
        )
    topic = next((one for one in found.stopped if one.id == topic_id), None)
    done = topic is not None and resume_topic(session, topic, found.email)
    words = (
        _("Somebody wants “%(topic)s” again, by the link in %(where)s", topic=topic.name) if topic is not None else ""
    )
    return _noted(session, found, "recipient.wants_kind", words, done=done)


def keep_answer(session: Session, found: OptOut, token: str, reason: WhyOut, words: str) -> None:
    """Keep why somebody unsubscribed, without who it was; a second answer of the same link replaces the first."""
    if found.is_example:
        return
    digest = hashlib.sha256(token.encode()).hexdigest()
    topic_id = found.topic.id if found.topic is not None else None
    written = " ".join(words.replace("\0", "").split())[:MAX_ANSWER]
    answer = session.scalar(select(OptOutAnswer).where(OptOutAnswer.link_digest == digest))
    if answer is not None:
        answer.topic_id, answer.reason, answer.words = topic_id, reason, written
        return
    answer = OptOutAnswer(
        workspace_id=found.workspace_id, topic_id=topic_id, link_digest=digest, reason=reason, words=written
    )
    with suppress_error(IntegrityError), session.begin_nested():  # the same answer twice in the same moment
        session.add(answer)


def _noted(session: Session, found: OptOut, action: str, words: str, *, done: bool) -> bool:
    """Tell the trail what was done, by which send's link, and not by whom."""
    if done:
        where = _("an e-mail that is gone")
        if found.send_id is not None:
            where = _("an e-mail of send %(send_id)s", send_id=str(found.send_id))
        note_program(
            session,
            found.workspace_id,
            action,
            _(words, where=where),
            subject_id=found.message_id,
        )
    return done


def _message_of(session: Session, reference: str) -> tuple[Message | None, Send | None]:
    row = session.execute(
        select(Message, Send).join(Send, Send.id == Message.send_id).where(Message.reference == reference)
    ).first()
    return (row[0], row[1]) if row is not None else (None, None)


def _sealed_of(session: Session, message: Message | None, send: Send | None) -> Sealed:
    """Give what a link by reference stands for. Raises NotThere when its message is gone, or was emptied."""
    if message is None or send is None or "@" not in message.email:
        raise NotThere("message")
    topic = session.get(Topic, send.topic_id) if send.topic_id is not None else None
    content = send.template_version.content if send.template_version is not None else None
    column = content.language_column if content is not None else ""
    wanted = str({**send.values, **message.data}.get(column, "")) if column else ""
    return Sealed(
        send.workspace_id,
        message.reference,
        message.email,
        topic.key if topic is not None else "",
        choose(wanted, content.variants, content.language) if content is not None else "",
        is_own_language=bool(column),
    )
