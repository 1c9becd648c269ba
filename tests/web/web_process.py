"""The web server of a test: the real command in a process of its own, on a free port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from app.settings import Settings
from tests.simulator_process import free_port

ROOT = Path(__file__).parent.parent.parent
OURS = ("POSTROOM_", "CLOUDFLARE_", "DATABASE_URL")


class RunningWeb:
    """Starts `postroom web` with the settings of a test; a context manager."""

    folder = ROOT

    def __init__(self, settings: Settings, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environment = {
            **clean,
            "POSTROOM_DATA": str(settings.data),
            "POSTROOM_PORT": str(self.port),
            "POSTROOM_SECRET_KEY": settings.secret_key,
            "DATABASE_URL": settings.database_url,
            **environment,
        }
        settings.data.mkdir(parents=True, exist_ok=True)
        self._log = settings.data / "web.log"
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def command(*words: str) -> list[str]:
        return [sys.executable, "-m", "app.cli", *words]

    def __enter__(self) -> Self:
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                self.command("web"), cwd=ROOT, env=self.environment, stdout=out, stderr=out
            )
        deadline = time.monotonic() + 90
        while True:
            try:
                if requests.get(f"{self.url}/healthz", timeout=1).ok:
                    return self
            except requests.RequestException:
                assert time.monotonic() < deadline, self.words
                time.sleep(0.1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def words(self) -> str:
        return self._log.read_text()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every line of the log as an object; one that is none fails the test."""
        return [json.loads(line) for line in self.words.splitlines()]
