"""The pages of sign-in, people and settings; second factors, passkeys and the like have a blueprint of their own."""

from __future__ import annotations

from app.people.views import (
    account,
    factor_rule,
    factors,
    other_ways,
    passkeys,
    people,
    provider,
    second_step,
    set_up,
    settings,
    sign_in,
    workspaces,
)
from app.people.views.blueprint import blueprint

__all__ = [
    "account",
    "blueprint",
    "factor_rule",
    "factors",
    "other_ways",
    "passkeys",
    "people",
    "provider",
    "second_step",
    "set_up",
    "settings",
    "sign_in",
    "workspaces",
]
