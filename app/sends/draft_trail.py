"""What the trail tells of a draft while it is composed: template, people, sender, values, files; never an address."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.sends.audience_parts import parts_of, words_of
from app.sends.models import Send, SendKind
from app.words import _, _n

Told = Mapping[str, object]
"""What is told, in words, of a state of the draft."""

_ACTS = {
    "what_chosen": _("what goes to whom was chosen"),
    "people_chosen": _("whom it goes to was chosen"),
    "sender_chosen": _("sender and headers were chosen"),
}


def what_of(session: Session, send: Send) -> Told:
    """Say which e-mail goes to whom."""
    version = send.template_version
    return {_("Template"): version.title if version is not None else "", **people_of(session, send)}


def people_of(session: Session, send: Send) -> Told:
    """Say to which lists a draft goes, or to how many addresses."""
    if send.kind is SendKind.LIST:
        return {_("Goes to"): words_of(parts_of(session, send))}
    count = len(send.to) + len(send.cc) + len(send.bcc)
    return {_("Goes to"): _n("%(count)s typed address", "%(count)s typed addresses", count)}


def sender_of(send: Send) -> Told:
    """Say from whom it comes, and with which headers."""
    sender = f"{send.from_name} <{send.from_address}>" if send.from_name else send.from_address
    return {
        _("Sender"): sender,
        _("Reply-To"): send.reply_to,
        _("Headers"): [f"{name}: {value}" for name, value in send.headers],
    }


def note_draft(session: Session, actor: Actor, send: Send, act: str, *, before: Told, after: Told) -> None:
    """Note what changed in a draft; nothing when nothing did."""
    if dict(before) != dict(after):
        changes = {what: (before.get(what, ""), after.get(what, "")) for what in {**before, **after}}
        words = _("Draft of send %(send_id)s: %(act)s", send_id=str(send.id), act=_ACTS[act])
        note(session, actor, f"send.{act}", words, subject_id=send.id, changes=changes)
