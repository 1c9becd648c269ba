"""When a message that is known not to have gone out is tried again (API.md, section 15)."""

from __future__ import annotations

import random

from app.cloudflare.results import Failure


def next_pause(failure: Failure, tries: int, scale: float) -> float | None:
    """Seconds before the next try, after `tries` tries; None when the tries are used up or none is allowed.

    What the service asked for is obeyed as it is; our own pauses get jitter, so that messages do not come back at once.
    """
    if not failure.may_retry or tries > len(failure.retry_pauses):
        return None
    if failure.retry_after is not None:
        return failure.retry_after + random.uniform(0, 0.5)  # noqa: S311 - jitter, no secret
    pause = failure.retry_pauses[tries - 1] * scale
    return random.uniform(pause, 1.5 * pause)  # noqa: S311 - jitter, no secret
