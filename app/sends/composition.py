"""The one function that makes the e-mail of one recipient: preview, review and delivery all call it (P4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from app.cloudflare.types import Address, Attachment, SendRequest
from app.emails.rendering import EmailSource, render
from app.sends.models import Send, SendAttachment, SendKind

REFERENCE_HEADER = "X-Postroom-Message"
"""Carries our own random reference, by which a doubtful message can be found at the vendor (API.md, section 15)."""


@dataclass(frozen=True, slots=True)
class MessagePlan:
    """Everything that is the same for all messages of a send. Can be pickled to another process."""

    source: EmailSource
    sender: Address
    reply_to: Address | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    to: tuple[Address, ...] = ()
    """Direct sends only; list sends go to the one recipient."""
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    attachments: tuple[Attachment, ...] = ()


def plan_of(session: Session, send: Send) -> MessagePlan:
    """Read the plan of a send whose template version and sender are chosen."""
    version = send.template_version
    if version is None:
        raise ValueError("the send has no template version")
    files = session.scalars(
        select(SendAttachment)
        .where(SendAttachment.send_id == send.id)
        .order_by(SendAttachment.id)
        .options(undefer(SendAttachment.content))
    )
    return MessagePlan(
        source=EmailSource(
            subject=version.subject,
            html=version.prepared_html,
            text=version.prepared_text,
            headers=tuple((str(name), str(value)) for name, value in send.headers),
        ),
        sender=Address(send.from_address, send.from_name or None),
        reply_to=Address(send.reply_to) if send.reply_to else None,
        values=dict(send.values),
        to=_addresses(send.to) if send.kind is SendKind.DIRECT else (),
        cc=_addresses(send.cc),
        bcc=_addresses(send.bcc),
        attachments=tuple(Attachment(f.file_name, f.content, f.media_type) for f in files),
    )


def data_for(plan: MessagePlan, email: str, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the template sees: common values, then the recipient's own columns, `email` and `name`."""
    return {**plan.values, "email": email, "name": name, **data}


def compose(plan: MessagePlan, email: str, name: str, data: Mapping[str, Any], reference: str) -> SendRequest:
    """Make the request for one recipient. Raises RenderError when the template cannot be rendered for them."""
    rendered = render(plan.source, data_for(plan, email, name, data))
    return SendRequest(
        sender=plan.sender,
        to=plan.to or (Address(email, name or None),),
        subject=rendered.subject,
        html=rendered.html or None,
        text=rendered.text or None,
        cc=plan.cc,
        bcc=plan.bcc,
        reply_to=plan.reply_to,
        headers=(*rendered.headers, (REFERENCE_HEADER, reference)),
        attachments=plan.attachments,
    )


def _addresses(pairs: list[Any]) -> tuple[Address, ...]:
    return tuple(Address(str(address), str(name) or None) for address, name in pairs)
