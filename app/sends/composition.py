"""The one function that makes the e-mail of one recipient: preview, review and delivery all call it (P4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cloudflare.types import Address, Attachment, SendRequest
from app.emails.content import Hint
from app.emails.files import contents_of
from app.emails.languages import choose
from app.emails.models import TemplateVersion
from app.emails.publishing import with_defaults
from app.emails.rendering import EmailSource, render
from app.own_variables import UNSUBSCRIBE_URL
from app.people.models import Workspace
from app.recipients.unsubscribing.links import LinkKey, LinkKeys, LinkSealer, sealed_length
from app.recipients.unsubscribing.models import Topic
from app.sends.models import Send, SendAttachment, SendKind

REFERENCE_HEADER = "X-Postroom-Message"
"""Carries our own random reference, by which a doubtful message can be found at the vendor (API.md, section 15)."""
SPECIMEN_REFERENCE = "00000000-0000-4000-8000-000000000000"
"""Stands in for a message's own reference, which has the same length."""
BY_REFERENCE = ""
"""`Send.link_key` of a send whose unsubscribe links are the messages' references: tests, and sends of long ago."""
SPECIMEN_FILLING = "0"
"""Fills the link of a specimen up to the length of a real one."""
TEST_HEADER = "X-Postroom-Test"
TEST_MARK = "[Test] "
"""How a test e-mail is marked: in a header and in front of its subject."""


@dataclass(frozen=True, slots=True)
class MessagePlan:
    """Everything that is the same for all messages of a send. Can be pickled to another process."""

    source: EmailSource
    """In the template's own language."""
    sender: Address
    variants: Mapping[str, EmailSource] = field(default_factory=dict)
    """The sources in all languages, by tag."""
    language_column: str = ""
    """Column that names a recipient's language; empty: everybody gets `source`."""
    hints: Mapping[str, Hint] = field(default_factory=dict)
    file_column: str = ""
    """Column that names a recipient's own file; empty: nobody has one."""
    reply_to: Address | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    to: tuple[Address, ...] = ()
    """Direct sends only; list sends go to the one recipient."""
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    """The template's files, the images of its pieces, and the send's files."""
    public_url: str = ""
    """Where recipients reach Postroom, without a slash at its end; empty: there is no hosted unsubscribe link."""
    topic_key: str = ""
    """The kind of notice, as unsubscribe links name it."""
    sealer: LinkSealer | None = None
    """Makes the unsubscribe links; None: they are the messages' references."""
    is_test: bool = False


def plan_of(session: Session, send: Send, keys: LinkKeys | None = None) -> MessagePlan:
    """Read the plan of a send whose template version and sender are chosen.

    `keys` are needed where messages are put together as they go out; with a specimen reference they are not.
    """
    version = send.template_version
    if version is None:
        raise ValueError("the send has no template version")
    headers = tuple((str(name), str(value)) for name, value in send.headers)
    topic = session.get(Topic, send.topic_id) if send.topic_id else None
    key = _link_key(send, keys)
    sources = {tag: replace(version.source(tag), headers=headers) for tag in version.prepared}
    return MessagePlan(
        source=sources[version.content.language],
        sender=Address(send.from_address, send.from_name or None),
        variants=sources,
        language_column=version.content.language_column,
        hints=version.content.hints,
        file_column=send.file_column,
        reply_to=Address(send.reply_to) if send.reply_to else None,
        values=dict(send.values),
        to=_addresses(send.to) if send.kind is SendKind.DIRECT else (),
        cc=_addresses(send.cc),
        bcc=_addresses(send.bcc),
        attachments=tuple(_attachments(session, send, version)),
        public_url=_public_url(session, send),
        topic_key=topic.key if topic is not None else "",
        sealer=LinkSealer(key, send.workspace_id, topic.key if topic is not None else "") if key else None,
        is_test=send.kind is SendKind.TEST,
    )


