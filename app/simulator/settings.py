"""What can be set on the simulator, at start and while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from app.cloudflare.contract import CALLS_IN_WINDOW, WINDOW_SECONDS
from app.cloudflare.events import QUERIES_IN_WINDOW

DEFAULT_ACCOUNT = "023e105f4ecef8ad9ca31a8372d0c353"
DEFAULT_TOKEN = "simulator"  # noqa: S105 - opens nothing but this stand-in
DEFAULT_DOMAINS = ("example.com", "example.org")
FULL = ("send", "read", "analytics")
"""Scopes of a token that may do everything."""


class Chaos(BaseModel):
    """Faults and delays."""

    latency_ms: int = Field(0, ge=0, le=60_000)
    """How long every send takes, in milliseconds."""
    fault_share: float = Field(0, ge=0, le=1)
    """Share of sends that meet a random fault: 500, 503, 429 or a lost connection."""


class Events(BaseModel):
    """Later delivery events."""

    after_seconds: float = Field(60, ge=0, le=86_400)
    """How long after the send the next thing happens to a mail whose fate is not known at once."""
    lag_seconds: float = Field(5, ge=0, le=86_400)
    """How long after it happened an event can be asked for."""
    message_ids: Literal["brackets", "bare", "other"] = "brackets"
    """How events name a mail: as the answer did, without brackets, or with an id of another shape."""


class Behaviour(BaseModel):
    """How the stand-in behaves; kept in its file, so that it outlives a restart."""

    account_id: str = DEFAULT_ACCOUNT
    tokens: dict[str, list[str]] = {DEFAULT_TOKEN: list(FULL)}
    """Token to scopes: `send`, `read`, `analytics`; or a word: `disabled`, `expired`, `not_entitled`, `wrong_kind`."""
    domains: list[str] = list(DEFAULT_DOMAINS)
    drop_suppressed_recipients: bool = False
    rate_limit: int = Field(CALLS_IN_WINDOW, ge=1)
    """Calls in a window (API.md, section 7)."""
    rate_window: int = Field(WINDOW_SECONDS, ge=1)
    """Seconds of the window, and of the block after the limit was passed."""
    daily_quota: int = Field(1_000_000, ge=0)
    graphql_limit: int = Field(QUERIES_IN_WINDOW, ge=1)
    """GraphQL queries in a window, counted by themselves (API.md, section 7)."""
    events: Events = Events()
    chaos: Chaos = Chaos()


class SimulatorSettings(BaseModel):
    """How to start it."""

    data_file: Path
    behaviour: Behaviour = Behaviour()
    """Used when the file is new."""
