"""Inviting people by a link that works once, and accepting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit.trail import note, note_program
from app.db import now
from app.people import own_mail, passwords
from app.people.accounts import account_by_email, checked_address, checked_name, first_workspace, place_in
from app.people.link_models import Invitation
from app.people.models import Account, Person
from app.people.roles import ROLES_INSIDE, Role
from app.people.tokens import digest_of, new_token
from app.refusals import NotThere, Refused
from app.settings import Settings
from app.words import _, _p, language

VALID = timedelta(days=7)
GONE = _("This invitation was used, withdrawn, or is too old. Ask for a new one.")
SIGNS_IN = _("Somebody with this address signs in to Postroom already. Use their password, in the part below.")


def invite(session: Session, actor: Person, *, email: str, name: str, role: Role) -> tuple[Invitation, str]:
    """Invite somebody to the actor's workspace. Gives the invitation and the token of its link. Raises Refused.

    It says nothing about accounts in other workspaces.
    """
    email, name = checked_address(email), checked_name(name)
    here = session.scalar(
        select(Person).join(Account).where(Account.email == email, Person.workspace_id == actor.workspace_id)
    )
    if here is not None and here.left_at is None:
        raise Refused(_("%(here_name)s is in this workspace already.", here_name=here.name), field="email")
    if here is not None:
        raise Refused(
            _("%(here_name)s was taken out. Choose them in the table, and bring them back.", here_name=here.name),
            field="email",
        )
    if any(one.email == email for one in open_invitations(session, actor.workspace_id)):
        raise Refused(_("This address is invited already. Make a new link below."), field="email")
    token = new_token()
    invitation = Invitation(
        workspace_id=actor.workspace_id,
        email=email,
        name=name,
        role=role,
        digest=digest_of(token),
        invited_by_id=actor.id,
        expires_at=now() + VALID,
    )
    session.add(invitation)
    session.flush()
    words = _("%(name)s (%(email)s) invited as %(role)s", name=name, email=email, role=ROLES_INSIDE[role])
    note(session, actor, "invitation.made", words, subject_id=invitation.id)
    return invitation, token


def invite_first_administrator(session: Session) -> str | None:
    """Make the link for the first administrator, in place of an earlier one; None when somebody can sign in."""
    workspace = first_workspace(session)
    if session.scalar(select(Account.id).limit(1)) is not None:
        return None
    at = now()
    session.execute(update(Invitation).where(Invitation.email == "", *_open(at)).values(withdrawn_at=at))
    token = new_token()
    session.add(
        Invitation(
            workspace_id=workspace.id,
            email="",
            name="",
            role=Role.ADMINISTRATOR,
            digest=digest_of(token),
            expires_at=at + VALID,
        )
    )
    note_program(session, workspace.id, "invitation.made", _("Link made for the first administrator"))
    return token


def renew(session: Session, actor: Person, invitation_id: int) -> tuple[Invitation, str]:
    """Make a new link in place of the earlier one, also when that is too old. Raises NotThere, Refused."""
    invitation = _of_workspace(session, actor, invitation_id)
    token = new_token()
    waiting = (Invitation.id == invitation.id, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None))
    values = {"digest": digest_of(token), "made_at": now(), "expires_at": now() + VALID, "invited_by_id": actor.id}
    if session.scalar(update(Invitation).where(*waiting).values(values).returning(Invitation.id)) is None:
        raise Refused(_("This invitation was accepted or withdrawn meanwhile."))
    session.refresh(invitation)
    words = _(
        "New link for the invitation of %(invitation_name)s (%(invitation_email)s)",
        invitation_name=invitation.name,
        invitation_email=invitation.email,
    )
    note(session, actor, "invitation.renewed", words, subject_id=invitation.id)
    return invitation, token


def withdraw(session: Session, actor: Person, invitation_id: int) -> Invitation:
    """Take an invitation back. Raises NotThere, Refused when it was accepted meanwhile."""
    invitation = _of_workspace(session, actor, invitation_id)
    waiting = (Invitation.id == invitation.id, Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None))
    if session.scalar(update(Invitation).where(*waiting).values(withdrawn_at=now()).returning(Invitation.id)) is None:
        raise Refused(_("This invitation was accepted or withdrawn meanwhile."))
    words = _(
        "Invitation of %(invitation_name)s (%(invitation_email)s) withdrawn",
        invitation_name=invitation.name,
        invitation_email=invitation.email,
    )
    note(session, actor, "invitation.withdrawn", words, subject_id=invitation.id)
    return invitation


def open_invitations(session: Session, workspace_id: int) -> Sequence[Invitation]:
    """Give who was invited and has not come, also those whose link is too old, the newest first."""
    waiting = (Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None), Invitation.email != "")
    query = select(Invitation).where(Invitation.workspace_id == workspace_id, *waiting)
    return session.scalars(query.order_by(Invitation.made_at.desc(), Invitation.id.desc())).all()


def find_open(session: Session, token: str) -> Invitation | None:
    """Give the invitation of a link, when it still works."""
    return session.scalar(select(Invitation).where(Invitation.digest == digest_of(token), *_open(now())))


def write_invitation(session: Session, settings: Settings, invitation: Invitation, url: str) -> bool:
    """Mail an invitation's link; False when the workspace cannot write e-mails of its own.

    Who has no account yet has chosen no language: the language of whoever invites is the best guess.
    """
    known = account_by_email(session, invitation.email)
    inviting = invitation.invited_by.name if invitation.invited_by is not None else _p("inviting", "An administrator")
    place = invitation.workspace.name
    words = [
        _("Dear %(name)s,", name=invitation.name),
        _(
            "%(inviting)s invites you to work with Postroom, the program with which %(place)s writes its e-mails.",
            inviting=inviting,
            place=place,
        ),
        _("The link works once, for seven days. If you do not know what this is about, you need do nothing."),
    ]
    subject = _("%(inviting)s invites you to Postroom", inviting=inviting)
    link = (_("Accept the invitation"), url)
    spoken = known.language if known is not None else language()
    to = (invitation.workspace_id, invitation.email)
    return own_mail.write(session, settings, *to, subject, words, language=spoken, link=link)


def accept_new(session: Session, invitation: Invitation, *, name: str, password: str, email: str = "") -> Account:
    """Accept as somebody new, with a password of their own; `email` is the first administrator's. Raises Refused."""
    is_first = not invitation.email
    email, name = checked_address(email) if is_first else invitation.email, checked_name(name)
    passwords.check_new_password(password, (email, name, invitation.workspace.name))
    if is_first and session.scalar(select(func.count(Account.id))):
        raise Refused(GONE)
    if session.scalar(select(Account.id).where(Account.email == email)) is not None:
        raise Refused(SIGNS_IN, field="password")
    _use(session, invitation)
    account = Account(email=email, name=name, password_hash=passwords.new_digest(password), runs_installation=is_first)
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as error:  # by another invitation, at the same moment
        raise Refused(SIGNS_IN, field="password") from error
    _place(session, invitation, account)
    return account


