"""Running web, worker and simulator together on one machine: one parent that starts them again when they fall."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

import requests

log = logging.getLogger(__name__)

REST_SECONDS = 1.0
"""Pause before a fallen child is started again."""
STOP_SECONDS = 20.0
"""How long children may take to stop by themselves."""


@dataclass(slots=True)
class Child:
    """One program under supervision, started as `postroom NAME`."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started: float = field(default=0.0)


class Supervisor:
    """Starts the named commands and keeps them running until it is told to stop."""

    def __init__(self, names: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._children = [Child(name) for name in names]
        self._environment = {**os.environ, **(environment or {})}
        self._stop = threading.Event()

    def start(self) -> None:
        """Start every child, and stop them all on SIGTERM or Ctrl-C."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        for child in self._children:
            self._start(child)

    def watch(self) -> None:
        """Start again what falls, until told to stop; then stop all children."""
        while not self._stop.wait(0.5):
            for child in self._children:
                if child.process is not None and child.process.poll() is not None:
                    log.warning("%s stopped (%s); starting it again", child.name, child.process.returncode)
                    if self._stop.wait(REST_SECONDS):
                        break
                    self._start(child)
        self.stop()

    def stop(self) -> None:
        """Stop every child: politely, then for good."""
        running = [child.process for child in self._children if child.process and child.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()

    def _start(self, child: Child) -> None:
        # A session of its own: Ctrl-C reaches only the parent, which then stops the children in order.
        child.process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "app.cli", child.name], env=self._environment, start_new_session=True
        )
        child.started = time.monotonic()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()


def wait_until_answers(url: str, *, seconds: float = 60) -> bool:
    """Wait until an address answers with success; False when it does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=2).ok:
                return True
        except requests.RequestException:
            time.sleep(0.2)
    return False
