"""New passwords: by oneself, by a link in an e-mail, and by a link that an administrator hands over."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from app.audit.trail import note, note_program
from app.db import now
from app.people import lockout, own_mail, passwords
from app.people.accounts import places_of
from app.people.link_models import PasswordReset
from app.people.membership import is_above
from app.people.models import Account, Person
from app.people.signing_in import end_all
from app.people.tokens import digest_of, new_token
from app.refusals import Refused
from app.settings import Settings
from app.words import _

VALID_BY_MAIL = timedelta(hours=1)
VALID_BY_HAND = timedelta(days=1)
"""An administrator's link goes by telephone or paper, perhaps."""
MOST_BY_MAIL = 3
"""E-mails with a link for one account in an hour."""
GONE = _("This link was used, or is too old. Ask for a new one.")
CHANGED = (
    _("Your password for Postroom was changed just now, and all other sign-ins have ended."),
    _(
        "If that was you, all is well. If not, choose “Forgot your password?” on the sign-in page at once, and tell an "
        "administrator."
    ),
)


def ask(session: Session, email: str) -> None:
    """Write down that somebody asks for a new password. A worker does the rest, so that nobody learns who has one."""
    session.add(PasswordReset(email=email.strip().lower()[:254]))


def is_asked(session: Session) -> bool:
    """Whether a worker has something to do."""
    return session.scalar(select(PasswordReset.id).where(PasswordReset.account_id.is_(None)).limit(1)) is not None


def answer_asked(session: Session, settings: Settings) -> None:
    """Mail a link to each who asked and has an account, at most a few an hour."""
    query = select(PasswordReset).where(PasswordReset.account_id.is_(None)).order_by(PasswordReset.id).limit(100)
    for asked in session.scalars(query.with_for_update(skip_locked=True)).all():
        account = session.scalar(select(Account).where(Account.email == asked.email))
        if account is None or not _mail_link(session, settings, asked, account):
            session.delete(asked)


def make_link(session: Session, actor: Person, person: Person) -> str:
    """Make a link for a new password to hand over. Gives its token. Raises Refused where that would give too much."""
    _check_may_hand_over(session, actor, person)
    token = new_token()
    expires = now() + VALID_BY_HAND
    session.add(PasswordReset(account_id=person.account_id, digest=digest_of(token), expires_at=expires))
    words = _(
        "Link for a new password made for %(person_name)s (%(person_email)s)",
        person_name=person.name,
        person_email=person.email,
    )
    note(session, actor, "person.reset_link", words, subject_id=person.id)
    return token


def find_link(session: Session, token: str) -> PasswordReset | None:
    """Give the link of a token, when it still works."""
    return session.scalar(select(PasswordReset).where(PasswordReset.digest == digest_of(token), *_open(now())))


def use_link(session: Session, settings: Settings, link: PasswordReset, password: str) -> Account:
    """Set the new password: every sign-in and every other link of the account ends. Raises Refused."""
    account = session.get_one(Account, link.account_id)
    passwords.check_new_password(password, _about(session, account))
    at = now()
    used = update(PasswordReset).where(PasswordReset.id == link.id, *_open(at)).values(used_at=at)
    if session.scalar(used.returning(PasswordReset.id)) is None:
        raise Refused(GONE)
    _set(session, settings, account, password, keep=None)
    lockout.forget_account(session, account.email)
    return account


def change_password(session: Session, settings: Settings, person: Person, password: str, *, keep: int) -> None:
    """Set one's own new password; all sign-ins but the one of this number end. Raises Refused."""
    passwords.check_new_password(password, _about(session, person.account), field="new_password")
    _set(session, settings, person.account, password, keep=keep)


def clear_old(session: Session) -> None:
    """Forget links that ended long ago."""
    old = now() - timedelta(days=30)
    for one in session.scalars(select(PasswordReset).where(PasswordReset.made_at < old).limit(1000)):
        session.delete(one)


def _set(session: Session, settings: Settings, account: Account, password: str, *, keep: int | None) -> None:
    account.password_hash = passwords.new_digest(password)
    end_all(session, account.id, but=keep)
    at = now()
    others = (PasswordReset.account_id == account.id, *_open(at))
    session.execute(update(PasswordReset).where(*others).values(used_at=at))
    places = places_of(session, account)
    for person in places:
        note(
            session,
            person,
            "person.password_changed",
            _("%(person_name)s chose a new password", person_name=person.name),
            subject_id=person.id,
        )
    subject, language = _("Your password was changed"), account.language
    any(
        own_mail.write(session, settings, one.workspace_id, account.email, subject, CHANGED, language=language)
        for one in places
    )


def _mail_link(session: Session, settings: Settings, asked: PasswordReset, account: Account) -> bool:
    """Turn what was asked into a link, and mail it through the first workspace that can write."""
    lately = select(func.count(PasswordReset.id)).where(
        PasswordReset.account_id == account.id, PasswordReset.email != "", PasswordReset.made_at > now() - VALID_BY_MAIL
    )
    if (session.scalar(lately) or 0) >= MOST_BY_MAIL:
        return False
    token = new_token()
    words = [
        _("Dear %(name)s,", name=account.name),
        _("Somebody, we hope it was you, asked for a new password for Postroom."),
        _("The link works once, for one hour. If it was not you, you need do nothing: your password stays as it is."),
    ]
    subject = _("A new password for Postroom")
    link = (_("Choose a new password"), f"{settings.url}/new-password/{token}")
    for person in places_of(session, account):
        to = (person.workspace_id, account.email)
        if own_mail.write(session, settings, *to, subject, words, language=account.language, link=link):
            asked.account_id, asked.digest, asked.expires_at = account.id, digest_of(token), now() + VALID_BY_MAIL
            note_program(
                session,
                person.workspace_id,
                "person.reset_mailed",
                _("%(person_name)s was mailed a link for a new password", person_name=person.name),
                subject_id=person.id,
            )
            return True
    return False


def _check_may_hand_over(session: Session, actor: Person, person: Person) -> None:
    """A link opens the whole account, so whoever makes one must be above it in all that it reaches."""
    if person.left_at is not None:
        raise Refused(
            _("%(person_name)s was taken out of the workspace. Bring them back first.", person_name=person.name)
        )
    if person.account_id == actor.account_id:
        raise Refused(_("Change your own password on the page with your name."))
    if not is_above(session, actor, person):
        raise Refused(
            _(
                "%(person_name)s can do more in Postroom than you can, or works in a department of which you are "
                "no administrator, and the link would open that as well. Ask them to choose “Forgot your "
                "password?” on the sign-in page instead.",
                person_name=person.name,
            )
        )


def _about(session: Session, account: Account) -> list[str]:
    return [account.email, account.name, *(place.workspace.name for place in places_of(session, account))]


def _open(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return PasswordReset.used_at.is_(None), PasswordReset.expires_at > at
