"""Composing a draft send. Every change puts the review back to none."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import getaddresses
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.contract import (
    MAX_RECIPIENTS,
    check_address,
)
from app.emails.file_kinds import check_file, clean_name
from app.emails.files import Size, check_fits, size_as_sent, store
from app.emails.headers import problems_of_headers
from app.emails.models import TemplateVersion
from app.emails.publishing import with_defaults
from app.emails.rendering import EmailSource, RenderError, variables_of
from app.emails.templates import find_version
from app.own_variables import OWN_VARIABLES
from app.people.senders import find_sender
from app.recipients.lists import find_list
from app.recipients.models import RecipientList
from app.refusals import NotThere, Refused
from app.sends.audience_models import AudiencePart
from app.sends.audience_parts import parts_of, shared_columns
from app.sends.control import find_send
from app.sends.draft_trail import note_draft, sender_of, what_of
from app.sends.models import ReviewState, Send, SendAttachment, SendKind, SendState
from app.sends.notice_taking import take_from_template
from app.words import _

MAX_NAME = 200
"""Characters of a name beside an address."""


def start_send(
    session: Session,
    actor: Actor,
    *,
    version_id: int,
    kind: SendKind,
    list_id: int | None = None,
    addresses: dict[str, str] | None = None,
) -> Send:
    """Begin a draft: to a list, or to the addresses typed in (`to`, `cc`, `bcc`). Raises Refused."""
    version = _usable_version(session, actor, version_id)
    send = Send(workspace_id=actor.workspace_id, kind=kind, created_by=actor.id)
    send.headers = _defaults(version)
    _choose(session, actor, send, version, list_id, addresses or {})
    session.add(send)
    session.flush()
    note(
        session,
        actor,
        "send.started",
        _("Send %(send_id)s begun with %(title)s", send_id=str(send.id), title=version.title),
        subject_id=send.id,
    )
    return send


def change_what(
    session: Session, actor: Actor, send_id: int, *, version_id: int, list_id: int | None, addresses: dict[str, str]
) -> Send:
    """Choose another template version, list or addresses. Raises Refused."""
    send = draft_of(session, actor, send_id)
    before, was = send.template_version, what_of(session, send)
    _choose(session, actor, send, _usable_version(session, actor, version_id), list_id, addresses)
    note_draft(session, actor, send, "what_chosen", before=was, after=what_of(session, send))
    if before is not None and send.template_version is not None and send.headers == _defaults(before):
        send.headers = _defaults(send.template_version)
    return changed(send, actor)


def change_sender(
    session: Session, actor: Actor, send_id: int, *, sender_id: int, reply_to: str, headers: Sequence[tuple[str, str]]
) -> Send:
    """Choose sender, Reply-To and custom headers. Raises Refused, or BadHeaders with every problem."""
    send = draft_of(session, actor, send_id)
    try:
        sender = find_sender(session, actor, sender_id)
    except NotThere as missing:
        raise Refused(_("Choose a sender."), field="sender") from missing
    if sender.is_retired:
        raise Refused(_("This sender was removed under Settings. Choose another one."), field="sender")
    reply_to = reply_to.strip()
    if reply_to and (problem := check_address(reply_to)) is not None:
        raise Refused(problem.words, field="reply_to")
    problems = header_words(headers)
    if problems:
        raise BadHeaders(problems)
    before = sender_of(send)
    send.sender_identity_id = sender.id
    send.from_address, send.from_name = sender.address, sender.name
    send.reply_to = reply_to or sender.reply_to
    send.headers = [list(pair) for pair in headers]
    note_draft(session, actor, send, "sender_chosen", before=before, after=sender_of(send))
    return changed(send, actor)


class BadHeaders(Refused):
    """Custom headers the service would refuse; `problems` names each in words."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(_("Some headers would be refused."))
        self.problems = problems


def header_words(headers: Sequence[tuple[str, str]]) -> list[str]:
    """Give what is wrong with custom headers, in words; values with variables are checked for each person at review."""
    return list(dict.fromkeys(one.words for one in problems_of_headers(headers)))


def change_values(session: Session, actor: Actor, send_id: int, values: dict[str, str]) -> Send:
    """Set the values common to the whole send; a recipient's own column goes before them."""
    send = draft_of(session, actor, send_id)
    before, send.values = send.values, {name: value for name, value in values.items() if value}
    if before != send.values:  # the values themselves may be a person's, or a secret
        given = {_("Values given for"): (sorted(before), sorted(send.values))}
        note(
            session,
            actor,
            "send.values_set",
            _("Draft of send %(send_id)s: values set", send_id=str(send_id)),
            subject_id=send_id,
            changes=given,
        )
    return changed(send, actor)


