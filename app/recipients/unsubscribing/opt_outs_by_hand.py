"""People who wrote “unsubscribe” to a mailbox: somebody pastes their addresses, and nobody writes there again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import getaddresses

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.contract import check_address
from app.recipients.models import SuppressionReason
from app.recipients.suppressions.who import lift_opt_out, suppress
from app.recipients.unsubscribing.models import Topic
from app.recipients.unsubscribing.topics import resume_topic, stop_topic
from app.refusals import Refused
from app.words import _, _n

MOST_ADDRESSES = 500
"""Addresses that are taken at once."""
_SEPARATORS = re.compile(r"[\r\n\t;,]+")
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

    added: list[str]
    before: list[str]
    """Those who had unsubscribed already."""
    unread: list[str]


def read_addresses(text: str) -> Pasted:
    """Find the addresses in a paste: one a line or with commas, with names or without, lines of mail heads too."""
    found: dict[str, str] = {}
    unread: list[str] = []
    for piece in _SEPARATORS.split(text.replace("\0", "")):
        line = _LABEL.sub("", piece).strip()
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
    added = [one for one in pasted.addresses if _stop(session, actor, one, topic)]
    before = [one for one in pasted.addresses if one not in added]
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
        note(session, actor, "suppression.opted_out_by_hand", words)
    return ByHand(added, before, pasted.unread)


def take_back(session: Session, actor: Actor, addresses: Sequence[str], topic: Topic | None) -> int:
    """Undo `unsubscribe_by_hand` for these addresses; gives how many it was undone for."""
    done = 0
    for one in addresses[:MOST_ADDRESSES]:
        if topic is not None:
            done += resume_topic(session, topic, one)
        else:
            done += lift_opt_out(session, actor.workspace_id, one)
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
        )
    return done


def _stop(session: Session, actor: Actor, email: str, topic: Topic | None) -> bool:
    if topic is not None:
        return stop_topic(session, topic, email)
    return suppress(session, actor.workspace_id, email, SuppressionReason.OPT_OUT)
