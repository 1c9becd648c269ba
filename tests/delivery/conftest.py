"""A simulator for all delivery tests of this process, fresh for each, and an organisation connected to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from app.db import Database
from app.emails.limits import LimitedRenderer
from app.people.models import Person
from app.settings import Settings
from app.simulator.settings import Behaviour
from tests.delivery.ground import Ground
from tests.sends.approval_ground import Office, an_office
from tests.simulator_process import RunningSimulator

ROOMY = {"rate_limit": 1_000_000}


@pytest.fixture(scope="session")
def simulator_of_this_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with RunningSimulator(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture
def simulator(simulator_of_this_process: RunningSimulator) -> RunningSimulator:
    running = simulator_of_this_process
    assert requests.delete(f"{running.url}/api/v1/messages", timeout=10).ok
    assert requests.put(f"{running.url}/api/v1/suppressions", json=[], timeout=10).ok
    running.configure(**{**Behaviour().model_dump(), **ROOMY})
    return running


@pytest.fixture
def ground(settings: Settings, database: Database, actor: Person, simulator: RunningSimulator) -> Ground:
    return Ground(settings, database, actor, simulator.base_url)


@pytest.fixture
def office(database: Database, actor: Person, renderer: LimitedRenderer) -> Office:
    """An office in which every send needs approval."""
    return an_office(database, renderer, actor)
