"""The second step at sign-in: codes of an app on the phone (TOTP), their limits, and who must have one."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
import segno
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.db import now
from app.people import accounts, recovery_codes
from app.people.account_trail import note_account, note_account_program
from app.people.factor_models import Passkey, SecondFactor, SignInRule
from app.people.models import Account, Person
from app.people.proving import prove_password
from app.people.sealing import CannotUnseal, seal, unseal
from app.refusals import Refused
from app.settings import Settings
from app.words import _, _n

DRIFT = 1
"""Steps of 30 seconds that the clock of a phone may be wrong by."""
WRONG_AT_ONCE = 5
"""Wrong codes after which nothing is looked at for a while; after each five more the while is twice as long."""
KEY_SHOWN = timedelta(minutes=30)
"""How long a new key can be seen and confirmed; then one shows anew who one is."""
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=15), timedelta(hours=24)
NOT_THIS_CODE = _(
    "This code is not right. A code works once and for about a minute: wait for the next one and type it. If that "
    "does not help, let the phone set its clock by itself."
)
NOT_PROVEN = _("This is neither your password nor a code that works.")
KEY_TOO_OLD = _("The key for the app was too old. Begin anew.")
ANOTHER_KEY = _(
    "Codes of the app cannot be checked any more, because Postroom's secret key was changed. Use a recovery code, or "
    "ask an administrator to reset your second step."
)


@dataclass(frozen=True, slots=True)
class Ways:
    """What an account can show besides its password."""

    app_since: datetime | None
    passkeys: int
    recovery_codes: int

    @property
    def any(self) -> bool:
        """Whether there is a second factor. Recovery codes alone are none: they stand in for one."""
        return self.app_since is not None or self.passkeys > 0


@dataclass(frozen=True, slots=True)
class AppKey:
    """What somebody brings into their app: by scanning `qr_code` (a data URL of an SVG), or by typing `key`."""

    key: str
    qr_code: str


def ways_of(session: Session, account: Account) -> Ways:
    """Tell what an account has."""
    factor = session.get(SecondFactor, account.id)
    passkeys = session.scalar(select(func.count()).select_from(Passkey).where(Passkey.account_id == account.id)) or 0
    return Ways(factor.totp_since if factor else None, passkeys, recovery_codes.left(session, account))


def locked(session: Session, account: Account) -> SecondFactor:
    """Give the account's row, made when it is missing, and locked, so that codes are looked at one after the other."""
    query = select(SecondFactor).where(SecondFactor.account_id == account.id).with_for_update()
    query = query.execution_options(populate_existing=True)
    factor = session.scalars(query).one_or_none()
    if factor is None:
        try:
            with session.begin_nested():
                session.add(SecondFactor(account_id=account.id, passkey_handle=secrets.token_urlsafe(32)))
        except IntegrityError:
            pass  # another request made it meanwhile
        factor = session.scalars(query).one()
    return factor


def begin_app(session: Session, settings: Settings, account: Account) -> None:
    """Make a key for an app; it counts from its first right code on. Raises Refused when there is an app."""
    factor = locked(session, account)
    if factor.totp_sealed is not None:
        raise Refused(_("An app gives codes already. Turn it off first."))
    factor.pending_sealed, factor.pending_since = seal(pyotp.random_base32(), settings.secret_key), now()


def key_to_show(session: Session, settings: Settings, account: Account, label: str) -> AppKey | None:
    """Give the key that waits for its first code, for the page; None when there is none. `label`: the app's title."""
    factor = session.get(SecondFactor, account.id)
    if factor is None or factor.pending_sealed is None or not _is_fresh(factor):
        return None
    try:
        key = unseal(factor.pending_sealed, settings.secret_key)
    except CannotUnseal:
        return None
    address = pyotp.TOTP(key).provisioning_uri(name=account.email, issuer_name=label.replace(":", " "))
    picture = segno.make_qr(address).svg_data_uri(scale=4, border=4, light="#ffffff", dark="#000000")
    return AppKey(" ".join(key[start : start + 4] for start in range(0, len(key), 4)), picture)


