"""People who sign in: making them, checking a password, changing it."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import note, note_program
from app.db import now
from app.people.models import Account, Person, Workspace
from app.people.roles import Role
from app.refusals import NotThere, Refused

MIN_PASSWORD = 12
"""Characters; length over rules (NIST SP 800-63B, section 3.1.1.2)."""

hasher = PasswordHasher()
"""Makes and checks the digests of passwords (argon2id)."""

_nobody = hasher.hash("nobody has this password")
"""Checked for unknown addresses, so that an unknown person takes as long as a wrong password."""


def first_workspace(session: Session, name: str = "Our organisation") -> Workspace:
    """Give the workspace made at first, making it when there is none."""
    workspace = session.scalars(select(Workspace).order_by(Workspace.id).limit(1)).first()
    if workspace is None:
        workspace = Workspace(name=name)
        session.add(workspace)
        session.flush()
    return workspace


def add_person(
    session: Session,
    workspace: Workspace,
    *,
    email: str,
    name: str,
    password: str,
    role: Role,
    actor: Person | None = None,
) -> Person:
    """Make a person. Raises Refused when the address is bad or taken, or the password too short."""
    email = _checked_address(email)
    if not name.strip():
        raise Refused("Give the person's name.", field="name")
    _check_password(password)
    if session.scalar(select(Account.id).where(Account.email == email)):
        raise Refused("Somebody with this address can sign in already.", field="email")
    account = Account(email=email, name=name.strip()[:100], password_hash=hasher.hash(password), session_key=_new_key())
    return place_in(session, account, workspace, role, actor)


def place_in(
    session: Session, account: Account, workspace: Workspace, role: Role, actor: Person | None = None
) -> Person:
    """Give an account a role in a workspace."""
    person = Person(account=account, workspace=workspace, role=role)
    session.add(person)
    session.flush()
    words = f"{person.name} ({person.email}) may sign in as {role}"
    if actor is None:
        note_program(session, workspace.id, "person.added", words, subject_id=person.id)
    else:
        note(session, actor, "person.added", words, subject_id=person.id)
    return person


def check_password(session: Session, email: str, password: str) -> Account | None:
    """Give the account when address and password fit; takes equally long when there is no such account."""
    account = session.scalar(select(Account).where(Account.email == email.strip().lower()))
    try:
        hasher.verify(account.password_hash if account else _nobody, password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    if account is not None:
        account.last_seen_at = now()
    return account


def set_password(session: Session, person: Person, password: str) -> None:
    """Change the password and end every sign-in made with the old one."""
    _check_password(password)
    person.account.password_hash = hasher.hash(password)
    person.account.session_key = _new_key()
    note(session, person, "person.password_changed", f"Password of {person.email} changed", subject_id=person.id)


def account_by_email(session: Session, email: str) -> Account | None:
    """Give the account that signs in with this address, if there is one."""
    return session.scalar(select(Account).where(Account.email == email.strip().lower()))


def places_of(session: Session, account: Account) -> list[Person]:
    """Give what an account is in each of its workspaces, the first one first."""
    return list(session.scalars(select(Person).where(Person.account_id == account.id).order_by(Person.id)))


def person_by_email(session: Session, email: str) -> Person:
    """Find a person, in the first of their workspaces. Raises NotThere."""
    query = select(Person).join(Account).where(Account.email == email.strip().lower()).order_by(Person.id)
    person = session.scalars(query.limit(1)).first()
    if person is None:
        raise NotThere(email)
    return person


def team(session: Session, workspace_id: int) -> list[Person]:
    """Give everybody of a workspace, by name."""
    query = select(Person).join(Account).where(Person.workspace_id == workspace_id)
    return list(session.scalars(query.order_by(func.lower(Account.name))))


def _checked_address(email: str) -> str:
    try:
        checked = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Refused("This is not an e-mail address: " + str(error), field="email") from error
    return checked.normalized.lower()


def _check_password(password: str) -> None:
    if len(password) < MIN_PASSWORD:
        raise Refused(f"Use at least {MIN_PASSWORD} characters; a sentence is good.", field="password")


def _new_key() -> str:
    return secrets.token_urlsafe(24)
