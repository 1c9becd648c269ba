"""Passkeys (WebAuthn, by the library py_webauthn): making one, signing in with one, taking one away."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import select
from sqlalchemy.orm import Session
from webauthn.helpers import bytes_to_base64url, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.db import now
from app.people import recovery_codes, second_factor
from app.people.account_trail import note_account
from app.people.factor_models import Passkey, SecondFactor
from app.people.models import Account
from app.people.second_factor import Ways, locked, ways_of
from app.people.single_use import spend
from app.refusals import NotThere, Refused
from app.settings import Settings
from app.words import _, joined

MOST = 20
"""Passkeys of one account."""
LONGEST_ANSWER = 20_000
"""Characters of what a device answers."""
NOT_TAKEN = _("This passkey was not taken. Try again, or choose another way.")
TOO_OLD = _("That took too long, or another page of Postroom asked meanwhile. Try again.")
UNVERIFIED = _("The device must ask for your finger, face or PIN when the passkey is used. Set that up on it first.")


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom a passkey is for: the name of our host, and the address of our pages."""

    id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Question:
    """What the browser is asked (JSON for `navigator.credentials`), and the challenge that its answer must hold."""

    options: str
    challenge: str


def relying_party(settings: Settings) -> RelyingParty | None:
    """Give whom passkeys are for; None where browsers have none: at a bare IP address, or without https."""
    parts = urlsplit(settings.url)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        return None
    if parts.scheme != "https" and host != "localhost":
        return None
    port = f":{parts.port}" if parts.port not in {None, 443 if parts.scheme == "https" else 80} else ""
    return RelyingParty(host, f"{parts.scheme}://{host}{port}")


def passkeys_of(session: Session, account: Account) -> Sequence[Passkey]:
    """Give an account's passkeys, the oldest first."""
    return session.scalars(select(Passkey).where(Passkey.account_id == account.id).order_by(Passkey.id)).all()


def passkey_of(session: Session, account: Account, passkey_id: int) -> Passkey:
    """Give one of an account's passkeys. Raises NotThere."""
    passkey = session.get(Passkey, passkey_id)
    if passkey is None or passkey.account_id != account.id:
        raise NotThere("passkey")
    return passkey


def ask_to_add(session: Session, settings: Settings, account: Account) -> Question:
    """Ask a device to make a passkey. Raises Refused where there are none, or enough."""
    party = _party(settings)
    present = passkeys_of(session, account)
    if len(present) >= MOST:
        raise Refused(_("You have %(most)s passkeys. Take one away first.", most=MOST))
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name="Postroom",
        user_id=locked(session, account).passkey_handle.encode(),
        user_name=account.email,
        user_display_name=account.name,
        exclude_credentials=[_described(one) for one in present],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )
    return Question(webauthn.options_to_json(options), bytes_to_base64url(options.challenge))


def add(
    session: Session, settings: Settings, account: Account, name: str, answer: str, challenge: str
) -> tuple[Passkey, Sequence[str]]:
    """Keep a new passkey; gives it, and ten recovery codes when the account had none. Raises Refused."""
    party = _party(settings)
    if not spend(session, "passkey", challenge):
        raise Refused(NOT_TAKEN)
    credential = _read(answer, challenge)
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(joined([NOT_TAKEN, UNVERIFIED])) from error
    credential_id = bytes_to_base64url(made.credential_id)
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == credential_id)):
        raise Refused(_("This passkey is here already."))
    passkey = Passkey(
        account_id=account.id,
        name=name.strip()[:100] or "Passkey",
        credential_id=credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=_transports(credential),
    )
    had_codes = ways_of(session, account).any and recovery_codes.left(session, account)
    session.add(passkey)
    note_account(
        session,
        account,
        "person.passkey_added",
        _(
            "%(account_email)s added the passkey “%(passkey_name)s”",
            account_email=account.email,
            passkey_name=passkey.name,
        ),
    )
    return passkey, () if had_codes else recovery_codes.make_new(session, account)


def remove(session: Session, account: Account, passkey_id: int) -> Passkey:
    """Take a passkey away. Raises NotThere; Refused when it is the last factor and one is needed."""
    passkey = passkey_of(session, account, passkey_id)
    ways = ways_of(session, account)
    second_factor.refuse_the_last(session, account, Ways(ways.app_since, ways.passkeys - 1, 0))
    session.delete(passkey)
    note_account(
        session,
        account,
        "person.passkey_removed",
        _(
            "%(account_email)s removed the passkey “%(passkey_name)s”",
            account_email=account.email,
            passkey_name=passkey.name,
        ),
    )
    second_factor.drop_unneeded_codes(session, account)
    return passkey


def ask_to_sign_in(session: Session, settings: Settings, account: Account | None) -> Question:
    """Ask for a passkey: one of this account, or whichever the person picks. Raises Refused where there are none."""
    options = webauthn.generate_authentication_options(
        rp_id=_party(settings).id,
        allow_credentials=[_described(one) for one in passkeys_of(session, account)] if account else None,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Question(webauthn.options_to_json(options), bytes_to_base64url(options.challenge))


def account_of(session: Session, settings: Settings, answer: str, challenge: str) -> Account:
    """Give whose passkey answered. Raises Refused. The device asked for finger, face or PIN: both factors are there."""
    party = _party(settings)
    credential = _read(answer, challenge)
    query = select(Passkey).where(Passkey.credential_id == str(credential.get("id"))[:1400]).with_for_update()
    passkey = session.scalars(query).one_or_none()
    if passkey is None or not spend(session, "passkey", challenge):
        raise Refused(NOT_TAKEN)
    try:
        used = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(NOT_TAKEN) from error
    handle = session.get_one(SecondFactor, passkey.account_id).passkey_handle
    if credential["response"].get("userHandle") not in {None, "", bytes_to_base64url(handle.encode())}:
        raise Refused(NOT_TAKEN)
    passkey.sign_count, passkey.used_at = used.new_sign_count, now()
    return session.get_one(Account, passkey.account_id)


def _party(settings: Settings) -> RelyingParty:
    party = relying_party(settings)
    if party is None:
        raise Refused(_("Passkeys work only where Postroom is reached by a name and over https."))
    return party


def _read(answer: str, challenge: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise Refused(NOT_TAKEN)
    try:
        credential = json.loads(answer)
        client = parse_client_data_json(webauthn.base64url_to_bytes(credential["response"]["clientDataJSON"]))
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(NOT_TAKEN) from error
    if client.challenge != webauthn.base64url_to_bytes(challenge):
        raise Refused(TOO_OLD)  # of a tab that asked before another one did
    return dict(credential)


def _described(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        id=webauthn.base64url_to_bytes(passkey.credential_id),
        transports=[AuthenticatorTransport(one) for one in passkey.transports],
    )


def _transports(credential: dict[str, Any]) -> list[str]:
    given = credential["response"].get("transports")
    return [one.value for one in AuthenticatorTransport if isinstance(given, list) and one.value in given]
