"""The MIME text of a captured mail, made when somebody looks at it."""

from __future__ import annotations

from email.headerregistry import Address as MimeAddress
from email.message import EmailMessage
from email.policy import SMTP

from app.cloudflare.types import Address, SendRequest


def mime_of(mail: SendRequest, message_id: str) -> bytes:
    """Build the mail as a mail server would pass it on (bcc left out)."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(mail.sender)
    for name, people in (("To", mail.to), ("Cc", mail.cc)):
        if people:
            message[name] = tuple(_address(one) for one in people)
    if mail.reply_to is not None:
        message["Reply-To"] = _address(mail.reply_to)
    message["Subject"] = mail.subject
    message["Message-ID"] = message_id
    for name, value in mail.headers:
        message[name] = value
    if mail.text is not None:
        message.set_content(mail.text)
        if mail.html is not None:
            message.add_alternative(mail.html, subtype="html")
    else:
        message.set_content(mail.html or "", subtype="html")
    for one in mail.attachments:
        kind, _, subtype = one.type.partition(";")[0].strip().partition("/")
        message.add_attachment(
            one.content,
            maintype=kind,
            subtype=subtype,
            filename=one.filename,
            disposition=one.disposition,
            cid=f"<{one.content_id}>" if one.content_id else None,
        )
    return message.as_bytes()


def _address(one: Address) -> MimeAddress:
    return MimeAddress(display_name=one.name or "", addr_spec=one.address)
