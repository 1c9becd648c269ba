"""Gunicorn's own lines, passed on to the log of the program."""

from __future__ import annotations

import logging

from gunicorn.config import Config
from gunicorn.glogging import Logger

PASSED_ON = "app.server_logs.PassedOn"
"""Value of gunicorn's setting `logger_class`."""


class PassedOn(Logger):  # type: ignore[misc]
    """Writes through the handlers that `set_up_logs` made. Requests are logged by the application, which has routes."""

    def setup(self, cfg: Config) -> None:
        """Take gunicorn's handlers away."""
        self.cfg = cfg
        self.loglevel = logging.WARNING
        self._access_log_enabled = False
        self.error_log.handlers.clear()
        self.error_log.setLevel(self.loglevel)
        self.error_log.propagate = True
