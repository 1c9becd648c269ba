"""What people may do in a workspace, taking them out, and bringing them back."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import note
from app.db import now
from app.people.models import Person, Workspace
from app.people.roles import ROLES_INSIDE, Role
from app.people.signing_in import end_all
from app.refusals import NotThere, Refused
from app.words import _

LAST = _("%(name)s is the only administrator here. Make somebody else an administrator first.")


def find_person(session: Session, actor: Person, person_id: int) -> Person:
    """Find somebody of the actor's workspace, also who was taken out. Raises NotThere."""
    found = session.get(Person, person_id)
    if found is None or found.workspace_id != actor.workspace_id:
        raise NotThere("person")
    return found


def is_above(session: Session, actor: Person, person: Person) -> bool:
    """Whether the actor is above the person in all that the person's account opens, or would open again."""
    if person.account.runs_installation and not actor.account.runs_installation:
        return False
    own = select(Person.workspace_id).where(
        Person.account_id == actor.account_id, Person.role == Role.ADMINISTRATOR, Person.left_at.is_(None)
    )
    elsewhere = select(Person.id).where(Person.account_id == person.account_id, Person.workspace_id.not_in(own))
    return session.scalar(elsewhere.limit(1)) is None


def change_role(session: Session, actor: Person, person_id: int, role: Role) -> Person:
    """Give somebody another role; it counts from their next request on. Raises NotThere, Refused."""
    _lock(session, actor)
    person = find_person(session, actor, person_id)
    if person.role is role:
        return person
    if person.role is Role.ADMINISTRATOR:
        _keep_one(session, person, field="role")
    before, person.role = person.role, role
    words = _(
        "%(name)s is %(role)s now, was %(before)s",
        name=person.name,
        role=ROLES_INSIDE[role],
        before=ROLES_INSIDE[before],
    )
    note(session, actor, "person.role", words, subject_id=person.id)
    return person


def take_out(session: Session, actor: Person, person_id: int) -> Person:
    """Let somebody in no longer: their sign-ins here end at once. What they did and released stays."""
    _lock(session, actor)
    person = find_person(session, actor, person_id)
    if person.left_at is not None:
        return person
    if person.role is Role.ADMINISTRATOR:
        _keep_one(session, person)
    person.left_at = now()
    end_all(session, person.account_id, person_id=person.id)
    note(
        session,
        actor,
        "person.taken_out",
        _("%(person_name)s taken out of the workspace", person_name=person.name),
        subject_id=person.id,
    )
    return person


def bring_back(session: Session, actor: Person, person_id: int) -> Person:
    """Let somebody in again, with the role they had."""
    person = find_person(session, actor, person_id)
    if person.left_at is not None:
        person.left_at = None
        words = _(
            "%(name)s brought back as %(role)s",
            name=person.name,
            role=ROLES_INSIDE[person.role],
        )
        note(session, actor, "person.brought_back", words, subject_id=person.id)
    return person


def _lock(session: Session, actor: Person) -> None:
    """One change of administrators at a time, so that two of them cannot lower each other at once."""
    session.execute(select(Workspace.id).where(Workspace.id == actor.workspace_id).with_for_update())


def _keep_one(session: Session, person: Person, field: str = "") -> None:
    others = select(func.count(Person.id)).where(
        Person.workspace_id == person.workspace_id,
        Person.role == Role.ADMINISTRATOR,
        Person.left_at.is_(None),
        Person.id != person.id,
    )
    if person.left_at is None and not session.scalar(others):
        raise Refused(_(LAST, name=person.name), field=field)
