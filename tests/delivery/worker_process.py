"""A worker of one's own for a test: the real command in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from app.settings import Settings

ROOT = Path(__file__).parent.parent.parent
OURS = ("POSTROOM_", "CLOUDFLARE_", "DATABASE_URL")


class RunningWorker:
    """Starts `postroom worker` with the settings of a test; a context manager that leaves nothing behind."""

    entry = "app.cli"
    """Module that is started; a test may have one of its own in between."""
    command = "worker"

    def __init__(self, settings: Settings, **environment: str) -> None:
        secret = settings.secret_key_setting
        assert secret is not None
        clean = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self._environment = {
            **clean,
            "POSTROOM_DATA": str(settings.data),
            "POSTROOM_SECRET_KEY": secret.get_secret_value(),
            "DATABASE_URL": settings.database_url,
            "POSTROOM_RETRY_SCALE": str(settings.retry_scale),
            "POSTROOM_EVENTS_SECONDS": "0",  # a test that wants later events says so
            "POSTROOM_SUPPRESSIONS_SECONDS": "0",
            **environment,
        }
        settings.data.mkdir(parents=True, exist_ok=True)
        self.log = settings.data / f"{self.command}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.kill()

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.entry, self.command],
                cwd=ROOT,
                env=self._environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would end it."""
        self.send(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(10)

    def wait(self, seconds: float) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    @property
    def words(self) -> str:
        return self.log.read_text()
