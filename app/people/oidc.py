"""Signing in at the organisation's identity provider (OpenID Connect, by the library Authlib).

Authorization code with PKCE, state and nonce; discovery and keys from the provider. Only the hosts that the settings
name are ever asked, no redirect is followed, and no transaction is open meanwhile.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.base_client import BaseApp, OAuthError
from authlib.integrations.base_client.sync_app import OAuth2Mixin
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import now
from app.people import invitations
from app.people.account_trail import note_account
from app.people.factor_models import ProviderIdentity
from app.people.link_models import Invitation
from app.people.models import Account
from app.refusals import Refused
from app.settings import Settings
from app.words import _

ANSWER_PATH = "/sign-in/provider-answer"
"""Where the provider sends people back to; it must be registered there, after POSTROOM_URL."""
TIMEOUT = (5.0, 10.0)
"""Seconds to connect, and to wait for an answer."""
METADATA_SECONDS = 3600
"""How long what the provider says about itself is believed."""
SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""How an ID token may be signed: with a private key that only the provider has."""
WITH_SOMETHING_ELSE = frozenset("otp hwk swk sc sms tel fpt face iris retina vbm".split())
"""Authentication methods (RFC 8176) that, beside a password or PIN, are a second factor."""
STRONG_CLASSES = frozenset(
    (
        "phr",
        "phrh",
        "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
        "http://idmanagement.gov/ns/assurance/aal/2",
        "http://idmanagement.gov/ns/assurance/aal/3",
    )
)
"""Values of `acr` that say that there were two factors."""


class ProviderAway(Exception):
    """The provider did not answer, or its answer makes no sense."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send somebody, and what their browser's session must remember until they come back."""

    url: str
    state: str
    nonce: str
    code_verifier: str


class _NarrowSession(OAuth2Session):  # type: ignore[misc]
    """Asks only the hosts that it was made for, follows no redirect, and does not wait for ever."""

    def __init__(self, *, hosts: frozenset[str], **options: Any) -> None:
        self._hosts = hosts
        super().__init__(**options)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        parts = urlsplit(url)
        if parts.netloc.lower() not in self._hosts or not _is_safe(url):
            raise requests.exceptions.InvalidURL(f"{parts.netloc} is not a host of the provider")
        answer: requests.Response = super().request(
            method, url, **{**options, "timeout": TIMEOUT, "allow_redirects": False}
        )
        if answer.is_redirect:
            raise requests.exceptions.TooManyRedirects("the provider's addresses must not redirect")
        return answer


class _Provider(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]
    client_cls = _NarrowSession


@lru_cache(maxsize=4)
def _provider(issuer: str, client_id: str, client_secret: str, hosts: frozenset[str], _hour: int) -> _Provider:
    return _Provider(
        None,
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256", "hosts": hosts},
    )


def depart(settings: Settings) -> Departure:
    """Say where to go to sign in. Raises ProviderAway."""
    provider = _known(settings)
    try:
        made = provider.create_authorization_url(settings.url + ANSWER_PATH)
    except (OAuthError, requests.RequestException, RuntimeError) as error:
        raise ProviderAway(str(error)) from error
    if not _is_safe(made["url"]):
        raise ProviderAway("the provider's sign-in page has no https")
    return Departure(made["url"], made["state"], made["nonce"], made["code_verifier"])


