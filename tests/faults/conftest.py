"""Both databases, whatever the rest of the tests run on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.conftest import ground, simulator, simulator_of_this_process
from tests.faults.judge import tell

__all__ = ["ground", "simulator", "simulator_of_this_process", "tell"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh migrated database of each kind."""
    if request.param == "postgresql":
        yield request.getfixturevalue("postgres_url")
        return
    file = tmp_path / "postroom.sqlite3"  # of its own: a process that a test killed half-way may still have it open
    shutil.copy(request.getfixturevalue("migrated_file"), file)
    yield f"sqlite:///{file}"
