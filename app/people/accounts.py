"""People who sign in: making them, and finding them."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import note, note_program
from app.cloudflare.address_words import why_no_address
from app.people import passwords
from app.people.lockout import forget_account
from app.people.models import Account, Person, Workspace
from app.people.roles import ROLES_INSIDE, Role
from app.people.signing_in import end_all
from app.refusals import NotThere, Refused
from app.words import _


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
    email, name = checked_address(email), checked_name(name)
    passwords.check_new_password(password, (email, name, workspace.name))
    if session.scalar(select(Account.id).where(Account.email == email)):
        raise Refused(_("Somebody with this address can sign in already."), field="email")
    account = Account(email=email, name=name, password_hash=passwords.new_digest(password))
    return place_in(session, account, workspace, role, actor)


def place_in(
    session: Session, account: Account, workspace: Workspace, role: Role, actor: Person | None = None
) -> Person:
    """Give an account a role in a workspace."""
    person = Person(account=account, workspace=workspace, role=role)
    session.add(person)
    session.flush()
    words = _(
        "%(name)s (%(email)s) may sign in as %(role)s",
        name=person.name,
        email=person.email,
        role=ROLES_INSIDE[role],
    )
    if actor is None:
        note_program(session, workspace.id, "person.added", words, subject_id=person.id)
    else:
        note(session, actor, "person.added", words, subject_id=person.id)
    return person


def set_password(session: Session, person: Person, password: str) -> None:
    """Change the password and end every sign-in made with the old one. Raises Refused."""
    passwords.check_new_password(password, (person.email, person.name))
    person.account.password_hash = passwords.new_digest(password)
    end_all(session, person.account_id)
    forget_account(session, person.email)
    note(
        session,
        person,
        "person.password_changed",
        _("Password of %(person_email)s changed", person_email=person.email),
        subject_id=person.id,
    )


def account_by_email(session: Session, email: str) -> Account | None:
    """Give the account that signs in with this address, if there is one."""
    return session.scalar(select(Account).where(Account.email == email.strip().lower()))


def places_of(session: Session, account: Account) -> list[Person]:
    """Give what an account is in each of its workspaces that let it in, the first one first."""
    here = (Person.account_id == account.id, Person.left_at.is_(None))
    return list(session.scalars(select(Person).where(*here).order_by(Person.id)))


def person_by_email(session: Session, email: str) -> Person:
    """Find a person, in the first of their workspaces. Raises NotThere."""
    query = select(Person).join(Account).where(Account.email == email.strip().lower()).order_by(Person.id)
    person = session.scalars(query.limit(1)).first()
    if person is None:
        raise NotThere(email)
    return person


def team(session: Session, workspace_id: int) -> list[Person]:
    """Give everybody of a workspace, by name; also who was taken out."""
    query = select(Person).join(Account).where(Person.workspace_id == workspace_id)
    return list(session.scalars(query.order_by(func.lower(Account.name))))


def checked_address(email: str) -> str:
    """Give an e-mail address as it is stored. Raises Refused."""
    try:
        checked = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        words = _("This is not an e-mail address: %(why)s", why=why_no_address(error))
        raise Refused(words, field="email") from error
    return checked.normalized.lower()


def checked_name(name: str) -> str:
    """Give a person's name as it is stored. Raises Refused."""
    name = " ".join(name.split())
    if not name:
        raise Refused(_("Give the person's name."), field="name")
    return name[:100]
