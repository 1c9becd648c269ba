"""Who must not get a send: the one rule for review, release, start, delivery and retries.

To what holds for every send (`recipients/suppressions/who.py`) comes the send's own kind of notice: whoever stopped
it is left out. A test e-mail goes to its testers whatever they did. A service notice ignores those who stopped its
kind, and by law also those who stopped all; bounces, complaints and what staff or Cloudflare hold back count for
every send.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.recipients.models import SuppressionReason
from app.recipients.suppressions.who import Reason, domain_of, is_not_to_write, not_to_write
from app.recipients.unsubscribing.models import Topic, TopicOptOut
from app.recipients.unsubscribing.notices import ServiceScope
from app.recipients.unsubscribing.topics import topic_opted_out, topic_words
from app.sends.models import Send, SendKind

TOPIC_OPTED_OUT = "topic_opted_out"
"""Code of a message to a person who stopped this kind of notice."""


def everybody_of(send: Send) -> list[str]:
    """Give the addresses that a direct send goes to, all in one e-mail; of other sends none."""
    return [str(one) for one, _ in (*send.to, *send.cc, *send.bcc)] if send.kind is SendKind.DIRECT else []


def who_must_not(session: Session, send: Send, emails: Collection[str]) -> dict[str, Reason]:
    """Give those of the addresses, in lower case, that this send must leave out, and why.

    Three queries at most, however many addresses there are.
    """
    if send.kind is SendKind.TEST or not emails:
        return {}
    found: dict[str, Reason] = {}
    if _heeds_topic(send) and send.topic_id is not None:
        typed = {one.lower(): one for one in emails}
        of_topic = topic_opted_out(session, send.topic_id, typed)
        name = session.get_one(Topic, send.topic_id).name if of_topic else ""
        found = {key: Reason(TOPIC_OPTED_OUT, topic_words(typed[key], name, at)) for key, at in of_topic.items()}
    domain, ignored = domain_of(send.from_address), _ignored(send)
    return found | not_to_write(session, send.workspace_id, emails, sender_domain=domain, ignored=ignored)


def must_not(send: Send, email_key: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Give the same rule as a condition on a column of addresses in lower case."""
    if send.kind is SendKind.TEST:
        return false()
    by_all = is_not_to_write(email_key, send.workspace_id, domain_of(send.from_address), ignored=_ignored(send))
    if not _heeds_topic(send):
        return by_all
    return or_(by_all, email_key.in_(select(TopicOptOut.email_key).where(TopicOptOut.topic_id == send.topic_id)))


def _heeds_topic(send: Send) -> bool:
    # A send that was not stored yet has no scope: it is like one that was not declared anything.
    return send.topic_id is not None and send.service_scope in {ServiceScope.NONE, None}


def _ignored(send: Send) -> Collection[SuppressionReason]:
    return (SuppressionReason.OPT_OUT,) if send.service_scope is ServiceScope.ALL else ()
