"""Writing again to one person whose address was mended: a draft of the same e-mail to the right address.

A draft like any other: it is looked at, reviewed and released by a person. Their data and file are those of then.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.refusals import Refused
from app.sends.bad_address_models import BadAddressState
from app.sends.bad_addresses import find_bad
from app.sends.models import UNRELEASED, Message, PersonFile, Send, SendAttachment, SendKind, SendState
from app.sends.person_files import cell_of, name_key
from app.words import _

COPIED = (
    "workspace_id",
    "template_version_id",
    "sender_identity_id",
    "from_address",
    "from_name",
    "reply_to",
    "headers",
)
"""What the draft takes from the send that did not reach the person."""
FILE_COLUMNS = ("file_name", "media_type", "size", "sha256")


def write_again(session: Session, actor: Actor, bad_id: int) -> Send:
    """Begin a draft of the last e-mail to a mended address; gives the one begun already, if there is one.

    Raises NotThere, and Refused when the address is not mended or its e-mail is gone.
    """
    bad = find_bad(session, actor, bad_id, lock=True)
    if bad.state is not BadAddressState.MENDED:
        raise Refused(_("Mend the address first."))
    message = session.get(Message, bad.message_id) if bad.message_id else None
    send = session.get(Send, message.send_id) if message is not None else None
    if message is None or send is None or send.kind is SendKind.TEST:
        raise Refused(_("The e-mail that did not arrive is no longer kept. Begin a new send to this person."))
    to = {name: _mended(getattr(send, name), bad.email_key, bad.mended_to) for name in ("to", "cc", "bcc")}
    if send.kind is SendKind.LIST:
        to["to"] = [[bad.mended_to, message.name]]
    begun = _begun(session, send, to["to"])
    if begun is not None:
        return begun
    draft = Send(
        kind=SendKind.DIRECT,
        state=SendState.DRAFT,
        created_by=actor.id,
        follows_send_id=send.id,
        values={**send.values, **message.data} if send.kind is SendKind.LIST else dict(send.values),
        **to,
        **{name: getattr(send, name) for name in COPIED},
    )
    session.add(draft)
    session.flush()
    _copy_files(session, send, message, draft)
    words = _(
        "Send %(draft_id)s begun to write again to one person of send %(send_id)s, at the mended address",
        draft_id=str(draft.id),
        send_id=str(send.id),
    )
    note(session, actor, "send.written_again", words, subject_id=draft.id, follows=send.id)
    return draft


def _mended(addresses: list[Any], key: str, email: str) -> list[Any]:
    return [[email if str(one).lower() == key else one, name] for one, name in addresses]


def _begun(session: Session, send: Send, to: list[Any]) -> Send | None:
    drafts = session.scalars(
        select(Send).where(Send.follows_send_id == send.id, Send.state.in_(UNRELEASED), Send.kind == SendKind.DIRECT)
    )
    return next((one for one in drafts if one.to == to), None)


def _copy_files(session: Session, send: Send, message: Message, draft: Send) -> None:
    """Copy the files of everybody, and the person's own."""
    found = [select(*_columns(SendAttachment)).where(SendAttachment.send_id == send.id)]
    if send.file_column:
        own = (PersonFile.send_id == send.id, PersonFile.name_key == name_key(cell_of(send.file_column, message.data)))
        found.append(select(*_columns(PersonFile)).where(*own))
    for files in found:
        with_draft = files.add_columns(literal(draft.id))
        session.execute(insert(SendAttachment).from_select([*FILE_COLUMNS, "send_id"], with_draft))


def _columns(table: type[SendAttachment] | type[PersonFile]) -> list[Any]:
    return [getattr(table, name) for name in FILE_COLUMNS]
