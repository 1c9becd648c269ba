"""People who wrote “unsubscribe” to a mailbox: somebody pastes their addresses, and nobody writes there again."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from email.utils import getaddresses

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.contract import check_address
from app.recipients.checking import clean_address
from app.recipients.models import SuppressionReason
from app.recipients.suppressions.who import lift_batch, suppress
from app.recipients.unsubscribing.models import Topic
from app.recipients.unsubscribing.topics import resume_batch, stop_topic
from app.refusals import Refused
from app.words import _, _n

MOST_ADDRESSES = 500
"""Addresses that are taken at once."""
_SEPARATORS = re.compile(r"[\r\n\t;,]+")
_QUOTED_NAME = re.compile(r'"[^"\r\n]*"\s*(?=<)')
"""A name in front of an address, as in `"Smith, Anna" <anna@example.com>`: its comma separates nothing."""
_LABEL = re.compile(r"^\s*(from|reply-to|von|de|da)\s*:\s*", re.IGNORECASE)
"""What stands in front of an address that was copied out of an e-mail's head."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """What was read out of a paste."""

    addresses: list[str]
    """Each once, in order."""
    unread: list[str]
    """Lines in which no address was found; nothing was done with them."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """What came of it."""

    batch: str
    """Names it, so that it can be taken back."""
    added: list[str]
    before: list[str]
    """Those who had unsubscribed already."""
    unread: list[str]


def read_addresses(text: str) -> Pasted:
    """Find the addresses in a paste: one a line or with commas, with names or without, lines of mail heads too."""
    found: dict[str, str] = {}
    unread: list[str] = []
    for piece in _SEPARATORS.split(_QUOTED_NAME.sub("", text.replace("\0", ""))):
        line = clean_address(_LABEL.sub("", piece))
        if not line:
            continue
        pairs = [address for _name, address in getaddresses([line]) if address]
        good = [one for one in pairs if one in line and check_address(one) is None]
        for one in good:
            found.setdefault(one.lower(), one)
        if not good or len(good) < len(pairs):
            unread.append(line)
    return Pasted(list(found.values()), unread)


def unsubscribe_by_hand(session: Session, actor: Actor, text: str, topic: Topic | None) -> ByHand:
    """Unsubscribe everybody whose address stands in a paste: from one kind of notice, or from all. Raises Refused."""
    pasted = read_addresses(text)
    if not pasted.addresses:
        raise Refused(_("There is no e-mail address in this. Paste one on each line."), field="addresses")
    if len(pasted.addresses) > MOST_ADDRESSES:
        words = _(
            "These are %(addresses)s addresses; at most %(most)s are taken at once.",
            addresses=len(pasted.addresses),
            most=MOST_ADDRESSES,
        )
        raise Refused(words, field="addresses")
    batch = str(uuid.uuid4())
    # In one order everywhere, so that two pastes never wait for each other in a ring.
    stopped = {one for one in sorted(pasted.addresses, key=str.lower) if _stop(session, actor, one, topic, batch)}
    added = [one for one in pasted.addresses if one in stopped]
    before = [one for one in pasted.addresses if one not in stopped]
    if added:
        words = (
            _n(
                "%(count)s person who wrote to us unsubscribed by hand from “%(topic)s”",
                "%(count)s people who wrote to us unsubscribed by hand from “%(topic)s”",
                len(added),
                topic=topic.name,
            )
            if topic is not None
            else _n(
                "%(count)s person who wrote to us unsubscribed by hand from all e-mail",
                "%(count)s people who wrote to us unsubscribed by hand from all e-mail",
                len(added),
            )
        )
        note(session, actor, "suppression.opted_out_by_hand", words, batch=batch)
    return ByHand(batch, added, before, pasted.unread)


def take_back(session: Session, actor: Actor, batch: str) -> int:
    """Undo one `unsubscribe_by_hand`; gives how many people it was undone for.

    Whoever had said no before, or said it again since, is not among them.
    """
    done = lift_batch(session, actor.workspace_id, SuppressionReason.OPT_OUT, batch)
    done += resume_batch(session, actor.workspace_id, batch)
    if done:
        note(
            session,
            actor,
            "suppression.by_hand_undone",
            _n(
                "Unsubscribing by hand of %(count)s person taken back",
                "Unsubscribing by hand of %(count)s people taken back",
                done,
            ),
            batch=batch,
        )
    return done


def _stop(session: Session, actor: Actor, email: str, topic: Topic | None, batch: str) -> bool:
    if topic is not None:
        return stop_topic(session, topic, email, added_by=actor.id, batch=batch)
    return suppress(session, actor.workspace_id, email, SuppressionReason.OPT_OUT, added_by=actor.id, batch=batch)
