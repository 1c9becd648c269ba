"""Who must not get a send because they stopped its kind of notice, or all: one rule for review, release and delivery.

A test e-mail goes to its testers whatever they did. A service notice ignores those who stopped its kind, and by law
also those who stopped all; what else keeps an address from being written to counts for every send.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.recipients.models import Suppression, SuppressionReason
from app.recipients.notices import ServiceScope
from app.recipients.suppressions import opted_out, opted_out_words
from app.recipients.topic_models import Topic, TopicOptOut
from app.recipients.topics import topic_opted_out, topic_words
from app.sends.models import Send, SendKind

OPTED_OUT = "opted_out"
"""Reason of a message to a person who stopped all e-mail."""
TOPIC_OPTED_OUT = "topic_opted_out"
"""Reason of a message to a person who stopped this kind of notice."""


def everybody_of(send: Send) -> list[str]:
    """Give the addresses that a direct send goes to, all in one e-mail; of other sends none."""
    return [str(one) for one, _ in (*send.to, *send.cc, *send.bcc)] if send.kind is SendKind.DIRECT else []


def who_stopped(session: Session, send: Send, emails: Collection[str]) -> dict[str, tuple[str, str]]:
    """Give those of the addresses, in lower case, that this send must leave out, with the reason's code and words.

    Two queries at most, however many addresses there are.
    """
    if send.kind is SendKind.TEST or not emails:
        return {}
    found: dict[str, tuple[str, str]] = {}
    as_typed = {one.lower(): one for one in emails}
    if send.topic_id is not None and send.service_scope is ServiceScope.NONE:
        of_topic = topic_opted_out(session, send.topic_id, as_typed)
        name = session.get_one(Topic, send.topic_id).name if of_topic else ""
        found |= {key: (TOPIC_OPTED_OUT, topic_words(as_typed[key], name, at)) for key, at in of_topic.items()}
    if send.service_scope is not ServiceScope.ALL:
        of_all = opted_out(session, send.workspace_id, as_typed)
        found |= {key: (OPTED_OUT, opted_out_words(as_typed[key], at)) for key, at in of_all.items()}
    return found


def keys_stopped(send: Send) -> list[Select[str]]:
    """Give queries for the addresses, in lower case, that this send must leave out, for conditions in SQL."""
    if send.kind is SendKind.TEST:
        return []
    queries: list[Select[str]] = []
    if send.service_scope is not ServiceScope.ALL:
        of_all = (Suppression.workspace_id == send.workspace_id, Suppression.reason == SuppressionReason.OPT_OUT)
        queries.append(select(Suppression.email_key).where(*of_all))
    if send.topic_id is not None and send.service_scope is ServiceScope.NONE:
        queries.append(select(TopicOptOut.email_key).where(TopicOptOut.topic_id == send.topic_id))
    return queries
