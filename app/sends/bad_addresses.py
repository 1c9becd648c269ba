"""The work list of bad addresses over all sends: mend one and write again, take it out, or put it aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, joinedload, selectinload

from app.audit.trail import Actor, note
from app.db import among, now, table_of
from app.emails.models import TemplateVersion
from app.emails.templates import WITHOUT_CONTENT
from app.recipients.checking import clean_address, require_no_slip
from app.recipients.models import Recipient, RecipientList
from app.recipients.people import change_recipient, remove_recipient
from app.recipients.suppressions.who import not_to_write
from app.refusals import NotThere, Refused
from app.sends.bad_address_models import BadAddress, BadAddressKind, BadAddressState
from app.sends.models import Send
from app.words import _, _n

KINDS: dict[BadAddressKind, str] = {
    BadAddressKind.BOUNCED: _("Permanently bounced"),
    BadAddressKind.REFUSED: _("Refused by the mail service"),
}
STATES: dict[BadAddressState, str] = {
    BadAddressState.OPEN: _("Waits for you"),
    BadAddressState.MENDED: _("Mended"),
    BadAddressState.TAKEN_OUT: _("Taken out"),
    BadAddressState.ASIDE: _("Put aside"),
}
"""Words for pages."""
MOST_WORDS = 1000
"""Characters of a server's words that are kept."""


@dataclass(frozen=True, slots=True)
class Found:
    """An address that an e-mail did not reach."""

    email: str
    kind: BadAddressKind
    send_id: int
    message_id: int
    name: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class InList:
    """One list that holds an address."""

    list_id: int
    list_name: str
    recipient_id: int


def note_bad(session: Session, workspace_id: int, found: Iterable[Found]) -> None:
    """Put addresses into the work list, in one call. One that bounced anew is open again; twice is once."""
    at = now()
    rows = {
        one.email.lower(): {
            "workspace_id": workspace_id,
            "email": one.email,
            "email_key": one.email.lower(),
            "name": one.name,
            "kind": one.kind,
            "words": one.words.replace("\0", "")[:MOST_WORDS],
            "send_id": one.send_id,
            "message_id": one.message_id,
            "at": at,
            "state": BadAddressState.OPEN,
            "mended_to": "",
        }
        for one in found
        if len(one.email) <= 254
    }
    if not rows:
        return
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    table = table_of(BadAddress)
    new = insert(table)
    same = table.c.message_id == new.excluded.message_id
    keeps = {
        "name": case((new.excluded.name == "", table.c.name), else_=new.excluded.name),
        "words": case((same & (new.excluded.words == ""), table.c.words), else_=new.excluded.words),
        "state": case((same, table.c.state), else_=new.excluded.state),
    }
    takes = {name: new.excluded[name] for name in ("email", "kind", "send_id", "message_id", "at")}
    statement = new.on_conflict_do_update(
        index_elements=["workspace_id", "email_key"],
        set_={**takes, **keeps},
        # An event of an older e-mail says nothing about the newest one.
        where=(table.c.message_id.is_(None)) | (table.c.message_id <= new.excluded.message_id),
    )
    session.connection().execute(statement, [rows[key] for key in sorted(rows)])


def bad_addresses(
    session: Session,
    actor: Actor,
    state: BadAddressState,
    *,
    search: str = "",
    after: str = "",
    limit: int = 50,
) -> Sequence[BadAddress]:
    """Give bad addresses in order, `after` an address in lower case; `search` begins the address."""
    query = select(BadAddress).where(
        BadAddress.workspace_id == actor.workspace_id, BadAddress.state == state, BadAddress.email_key > after.lower()
    )
    if search := search.replace("\0", "").strip().lower():
        query = query.where(BadAddress.email_key.startswith(search, autoescape=True))
    return session.scalars(query.order_by(BadAddress.email_key).limit(limit)).all()


def sends_of(session: Session, rows: Iterable[BadAddress]) -> dict[int, Send]:
    """Give the last sends to these addresses with what their titles say, with a few queries for all."""
    query = select(Send).where(Send.id.in_({one.send_id for one in rows if one.send_id is not None}))
    with_titles = query.options(
        joinedload(Send.template_version).options(joinedload(TemplateVersion.template), *WITHOUT_CONTENT),
        selectinload(Send.recipient_list),
    )
    return {one.id: one for one in session.scalars(with_titles)}


def has_open(session: Session, actor: Actor) -> bool:
    """Tell whether any bad address waits for a person."""
    waits = select(BadAddress.id).where(
        BadAddress.workspace_id == actor.workspace_id, BadAddress.state == BadAddressState.OPEN
    )
    return session.scalar(waits.limit(1)) is not None


