"""Work on other people's templates under a limit of time and memory, in processes of its own (design, section 5).

The processes are the `pebble` library's: it ends one that takes too long and starts another.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

from app.emails.rendering import EmailSource, RenderedEmail, RenderError, RenderProblem, render
from app.words import _

P = ParamSpec("P")
R = TypeVar("R")

SECONDS = 1.5
"""Time one piece of work may take."""
MEMORY = 512 * 1024 * 1024
"""Bytes of address space a process may take besides what it starts with."""
PROCESSES = 1
JOBS_OF_A_PROCESS = 2000
"""After so many a process is replaced, whatever it has gathered."""

_TOO_SLOW = RenderProblem("too_slow", "body", None, _("the template takes too long, perhaps in a loop without end."))
_TOO_BIG = RenderProblem("too_big", "body", None, _("the template needs too much memory."))


class LimitedRenderer:
    """A small pool of limited processes, started at first use; safe to use from several threads."""

    def __init__(self, processes: int = PROCESSES) -> None:
        self._processes = processes
        self._pool: ProcessPool | None = None
        self._owner = 0
        self._lock = threading.Lock()

    def render(self, source: EmailSource, data: Mapping[str, Any]) -> RenderedEmail:
        """Render under the limits. Raises RenderError, with `too_slow` or `too_big` when a limit was met."""
        return self.run(render, source, dict(data))

    def run(self, function: Callable[..., R], *arguments: Any, seconds: float = SECONDS) -> R:
        """Run a function of a module with arguments that can be pickled. Raises RenderError when a limit is met."""
        try:
            future = self._ready().schedule(function, args=list(arguments), timeout=seconds)
            result: R = future.result()
            return result
        except (TimeoutError, FutureTimeoutError) as error:
            raise RenderError((_TOO_SLOW,)) from error
        except (MemoryError, RecursionError, ProcessExpired) as error:
            raise RenderError((_TOO_BIG,)) from error

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            if self._pool is not None and self._owner == os.getpid():
                self._pool.stop()  # type: ignore[no-untyped-call]
                self._pool.join()
            self._pool = None

    def _ready(self) -> ProcessPool:
        with self._lock:
            if self._pool is None or self._owner != os.getpid():  # a forked web process makes its own
                self._pool = ProcessPool(
                    max_workers=self._processes,
                    max_tasks=JOBS_OF_A_PROCESS,
                    initializer=_limit,
                    context=multiprocessing.get_context("spawn"),
                )
                self._owner = os.getpid()
            return self._pool


def _limit() -> None:
    """Bound this process; runs in it before any work."""
    used = _address_space()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    gc.freeze()  # what was imported stays: no collection shall look through it in the middle of a preview


def _address_space() -> int:
    """Bytes of address space in use now (Linux); a guess elsewhere."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no path object in a bare child
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 1024 * 1024 * 1024
