"""Who gets test e-mails: oneself, addresses typed in, and small groups kept by name."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.people import accounts
from app.people.models import Person
from app.people.roles import Permission
from app.refusals import NotThere, Refused
from app.sends.compose import as_typed, parse_addresses
from app.sends.models import TestGroup
from app.words import _

MOST_TESTERS = 10
"""E-mails of one test."""
MOST_OF_A_NAME = 100
"""Characters of a group's name."""

Tester = tuple[str, str]
"""Address and name."""


def testers(session: Session, actor: Actor, *, myself: bool, typed: str = "", group_id: int = 0) -> list[Tester]:
    """Give everybody who gets a test, each address once. Raises Refused when nobody does, or more than ten."""
    pairs: list[list[str]] = []
    if myself:
        person = session.get_one(Person, actor.id)
        pairs.append([person.email, person.name])
    pairs += parse_addresses("addresses", typed)
    if group_id:
        pairs += parse_addresses("group", "\n".join(find_group(session, actor, group_id).addresses))
    found = _each_once(pairs)
    if not found:
        raise Refused(_("Tick yourself, type an address or choose a group."), field="addresses")
    _check_outside(session, actor, found)
    return _few_enough(found)


def groups(session: Session, actor: Actor) -> Sequence[TestGroup]:
    """Give the groups of the workspace, by name."""
    query = select(TestGroup).where(TestGroup.workspace_id == actor.workspace_id)
    return session.scalars(query.order_by(func.lower(TestGroup.name))).all()


def find_group(session: Session, actor: Actor, group_id: int) -> TestGroup:
    """Find a group of the actor's workspace. Raises NotThere."""
    group = session.get(TestGroup, group_id)
    if group is None or group.workspace_id != actor.workspace_id:
        raise NotThere("group")
    return group


def save_group(session: Session, actor: Actor, name: str, typed: str) -> TestGroup:
    """Keep addresses as a group. Raises Refused with the field that is wrong (`group_name`, `addresses`)."""
    group = TestGroup(workspace_id=actor.workspace_id, name=_free_name(session, actor, name))
    group.addresses = _addresses(typed)
    session.add(group)
    session.flush()
    changes = {_("Name"): ("", group.name), _("Addresses"): (0, len(group.addresses))}
    note(
        session,
        actor,
        "test_group.saved",
        _("Test group “%(name)s” saved", name=group.name),
        subject_id=group.id,
        changes=changes,
    )
    return group


def change_group(session: Session, actor: Actor, group_id: int, name: str, typed: str) -> TestGroup:
    """Give a group another name or other addresses. Raises NotThere, and Refused as `save_group` does."""
    group = find_group(session, actor, group_id)
    before = (group.name, len(group.addresses))
    group.name, group.addresses = _free_name(session, actor, name, group.id), _addresses(typed)
    changes = {_("Name"): (before[0], group.name), _("Addresses"): (before[1], len(group.addresses))}
    note(
        session,
        actor,
        "test_group.saved",
        _("Test group “%(name)s” changed", name=group.name),
        subject_id=group.id,
        changes=changes,
    )
    return group


def remove_group(session: Session, actor: Actor, group_id: int) -> str:
    """Remove a group; gives its name. Tests that went to it stay."""
    group = find_group(session, actor, group_id)
    session.delete(group)
    note(
        session,
        actor,
        "test_group.removed",
        _("Test group “%(name)s” removed", name=group.name),
        subject_id=group.id,
    )
    return group.name


def _addresses(typed: str) -> list[str]:
    """Read what was typed, one tester each, so that `parse_addresses` reads it again."""
    found = _few_enough(_each_once(parse_addresses("addresses", typed)))
    if not found:
        raise Refused(_("Type at least one address for the group."), field="addresses")
    return as_typed(found).split("\n")


def _check_outside(session: Session, actor: Actor, found: Sequence[Tester]) -> None:
    """Refuse addresses outside the team to whoever may not send: a test is a real e-mail in the office's name."""
    if session.get_one(Person, actor.id).may(Permission.SEND):
        return
    team = {one.email for one in accounts.team(session, actor.workspace_id) if one.left_at is None}
    if outside := [address for address, _ in found if address.lower() not in team]:
        raise Refused(
            _(
                "%(addresses)s: as an editor you can test with people who sign in here. A sender can test with other "
                "addresses.",
                addresses=", ".join(outside),
            ),
            field="addresses",
        )


def _each_once(pairs: Sequence[Sequence[str]]) -> list[Tester]:
    found: dict[str, Tester] = {}
    for address, name in pairs:
        found.setdefault(address.lower(), (address, name))
    return list(found.values())


def _few_enough(found: list[Tester]) -> list[Tester]:
    if len(found) > MOST_TESTERS:
        words = _(
            "These are %(count)s addresses; a test goes to at most %(most)s.",
            count=len(found),
            most=MOST_TESTERS,
        )
        raise Refused(words, field="addresses")
    return found


def _free_name(session: Session, actor: Actor, name: str, besides: int = 0) -> str:
    name = " ".join(name.replace("\0", "").split())
    if not name:
        raise Refused(_("Give the group a name."), field="group_name")
    if len(name) > MOST_OF_A_NAME:
        raise Refused(_("Use at most %(most)s characters.", most=MOST_OF_A_NAME), field="group_name")
    taken = session.scalar(
        select(TestGroup.id).where(
            TestGroup.workspace_id == actor.workspace_id,
            func.lower(TestGroup.name) == func.lower(name),  # the database's idea of lower case on both sides
            TestGroup.id != besides,
        )
    )
    if taken is not None:
        raise Refused(_("There is a group of this name already."), field="group_name")
    return name
