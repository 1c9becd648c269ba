"""An administrator helps somebody who lost their phone: the second factor is taken away, the password stays."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.audit.trail import note
from app.people import own_mail, recovery_codes
from app.people.factor_models import Passkey, ProviderIdentity
from app.people.models import Account, Person
from app.people.roles import Role
from app.people.second_factor import locked, ways_of
from app.people.signing_in import end_all
from app.refusals import NotThere, Refused
from app.settings import Settings
from app.words import _, speaking

ELSEWHERE = _(
    "This person can do more in Postroom than you can, or has a place in a department that you do not look after, and "
    "the second step guards that as well. Ask whoever runs Postroom on its server."
)


def person_to_help(session: Session, actor: Person, person_id: int) -> Person:
    """Give a person of the actor's workspace. Raises NotThere."""
    person = session.get(Person, person_id)
    if person is None or person.workspace_id != actor.workspace_id:
        raise NotThere("person")
    return person


def may_help(session: Session, actor: Person, person: Person) -> bool:
    """Whether the actor is above the person in all that the person's sign-in opens, or would open again."""
    if person.account.runs_installation and not actor.account.runs_installation:
        return False
    own = select(Person.workspace_id).where(
        Person.account_id == actor.account_id, Person.role == Role.ADMINISTRATOR, Person.left_at.is_(None)
    )
    elsewhere = select(Person.id).where(Person.account_id == person.account_id, Person.workspace_id.not_in(own))
    return session.scalar(elsewhere.limit(1)) is None


def reset(session: Session, settings: Settings, actor: Person, person_id: int) -> tuple[Person, bool]:
    """Take away app, recovery codes and passkeys, and end every sign-in. Raises NotThere, Refused.

    Gives the person, and whether an e-mail tells them.
    """
    person = person_to_help(session, actor, person_id)
    _refuse(session, actor, person)
    account = person.account
    if not ways_of(session, account).any:
        raise Refused(_("%(person_name)s has no second step.", person_name=person.name))
    take_away(session, account)
    words = _(
        "Second step of %(person_name)s (%(person_email)s) taken away",
        person_name=person.name,
        person_email=person.email,
    )
    note(session, actor, "person.second_step_reset", words, subject_id=person.id)
    with speaking(account.language or "en"):
        told = own_mail.write(
            session,
            settings,
            actor.workspace_id,
            person.email,
            _("Your second step at sign-in was taken away"),
            (
                _(
                    "%(name)s took away the second step of your sign-in to Postroom: the app on your phone, "
                    "your passkeys and your recovery codes are not asked for any more. Your password stays as it is.",
                    name=actor.name,
                ),
                _(
                    "Sign in with your password and set a second step up again. If you did not ask for this, tell "
                    "your administrators at once."
                ),
            ),
            link=(_("Sign in"), f"{settings.url}/sign-in"),
        )
    return person, told


def take_away(session: Session, account: Account) -> None:
    """Take every second factor away and end every sign-in; note it yourself."""
    factor = locked(session, account)
    factor.totp_sealed = factor.totp_since = factor.pending_sealed = factor.wait_until = None
    factor.wrong_codes = 0
    session.execute(delete(Passkey).where(Passkey.account_id == account.id))
    recovery_codes.forget(session, account)
    end_all(session, account.id)


def forget_provider(session: Session, actor: Person, person_id: int) -> Person:
    """Part an account from the identity provider's; by the address it can be joined again. Raises NotThere, Refused."""
    person = person_to_help(session, actor, person_id)
    _refuse(session, actor, person)
    session.execute(delete(ProviderIdentity).where(ProviderIdentity.account_id == person.account_id))
    words = _(
        "%(name)s (%(email)s) parted from the account of the organisation's sign-in",
        name=person.name,
        email=person.email,
    )
    note(session, actor, "person.provider_forgotten", words, subject_id=person.id)
    return person


def _refuse(session: Session, actor: Person, person: Person) -> None:
    if person.account_id == actor.account_id:
        raise Refused(_("Change your own sign-in on the page “You”."))
    if not may_help(session, actor, person):
        raise Refused(ELSEWHERE)