def data_for(plan: MessagePlan, email: str, name: str, data: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """Give what the template sees: common values, the recipient's own (`own_values`), and the unsubscribe link.

    An “if missing” value stands in for what none of them gives.
    """
    given = {**plan.values, **own_values(email, name, data)}
    links = _links(plan, email, with_defaults(given, plan.hints), reference) if plan.public_url else {}
    return with_defaults({**given, **links}, plan.hints)


def own_values(email: str, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Give `email`, `name` and a recipient's columns. None of these is the unsubscribe link: opt-outs would be lost."""
    return {"email": email, "name": name, **{one: cell for one, cell in data.items() if one != UNSUBSCRIBE_URL}}


def unsubscribe_link(public_url: str, key: str) -> dict[str, str]:
    """Give the variable of the hosted unsubscribe page, `unsubscribe_url`; nothing without a public address."""
    return {UNSUBSCRIBE_URL: f"{public_url}/u/{key}"} if public_url else {}


def _links(plan: MessagePlan, email: str, data: Mapping[str, Any], reference: str) -> dict[str, str]:
    language = source_for(plan, data).language
    key = reference
    if plan.sealer is not None:
        key = plan.sealer.seal(reference, email, language, is_own_language=bool(plan.language_column))
    elif reference == SPECIMEN_REFERENCE and not plan.is_test:  # as long as it will be, for the checks of size
        key += SPECIMEN_FILLING * (sealed_length(email, plan.topic_key, language) - len(reference))
    return unsubscribe_link(plan.public_url, key)


def source_for(plan: MessagePlan, data: Mapping[str, Any]) -> EmailSource:
    """Give the source in the recipient's language; in the template's own when there is none in theirs."""
    if not plan.language_column:
        return plan.source
    wanted = str(data.get(plan.language_column, ""))
    return plan.variants[choose(wanted, plan.variants, plan.source.language)]


def _public_url(session: Session, send: Send) -> str:
    """Give the address that was there at the release; of a draft today's."""
    if send.released_at is not None:
        return send.public_url
    return session.get_one(Workspace, send.workspace_id).public_url


def _link_key(send: Send, keys: LinkKeys | None) -> LinkKey | None:
    """Give the key that seals a send's links; None: its links are references, or its key is not known here."""
    return keys.find(send.link_key) if keys is not None and send.link_key else None


def compose(
    plan: MessagePlan,
    email: str,
    name: str,
    data: Mapping[str, Any],
    reference: str,
    own_file: Attachment | None = None,
) -> SendRequest:
    """Make the request for one recipient, with their own file if they have one.

    Raises RenderError when the template cannot be rendered for them.
    """
    values = data_for(plan, email, name, data, reference)
    rendered = render(source_for(plan, values), values)
    marks = ((REFERENCE_HEADER, reference), *(((TEST_HEADER, "yes"),) if plan.is_test else ()))
    return SendRequest(
        sender=plan.sender,
        to=plan.to or (Address(email, name or None),),
        subject=f"{TEST_MARK}{rendered.subject}" if plan.is_test else rendered.subject,
        html=rendered.html or None,
        text=rendered.text or None,
        cc=plan.cc,
        bcc=plan.bcc,
        reply_to=plan.reply_to,
        headers=(*rendered.headers, *marks),
        attachments=(*plan.attachments, own_file) if own_file else plan.attachments,
    )


def _attachments(session: Session, send: Send, version: TemplateVersion) -> Iterator[Attachment]:
    """Give the files of the template version, then those of the send."""
    own = session.scalars(
        select(SendAttachment).where(SendAttachment.send_id == send.id).order_by(SendAttachment.id)
    ).all()
    contents = contents_of(session, [one.sha256 for one in version.files] + [one.sha256 for one in own])
    for one in version.files:
        disposition = "inline" if one.content_id else "attachment"
        yield Attachment(one.name, contents[one.sha256], one.media_type, disposition, one.content_id or None)
    for file in own:
        yield Attachment(file.file_name, contents[file.sha256], file.media_type)


def _addresses(pairs: list[Any]) -> tuple[Address, ...]:
    return tuple(Address(str(address), str(name) or None) for address, name in pairs)
