"""Beginning a sign-in, finding it again by its token, and ending it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session, joinedload

from app.audit.origin import here
from app.audit.trail import note
from app.db import now
from app.people.models import Account, Person
from app.people.sign_in_models import WAYS_INSIDE, SignIn, Way
from app.people.tokens import digest_of, new_token
from app.refusals import NotThere, Refused
from app.settings import Settings
from app.words import _

SEEN_EVERY = timedelta(minutes=5)
"""How exact the time is at which somebody was seen last."""


def begin_sign_in(session: Session, account: Account, way: Way) -> tuple[SignIn, str]:
    """Sign an account in, in the workspace it was in last. Gives the row, and the token for the browser's cookie.

    Raises Refused when the account has no place in any workspace.
    """
    token, origin = new_token(), here()
    begun = SignIn(
        account_id=account.id,
        person=_place_of(session, account),
        digest=digest_of(token),
        way=way,
        address=origin.address[:45],
        browser=origin.browser[:100],
    )
    session.add(begun)
    account.last_seen_at = now()
    session.flush()
    words = _(
        "%(name)s signed in (%(way)s; %(browser)s)",
        name=account.name,
        way=WAYS_INSIDE[way],
        browser=begun.browser_words,
    )
    note(session, begun.person, "person.signed_in", words, subject_id=begun.person_id)
    return begun, token


def find_sign_in(session: Session, settings: Settings, token: str) -> SignIn | None:
    """Give the sign-in of a token; None when there is none, when it has ended, or when it is too old."""
    whole = joinedload(SignIn.person).joinedload(Person.workspace)  # every page asks for it
    found = session.scalar(select(SignIn).where(SignIn.digest == digest_of(token), *_open(settings)).options(whole))
    return found if found is not None and found.person.left_at is None else None


def is_seen_long_ago(sign_in: SignIn) -> bool:
    """Whether the time at which it was seen should be written anew."""
    return sign_in.seen_at < now() - SEEN_EVERY


def see(session: Session, sign_in_id: int) -> None:
    """Write that the sign-in was seen just now, unless another request did so."""
    at = now()
    stale = (SignIn.id == sign_in_id, SignIn.seen_at < at - SEEN_EVERY)
    session.execute(update(SignIn).where(*stale).values(seen_at=at), execution_options={"synchronize_session": "fetch"})


def sign_ins_of(session: Session, settings: Settings, account_id: int) -> list[SignIn]:
    """Give where an account is signed in, the one seen last first."""
    query = select(SignIn).where(SignIn.account_id == account_id, *_open(settings))
    return list(session.scalars(query.order_by(SignIn.seen_at.desc(), SignIn.id.desc())))


def end_sign_in(session: Session, person: Person, sign_in_id: int) -> SignIn:
    """End one of the person's own sign-ins. Raises NotThere."""
    found = session.get(SignIn, sign_in_id)
    if found is None or found.account_id != person.account_id:
        raise NotThere("sign-in")
    if found.ended_at is None:
        found.ended_at = now()
        note(
            session,
            person,
            "person.signed_out",
            _("%(name)s signed out (%(browser)s)", name=person.name, browser=found.browser_words),
            subject_id=person.id,
        )
    return found


def end_everywhere(session: Session, person: Person) -> int:
    """End every sign-in of the person's account. Gives how many there were."""
    count = end_all(session, person.account_id)
    note(
        session,
        person,
        "person.signed_out",
        _("%(person_name)s signed out everywhere", person_name=person.name),
        subject_id=person.id,
    )
    return count


def end_all(session: Session, account_id: int, *, but: int | None = None, person_id: int | None = None) -> int:
    """End the sign-ins of an account, all `but` one, or only those of one place. Gives how many there were."""
    which = [SignIn.account_id == account_id, SignIn.ended_at.is_(None)]
    if but is not None:
        which.append(SignIn.id != but)
    if person_id is not None:
        which.append(SignIn.person_id == person_id)
    ended = update(SignIn).where(*which).values(ended_at=now()).returning(SignIn.id)
    return len(session.scalars(ended, execution_options={"synchronize_session": False}).all())


def _open(settings: Settings) -> tuple[ColumnElement[bool], ...]:
    at = now()
    return (
        SignIn.ended_at.is_(None),
        SignIn.seen_at > at - timedelta(hours=settings.sign_in_idle_hours),
        SignIn.begun_at > at - timedelta(days=settings.sign_in_days),
    )


def _place_of(session: Session, account: Account) -> Person:
    """Choose the account's place: where it was last, else the first one."""
    last = select(SignIn.person_id).where(SignIn.account_id == account.id).order_by(SignIn.id.desc()).limit(1)
    here = (Person.account_id == account.id, Person.left_at.is_(None))
    places = session.scalars(select(Person).where(*here).order_by(Person.id)).all()
    if not places:
        raise Refused(_("You are in no workspace any more. Ask an administrator to let you in again."))
    before = session.scalar(last)
    return next((place for place in places if place.id == before), places[0])
