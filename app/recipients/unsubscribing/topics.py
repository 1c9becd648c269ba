"""Kinds of notice: making and changing them, and who stopped which."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import among
from app.recipients.unsubscribing.models import Topic, TopicOptOut
from app.refusals import NotThere, Refused
from app.words import _

MAIN_LANGUAGE = "en"
MAX_NAME, MAX_SENTENCE = 80, 300
"""Characters."""
MOST_TOPICS = 50
"""Kinds of notice that a workspace may offer at once; a reader has to understand them."""


def topics(session: Session, workspace_id: int, *, retired: bool = False) -> Sequence[Topic]:
    """Give a workspace's kinds of notice, those that are offered or those that are not, in order."""
    query = select(Topic).where(Topic.workspace_id == workspace_id, Topic.is_retired.is_(retired))
    return session.scalars(query.order_by(Topic.id)).all()


def find_topic(session: Session, actor: Actor, topic_id: int) -> Topic:
    """Find a kind of notice of the actor's workspace. Raises NotThere."""
    topic = session.get(Topic, topic_id)
    if topic is None or topic.workspace_id != actor.workspace_id:
        raise NotThere("topic")
    return topic


def topic_of_key(session: Session, workspace_id: int, key: str) -> Topic | None:
    """Give the kind of notice that a link names; None when there is none such."""
    if not key:
        return None
    return session.scalar(select(Topic).where(Topic.workspace_id == workspace_id, Topic.key == key))


def chosen_topic(session: Session, actor: Actor, topic_id: int, *, kept: int | None) -> Topic | None:
    """Give the kind of notice that somebody chose; None for 0. Raises Refused for one that is not offered.

    One that is `kept` may be retired meanwhile.
    """
    if not topic_id:
        return None
    topic = session.get(Topic, topic_id)
    if topic is None or topic.workspace_id != actor.workspace_id or (topic.is_retired and topic.id != kept):
        raise Refused(_("Choose a kind of notice that is offered."), field="topic")
    return topic


def topic_name(session: Session, topic_id: int | None) -> str:
    """Give a kind's name; empty for none."""
    topic = session.get(Topic, topic_id) if topic_id else None
    return topic.name if topic is not None else ""


def add_topic(session: Session, actor: Actor, words: Mapping[str, tuple[str, str]]) -> Topic:
    """Make a kind of notice; `words` are name and sentence by language. Raises Refused with the field."""
    checked = _checked(session, actor, words, None)
    if len(topics(session, actor.workspace_id)) >= MOST_TOPICS:
        raise Refused(
            _("There are %(most_topics)s kinds of notice already; retire one first.", most_topics=MOST_TOPICS)
        )
    topic = Topic(workspace_id=actor.workspace_id, key=secrets.token_hex(4), words=checked)
    session.add(topic)
    session.flush()
    note(
        session,
        actor,
        "topic.added",
        _("Kind of notice “%(name)s” made", name=topic.name),
        subject_id=topic.id,
    )
    return topic


def change_topic(session: Session, actor: Actor, topic_id: int, words: Mapping[str, tuple[str, str]]) -> Topic:
    """Give a kind of notice other words; who stopped it stays stopped. Raises Refused with the field."""
    topic = find_topic(session, actor, topic_id)
    before, checked = topic.name, _checked(session, actor, words, topic.id)
    if checked != topic.words:
        was = topic.words
        topic.words = checked
        said = (
            _("Kind of notice “%(before)s” has other words", before=before)
            if before == topic.name
            else _("Kind of notice “%(before)s”, now “%(name)s”, has other words", before=before, name=topic.name)
        )
        note(
            session,
            actor,
            "topic.changed",
            said,
            subject_id=topic.id,
            changes=_changes(was, checked),
        )
    return topic


def retire_topic(session: Session, actor: Actor, topic_id: int, *, retired: bool) -> Topic:
    """Offer a kind of notice no longer, or again. Links in mail that went out go on working."""
    topic = find_topic(session, actor, topic_id)
    if topic.is_retired != retired:
        topic.is_retired = retired
        words = (
            _("Kind of notice “%(name)s” is no longer offered", name=topic.name)
            if retired
            else _("Kind of notice “%(name)s” is offered again", name=topic.name)
        )
        action = "topic.retired" if retired else "topic.brought_back"
        note(session, actor, action, words, subject_id=topic.id, changes={_("Offered"): (retired, not retired)})
    return topic


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
    parts = {"name": _("Name, %(language)s"), "sentence": _("Sentence, %(language)s")}
    return {
        _(label, language=tag): (before.get(tag, {}).get(part, ""), after.get(tag, {}).get(part, ""))
        for tag in dict.fromkeys([*before, *after])
        for part, label in parts.items()
    }


