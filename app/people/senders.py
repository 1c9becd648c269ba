"""Sender identities: From addresses that staff may pick."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.contract import check_address
from app.cloudflare.problem import has_odd_character
from app.people.connection import stored_connection
from app.people.models import SenderIdentity
from app.refusals import NotThere, Refused
from app.words import _


def senders(session: Session, workspace_id: int) -> list[SenderIdentity]:
    """Give the identities that may be picked, by address."""
    return list(
        session.scalars(
            select(SenderIdentity)
            .where(SenderIdentity.workspace_id == workspace_id, SenderIdentity.is_retired.is_(False))
            .order_by(SenderIdentity.address, SenderIdentity.name)
        )
    )


def add_sender(
    session: Session, actor: Actor, *, local_part: str, domain: str, name: str, reply_to: str
) -> SenderIdentity:
    """Make an identity on one of the account's sending domains. Raises Refused."""
    if domain not in stored_connection(session, actor.workspace_id).domains:
        raise Refused(_("Pick one of the account's sending domains; check the connection to see them."), field="domain")
    address = f"{local_part.strip()}@{domain.removeprefix('*.')}"
    problem = check_address(address)
    if problem is not None:
        raise Refused(problem.words, field="local_part")
    if any(sign in name for sign in "\r\n<>") or has_odd_character(name):
        raise Refused(_("A sender's name cannot hold line breaks, control characters or angle brackets."), field="name")
    if reply_to.strip() and (wrong := check_address(reply_to.strip())) is not None:
        raise Refused(wrong.words, field="reply_to")
    known = session.scalar(
        select(SenderIdentity).where(
            SenderIdentity.workspace_id == actor.workspace_id,
            SenderIdentity.address == address,
            SenderIdentity.name == name.strip(),
        )
    )
    if known is not None and not known.is_retired:
        raise Refused(_("This sender exists already."), field="local_part")
    sender = known or SenderIdentity(workspace_id=actor.workspace_id, address=address, name=name.strip())
    sender.reply_to = reply_to.strip()
    sender.is_retired = False
    session.add(sender)
    session.flush()
    changes = {_("Name"): ("", sender.name), "Reply-To": ("", sender.reply_to), _("Offered"): (False, True)}
    note(
        session,
        actor,
        "sender.added",
        _("Sender %(address)s added", address=address),
        subject_id=sender.id,
        changes=changes,
    )
    return sender


def retire_sender(session: Session, actor: Actor, sender_id: int) -> SenderIdentity:
    """Offer an identity no longer; past sends keep naming it."""
    sender = find_sender(session, actor, sender_id)
    sender.is_retired = True
    changes = {_("Offered"): (True, False)}
    note(
        session,
        actor,
        "sender.retired",
        _("Sender %(address)s removed", address=sender.address),
        subject_id=sender.id,
        changes=changes,
    )
    return sender


def find_sender(session: Session, actor: Actor, sender_id: int) -> SenderIdentity:
    """Find an identity of the actor's workspace. Raises NotThere."""
    sender = session.get(SenderIdentity, sender_id)
    if sender is None or sender.workspace_id != actor.workspace_id:
        raise NotThere("sender")
    return sender