def common_variables(session: Session, send: Send) -> list[str]:
    """Give the variables that neither each recipient's address and name nor a column of every list gives."""
    if send.template_version is None:
        return []
    given = {*OWN_VARIABLES, *shared_columns(parts_of(session, send))}
    given |= with_defaults({}, send.template_version.content.hints).keys()
    return sorted({*send.template_version.variables, *_variables_of_headers(send)} - given)


def _variables_of_headers(send: Send) -> list[str]:
    """Give what this send's own headers ask for; the version knows only those it was published with."""
    try:
        return variables_of(EmailSource("", "", "", tuple((str(name), str(value)) for name, value in send.headers)))
    except RenderError:  # the step of the headers says so
        return []


def add_attachment(session: Session, actor: Actor, send_id: int, file_name: str, content: bytes) -> SendAttachment:
    """Attach a file. Raises Refused when it must not be sent or the e-mail would become too large."""
    send = draft_of(session, actor, send_id)
    name = clean_name(file_name)
    if name:
        check_fits(name, content, _sizes_of_files(session, send))
    attachment = SendAttachment(
        send_id=send.id,
        file_name=name,
        media_type=check_file(name, content),
        size=len(content),
        sha256=store(session, content).sha256,
    )
    session.add(attachment)
    session.flush()
    words = _("Draft of send %(send_id)s: “%(name)s” attached", send_id=str(send_id), name=name)
    note(session, actor, "send.file_added", words, subject_id=send_id, changes={_("File"): ("", name)})
    changed(send, actor)
    return attachment


def remove_attachment(session: Session, actor: Actor, send_id: int, attachment_id: int) -> None:
    """Take a file away. Raises NotThere."""
    send = draft_of(session, actor, send_id)
    attachment = session.get(SendAttachment, attachment_id)
    if attachment is None or attachment.send_id != send.id:
        raise NotThere("attachment")
    session.delete(attachment)
    words, changes = (
        _("Draft of send %(send_id)s: “%(file_name)s” removed", send_id=str(send_id), file_name=attachment.file_name),
        {_("File"): (attachment.file_name, "")},
    )
    note(session, actor, "send.file_removed", words, subject_id=send_id, changes=changes)
    changed(send, actor)


def attachments_of(session: Session, send_id: int) -> Sequence[SendAttachment]:
    """Give the files of a send, without their content."""
    return session.scalars(
        select(SendAttachment).where(SendAttachment.send_id == send_id).order_by(SendAttachment.id)
    ).all()


def attachments_size(session: Session, send_id: int) -> Size:
    """Give how much of the limit the template's files and the send's take up, counted as they are sent."""
    return size_as_sent(_sizes_of_files(session, session.get_one(Send, send_id)))


def _sizes_of_files(session: Session, send: Send) -> list[int]:
    own = session.scalars(select(SendAttachment.size).where(SendAttachment.send_id == send.id)).all()
    version = send.template_version
    return [*(one.size for one in version.files), *own] if version else list(own)


def delete_draft(session: Session, actor: Actor, send_id: int) -> None:
    """Throw a draft away."""
    send = draft_of(session, actor, send_id)
    session.delete(send)
    note(
        session, actor, "send.deleted", _("Draft of send %(send_id)s deleted", send_id=str(send_id)), subject_id=send_id
    )


def draft_of(session: Session, actor: Actor, send_id: int) -> Send:
    """Find a draft. Raises NotThere; Refused when it is released already."""
    send = find_send(session, actor, send_id)
    if send.state is SendState.AWAITING_APPROVAL:
        raise Refused(_("This send waits for approval. Take it back to change it."))
    if send.state is not SendState.DRAFT:
        raise Refused(_("This send is released already and cannot be changed."))
    return send


def parse_addresses(field: str, text: str) -> list[list[str]]:
    """Read addresses typed by hand, with names or without, by comma, semicolon or line. Raises Refused."""
    found: list[list[str]] = []
    for line in text.replace("\0", "").replace(";", ",").splitlines():
        if line.strip(" ,\t"):
            found += _addresses_of_line(field, line.strip(" ,\t"))
    return found


