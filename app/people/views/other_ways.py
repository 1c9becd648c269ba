"""What the sign-in page offers beside the password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.people import passkeys
from app.people.views.factor_blueprint import blueprint
from app.web.request import services


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