def find_bad(session: Session, actor: Actor, bad_id: int, *, lock: bool = False) -> BadAddress:
    """Find one of the actor's workspace; `lock` holds it. Raises NotThere."""
    query = select(BadAddress).where(BadAddress.id == bad_id, BadAddress.workspace_id == actor.workspace_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotThere("bad address")
    return found


def lists_with(session: Session, workspace_id: int, keys: Iterable[str]) -> dict[str, list[InList]]:
    """Give the lists that hold each of these addresses (in lower case), with one query for all."""
    rows = session.execute(
        select(Recipient.email_key, RecipientList.id, RecipientList.name, Recipient.id)
        .join(RecipientList, RecipientList.id == Recipient.list_id)
        .where(RecipientList.workspace_id == workspace_id, Recipient.email_key.in_(list(keys)))
        .order_by(RecipientList.name, RecipientList.id)
    )
    found: dict[str, list[InList]] = {}
    for key, list_id, name, recipient_id in rows:
        found.setdefault(key, []).append(InList(list_id, name, recipient_id))
    return found


def mend(
    session: Session, actor: Actor, bad_id: int, *, email: str, list_ids: Sequence[int], as_typed: bool = False
) -> BadAddress:
    """Put the right address in place of a bad one, in the lists chosen; all of them or none.

    Raises NotThere, and Refused with the field `email` or `lists`; Doubted for what looks mistyped, unless somebody
    said that it is right `as_typed`.
    """
    bad = _held(session, actor, bad_id, list_ids)
    _check_open(bad)
    email = clean_address(email)
    if email.lower() == bad.email_key:
        raise Refused(_("This is the same address. Type the right one."), field="email")
    chosen = _chosen(session, actor, bad, list_ids)
    require_no_slip(email, as_typed=as_typed)
    held_back = not_to_write(session, actor.workspace_id, [email], sender_domain="").get(email.lower())
    if held_back is not None:
        raise Refused(_("%(words)s Nothing was changed.", words=held_back.words), field="email")
    for one in chosen:
        recipient = session.get_one(Recipient, one.recipient_id)
        try:
            change_recipient(
                session,
                actor,
                one.list_id,
                one.recipient_id,
                email=email,
                name=recipient.name,
                data=dict(recipient.data),
                as_typed=True,
            )
        except Refused as refusal:
            words = _(
                "In the list “%(list_name)s”: %(words)s Nothing was changed.",
                list_name=one.list_name,
                words=refusal.words,
            )
            raise Refused(words, field="email") from refusal
    bad.mended_to = email
    _settle(
        session,
        actor,
        bad,
        BadAddressState.MENDED,
        _n("One bad address mended in %(count)s list", "One bad address mended in %(count)s lists", len(chosen)),
    )
    return bad


def take_out(session: Session, actor: Actor, bad_id: int, *, list_ids: Sequence[int]) -> BadAddress:
    """Take a bad address out of the lists chosen. Raises NotThere, and Refused with the field `lists`."""
    bad = _held(session, actor, bad_id, list_ids)
    _check_open(bad)
    chosen = _chosen(session, actor, bad, list_ids)
    for one in chosen:
        remove_recipient(session, actor, one.list_id, one.recipient_id)
    _settle(
        session,
        actor,
        bad,
        BadAddressState.TAKEN_OUT,
        _n(
            "One bad address taken out of %(count)s list",
            "One bad address taken out of %(count)s lists",
            len(chosen),
        ),
    )
    return bad


def put_aside(session: Session, actor: Actor, bad_id: int) -> BadAddress:
    """Show a bad address no more until it bounces again. Raises NotThere and Refused."""
    bad = find_bad(session, actor, bad_id, lock=True)
    _check_open(bad)
    _settle(session, actor, bad, BadAddressState.ASIDE, _("One bad address put aside"))
    return bad


def open_again(session: Session, actor: Actor, bad_id: int) -> BadAddress:
    """Put an address back among those that wait; what was changed in lists stays. Raises NotThere."""
    bad = find_bad(session, actor, bad_id, lock=True)
    if bad.state is not BadAddressState.OPEN:
        bad.mended_to = ""
        _settle(session, actor, bad, BadAddressState.OPEN, _("One bad address opened again"))
    return bad


def of_address(workspace_id: int, email_key: str) -> tuple[ColumnElement[bool], ...]:
    """Say which rows are of an address: its own, and those of the address that it was mended from."""
    own = or_(BadAddress.email_key == email_key, func.lower(BadAddress.mended_to) == email_key)
    return BadAddress.workspace_id == workspace_id, own


def forget_address(session: Session, workspace_id: int, email: str) -> None:
    """Delete what is kept of an address, because its person wants to be erased."""
    rows = of_address(workspace_id, email.lower())
    session.execute(delete(BadAddress).where(*rows).execution_options(synchronize_session=False))


def forget_words(session: Session, send_id: int, message_ids: Sequence[int]) -> None:
    """Take away what these e-mails said about the people of bad addresses: their names, and the servers' words."""
    rows = (BadAddress.send_id == send_id, among(BadAddress.message_id.expression, message_ids))
    session.execute(
        update(BadAddress).where(*rows).values(name="", words="").execution_options(synchronize_session=False)
    )


def _held(session: Session, actor: Actor, bad_id: int, list_ids: Sequence[int]) -> BadAddress:
    """Hold the lists that are to change, in a fixed order, and then the bad address: so that nobody waits in a ring."""
    key = find_bad(session, actor, bad_id).email_key
    there = lists_with(session, actor.workspace_id, [key]).get(key, [])
    for list_id in sorted(one.list_id for one in there if one.list_id in list_ids):
        session.get(RecipientList, list_id, with_for_update=True)
    return find_bad(session, actor, bad_id, lock=True)


def _check_open(bad: BadAddress) -> None:
    if bad.state is not BadAddressState.OPEN:
        raise Refused(_("Somebody saw to this address already. Nothing was changed."))


def _chosen(session: Session, actor: Actor, bad: BadAddress, list_ids: Sequence[int]) -> list[InList]:
    there = lists_with(session, actor.workspace_id, [bad.email_key]).get(bad.email_key, [])
    chosen = [one for one in there if one.list_id in list_ids]
    if not chosen:
        raise Refused(_("Choose at least one list that holds the address."), field="lists")
    return chosen


def _settle(session: Session, actor: Actor, bad: BadAddress, state: BadAddressState, words: str) -> None:
    bad.state, bad.settled_by, bad.settled_at = state, actor.id, now()
    note(session, actor, f"bad_address.{state}", words, subject_id=bad.id)
    session.flush()
