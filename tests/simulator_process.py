"""A simulator of one's own for a test: a real server process on a free port."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningSimulator:
    """Starts the simulator as a process of its own; a context manager."""

    def __init__(self, folder: Path, **behaviour: Any) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.base_url = f"{self.url}/client/v4"
        self._data_file = folder / "simulator.sqlite3"
        self._behaviour = behaviour
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        command = [sys.executable, "-m", "app.simulator", "--port", str(self.port), "--data-file", str(self._data_file)]
        self._process = subprocess.Popen(command, cwd=ROOT)
        deadline = time.monotonic() + 90
        while True:
            try:
                if requests.get(f"{self.url}/healthz", timeout=1).ok:
                    break
            except requests.RequestException:
                assert time.monotonic() < deadline, "the simulator did not start"
                time.sleep(0.05)
        if self._behaviour:
            self.configure(**self._behaviour)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def configure(self, **behaviour: Any) -> None:
        answer = requests.put(f"{self.url}/api/v1/settings", json=behaviour, timeout=10)
        assert answer.ok, answer.text

    def messages(self) -> list[dict[str, Any]]:
        """Every captured mail, newest first."""
        found: list[dict[str, Any]] = requests.get(
            f"{self.url}/api/v1/messages", params={"limit": 10_000}, timeout=60
        ).json()["messages"]
        return found

    def message(self, mail_id: str) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.url}/api/v1/message/{mail_id}", timeout=10).json()
        return found

    def requests(self) -> list[dict[str, Any]]:
        """Every POST to send, oldest first."""
        found: list[dict[str, Any]] = requests.get(
            f"{self.url}/api/v1/requests", params={"limit": 10_000}, timeout=60
        ).json()["requests"]
        return found
