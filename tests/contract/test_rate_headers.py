"""The rate headers: one limit, several, and none that can be read."""

from __future__ import annotations

import pytest

from app.cloudflare.results import RateState, rate_state


@pytest.mark.parametrize(
    ("state", "policy", "found"),
    [
        ('"default";r=50;t=30', '"default";q=1200;w=300', RateState(50, 30, 1200, 300)),
        ('"default";r=50;t=30', "", RateState(50, 30, None, None)),
        ("", '"default";q=1200;w=300', RateState(None, None, 1200, 300)),
        # Of several limits the most pressing, with the policy of the same name, in whatever order they stand.
        (
            '"default";r=900;t=30, "address";r=3;t=1',
            '"address";q=200;w=1, "default";q=1200;w=300',
            RateState(3, 1, 200, 1),
        ),
        ('"a, b";r=7;t=2, "c";r=9;t=3', '"c";q=1;w=1, "a, b";q=8;w=4', RateState(7, 2, 8, 4)),
        ("nonsense", ";;;=,", RateState(None, None, None, None)),
        ("", "", None),
    ],
)
def test_what_the_headers_say(state: str, policy: str, found: RateState | None) -> None:
    headers = {name: value for name, value in (("Ratelimit", state), ("Ratelimit-Policy", policy)) if value}
    assert rate_state(headers) == found
