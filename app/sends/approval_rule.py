"""Which sends need a second person: the one rule that review, release and every other way out ask.

What staff would expect, written down:

- “Every send” means every send: one e-mail to one person, too. Who wants to let those go chooses “more than 1”.
- A number of people is counted with those who will be left out, because whoever is left out may be back tomorrow.
- A named list counts whole or in part. A named segment counts with everybody in it, by whatever other segment of its
  list, or the whole list, a send reaches them. A copy of a list is another list.
- A named sender counts by its address, whatever name stands beside it.
- A test e-mail needs no approval: it goes to testers, and is marked.
- Trying again what failed, and sending again what was in doubt, needs none: it is the same e-mail to the same people,
  approved already. “Send again” as a new send, and writing again to a mended address, are sends like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from app.audit.trail import note
from app.people.approval import rule_of
from app.people.approval_models import ApprovalRule, ApprovalScope, ApprovalSubject
from app.people.models import Person, SenderIdentity
from app.people.roles import Permission
from app.recipients.finding.models import Segment
from app.recipients.finding.segments import clause_of
from app.recipients.models import RecipientList
from app.refusals import Refused
from app.sends import audience
from app.sends.audience_parts import included_lists, parts_of
from app.sends.models import ReviewState, Send, SendKind
from app.words import _, _n, with_commas

MOST_PEOPLE = 10_000_000
LEAST_HOURS, MOST_HOURS = 1, 168
"""Hours after which approvers may be reminded."""


def needs_approval(session: Session, send: Send) -> list[str]:
    """Say why a send needs somebody else's approval, in sentences; nothing when it needs none."""
    rule = rule_of(session, send.workspace_id)
    if send.kind is SendKind.TEST or rule.scope is ApprovalScope.NEVER:
        return []
    if rule.scope is ApprovalScope.ALWAYS:
        return [_("Every send needs approval here.")]
    found: list[str] = []
    count = _people(session, send)
    if rule.above is not None and count > rule.above:
        goes, most = (_n("%(count)s person", "%(count)s people", one) for one in (count, rule.above))
        found.append(_("It goes to %(goes)s, and more than %(most)s need approval.", goes=goes, most=most))
    return [*found, *_named(session, send)]


def subjects_of(session: Session, workspace_id: int) -> Sequence[ApprovalSubject]:
    """Give the lists, segments and senders that are named in a workspace's rule."""
    query = select(ApprovalSubject).where(ApprovalSubject.workspace_id == workspace_id)
    return session.scalars(query.order_by(ApprovalSubject.id)).all()


def change_rule(
    session: Session,
    person: Person,
    *,
    scope: ApprovalScope,
    above: int | None,
    list_ids: Collection[int] = (),
    segment_ids: Collection[int] = (),
    sender_ids: Collection[int] = (),
    of_templates: bool,
    remind_hours: int,
) -> ApprovalRule:
    """Change what needs approval. It counts from the next press of a button: what is released already stays released.

    Raises Refused beside its field, and for anybody but an administrator.
    """
    if not person.may(Permission.ADMINISTER):
        raise Refused(_("Only an administrator changes what needs approval."))
    if above is not None and not 0 <= above <= MOST_PEOPLE:
        raise Refused(_("Enter a number from 0 to %(most_people)s.", most_people=MOST_PEOPLE), field="above")
    if not LEAST_HOURS <= remind_hours <= MOST_HOURS:
        raise Refused(
            _(
                "Enter a number of hours from %(least_hours)s to %(most_hours)s.",
                least_hours=LEAST_HOURS,
                most_hours=MOST_HOURS,
            ),
            field="remind_hours",
        )
    named = _checked(session, person, list_ids, segment_ids, sender_ids)
    if scope is ApprovalScope.SOME and above is None and not named:
        raise Refused(
            _("Say which sends: enter a number of people, or tick a list, a segment or a sender."), field="above"
        )
    rule = session.merge(rule_of(session, person.workspace_id))
    rule.scope, rule.above, rule.of_templates, rule.remind_hours = scope, above, of_templates, remind_hours
    session.execute(delete(ApprovalSubject).where(ApprovalSubject.workspace_id == person.workspace_id))
    session.add_all(named)
    session.flush()
    note(
        session,
        person,
        "workspace.approval_rule",
        _("From now on %(rule)s", rule=rule_words(session, rule)),
    )
    return rule


