"""Workspaces: the departments of one installation, each with its own everything; who may go from one to another."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import note, note_program
from app.people.accounts import place_in, places_of
from app.people.models import Account, Person, Workspace
from app.people.roles import Role
from app.people.sign_in_models import SignIn
from app.refusals import NotThere, Refused
from app.words import _

LONGEST_NAME = 100
"""Characters of a workspace's name."""


def workspaces(session: Session) -> Sequence[tuple[Workspace, int]]:
    """Give every workspace of the installation with the number of its people, the first one first."""
    here = (Person.workspace_id == Workspace.id) & Person.left_at.is_(None)
    query = select(Workspace, func.count(Person.id)).outerjoin(Person, here).group_by(Workspace.id)
    return [(one, number) for one, number in session.execute(query.order_by(Workspace.id))]


def workspace_by_name(session: Session, name: str) -> Workspace:
    """Find a workspace by its name, in whatever case. Raises NotThere."""
    found = _named(session, _tidy(name))
    if found is None:
        raise NotThere("workspace")
    return found


def add_workspace(session: Session, account: Account, name: str) -> Person:
    """Make a workspace; gives the account's place in it, as its administrator. Raises Refused."""
    workspace = Workspace(name=_free_name(session, name))
    session.add(workspace)
    session.flush()
    person = place_in(session, account, workspace, Role.ADMINISTRATOR)
    note(session, person, "workspace.added", _("Workspace “%(workspace_name)s” made", workspace_name=workspace.name))
    return person


def rename_workspace(session: Session, account: Account, workspace_id: int, name: str) -> Workspace:
    """Give a workspace another name; its own trail says who did. Raises NotThere and Refused."""
    workspace = session.get(Workspace, workspace_id)
    if workspace is None:
        raise NotThere("workspace")
    before, workspace.name = workspace.name, _free_name(session, name, besides=workspace_id)
    words = _("Workspace “%(before)s” renamed “%(workspace_name)s”", before=before, workspace_name=workspace.name)
    if before != workspace.name:
        place = next((one for one in places_of(session, account) if one.workspace_id == workspace_id), None)
        if place is not None:
            note(session, place, "workspace.renamed", words)
        else:
            note_program(
                session,
                workspace_id,
                "workspace.renamed",
                _(
                    "Workspace “%(before)s” renamed “%(workspace_name)s” by %(name)s",
                    before=before,
                    workspace_name=workspace.name,
                    name=account.name,
                ),
            )
    return workspace


def go_to(session: Session, sign_in: SignIn, workspace_id: int) -> Person:
    """Go on in another workspace with the same sign-in; gives the place there.

    Raises NotThere for a workspace in which the account has no place, as for one that there is not.
    """
    for place in places_of(session, sign_in.person.account):
        if place.workspace_id == workspace_id:
            sign_in.person = place
            return place
    raise NotThere("workspace")


def place_in_past(session: Session, account: Account, workspace_id: int) -> Person | None:
    """Give the place that an account has, or had, in a workspace."""
    return session.scalar(select(Person).where(Person.account_id == account.id, Person.workspace_id == workspace_id))


def _free_name(session: Session, typed: str, besides: int = 0) -> str:
    name = _tidy(typed)
    if not name:
        raise Refused(_("Give the workspace a name, such as the department's."), field="name")
    if len(name) > LONGEST_NAME:
        raise Refused(_("Use at most %(most)s characters.", most=LONGEST_NAME), field="name")
    taken = _named(session, name)
    if taken is not None and taken.id != besides:
        raise Refused(_("There is a workspace of this name already."), field="name")
    return name


def _named(session: Session, name: str) -> Workspace | None:
    return session.scalars(select(Workspace).where(func.lower(Workspace.name) == func.lower(name)).limit(1)).first()


def _tidy(typed: str) -> str:
    return " ".join(typed.replace("\0", "").split())
