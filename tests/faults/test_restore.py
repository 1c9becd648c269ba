"""A backup made in the middle of a send, restored elsewhere: nobody is posted to twice without a person's choice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.backup.making import back_up
from app.backup.restoring import restore
from app.db import Database
from app.people.models import Person
from app.sends import restored
from app.sends.models import Outcome, Send, SendState
from app.sends.pauses import RESTORED
from app.settings import Settings
from tests.delivery.ground import Ground, people, wait_for
from tests.delivery.worker_process import RunningWorker
from tests.simulator_process import RunningSimulator

pytestmark = pytest.mark.faults

PEOPLE = 300


class Elsewhere(Ground):
    """The same organisation as it stands in another database, which a backup was restored into."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.database_url)
        with self.database.reading() as session:
            self.actor = session.scalars(select(Person)).first()


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind, whatever the backup comes from."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}"
        return
    from tests.postgres import fresh_database

    with fresh_database(request.getfixturevalue("postgres_server")) as url:
        yield url


def test_after_a_backup_in_mid_send_nobody_is_posted_to_twice_without_a_persons_choice(
    ground: Ground, simulator: RunningSimulator, elsewhere_url: str, tmp_path: Path
) -> None:
    simulator.configure(chaos={"latency_ms": 200, "fault_share": 0})  # ten a second: it lasts longer than the backup
    send_id = ground.send(people(PEOPLE))
    file = tmp_path / "backup.postroom"
    with RunningWorker(ground.settings, POSTROOM_CONNECTIONS="2"):
        wait_for(lambda: len(simulator.requests()) > 30)
        back_up(ground.database, file)
        at_backup = len(simulator.requests())
        wait_for(lambda: len(simulator.requests()) > at_backup + 40)  # more goes out, of which the backup knows nothing
    posted = _posted_at_rest(simulator)
    assert len(posted) < PEOPLE
    simulator.configure(chaos={"latency_ms": 20, "fault_share": 0})

    moved = {"POSTROOM_DATA": tmp_path / "elsewhere", "DATABASE_URL": elsewhere_url, "POSTROOM_RETRY_SCALE": 0.02}
    settings = Settings.model_validate({**moved, "POSTROOM_SECRET_KEY": ground.settings.secret_key})
    empty = Database(settings.database_url)
    done = restore(empty, settings, file)
    empty.close()
    there = Elsewhere(settings)
    assert (done.doubt.sends, done.doubt.messages) == (1, there.tally(send_id)[Outcome.UNKNOWN])

    with RunningWorker(settings):
        there.hand().queue.wake(send_id)
        wait_for(lambda: _was_swept(there))
        assert _posted(simulator) == posted, "a restored send went on by itself"

        # P1 and P3: whatever went out after the backup is in doubt, and the groups add up.
        tally = there.tally(send_id)
        assert set(tally) == {Outcome.DELIVERED, Outcome.UNKNOWN}
        state_of = {message.reference: message.state for message in there.messages(send_id)}
        delivered = {one for one, state in state_of.items() if state is Outcome.DELIVERED}
        assert delivered <= set(posted)
        assert all(state_of[one] in (Outcome.DELIVERED, Outcome.UNKNOWN) for one in posted)
        send = there.the_send(send_id)
        assert (send.state, send.pause_code) == (SendState.PAUSED, RESTORED)
        assert "restored from a backup" in send.pause_reason

        # A person decides: what waited goes out, and what was in hand stays in doubt.
        with there.database.writing() as session:
            waiting = restored.waiting_for_answer(session, session.get_one(Send, send_id))
            assert restored.send_after_restore(session, there.actor, send_id, seen=waiting) == waiting
        there.hand().queue.wake(send_id)
        wait_for(lambda: there.state(send_id) is SendState.FINISHED)
    tally = there.tally(send_id)
    assert tally[Outcome.DELIVERED] == PEOPLE - tally.get(Outcome.UNKNOWN, 0)
    again = {one for one, count in _posted(simulator).items() if count > 1}
    assert again.isdisjoint(delivered), "somebody known to have got it was written to again"
    assert max(_posted(simulator).values()) == 2
    there.database.close()


def _posted(simulator: RunningSimulator) -> Counter[str]:
    return Counter(one["reference"] for one in simulator.requests() if one["reference"])


def _posted_at_rest(simulator: RunningSimulator) -> Counter[str]:
    """What was posted once nothing more comes: the service takes a moment to note what a killed worker posted last."""
    before = _posted(simulator)
    time.sleep(1)
    while (after := _posted(simulator)) != before:
        before = after
        time.sleep(1)
    return before


def _was_swept(ground: Ground) -> bool:
    """Whether a worker showed two signs of life: it has looked for work by then."""
    from app.delivery.models import Worker

    with ground.database.reading() as session:
        return any(one.seen_at > one.started_at for one in session.scalars(select(Worker)))
