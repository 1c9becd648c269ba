"""Putting the stand-in together and serving it with gunicorn, on this machine only."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from app.simulator import programs, vendor, views
from app.simulator.limiter import Limiter
from app.simulator.settings import SimulatorSettings
from app.simulator.store import Store

THREADS = 32
MOST_BODY = 64 * 1024 * 1024
"""Bytes of a request that are read; the vendor's own limit is checked afterwards."""


def create_simulator(settings: SimulatorSettings) -> Flask:
    """Make the application."""
    app = Flask("app.simulator", template_folder="pages", static_folder="assets", static_url_path="/assets")
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY
    app.extensions["store"] = Store(settings.data_file, settings.behaviour)
    app.extensions["limiter"] = Limiter()
    app.extensions["graphql_limiter"] = Limiter()
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for module in (vendor, programs, views):
        app.register_blueprint(module.blueprint)
    return app


class _Server(BaseApplication):  # type: ignore[misc]
    """One process: the rate limit is kept in its memory."""

    def __init__(self, settings: SimulatorSettings, address: str, logger_class: str | None) -> None:
        self._settings, self._address, self._logger_class = settings, address, logger_class
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn what it needs."""
        options: dict[str, Any] = {
            "bind": self._address,
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gthread",
            "timeout": 180,
            "graceful_timeout": 2,
            "keepalive": 75,
            "loglevel": "warning",
            "control_socket_disable": True,
        }
        if self._logger_class is not None:
            options["logger_class"] = self._logger_class
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the application in the serving process."""
        return create_simulator(self._settings)


def serve(settings: SimulatorSettings, *, host: str = "127.0.0.1", port: int, logger_class: str | None = None) -> None:
    """Serve until SIGTERM. `logger_class` names a class in place of gunicorn's own logger."""
    _Server(settings, f"{host}:{port}", logger_class).run()