def confirm_app(session: Session, settings: Settings, account: Account, code: str) -> Sequence[str]:
    """Turn the app on with its first code; gives ten new recovery codes. Raises Refused at `code`."""
    factor = locked(session, account)
    if factor.pending_sealed is None or not _is_fresh(factor):
        raise Refused(KEY_TOO_OLD, field="code")
    try:
        factor.last_step = _step_of(unseal(factor.pending_sealed, settings.secret_key), code)
    except (CannotUnseal, OTPVerificationError) as error:
        raise Refused(NOT_THIS_CODE, field="code") from error
    factor.totp_sealed, factor.pending_sealed = factor.pending_sealed, None
    factor.totp_since, factor.wrong_codes, factor.wait_until = now(), 0, None
    words = _("%(email)s: codes from an app are asked at sign-in", email=account.email)
    note_account(session, account, "person.second_step_on", words)
    return recovery_codes.make_new(session, account)


def try_code(session: Session, settings: Settings, account: Account, code: str) -> bool:
    """Take a code of the app, or a recovery code. Raises Refused at `code` when codes must wait.

    Commit also when it gives False: the wrong code is counted.
    """
    factor = locked(session, account)
    _refuse_while_waiting(factor, "code")
    plain = "".join(code.split()).replace("-", "")
    if plain.isdecimal() and plain.isascii():
        right = factor.totp_sealed is not None and _takes(factor, settings, plain)
    else:
        right = recovery_codes.use(session, account, code)
        if right:
            left = recovery_codes.left(session, account)
            note_account(
                session,
                account,
                "person.recovery_code",
                _("%(account_email)s used a recovery code; %(left)s are left", account_email=account.email, left=left),
            )
    _count(session, factor, account, right)
    return right


def prove(session: Session, settings: Settings, account: Account, proof: str, address: str) -> None:
    """Look at the password, or a code, of somebody who is signed in. Raises Refused at `proof`; commits always.

    Asked before a factor is added or taken away: who finds a screen unlocked must not be able to. `address` is the
    network address, for the limit of wrong passwords.
    """
    plain = "".join(proof.split())
    is_code = plain.isascii() and plain.isdecimal() and len(plain) == 6
    if not is_code and not recovery_codes.is_one(session, account, proof):
        prove_password(session, account.email, proof, address, field="proof", wrong=NOT_PROVEN)
        return
    try:
        right = try_code(session, settings, account, proof)
    except Refused as refusal:
        raise Refused(refusal.words, field="proof") from refusal
    session.commit()
    if not right:
        raise Refused(NOT_PROVEN, field="proof")


def turn_app_off(session: Session, account: Account) -> None:
    """Ask for no code any more. Raises Refused when a workspace needs a second factor and there is no other."""
    refuse_the_last(session, account, Ways(None, ways_of(session, account).passkeys, 0))
    factor = locked(session, account)
    factor.totp_sealed = factor.pending_sealed = factor.totp_since = None
    words = _("%(email)s: no code from an app is asked any more", email=account.email)
    note_account(session, account, "person.second_step_off", words)
    drop_unneeded_codes(session, account)


def refuse_the_last(session: Session, account: Account, after: Ways) -> None:
    """Raise Refused when an account would be left without a factor that one of its workspaces needs."""
    if not after.any and is_needed(session, account):
        raise Refused(
            _("Your department needs a second step at sign-in. Set up another one first, then take this one away.")
        )


def drop_unneeded_codes(session: Session, account: Account) -> None:
    """Take the recovery codes away when there is no factor left that they could stand in for."""
    session.flush()
    if not ways_of(session, account).any:
        recovery_codes.forget(session, account)


