"""The account-wide limit of API calls with its headers (API.md, sections 7 and 15)."""

from __future__ import annotations

import threading
import time

from flask import Response

from app.simulator.envelope import over_global_limit
from app.simulator.settings import Behaviour


class Limiter:
    """Counts calls in a fixed window; whoever passes the limit is shut out for the length of a window."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._window_began = 0.0
        self._calls = 0
        self._shut_until = 0.0
        self.tripped = 0
        """How often the limit was passed since the start."""
        self.counted = 0
        """Calls since the start."""

    def pass_or_refuse(self, behaviour: Behaviour) -> Response | None:
        """Count a call; None when it may pass, else the 429."""
        at = time.monotonic()
        with self._lock:
            if at < self._shut_until:
                return over_global_limit(self._shut_until - at)
            if at - self._window_began >= behaviour.rate_window:
                self._window_began, self._calls = at, 0
            self._calls += 1
            self.counted += 1
            if self._calls > behaviour.rate_limit:
                self._shut_until = at + behaviour.rate_window
                self.tripped += 1
                return over_global_limit(behaviour.rate_window)
        return None

    def reset(self) -> None:
        """Begin a new window, for everybody."""
        with self._lock:
            self._window_began = self._shut_until = 0.0
            self._calls = 0

    def add_headers(self, response: Response, behaviour: Behaviour) -> None:
        """Tell what is left."""
        reset = max(1, int(behaviour.rate_window - (time.monotonic() - self._window_began)))
        left = max(0, behaviour.rate_limit - self._calls)
        response.headers["Ratelimit"] = f'"default";r={left};t={reset}'
        response.headers["Ratelimit-Policy"] = f'"default";q={behaviour.rate_limit};w={behaviour.rate_window}'