def _addresses_of_line(field: str, line: str) -> list[list[str]]:
    pairs = [(name, address) for name, address in getaddresses([line]) if name or address]
    # What was not typed so was put together by guessing, and would be written to without anybody meaning it.
    if not pairs or any("@" not in address[1:] or address not in line for _name, address in pairs):
        raise Refused(
            _(
                "“%(line)s” cannot be read. Write Anna Smith <anna@example.com> or only the address, with a "
                "comma or a new line between two.",
                line=line,
            ),
            field=field,
        )
    for name, address in pairs:
        problem = check_address(address)
        if problem is not None:
            raise Refused(problem.words, field=field)
        if len(name) > MAX_NAME:
            raise Refused(
                _(
                    "The name beside “%(address)s” has more than %(most)s characters.",
                    address=address,
                    most=MAX_NAME,
                ),
                field=field,
            )
    return [[address, " ".join(name.split())] for name, address in pairs]


def left_out_twins(send: Send, addresses: dict[str, str]) -> int:
    """Count the typed addresses that were left out because they stand there already."""
    typed = sum(len(parse_addresses(field, addresses.get(field, ""))) for field in ("to", "cc", "bcc"))
    return typed - len(send.to) - len(send.cc) - len(send.bcc)


def as_typed(pairs: Sequence[Sequence[str]]) -> str:
    """Write addresses so that `parse_addresses` reads the same again, one on a line."""
    return "\n".join(f"{_quoted(name)} <{address}>" if name else address for address, name in pairs)


def _quoted(name: str) -> str:
    if not any(sign in name for sign in '",;<>()[]:@\\'):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _choose(
    session: Session, actor: Actor, send: Send, version: TemplateVersion, list_id: int | None, addresses: dict[str, str]
) -> None:
    take_from_template(send, version)
    send.template_version_id, send.template_version = version.id, version
    if send.kind is SendKind.LIST:
        if send.follows_send_id is not None and list_id != send.list_id:
            words = _(
                "This send follows send %(send_id)s and goes to its list. Begin a new send for another one.",
                send_id=str(send.follows_send_id),
            )
            raise Refused(words, field="list")
        usable_id = _usable_list(session, actor, list_id).id
        if usable_id != send.list_id:  # the same one again leaves what else was chosen beside it
            session.execute(delete(AudiencePart).where(AudiencePart.send_id == send.id))
            send.list_id, send.list_name = usable_id, ""
        return
    seen: set[str] = set()
    chosen: dict[str, list[Any]] = {}
    for field in ("to", "cc", "bcc"):
        chosen[field] = []
        for pair in parse_addresses(field, addresses.get(field, "")):
            if pair[0].lower() not in seen:  # twice is once: the service does not promise to merge them
                chosen[field].append(pair)
                seen.add(pair[0].lower())
    if not chosen["to"]:
        raise Refused(_("Enter at least one address."), field="to")
    if len(seen) > MAX_RECIPIENTS:
        words = _(
            "There are %(count)s addresses over To, Cc and Bcc; at most %(most)s are possible in one e-mail.",
            count=len(seen),
            most=MAX_RECIPIENTS,
        )
        raise Refused(words, field="to")
    send.to, send.cc, send.bcc = chosen["to"], chosen["cc"], chosen["bcc"]


def _defaults(version: TemplateVersion) -> list[Any]:
    """Give a template's default headers as a send stores them."""
    return [list(pair) for pair in version.content.headers]


def _usable_version(session: Session, actor: Actor, version_id: int) -> TemplateVersion:
    try:
        version = find_version(session, actor, version_id)
    except NotThere as missing:
        raise Refused(_("Choose a template."), field="version") from missing
    if version.number is None:  # a draft as a test showed it; nobody published that
        raise Refused(_("Choose a published version of the template."), field="version")
    return version


def _usable_list(session: Session, actor: Actor, list_id: int | None) -> RecipientList:
    if not list_id:
        raise Refused(_("Choose a list."), field="list")
    try:
        recipient_list = find_list(session, actor, list_id)
    except NotThere as missing:
        raise Refused(_("Choose a list."), field="list") from missing
    if recipient_list.recipient_count == 0:
        raise Refused(
            _(
                "Nobody is on the list “%(name)s”. Add people first, or choose another list.",
                name=recipient_list.name,
            ),
            field="list",
        )
    return recipient_list


def changed(send: Send, actor: Actor) -> Send:
    """Note that a draft is no longer what was reviewed, and who changed it."""
    send.review_state, send.changed_by = ReviewState.NONE, actor.id
    return send
