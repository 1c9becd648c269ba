"""Running a rule on harmful input in a process that ends when it takes too much memory or computes too long."""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections.abc import Callable
from multiprocessing.connection import Connection

import psutil

from app.refusals import Refused

MEMORY = 1200 * 1024 * 1024
"""Bytes of address space that harmful input may cost, besides what the process has."""
SECONDS = 20
"""Seconds of computing, however busy the machine is."""


def refusal_of(act: Callable[[], object]) -> str:
    """Give the words with which the input is refused; fails when it is taken, when anything else is raised, or when
    the limits are met."""
    said = outcome_of(act)
    assert said.startswith("refused: "), said[:600]
    return said.removeprefix("refused: ")


def outcome_of(act: Callable[[], object]) -> str:
    """Say what became of it: `refused: …`, `taken`, `raised …` or `ended by …`."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_run, args=(act, theirs))
    child.start()
    theirs.close()
    try:
        said: str = ours.recv()
    except EOFError:
        said = ""
    child.join()
    return said or f"ended by exit code {child.exitcode}"


def _run(act: Callable[[], object], to: Connection) -> None:
    has = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (has + MEMORY, has + MEMORY))
    used = sum(os.times()[:2])
    resource.setrlimit(resource.RLIMIT_CPU, (int(used) + SECONDS, int(used) + SECONDS))
    try:
        act()
        to.send("taken")
    except Refused as refusal:
        to.send(f"refused: {refusal.words}")
    except BaseException as error:
        to.send(f"raised {type(error).__name__}: {error}"[:500])
