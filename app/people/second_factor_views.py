"""Every view of signing in by more than a password, on one blueprint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.people import factor_rule_views, factor_views, passkey_views, passkeys, provider_views, second_step_views
from app.people.factor_blueprint import blueprint
from app.web.request import services
from app.words import _

__all__ = [
    "blueprint",
    "factor_rule_views",
    "factor_views",
    "passkey_views",
    "provider_views",
    "second_step_views",
]


@dataclass(frozen=True, slots=True)
class OtherWays:
    """Ways to sign in that the sign-in page offers beside the password."""

    passkeys: bool
    provider: str
    """Name of the identity provider; empty: none."""


@blueprint.app_context_processor
def _shared() -> dict[str, Any]:
    return {"other_ways": other_ways, "words_of_passkeys": words_of_passkeys}


def words_of_passkeys() -> dict[str, str]:
    """Give what `passkeys.js` says, in the page's language; its element carries it as `data-words`."""
    return {
        "notAllowed": _(
            "The passkey was not used: it was cancelled, it took too long, or this device has none. Try again."
        ),
        "hasOne": _("This device has a passkey for you already."),
        "wrongAddress": _(
            "Passkeys do not work at this web address. Use the address that your administrators gave you."
        ),
        "notUsed": _("The passkey could not be used. Try again, or sign in another way."),
        "pageTooOld": _("This page is too old. Load it again."),
        "noPasskeys": _("This browser cannot use passkeys."),
        "copied": _("Copied."),
        "cannotCopy": _("The browser does not let this page copy. Mark the codes and copy them."),
    }


def other_ways() -> OtherWays:
    """Tell the sign-in page what else there is."""
    settings = services().settings
    provider = settings.oidc_name if settings.oidc_issuer else ""
    return OtherWays(passkeys.relying_party(settings) is not None, provider)
