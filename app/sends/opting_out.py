"""Unsubscribing by the link in an e-mail: whoever holds its reference, which cannot be guessed, may."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.trail import note_program
from app.people.models import Workspace
from app.recipients.models import SuppressionReason
from app.recipients.suppressions import find_suppression, lift_opt_out, suppress
from app.refusals import NotThere
from app.sends.models import Message, Send, SendKind
from app.sends.review import SPECIMEN_REFERENCE


@dataclass(frozen=True, slots=True)
class OptOut:
    """What an unsubscribe link stands for."""

    email: str = ""
    organisation: str = ""
    is_out: bool = False
    is_example: bool = False
    """The link of a preview or of a test e-mail: nothing comes of it."""


def opt_out_of(session: Session, reference: str) -> OptOut:
    """Give what the link with this reference stands for. Raises NotThere."""
    if reference == SPECIMEN_REFERENCE:
        return OptOut(is_example=True)
    message, send, workspace = _found(session, reference)
    if send.kind is SendKind.TEST:
        return OptOut(is_example=True, organisation=workspace.name)
    is_out = find_suppression(session, workspace.id, message.email) is not None
    return OptOut(message.email, workspace.name, is_out=is_out)


def opt_out(session: Session, reference: str) -> None:
    """Write to the recipient of the message no longer; doing it twice is doing it once. Raises NotThere."""
    if opt_out_of(session, reference).is_example:
        return
    message, send, workspace = _found(session, reference)
    if suppress(session, workspace.id, message.email, SuppressionReason.OPT_OUT, message_id=message.id):
        words = f"{message.email} unsubscribed by the link in an e-mail of send {send.id}"
        note_program(session, workspace.id, "recipient.unsubscribed", words, subject_id=message.id)


def opt_in_again(session: Session, reference: str) -> None:
    """Undo it. Raises NotThere."""
    if opt_out_of(session, reference).is_example:
        return
    message, send, workspace = _found(session, reference)
    if lift_opt_out(session, workspace.id, message.email):
        words = f"{message.email} took back the unsubscribing, by the link in an e-mail of send {send.id}"
        note_program(session, workspace.id, "recipient.subscribed_again", words, subject_id=message.id)


def _found(session: Session, reference: str) -> tuple[Message, Send, Workspace]:
    row = session.execute(
        select(Message, Send, Workspace)
        .join(Send, Send.id == Message.send_id)
        .join(Workspace, Workspace.id == Send.workspace_id)
        .where(Message.reference == reference)
    ).first()
    if row is None:
        raise NotThere("message")
    return row[0], row[1], row[2]
