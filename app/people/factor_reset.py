"""An administrator helps somebody who lost their phone: the second factor is taken away, the password stays."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.audit.trail import note
from app.people import own_mail, recovery_codes
from app.people.factor_models import Passkey, ProviderIdentity
from app.people.membership import find_person, is_above
from app.people.models import Account, Person
from app.people.second_factor import locked, ways_of
from app.people.signing_in import end_all
from app.refusals import Refused
from app.settings import Settings
from app.words import _

ELSEWHERE = _(
    "This person can do more in Postroom than you can, or has a place in a department that you do not look after, and "
    "the second step guards that as well. Ask whoever runs Postroom on its server."
)


def reset(session: Session, settings: Settings, actor: Person, person_id: int) -> tuple[Person, bool]:
    """Take away app, recovery codes and passkeys, and end every sign-in. Raises NotThere, Refused.

    Gives the person, and whether an e-mail tells them.
    """
    person = find_person(session, actor, person_id)
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
        language=account.language,
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
    person = find_person(session, actor, person_id)
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
    if not is_above(session, actor, person):
        raise Refused(ELSEWHERE)