def accept_with(session: Session, invitation: Invitation, account: Account) -> Person:
    """Accept with an account that exists already. Raises Refused."""
    if account.email != invitation.email:
        raise Refused(
            _(
                "This invitation is for %(invitation_email)s. Sign in with that address.",
                invitation_email=invitation.email,
            )
        )
    _use(session, invitation)
    return _place(session, invitation, account)


def _place(session: Session, invitation: Invitation, account: Account) -> Person:
    query = select(Person).where(Person.account_id == account.id, Person.workspace_id == invitation.workspace_id)
    here = session.scalar(query)
    if here is None:
        here = place_in(session, account, invitation.workspace, invitation.role, invitation.invited_by)
    elif here.left_at is not None:  # taken out and invited again: the invitation says what they may do now
        here.left_at, here.role = None, invitation.role
    words = _(
        "%(name)s accepted the invitation and is %(role)s",
        name=here.name,
        role=ROLES_INSIDE[here.role],
    )
    note(session, here, "invitation.accepted", words, subject_id=invitation.id)
    return here


def _use(session: Session, invitation: Invitation) -> None:
    """Use the link up; of two who do at once, one is told that it is gone."""
    at = now()
    used = update(Invitation).where(Invitation.id == invitation.id, *_open(at)).values(accepted_at=at)
    if session.scalar(used.returning(Invitation.id)) is None:
        raise Refused(GONE)


def _open(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None), Invitation.expires_at > at


def _of_workspace(session: Session, actor: Person, invitation_id: int) -> Invitation:
    found = session.get(Invitation, invitation_id)
    if found is None or found.workspace_id != actor.workspace_id:
        raise NotThere("invitation")
    return found
