"""Every view of signing in by more than a password, on one blueprint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.people import (
    factor_rule_views,
    factor_views,
    passkey_views,
    passkeys,
    provider_views,
    second_step_views,
    set_up_views,
)
from app.people.factor_blueprint import blueprint
from app.web.request import services

__all__ = [
    "blueprint",
    "factor_rule_views",
    "factor_views",
    "passkey_views",
    "provider_views",
    "second_step_views",
    "set_up_views",
]


@dataclass(frozen=True, slots=True)
class OtherWays:
    """Ways to sign in that the sign-in page offers beside the password."""

    passkeys: bool
    provider: str
    """Name of the identity provider; empty: none."""


@blueprint.app_context_processor
def _shared() -> dict[str, Any]:
    return {"other_ways": other_ways}


def other_ways() -> OtherWays:
    """Tell the sign-in page what else there is."""
    settings = services().settings
    provider = settings.oidc_name if settings.oidc_issuer else ""
    return OtherWays(passkeys.relying_party(settings) is not None, provider)
