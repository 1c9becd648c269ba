"""Proving who one is by a password: the same steps and words whether the account exists, must wait, or left."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.people import lockout, passwords
from app.people.models import Account, Person
from app.refusals import Refused
from app.words import _

WRONG = _("The address or the password is not right.")


def prove_password(
    session: Session,
    email: str,
    password: str,
    address: str,
    *,
    from_outside: bool = False,
    field: str = "",
    wrong: str = WRONG,
) -> Account:
    """Give the account of an e-mail address when the password fits. Raises Refused, in the same words for everybody.

    Commits the session, so that no transaction is open while the password is checked. `address` is the network
    address; `from_outside` lets in who is in no workspace at present; `field` and `wrong` are for pages that know the
    account already.
    """
    until = lockout.take_try(session, email, address)
    has_place = exists().where(Person.account_id == Account.id, Person.left_at.is_(None))
    found = session.execute(select(Account, has_place).where(Account.email == email.strip().lower())).one_or_none()
    session.commit()
    account, may_come = (found[0], found[1] or from_outside) if found is not None else (None, False)
    is_right = passwords.is_right(account.password_hash if account is not None else None, password)
    if until is not None:
        raise Refused(lockout.waiting_words(until), field=field)
    if account is None or not is_right or not may_come:
        raise Refused(wrong, field=field)
    lockout.give_back(session, email, address)
    return account
