"""Following a send up: a new draft to people added to the list since, or to those whom it did not reach.

A follow-up is a send like any other: composed, reviewed and released by a person. Which people it goes to says
`audience`. Of people not reached, their data and files are those of the list and the draft now, not those of then.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, insert, literal, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.refusals import Refused
from app.sends import audience
from app.sends.audience_models import AudiencePart
from app.sends.audience_parts import parts_of
from app.sends.compose import as_typed, change_what
from app.sends.control import find_send
from app.sends.models import (
    UNRELEASED,
    Audience,
    Message,
    Outcome,
    PersonFile,
    Send,
    SendAttachment,
    SendKind,
    SendState,
)
from app.words import _, with_commas

COPIED = (
    "workspace_id",
    "kind",
    "template_version_id",
    "topic_id",
    "service_scope",
    "service_reason",
    "list_id",
    "sender_identity_id",
    "from_address",
    "from_name",
    "reply_to",
    "headers",
    "values",
    "to",
    "cc",
    "bcc",
    "file_column",
)
"""What a follow-up takes from the send that it follows."""
_GROUPS: dict[str, str] = {
    str(Outcome.BOUNCED): _("bounced"),
    str(Outcome.REJECTED): _("rejected"),
    str(Outcome.FAILED): _("failed"),
    str(Outcome.SKIPPED): _("skipped"),
    str(Outcome.UNKNOWN): _("unknown"),
}
"""What the trail calls the groups that may be chosen."""
OVER = (SendState.FINISHED, SendState.CANCELLED)


def added_since(session: Session, send: Send) -> int:
    """Count the people added to the lists since a send and all its follow-ups. 0 when one of them is gone."""
    return _size(session, send, Audience.ADDED, [])


def not_reached(session: Session, send: Send, groups: Sequence[str]) -> int:
    """Count the people of these outcomes who are on the list still and were not reached by another follow-up.

    A direct send is one e-mail: it counts as 1, or as 0 when it is in none of the groups.
    """
    if send.kind is SendKind.LIST:
        return _size(session, send, Audience.NOT_REACHED, groups)
    of_groups = exists().where(Message.send_id == send.id, Message.state.in_([Outcome(one) for one in groups]))
    return int(bool(session.scalar(select(of_groups))))


def follow_added(session: Session, actor: Actor, send_id: int) -> Send:
    """Begin a draft of the same version to people added since; gives the one that is begun already, if there is one.

    Raises Refused when nobody was added.
    """
    send = _followed(session, actor, send_id)
    if send.kind is not SendKind.LIST or send.list_id is None:
        raise Refused(_("Only a send to a list that is still there can be sent to people added since."))
    _check_parts(session, send)
    waiting = _waiting(session, audience.root_of(session, send), Audience.ADDED, [], None)
    if waiting is not None:
        return waiting
    if not added_since(session, send):
        raise Refused(_("Nobody was added to the list since this send. Add people to the list first."))
    draft = _draft(session, actor, send)
    draft.audience, draft.follows_send_id = Audience.ADDED, audience.root_of(session, send)
    return _begun(session, actor, send, draft, _("to people added since"))


def follow_not_reached(session: Session, actor: Actor, send_id: int, *, version_id: int, groups: Sequence[str]) -> Send:
    """Begin a draft of a version to those whose outcome is in `groups`; gives the one begun already, if there is one.

    Raises Refused with the field `groups` or `version`.
    """
    send = _followed(session, actor, send_id)
    if send.state not in OVER:
        raise Refused(_("This send is not over yet. Wait until everybody has an outcome."), field="groups")
    groups = [str(one) for one in audience.CAN_BE_CHOSEN if str(one) in groups]
    if not groups:
        raise Refused(_("Choose at least one group."), field="groups")
    is_list = send.kind is SendKind.LIST
    which = Audience.NOT_REACHED if is_list else Audience.EVERYBODY  # a direct send has one e-mail, to all of it again
    waiting = _waiting(session, send.id, which, groups, version_id)
    if waiting is not None:
        return waiting
    if is_list and send.list_id is None:
        raise Refused(_("The list of this send was deleted, so nobody of it can be written to again."), field="groups")
    _check_parts(session, send)
    if not not_reached(session, send, groups):
        raise Refused(
            _("Nobody of these groups is left: they are off the list, or were reached since."), field="groups"
        )
    draft = _draft(session, actor, send)
    draft.audience, draft.follows_send_id, draft.follow_groups = which, send.id, groups
    change_what(
        session,
        actor,
        draft.id,
        version_id=version_id,
        list_id=draft.list_id,
        addresses={name: as_typed(getattr(send, name)) for name in ("to", "cc", "bcc")},
    )
    return _begun(session, actor, send, draft, _("to those not reached (%(groups)s)", groups=_groups_words(groups)))


def follow_ups_of(session: Session, send: Send, limit: int = 10) -> Sequence[Send]:
    """Give the sends that follow this one up, drafts too, in order."""
    query = select(Send).where(Send.follows_send_id == send.id)
    return session.scalars(query.order_by(Send.id).limit(limit)).all()


def _followed(session: Session, actor: Actor, send_id: int) -> Send:
    """Find a released send and hold it, so that of two people who press at once one begins the draft."""
    send = find_send(session, actor, send_id)
    session.refresh(send, with_for_update=True)
    if send.state in UNRELEASED or send.kind is SendKind.TEST:
        raise Refused(_("Only a released send, and no test, can be followed up."))
    return send


def _size(session: Session, send: Send, which: Audience, groups: Sequence[str]) -> int:
    if send.list_id is None:
        return 0
    follows = audience.root_of(session, send) if which is Audience.ADDED else send.id
    as_it_would_be = Send(
        workspace_id=send.workspace_id,
        list_id=send.list_id,
        audience=which,
        follows_send_id=follows,
        follow_groups=list(groups),
    )
    return audience.size(session, as_it_would_be, parts_of(session, send))


def _check_parts(session: Session, send: Send) -> None:
    """Refuse a send that went to, or left out, people whom nobody can name any more: others might be written to."""
    gone = [one.words for one in parts_of(session, send) if one.is_gone]
    if gone:
        words = _(
            "%(part)s was deleted, so it cannot be said any more whom this send is meant for. Begin a new send.",
            part=gone[0],
        )
        raise Refused(words, field="groups")


def _waiting(
    session: Session, follows: int, which: Audience, groups: Sequence[str], version_id: int | None
) -> Send | None:
    drafts = session.scalars(
        select(Send)
        .where(Send.follows_send_id == follows, Send.state.in_(UNRELEASED), Send.audience == which)
        .order_by(Send.id)
    )
    same = (one for one in drafts if one.follow_groups == groups)
    return next((one for one in same if version_id in (None, one.template_version_id)), None)


def _draft(session: Session, actor: Actor, send: Send) -> Send:
    """Copy a send with its files and the parts of its audience into a new draft."""
    draft = Send(created_by=actor.id, state=SendState.DRAFT, **{name: getattr(send, name) for name in COPIED})
    if audience.is_combined(session, send):
        draft.list_name = send.list_name
    session.add(draft)
    session.flush()
    for table, columns in (
        (SendAttachment, ("file_name", "media_type", "size", "sha256")),
        (PersonFile, ("name_key", "file_name", "media_type", "size", "sha256")),
        (AudiencePart, ("position", "list_id", "segment_id", "is_segment", "is_excluded", "words")),
    ):
        of_send = select(literal(draft.id), *(getattr(table, name) for name in columns)).where(table.send_id == send.id)
        session.execute(insert(table).from_select(["send_id", *columns], of_send))
    return draft


def _groups_words(groups: Sequence[str]) -> str:
    return with_commas([_GROUPS.get(one, one) for one in groups])


def _begun(session: Session, actor: Actor, send: Send, draft: Send, whom: str) -> Send:
    session.flush()
    words = _(
        "Send %(draft_id)s begun as a follow-up of send %(send_id)s, %(whom)s",
        draft_id=str(draft.id),
        send_id=str(send.id),
        whom=whom,
    )
    note(session, actor, "send.followed_up", words, subject_id=draft.id, follows=send.id)
    return draft
