"""Signing in at the organisation's identity provider: the way there, and the way back."""

from __future__ import annotations

import logging
import time
from typing import Any

from flask import abort, redirect, request, session, url_for

from app.people import oidc
from app.people.sign_in_models import Way
from app.people.single_use import spend
from app.people.views.factor_blueprint import Page, blueprint, stopped
from app.people.views.half_signed_in import let_in
from app.refusals import Refused
from app.web.request import db, services, writes
from app.web.sign_in import safe_target
from app.words import _

log = logging.getLogger(__name__)
SECONDS = 600
"""How long somebody may take at the provider."""
AWAY = "at_provider"
"""Name of the entry in the session."""
NOT_IN = _("You are not signed in")


@blueprint.get("/sign-in/provider")
def go_to_provider() -> Page:
    """Send somebody to the provider's sign-in page."""
    settings = services().settings
    if settings.oidc_issuer is None:
        abort(404)
    try:
        departure = oidc.depart(settings)
    except oidc.ProviderAway as reason:
        return _provider_away(reason)
    session[AWAY] = {
        "state": departure.state,
        "nonce": departure.nonce,
        "code_verifier": departure.code_verifier,
        "target": safe_target(request.args.get("next")) or url_for("web.home"),
        "at": time.time(),
    }
    return redirect(departure.url)


@blueprint.get(oidc.ANSWER_PATH)
@writes
def provider_answer() -> Page:
    """Take what the provider says, and sign the person in. No transaction is open while the provider is asked."""
    settings = services().settings
    if settings.oidc_issuer is None:
        abort(404)
    left = _left_for_provider()
    if left is None:
        return stopped(
            NOT_IN,
            _(
                "This answer of the sign-in was used before, is too old, or belongs to another browser. Begin again "
                "from the sign-in page."
            ),
        )
    if "code" not in request.args:
        return stopped(
            NOT_IN,
            _(
                "%(oidc_name)s did not sign you in. Try again, or ask your administrators.",
                oidc_name=settings.oidc_name,
            ),
            422,
        )
    try:
        claims = oidc.claims_of(
            settings, code=request.args["code"], nonce=left["nonce"], code_verifier=left["code_verifier"]
        )
        if not spend(db(), "provider", left["state"]):
            raise Refused(_("This answer of the sign-in was used before. Begin again from the sign-in page."))
        account = oidc.account_for(db(), settings, claims)
    except oidc.ProviderAway as reason:
        return _provider_away(reason)
    except Refused as refusal:
        return stopped(NOT_IN, refusal.words)
    return let_in(account, left["target"], Way.PROVIDER, both=oidc.has_both_factors(settings, claims))


def _left_for_provider() -> dict[str, Any] | None:
    """Give what this browser left with, when the answer belongs to it; once."""
    left = session.pop(AWAY, None)
    fits = (
        isinstance(left, dict)
        and left["state"] == request.args.get("state")
        and 0 <= time.time() - left["at"] < SECONDS
        and request.args.get("iss", services().settings.oidc_issuer) == services().settings.oidc_issuer
    )
    return left if fits else None


def _provider_away(reason: oidc.ProviderAway) -> Page:
    log.warning("the identity provider could not be asked: %s", reason)
    name = services().settings.oidc_name
    return stopped(
        _("%(name)s does not answer", name=name),
        _(
            "Postroom could not ask %(name)s who you are. Wait a minute and try again, or sign in with your "
            "password. If it stays, tell your administrators.",
            name=name,
        ),
        503,
    )
