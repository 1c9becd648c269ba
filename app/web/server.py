"""Serving the pages with gunicorn: a few processes with threads each."""

from __future__ import annotations

import gc
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from app import create_app
from app.server_logs import PASSED_ON
from app.settings import Settings

PROCESSES = 2
THREADS = 8


class _Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn, configured by our settings instead of its own files and flags."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn what it needs; the environment and the command line are not read."""
        options: dict[str, Any] = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": PROCESSES,
            "threads": THREADS,
            "preload_app": True,
            "worker_class": "gthread",
            "timeout": 90,
            "graceful_timeout": 15,
            "logger_class": PASSED_ON,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the application, once: the processes forked from this one share it. Nothing is connected to yet."""
        app = create_app(self._settings)
        gc.freeze()  # what is loaded stays: no collection shall look through it in the middle of an answer
        return app


def serve(settings: Settings) -> None:
    """Serve until SIGTERM."""
    _Server(settings).run()