def name_for(topic: Topic, language: str) -> tuple[str, str]:
    """Give a kind's name and sentence in a language; each in the main one where nothing was written."""
    own, main = topic.words.get(language, {}), topic.words[MAIN_LANGUAGE]
    return str(own.get("name") or main["name"]), str(own.get("sentence") or main["sentence"])


def stop_topic(
    session: Session,
    topic: Topic,
    email: str,
    *,
    message_id: int | None = None,
    added_by: int | None = None,
    batch: str | None = None,
) -> bool:
    """Write of this kind to an address no longer. False when that is so already; it then belongs to no batch more."""
    there = session.scalar(
        select(TopicOptOut).where(*_of(topic, email)).with_for_update().execution_options(populate_existing=True)
    )
    if there is not None:
        there.batch = None
        return False
    row = TopicOptOut(
        workspace_id=topic.workspace_id,
        topic_id=topic.id,
        email=email,
        email_key=email.lower(),
        message_id=message_id,
        added_by=added_by,
        batch=batch,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # somebody else did it in the same moment
        return False
    return True


def resume_topic(session: Session, topic: Topic, email: str) -> bool:
    """Write of this kind to an address again. False when it was not stopped."""
    found = session.scalar(select(TopicOptOut).where(*_of(topic, email)))
    if found is None:
        return False
    session.delete(found)
    session.flush()
    return True


def resume_batch(session: Session, workspace_id: int, batch: str) -> int:
    """Take away what was stopped together by hand; gives how many there were."""
    of_batch = (TopicOptOut.workspace_id == workspace_id, TopicOptOut.batch == batch)
    gone: int = session.execute(
        delete(TopicOptOut).where(*of_batch).execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    return gone


def stopped_topics(session: Session, workspace_id: int, email: str) -> Sequence[Topic]:
    """Give the kinds of notice that an address stopped, retired ones too."""
    return session.scalars(
        select(Topic)
        .join(TopicOptOut, TopicOptOut.topic_id == Topic.id)
        .where(TopicOptOut.workspace_id == workspace_id, TopicOptOut.email_key == email.lower())
        .order_by(Topic.id)
    ).all()


def topic_opted_out(session: Session, topic_id: int, emails: Collection[str]) -> dict[str, datetime]:
    """Give those of the addresses, in lower case, whose people stopped this kind, and when. One query."""
    rows: Sequence[tuple[str, datetime]] = session.execute(
        select(TopicOptOut.email_key, TopicOptOut.created_at).where(
            TopicOptOut.topic_id == topic_id,
            among(TopicOptOut.email_key.expression, {email.lower() for email in emails}),
        )
    ).all()
    return dict(rows)


def topic_words(email: str, name: str, at: datetime) -> str:
    """Say that somebody stopped a kind of notice, and on which day (UTC)."""
    return _("%(email)s stopped “%(name)s” on %(at)s.", email=email, name=name, at=at.date())


def _of(topic: Topic, email: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return TopicOptOut.topic_id == topic.id, TopicOptOut.email_key == email.lower()


def _checked(
    session: Session, actor: Actor, words: Mapping[str, tuple[str, str]], own_id: int | None
) -> dict[str, dict[str, str]]:
    """Give words as they are stored. Raises Refused, with `name_LANGUAGE` or `sentence_LANGUAGE` as the field."""
    checked: dict[str, dict[str, str]] = {}
    for language, pair in words.items():
        name, sentence = (" ".join(one.replace("\0", "").split()) for one in pair)
        if len(name) > MAX_NAME:
            raise Refused(_("Use at most %(most)s characters.", most=MAX_NAME), field=f"name_{language}")
        if len(sentence) > MAX_SENTENCE:
            raise Refused(_("Use at most %(most)s characters.", most=MAX_SENTENCE), field=f"sentence_{language}")
        if sentence and not name:
            raise Refused(_("Give the name in this language too."), field=f"name_{language}")
        if name:
            checked[language] = {"name": name, "sentence": sentence}
    if MAIN_LANGUAGE not in checked:
        raise Refused(_("Enter a name that readers understand, such as “Appointments”."), field=f"name_{MAIN_LANGUAGE}")
    wanted = checked[MAIN_LANGUAGE]["name"].casefold()
    everyone = (*topics(session, actor.workspace_id), *topics(session, actor.workspace_id, retired=True))
    if any(one.name.casefold() == wanted and one.id != own_id for one in everyone):
        raise Refused(_("There is a kind of notice of this name already."), field=f"name_{MAIN_LANGUAGE}")
    return checked
