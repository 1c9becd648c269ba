"""Two pairs of eyes: what sends and drafts share. Who may decide, what waits, and how a request ends.

Nobody approves their own: neither who asked, nor who changed it last before. A request ends once: of two who press at
the same moment one wins, by compare and set.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from app.audit.trail import Actor
from app.db import now
from app.people.approval_models import (
    IN_FORCE,
    REMIND_HOURS,
    ApprovalRequest,
    ApprovalRule,
    ApprovalScope,
    ApprovalState,
)
from app.people.models import Account, Person
from app.people.roles import ALLOWED, Permission, Role
from app.refusals import NotThere, Refused
from app.words import _

MOST_OF_A_NOTE = 1_000
"""Characters of a note or a reason."""
OVER_WORDS = {
    ApprovalState.APPROVED: _("Somebody approved this already."),
    ApprovalState.SENT_BACK: _("Somebody sent this back already."),
    ApprovalState.TAKEN_BACK: _("This was taken back meanwhile."),
    ApprovalState.CANCELLED: _("This changed meanwhile, so there is nothing to approve any more."),
    ApprovalState.EMERGENCY: _("An administrator released this already."),
}
"""What is said to somebody who comes too late."""


def rule_of(session: Session, workspace_id: int) -> ApprovalRule:
    """Give a workspace's rule; without one nothing needs approval."""
    return session.get(ApprovalRule, workspace_id) or ApprovalRule(
        workspace_id=workspace_id, scope=ApprovalScope.NEVER, of_templates=False, remind_hours=REMIND_HOURS
    )


def find_request(session: Session, actor: Actor, request_id: int) -> ApprovalRequest:
    """Find a request of the actor's workspace. Raises NotThere."""
    request = session.get(ApprovalRequest, request_id)
    if request is None or request.workspace_id != actor.workspace_id:
        raise NotThere("request")
    return request


def waiting_request(session: Session, **subject: int) -> ApprovalRequest | None:
    """Give the request that waits for approval of a subject: its column and its id."""
    return _latest(session, *_of(subject), ApprovalRequest.state == ApprovalState.WAITING)


def request_in_force(session: Session, send_id: int) -> ApprovalRequest | None:
    """Give the approval, or the emergency, with which a send goes out; None: it needed none."""
    return _latest(session, ApprovalRequest.send_id == send_id, ApprovalRequest.state.in_(IN_FORCE))


def story_of(session: Session, *, limit: int = 20, **subject: int) -> Sequence[ApprovalRequest]:
    """Give every request of a subject (its column and its id), newest first."""
    query = select(ApprovalRequest).where(*_of(subject))
    return session.scalars(query.order_by(ApprovalRequest.id.desc()).limit(limit)).all()


def refusal_to_decide(person: Person, request: ApprovalRequest) -> str:
    """Say why this person may not approve or send back a request; empty: they may."""
    if request.asked_by == person.id:
        return _("You asked for this approval, so somebody else gives it.")
    if request.changed_by == person.id:
        return _("You changed this last, so somebody else approves it.")
    if not person.may(Permission.APPROVE):
        return _("Only approvers and administrators approve.")
    return ""


def check_may_decide(person: Person, request: ApprovalRequest) -> None:
    """Refuse whoever may not decide, and whoever comes too late. Raises Refused."""
    if words := refusal_to_decide(person, request):
        raise Refused(words)
    check_waits(request)


def check_waits(request: ApprovalRequest) -> None:
    """Refuse a request that somebody, or a change, ended. Raises Refused."""
    if request.state is not ApprovalState.WAITING:
        raise Refused(OVER_WORDS[request.state])


def check_may_move(session: Session, person: Person, send_id: int) -> None:
    """Refuse another time for an approved send by whoever could not approve it: the time was approved with it."""
    request = request_in_force(session, send_id)
    if request is not None and request.decided_by != person.id and refusal_to_decide(person, request):
        raise Refused(
            _(
                "This time was approved together with the send. Undo the send, and ask for approval with another time; "
                "or ask an approver to change it."
            )
        )


def checked_words(words: str, *, field: str, missing: str) -> str:
    """Give a reason that must be there. Raises Refused beside its field."""
    words = checked_note(words, field=field)
    if not words:
        raise Refused(missing, field=field)
    return words


def checked_note(words: str, *, field: str = "note") -> str:
    """Give a note as it is kept. Raises Refused beside its field."""
    words = words.replace("\r\n", "\n").replace("\0", "").strip()
    if len(words) > MOST_OF_A_NOTE:
        raise Refused(_("Use at most %(most)s characters.", most=MOST_OF_A_NOTE), field=field)
    return words


def settle(
    session: Session,
    request: ApprovalRequest,
    after: ApprovalState,
    *,
    before: Collection[ApprovalState] = (ApprovalState.WAITING,),
    by: int | None = None,
    words: str = "",
) -> None:
    """End a request: compare and set, so that of two decisions one wins. Raises Refused for the other."""
    session.flush()
    own = after is ApprovalState.TAKEN_BACK and by == request.asked_by  # whoever asked knows it
    if request.state is ApprovalState.EMERGENCY:  # that it was one stays on the send for ever
        words = _("%(words)s It had been released in an emergency: %(reason)s", words=words, reason=request.words)
    changed = session.execute(
        update(ApprovalRequest)
        .where(ApprovalRequest.id == request.id, ApprovalRequest.state.in_(before))
        .values(state=after, decided_by=by, decided_at=now(), words=words, is_told=own)
        .execution_options(synchronize_session=False)
    )
    session.refresh(request)
    if not changed.rowcount:  # type: ignore[attr-defined]
        check_waits(request)


def approvers_of(session: Session, workspace_id: int, *, besides: Collection[int | None] = ()) -> list[Person]:
    """Give who may approve in a workspace, by name, without those who may not approve this one."""
    roles = [role for role in Role if Permission.APPROVE in ALLOWED[role]]
    query = (
        select(Person)
        .join(Account)
        .where(Person.workspace_id == workspace_id, Person.role.in_(roles))
        .order_by(func.lower(Account.name))
    )
    return [one for one in session.scalars(query) if one.id not in besides]


def to_decide(session: Session, person: Person, limit: int = 20) -> Sequence[ApprovalRequest]:
    """Give what waits for this person's approval, the longest wait first."""
    if not person.may(Permission.APPROVE):
        return []
    query = select(ApprovalRequest).where(
        ApprovalRequest.workspace_id == person.workspace_id,
        ApprovalRequest.state == ApprovalState.WAITING,
        ApprovalRequest.asked_by != person.id,
        or_(ApprovalRequest.changed_by.is_(None), ApprovalRequest.changed_by != person.id),
    )
    return session.scalars(query.order_by(ApprovalRequest.id).limit(limit)).all()


def _of(subject: Mapping[str, int]) -> list[ColumnElement[bool]]:
    return [getattr(ApprovalRequest, column) == number for column, number in subject.items()]


def _latest(session: Session, *where: ColumnElement[bool]) -> ApprovalRequest | None:
    return session.scalars(select(ApprovalRequest).where(*where).order_by(ApprovalRequest.id.desc()).limit(1)).first()
