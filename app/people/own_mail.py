"""Writing Postroom's own e-mails to its staff. The worker posts them (`app.delivery.own_mail_posting`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.trail import note
from app.people.connection import NotConnected, resolve
from app.people.models import Person, SenderIdentity, Workspace
from app.people.own_mail_models import OwnMail
from app.people.sealing import seal, unseal
from app.people.senders import find_sender
from app.settings import Settings
from app.words import FALLBACK, _, speaking
from app.words import language as spoken_now

SHOWN = 20
"""Own e-mails that the settings page shows, the newest first."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What an own e-mail says: paragraphs, then one link as (label, full URL), if any; and in which language."""

    words: tuple[str, ...]
    link: tuple[str, str] | None = None
    language: str = FALLBACK


def can_write(session: Session, settings: Settings, workspace_id: int) -> bool:
    """Whether the workspace has a connection and a sender for own e-mails."""
    try:
        resolve(session, settings, workspace_id)
    except NotConnected:
        return False
    return own_sender(session, workspace_id) is not None


def write(
    session: Session,
    settings: Settings,
    workspace_id: int,
    email: str,
    subject: str,
    words: Sequence[str],
    *,
    language: str = FALLBACK,
    link: tuple[str, str] | None = None,
) -> bool:
    """Have an e-mail sent when this transaction is committed; False, and nothing, where `can_write` says no.

    It is said in `language`, as the account of whoever gets it has chosen; empty: none is chosen, so in English.
    """
    if not can_write(session, settings, workspace_id):
        return False
    with speaking(language):
        told = (str(link[0]), link[1]) if link else None
        letter = json.dumps([[str(one) for one in words], told, spoken_now()])
        title = " ".join(str(subject).split())[:200]
    session.add(
        OwnMail(
            workspace_id=workspace_id,
            email=email,
            subject=title,
            letter_sealed=seal(letter, settings.secret_key),
        )
    )
    return True


def letter_of(mail: OwnMail, settings: Settings) -> Letter:
    """Read what an e-mail says. Raises CannotUnseal."""
    words, link, *spoken = json.loads(unseal(mail.letter_sealed, settings.secret_key))
    return Letter(tuple(words), (link[0], link[1]) if link else None, spoken[0] if spoken else FALLBACK)


def own_sender(session: Session, workspace_id: int) -> SenderIdentity | None:
    """Give the sender of a workspace's own e-mails."""
    chosen = session.get_one(Workspace, workspace_id).own_mail_sender_id
    sender = session.get(SenderIdentity, chosen) if chosen is not None else None
    return None if sender is None or sender.is_retired else sender


def choose_sender(session: Session, actor: Person, sender_id: int | None) -> SenderIdentity | None:
    """Set the sender of own e-mails; None: send none. Raises NotThere."""
    sender = find_sender(session, actor, sender_id) if sender_id is not None else None
    before = own_sender(session, actor.workspace_id)
    session.get_one(Workspace, actor.workspace_id).own_mail_sender_id = sender.id if sender else None
    words = (
        _("Postroom's own e-mails come from %(address)s", address=sender.address)
        if sender
        else _("Postroom sends no own e-mails")
    )
    changes = {_("Sender of own e-mails"): (before.address if before else "", sender.address if sender else "")}
    note(session, actor, "workspace.own_mail", words, changes=changes)
    return sender


def newest(session: Session, workspace_id: int) -> Sequence[OwnMail]:
    """Give the newest own e-mails."""
    query = select(OwnMail).where(OwnMail.workspace_id == workspace_id).order_by(OwnMail.id.desc())
    return session.scalars(query.limit(SHOWN)).all()