def rule_words(session: Session, rule: ApprovalRule) -> str:
    """Say what needs approval, in one sentence."""
    sends = _sends_words(session, rule)
    if rule.of_templates:
        return _("%(sends)s; publishing a template needs it", sends=sends)
    return _("%(sends)s; publishing a template does not", sends=sends)


def _sends_words(session: Session, rule: ApprovalRule) -> str:
    if rule.scope is ApprovalScope.ALWAYS:
        return _("every send needs approval")
    if rule.scope is ApprovalScope.NEVER:
        return _("no send needs approval")
    some = [_("to more than %(above)s people", above=rule.above)] if rule.above is not None else []
    lists, segments, senders = _subjects(session, rule.workspace_id)
    some += [_("to %(name)s", name=one.name) for one in lists]
    some += [_("to “%(segment)s” of %(of_list)s", segment=one.name, of_list=one.list.name) for one in segments]
    some += [_("from %(address)s", address=one.address) for one in senders]
    return _("sends %(some)s need approval", some=with_commas(some)) if some else _("no send needs approval")


def _people(session: Session, send: Send) -> int:
    """Count the people of a send, those who will be left out as well; at most so many before its review."""
    if send.kind is SendKind.DIRECT:
        return len(send.to) + len(send.cc) + len(send.bcc)
    if send.total:
        return send.total
    if send.review_state is ReviewState.DONE:
        return send.review_total
    return audience.most(parts_of(session, send))


def _named(session: Session, send: Send) -> list[str]:
    lists, segments, senders = _subjects(session, send.workspace_id)
    included = {one.id for one in included_lists(parts_of(session, send))} if send.kind is SendKind.LIST else set()
    found = [_("Sends to the list “%(name)s” need approval.", name=one.name) for one in lists if one.id in included]
    for one in segments:
        if one.list_id in included and _reaches(session, send, one):
            found.append(
                _(
                    "Sends to the segment “%(name)s” of %(list_name)s need approval.",
                    name=one.name,
                    list_name=one.list.name,
                )
            )
    for sender in senders:
        if send.sender_identity_id == sender.id or send.from_address.lower() == sender.address.lower():
            found.append(_("Sends from %(address)s need approval.", address=sender.address))
    return list(dict.fromkeys(found))


def _reaches(session: Session, send: Send, segment: Segment) -> bool:
    """Whether anybody of a segment is among the people of a send; when nobody can say, they are."""
    try:
        clause = clause_of(segment)
        streams = audience.streams(session, send)
    except Refused:  # a column that the filter asks for is gone
        return True
    return any(
        session.scalar(select(exists().where(*one.where, clause))) for one in streams if one.list_id == segment.list_id
    )


def _subjects(session: Session, workspace_id: int) -> tuple[list[RecipientList], list[Segment], list[SenderIdentity]]:
    named = subjects_of(session, workspace_id)
    lists = [session.get_one(RecipientList, one.list_id) for one in named if one.list_id]
    segments = [session.get_one(Segment, one.segment_id) for one in named if one.segment_id]
    return lists, segments, [session.get_one(SenderIdentity, one.sender_id) for one in named if one.sender_id]


def _checked(
    session: Session,
    person: Person,
    list_ids: Collection[int],
    segment_ids: Collection[int],
    sender_ids: Collection[int],
) -> list[ApprovalSubject]:
    """Give the subjects as rows. Raises Refused for what is not of this workspace, or gone."""
    in_workspace = RecipientList.workspace_id == person.workspace_id
    lists = select(RecipientList.id).where(in_workspace)
    segments = select(Segment.id).join(RecipientList).where(in_workspace)
    senders = select(SenderIdentity.id).where(SenderIdentity.workspace_id == person.workspace_id)
    rows: list[ApprovalSubject] = []
    for field, wanted, query in (
        ("list_id", list_ids, lists),
        ("segment_id", segment_ids, segments),
        ("sender_id", sender_ids, senders),
    ):
        if set(wanted) - set(session.scalars(query)):
            raise Refused(
                _("Something that was ticked is gone. Look at what is ticked, and save again."), field="above"
            )
        rows += [ApprovalSubject(workspace_id=person.workspace_id, **{field: one}) for one in sorted(set(wanted))]
    return rows