def claims_of(settings: Settings, *, code: str, nonce: str, code_verifier: str) -> Mapping[str, Any]:
    """Trade the code for what the provider says of the person. Raises ProviderAway; Refused when it proves nothing."""
    provider = _known(settings)
    try:
        token = provider.fetch_access_token(settings.url + ANSWER_PATH, code=code, code_verifier=code_verifier)
        claims = provider.parse_id_token(
            token,
            nonce,
            claims_options={
                "iss": {"essential": True, "value": provider.server_metadata["issuer"]},
                "aud": {"essential": True, "value": settings.oidc_client_id},
                "nonce": {"essential": True, "value": nonce},
            },
        )
        if claims is not None and "email" not in claims and "userinfo_endpoint" in provider.server_metadata:
            more = provider.userinfo(token=token)
            if more.get("sub") == claims.get("sub"):
                claims = {**more, **claims}
    except (OAuthError, JoseError) as error:
        raise Refused(
            _(
                "%(oidc_name)s sent an answer that does not fit this sign-in. Begin again from the sign-in page.",
                oidc_name=settings.oidc_name,
            )
        ) from error
    except (requests.RequestException, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise ProviderAway(str(error)) from error
    if claims is None or not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
        raise ProviderAway("the provider sent no ID token")
    return dict(claims)


def account_for(session: Session, settings: Settings, claims: Mapping[str, Any]) -> Account:
    """Give the account of the person the provider names: by subject; the first time by verified address.

    Raises Refused. No account is made but of somebody whom an administrator has invited at this address.
    """
    issuer, subject, name = settings.oidc_issuer or "", claims["sub"], settings.oidc_name
    query = select(ProviderIdentity).where(ProviderIdentity.issuer == issuer, ProviderIdentity.subject == subject)
    identity = session.scalars(query).one_or_none()
    if identity is not None:
        identity.used_at = now()
        return session.get_one(Account, identity.account_id)
    email = str(claims.get("email") or "").strip().lower()
    if not email or str(claims.get("email_verified")).lower() != "true":
        raise Refused(
            _(
                "%(name)s does not say that your e-mail address is really yours, so Postroom cannot tell who you "
                "are. Sign in with your password, or ask your administrators to have your address confirmed at "
                "%(name)s.",
                name=name,
            )
        )
    account = _invited(session, email, str(claims.get("name") or ""))
    if account is None:
        raise Refused(
            _(
                "%(name)s knows you as %(email)s, but nobody with this address may use Postroom yet. Ask an "
                "administrator of your department to invite you at this address, then sign in again.",
                name=name,
                email=email,
            )
        )
    if session.scalar(
        select(ProviderIdentity.id).where(ProviderIdentity.account_id == account.id, ProviderIdentity.issuer == issuer)
    ):
        raise Refused(
            _(
                "Postroom knows %(email)s as somebody else at %(name)s. If the address was given to you newly, "
                "ask an administrator to part it from the earlier account (Settings, Signing in).",
                email=email,
                name=name,
            )
        )
    session.add(ProviderIdentity(account_id=account.id, issuer=issuer, subject=subject, used_at=now()))
    note_account(
        session,
        account,
        "person.provider_joined",
        _("%(account_email)s signs in with %(name)s from now on", account_email=account.email, name=name),
    )
    return account


def _invited(session: Session, email: str, name: str) -> Account | None:
    """Give the account of an address that is verified; an open invitation of this address is accepted by that.

    A new account has a password that nobody knows; "Forgot your password?" gives one that somebody does.
    """
    account = session.scalars(select(Account).where(Account.email == email)).one_or_none()
    waiting = select(Invitation).where(
        Invitation.email == email,
        Invitation.accepted_at.is_(None),
        Invitation.withdrawn_at.is_(None),
        Invitation.expires_at > now(),
    )
    for invitation in session.scalars(waiting.order_by(Invitation.id)).all():
        if account is None:
            password = secrets.token_urlsafe(48)
            account = invitations.accept_new(session, invitation, name=name or invitation.name, password=password)
        else:
            invitations.accept_with(session, invitation, account)
    return account


def identity_of(session: Session, settings: Settings, account: Account) -> ProviderIdentity | None:
    """Give how the provider knows an account, if it does."""
    query = select(ProviderIdentity).where(
        ProviderIdentity.account_id == account.id, ProviderIdentity.issuer == (settings.oidc_issuer or "")
    )
    return session.scalars(query).one_or_none()


def part(session: Session, settings: Settings, account: Account) -> None:
    """Forget how the provider knows an account."""
    identity = identity_of(session, settings, account)
    if identity is not None:
        session.delete(identity)
        words = _(
            "%(account_email)s parted from the account at %(oidc_name)s",
            account_email=account.email,
            oidc_name=settings.oidc_name,
        )
        note_account(session, account, "person.provider_parted", words)


def has_both_factors(settings: Settings, claims: Mapping[str, Any]) -> bool:
    """Whether the provider asked for two factors: because the settings say so, or because it says so itself."""
    if settings.oidc_two_factors:
        return True
    methods = claims.get("amr")
    named = {one for one in methods if isinstance(one, str)} if isinstance(methods, list) else set()
    if "mfa" in named or (named & {"pwd", "pin"} and named & WITH_SOMETHING_ELSE):
        return True
    return claims.get("acr") in STRONG_CLASSES


def _known(settings: Settings) -> _Provider:
    """Give the provider with what it says about itself. Raises ProviderAway."""
    issuer = settings.oidc_issuer or ""
    hosts = frozenset({urlsplit(issuer).netloc.lower(), *settings.oidc_more_hosts})
    secret = settings.oidc_client_secret.get_secret_value() if settings.oidc_client_secret else ""
    provider = _provider(issuer, settings.oidc_client_id or "", secret, hosts, int(time.time() // METADATA_SECONDS))
    try:
        told = provider.load_server_metadata()
    except (requests.RequestException, ValueError, TypeError) as error:
        raise ProviderAway(str(error)) from error
    if str(told.get("issuer")).rstrip("/") != issuer.rstrip("/"):
        told.clear()  # asked again next time
        raise ProviderAway("the provider names itself differently from POSTROOM_OIDC_ISSUER")
    offered = told.get("id_token_signing_alg_values_supported") or ["RS256"]
    told["id_token_signing_alg_values_supported"] = [one for one in offered if one in SIGNATURES]
    return provider


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"})