def renew_recovery_codes(session: Session, account: Account) -> Sequence[str]:
    """Make ten new recovery codes; earlier ones stop working. Raises Refused without a second factor."""
    if not ways_of(session, account).any:
        raise Refused(_("Set up a second step first."))
    note_account(
        session,
        account,
        "person.recovery_codes",
        _("%(account_email)s made new recovery codes", account_email=account.email),
    )
    return recovery_codes.make_new(session, account)


def is_needed(session: Session, account: Account) -> bool:
    """Whether a workspace in which the account works needs a second factor."""
    workspaces = {place.workspace_id for place in accounts.places_of(session, account)}
    query = select(exists().where(SignInRule.workspace_id.in_(workspaces), SignInRule.needs_second_factor))
    return bool(session.scalar(query))


def is_needed_in(session: Session, workspace_id: int) -> bool:
    """Whether this workspace needs a second factor."""
    rule = session.get(SignInRule, workspace_id)
    return rule is not None and rule.needs_second_factor


def change_need(session: Session, actor: Actor, needed: bool) -> None:
    """Need a second factor of everybody in the workspace from their next sign-in on, or no longer."""
    rule = session.get(SignInRule, actor.workspace_id)
    if (rule is not None and rule.needs_second_factor) == needed:
        return
    if rule is None:
        rule = SignInRule(workspace_id=actor.workspace_id)
        session.add(rule)
    rule.needs_second_factor = needed
    words = _("Everybody needs a second step at sign-in") if needed else _("A password alone is enough to sign in")
    note(session, actor, "workspace.second_step", words)


def with_second_factor(session: Session, people: Sequence[Person]) -> set[int]:
    """Give the numbers of the accounts, of these people, that have a second factor."""
    numbers = {person.account_id for person in people}
    with_app = select(SecondFactor.account_id).where(
        SecondFactor.account_id.in_(numbers), SecondFactor.totp_since.is_not(None)
    )
    with_passkey = select(Passkey.account_id).where(Passkey.account_id.in_(numbers))
    return set(session.scalars(with_app)) | set(session.scalars(with_passkey))


def _is_fresh(factor: SecondFactor) -> bool:
    return factor.pending_since is not None and factor.pending_since > now() - KEY_SHOWN


def _takes(factor: SecondFactor, settings: Settings, code: str) -> bool:
    try:
        step = _step_of(unseal(factor.totp_sealed or "", settings.secret_key), code)
    except CannotUnseal as error:
        raise Refused(ANOTHER_KEY, field="code") from error
    except OTPVerificationError:
        return False
    if step <= factor.last_step:
        return False
    factor.last_step = step
    return True


def _step_of(key: str, code: str) -> int:
    plain = "".join(code.split())
    return pyotp.TOTP(key).verify_and_get_timecode(plain, for_time=time.time(), valid_window=DRIFT)


def _refuse_while_waiting(factor: SecondFactor, field: str) -> None:
    if factor.wait_until is not None and factor.wait_until > now():
        minutes = -(-int((factor.wait_until - now()).total_seconds() + 1) // 60)
        words = _n(
            "Too many wrong codes were given. Wait a minute, then try again. If it was not you, change your password.",
            "Too many wrong codes were given. Wait %(count)s minutes, then try again. If it was not you, change your "
            "password.",
            minutes,
        )
        raise Refused(words, field=field)


def _count(session: Session, factor: SecondFactor, account: Account, right: bool) -> None:
    if right:
        factor.wrong_codes, factor.wait_until = 0, None
        return
    factor.wrong_codes += 1
    if factor.wrong_codes % WRONG_AT_ONCE == 0:
        longer = min(factor.wrong_codes // WRONG_AT_ONCE - 1, 20)
        wait = min(FIRST_WAIT * 2**longer, LONGEST_WAIT)
        factor.wait_until = now() + wait
        words = _(
            "%(email)s: %(tries)s wrong codes in a row; none is taken for a while",
            email=account.email,
            tries=factor.wrong_codes,
        )
        note_account_program(session, account, "person.wrong_codes", words)
