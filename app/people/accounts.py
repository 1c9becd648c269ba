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
from app.people.models import Person, Role, Workspace
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
    if session.scalar(select(Person.id).where(Person.email == email)):
        raise Refused("Somebody with this address can sign in already.", field="email")
    person = Person(
        workspace_id=workspace.id,
        email=email,
        name=name.strip()[:100],
        role=role,
        password_hash=hasher.hash(password),
        session_key=secrets.token_urlsafe(24),
    )
    session.add(person)
    session.flush()
    words = f"{person.name} ({person.email}) may sign in as {role}"
    if actor is None:
        note_program(session, workspace.id, "person.added", words, subject_id=person.id)
    else:
        note(session, actor, "person.added", words, subject_id=person.id)
    return person


def check_password(session: Session, email: str, password: str) -> Person | None:
    """Give the person when address and password fit; takes equally long when there is no such person."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    try:
        hasher.verify(person.password_hash if person else _nobody, password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    if person is not None:
        person.last_seen_at = now()
    return person


def set_password(session: Session, person: Person, password: str) -> None:
    """Change the password and end every sign-in made with the old one."""
    _check_password(password)
    person.password_hash = hasher.hash(password)
    person.session_key = secrets.token_urlsafe(24)
    note(session, person, "person.password_changed", f"Password of {person.email} changed", subject_id=person.id)


def person_by_email(session: Session, email: str) -> Person:
    """Find a person. Raises NotThere."""
    person = session.scalar(select(Person).where(Person.email == email.strip().lower()))
    if person is None:
        raise NotThere(email)
    return person


def team(session: Session, workspace_id: int) -> list[Person]:
    """Give everybody of a workspace, by name."""
    return list(
        session.scalars(select(Person).where(Person.workspace_id == workspace_id).order_by(func.lower(Person.name)))
    )


def _checked_address(email: str) -> str:
    try:
        checked = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Refused("This is not an e-mail address: " + str(error), field="email") from error
    return checked.normalized.lower()


def _check_password(password: str) -> None:
    if len(password) < MIN_PASSWORD:
        raise Refused(f"Use at least {MIN_PASSWORD} characters; a sentence is good.", field="password")
