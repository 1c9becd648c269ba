"""Every state of a send and its messages, in any order of what people, workers, faults and the service may do.

A machine of rules drives the real functions on SQLite; only the mail service is a stand-in, behind real HTTP. After
each step the promises are checked: counts (P1), nothing twice (P2), doubt is shown (P3), stop means stop (P5), and that
states change only as section 4 of the design says. `HYPOTHESIS_PROFILE=torture` looks at many more orders.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.cloudflare.events import DeliveryEvent, EventPage
from app.db import Database, now
from app.delivery import recovery
from app.delivery.jobs import Queue
from app.delivery.models import Lane
from app.delivery.pipeline import Pipeline
from app.delivery.settling import settle_page
from app.emails.limits import LimitedRenderer
from app.people.accounts import add_person
from app.people.approval import waiting_request
from app.people.approval_models import ApprovalScope
from app.people.models import Connection, Person, Workspace
from app.people.roles import Role
from app.people.sealing import seal
from app.refusals import Refused
from app.sends import approving
from app.sends.approval_rule import change_rule
from app.sends.control import cancel, pause, resume
from app.sends.deciding import Decision, decide
from app.sends.event_models import EventZone
from app.sends.models import UNRELEASED, Attempt, Message, Outcome, Send, SendState, SendTally
from app.sends.release import Options, release
from app.sends.retrying import last_attempt, retry
from app.sends.scheduling import send_now, undo
from app.sends.tallies import counts
from app.sends.waves import go_on
from app.settings import Settings
from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN
from tests.conftest import PASSWORD, SECRET_KEY
from tests.delivery.sink import Sink
from tests.factories import a_draft_send, a_list, a_template_version, reviewed, some_people
from tests.memory import memory_folder

PEOPLE = 8
LEASE = 0.3
"""Seconds; short, so that a worker can be frozen for longer."""
STOP_SECONDS = 2.0
ANSWERS = (
    "delivered", "delivered", "delivered", "bounced", "queued", "nolist", "dropped", "gateway", "lost",
    "email.invalid", "invalid_request_schema", "throttled", "internal_server", "authentication.upstream",
    "authentication.unauthorized", "delivered", "gateway", "lost", "internal_server",
)  # fmt: skip
SOME_ANSWERS = st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=6)
NOT_SENT = {one for one in ANSWERS if "." in one or "_" in one or one in ("throttled", "dropped")}
"""Answers that promise that nothing went out."""
FINAL = {Outcome.DELIVERED, Outcome.BOUNCED, Outcome.SKIPPED, Outcome.CANCELLED}
MOVED_BY = {
    "work": {Outcome.PENDING},
    "recover": {Outcome.SENDING},
    "cancel": {Outcome.PENDING},
    "retry": {Outcome.FAILED, Outcome.REJECTED},
    "decide": {Outcome.UNKNOWN},
    "event": {Outcome.QUEUED, Outcome.ACCEPTED, Outcome.UNKNOWN},
}
"""What each kind of step may take a message out of; everything else must stay where it is (design, section 4)."""
LEFT_BY = {
    SendState.DRAFT: {"release", "ask"},
    SendState.AWAITING_APPROVAL: {"approve", "send_back", "take_back"},
    SendState.SCHEDULED: {"work", "pause", "cancel", "undo"},
    SendState.SENDING: {"work", "pause", "cancel", "recover"},
    SendState.PAUSED: {"resume", "go_on", "cancel"},
    SendState.FINISHED: {"retry", "decide"},
    SendState.CANCELLED: set(),
}
"""What may take a send out of a state."""

hypothesis.settings.register_profile(
    "model", parent=hypothesis.settings.get_profile("postroom"), max_examples=15, stateful_step_count=20
)
hypothesis.settings.register_profile(
    "torture", parent=hypothesis.settings.get_profile("explore"), max_examples=600, stateful_step_count=50
)


class Died(BaseException):
    """The worker's process ended here. No `except Exception` may catch it."""


class MortalDatabase(Database):
    """The database as one worker sees it: at a chosen write the worker dies, or is told to stop."""

    def __init__(self, url: str, writes: int, end: str, stop: Callable[[], None]) -> None:
        super().__init__(url)
        self._left, self._end, self._stop = writes, end, stop

    @contextmanager
    def writing(self) -> Iterator[Session]:
        if threading.current_thread() is not threading.main_thread():  # a posting thread looks something up
            with super().writing() as session:
                yield session
            return
        if self._left < 0:
            raise Died
        self._left -= 1
        with super().writing() as session:
            yield session
            if self._left == 0 and self._end == "dies before the commit":
                self._left = -1
                raise Died
        if self._left == 0 and self._end == "dies after the commit":
            self._left = -1
            raise Died
        if self._left == 0:
            self._stop()


@dataclass(frozen=True)
class Made:
    """What all examples begin with: a reviewed draft in a file that each copies."""

    file: Path
    folder: Path
    sink: Sink
    actor: Person
    approver: Person
    send_id: int
    seen: str


class States(RuleBasedStateMachine):
    """One send to eight people, and another when it is over."""

    made: Made
    numbers = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self._begin_anew()

    def _begin_anew(self) -> None:
        made, number = self.made, next(self.numbers)
        file = made.folder / f"{number}.sqlite3"
        shutil.copy(made.file, file)
        self.settings = Settings.model_validate(
            {"POSTROOM_DATA": made.folder / str(number), "POSTROOM_SECRET_KEY": SECRET_KEY, "POSTROOM_CONNECTIONS": 1}
        ).model_copy(update={"lease_seconds": LEASE, "retry_scale": 0.0002, "read_timeout": 5.0})
        self.url, self.actor, self.send_id = f"sqlite:///{file}", made.actor, made.send_id
        self.database = Database(self.url)
        self.queue = Queue(self.settings, self.database)
        self.wrong: list[str] = []
        self.posts: dict[str, list[str]] = {}
        self.chosen: Counter[str] = Counter()
        self.stopped_at: float | None = None
        self.posted_in_step = 0
        made.sink.decide = self._on_post
        self.answers: Iterator[str] = itertools.cycle(["delivered"])
        self.meanwhile: tuple[int, Sequence[str]] = (-1, ())
        self.kinds: set[str] = set()
        self.before = self._look()

    def teardown(self) -> None:
        self._to_the_end()
        self.database.close()

    # What the service sees

    def _on_post(self, reference: str) -> str:
        """Judge a POST that arrives, let others act while it is under way, and give the answer."""
        try:
            self._judge(reference)
            answer = next(self.answers)
            self.posts.setdefault(reference, []).append(answer)
            at, acts = self.meanwhile
            number, self.posted_in_step = self.posted_in_step, self.posted_in_step + 1
            for act in acts if number == at else ():
                self._act(act)
        except Exception as error:  # in the service's thread; the step tells of it
            self.wrong.append(f"{type(error).__name__}: {error}")
            return "delivered"
        return answer

    def _judge(self, reference: str) -> None:
        earlier = self.posts.get(reference, [])
        if earlier and earlier[-1] not in NOT_SENT:
            if self.chosen[reference] <= 0:
                self.wrong.append(f"P2: posted again after “{earlier[-1]}”, and nobody chose it")
            self.chosen[reference] -= 1
        if self.stopped_at is not None and time.monotonic() - self.stopped_at > STOP_SECONDS and self._is_stopped():
            self.wrong.append("P5: posted long after a stop")
        with self.database.reading() as session:
            message = session.scalars(select(Message).where(Message.reference == reference)).one()
            if message.state is Outcome.PENDING and "decide" not in self.kinds:
                self.wrong.append("P2: posted before `sending` was committed")

    def _is_stopped(self) -> bool:
        with self.database.reading() as session:
            return session.get_one(Send, self.send_id).state not in (SendState.SCHEDULED, SendState.SENDING)

    # Rules

    @initialize(
        wave=st.sampled_from([None, None, 2]),
        undo_seconds=st.sampled_from([0.0, 0.0, 0.0, 0.0, 3600.0]),
        approved=st.booleans(),
    )
    def begin(self, wave: int | None, undo_seconds: float, approved: bool) -> None:
        if approved:
            self._ask(wave)
            self._approve(undo_seconds)
        else:
            self._release(wave, undo_seconds)

    @rule(answers=SOME_ANSWERS)
    def a_worker_works(self, answers: list[str]) -> None:
        self._let_go_on()
        self._works(answers)

    @rule(
        answers=SOME_ANSWERS, writes=st.integers(2, 9), end=st.sampled_from(["before the commit", "after the commit"])
    )
    def a_worker_dies(self, answers: list[str], writes: int, end: str) -> None:
        self._let_go_on()
        self._works(answers, writes=writes, end=f"dies {end}")

    @rule(answers=SOME_ANSWERS, writes=st.integers(2, 9))
    def a_worker_is_told_to_stop(self, answers: list[str], writes: int) -> None:
        self._works(answers, writes=writes, end="stops")

    @rule(
        answers=SOME_ANSWERS,
        at=st.integers(0, 3),
        act=st.sampled_from(["pause", "pause", "cancel", "recover", "freeze"]),
    )
    def a_worker_is_interrupted(self, answers: list[str], at: int, act: str) -> None:
        """While a POST is under way."""
        self._works(answers, at=at, meanwhile=[act])

    @rule(
        answers=SOME_ANSWERS,
        at=st.integers(0, 3),
        act=st.sampled_from(["decide again", "decide sent", "retry", "event", "pause", "cancel"]),
    )
    def a_worker_is_taken_over_and_more(self, answers: list[str], at: int, act: str) -> None:
        """What the other put into doubt changes again before the first one records it."""
        self._let_go_on()
        self._works(answers, at=at, meanwhile=["freeze", act])

    @rule(
        act=st.sampled_from(["pause", "pause", "resume", "cancel", "undo", "release", "send_now", "go_on", "go_on 2"])
    )
    def a_person_controls(self, act: str) -> None:
        self._act(act)

    @rule(acts=st.lists(st.sampled_from(["ask", "approve", "send_back", "take_back"]), min_size=1, max_size=3))
    def people_ask_and_decide(self, acts: list[str]) -> None:
        for act in acts:
            self._act(act)

    @rule(answers=SOME_ANSWERS)
    def a_worker_finds_what_it_finds(self, answers: list[str]) -> None:
        """Nobody lets a send that rests go on: nothing may be posted (P5)."""
        self._works(answers)

    @rule(wave=st.sampled_from([None, 2, 3]))
    def another_send(self, wave: int | None) -> None:
        """When this one is over for good, and after a look at its end."""
        if self.before[0] in (SendState.CANCELLED, SendState.FINISHED):
            self._to_the_end()
            self.database.close()
            self._begin_anew()
            self._release(wave, 0.0)

    @rule(
        act=st.sampled_from(["retry", "decide again", "decide leave", "decide sent", "decide left again"]),
        then=st.sampled_from(["", "work"]),
    )
    def a_person_decides(self, act: str, then: str) -> None:
        self._act(act)
        if then:
            self._works(["delivered"])

    @rule(number=st.integers(0, PEOPLE - 1), status=st.sampled_from(["delivered", "deferred", "bounced", "rejected"]))
    def an_event_settles(self, number: int, status: str) -> None:
        self._event(number, status)

    @rule()
    def a_worker_starts(self) -> None:
        """A worker of one machine starts, so no other lives: nothing may stay in hand (P3)."""
        self._act("recover")
        with self.database.reading() as session:
            assert counts(session, self.send_id)[Outcome.SENDING] == 0, "P3: nobody has it in hand, and nobody says so"
            assert not session.scalar(select(func.count()).where(Message.state == Outcome.SENDING))

    # Promises

    @invariant()
    def promises_hold(self) -> None:
        assert not self.wrong, self.wrong
        after = self._look()
        self._check_moves(self.before, after)
        at_rest = self.before[0] not in (SendState.SCHEDULED, SendState.SENDING) and self.kinds == {"work"}
        assert not (at_rest and self.posted_in_step), "P5: posted while nothing may go out"
        self.before, self.kinds, self.posted_in_step = after, set(), 0

    def _look(self) -> tuple[SendState, dict[str, Outcome]]:
        """Read everything, and hold the counts against it (P1)."""
        with self.database.reading() as session:
            send = session.get_one(Send, self.send_id)
            rows = session.scalars(select(Message).where(Message.send_id == self.send_id)).all()
            counted = Counter(row.state for row in rows)
            kept = {outcome: count for outcome, count in counts(session, self.send_id).items() if count}
            assert kept == dict(counted), "P1: the counts are not what the messages say"
            assert len(rows) == send.total == (PEOPLE if send.state not in UNRELEASED else 0), "P1: lost"
            retrying = sum(1 for row in rows if row.retry_until is not None)
            tally = session.get(SendTally, (self.send_id, Outcome.PENDING))
            assert retrying == (tally.retrying if tally else 0), "the count of retries is wrong"
            over = send.state in (SendState.FINISHED, SendState.CANCELLED)
            assert not (over and counted[Outcome.PENDING]), "over, and somebody waits for ever"
            tried = Counter(session.scalars(select(Attempt.message_id)))
            for row in rows:
                answered = len(self.posts.get(row.reference, []))
                assert tried[row.id] >= answered, "a POST left no attempt"
                if answered == 0:
                    assert row.state not in (Outcome.DELIVERED, Outcome.QUEUED, Outcome.BOUNCED) or self._by_event(row)
            return send.state, {row.reference: row.state for row in rows}

    @staticmethod
    def _by_event(row: Message) -> bool:
        return row.reason.startswith("event_")

    def _check_moves(
        self, before: tuple[SendState, dict[str, Outcome]], after: tuple[SendState, dict[str, Outcome]]
    ) -> None:
        if before[0] is not after[0]:
            assert self.kinds & LEFT_BY[before[0]], f"{before[0]} became {after[0]} by {self.kinds}"
        movable = set[Outcome]().union(*(MOVED_BY.get(kind, set()) for kind in self.kinds))
        for reference, state in before[1].items():
            became = after[1].get(reference)
            if became is None:
                assert "undo" in self.kinds and state is Outcome.PENDING, "an e-mail of a begun send is gone"
            elif became is not state:
                assert state not in FINAL, f"{state} is final, and became {became}"
                assert state in movable, f"{state} became {became} by {self.kinds}"
                cancelled = became is Outcome.CANCELLED
                assert not cancelled or after[0] is SendState.CANCELLED, "cancelled, and its send goes on"

    # Doing

    def _let_go_on(self) -> None:
        """However it stopped; a send that is over goes on with what a person wants tried again."""
        acts = {
            SendState.DRAFT: ["release"],
            SendState.AWAITING_APPROVAL: ["approve"],
            SendState.SCHEDULED: ["send_now"],
            SendState.PAUSED: ["resume", "go_on 2"],
            SendState.FINISHED: ["retry", "decide again"],
        }
        for act in acts.get(self.before[0], []):
            self._act(act)

    def _works(
        self, answers: list[str], *, writes: int = 10_000, end: str = "", at: int = -1, meanwhile: Sequence[str] = ()
    ) -> None:
        """Let a worker do one job with these answers; `meanwhile` happens while POST number `at` is under way."""
        self.kinds.add("work")
        self.answers, self.meanwhile = itertools.cycle(answers), (at, meanwhile)
        self._work(writes, end)

    def _rule(self, session: Session, scope: ApprovalScope) -> None:
        change_rule(session, self.actor, scope=scope, above=None, of_templates=False, remind_hours=4)

    def _ask(self, wave: int | None = None) -> None:
        self.kinds.add("ask")
        with self.database.writing() as session:
            self._rule(session, ApprovalScope.ALWAYS)
            options = Options(wave=wave)
            approving.ask(session, self.actor, self.send_id, seen=self.made.seen, again_confirmed=True, options=options)

    def _approve(self, undo_seconds: float = 0.0) -> None:
        self.kinds.add("approve")
        with self.database.writing() as session:
            asked = waiting_request(session, send_id=self.send_id)
            if asked is not None:
                approving.approve(session, self.made.approver, asked.id, people=PEOPLE, undo_seconds=undo_seconds)

    def _send_back(self) -> None:
        self.kinds.add("send_back")
        with self.database.writing() as session:
            asked = waiting_request(session, send_id=self.send_id)
            if asked is not None:
                approving.send_back(session, self.made.approver, asked.id, "Mend it.")

    def _take_back(self) -> None:
        self.kinds.add("take_back")
        with self.database.writing() as session:
            approving.take_back(session, self.actor, self.send_id)

    def _release(self, wave: int | None, undo_seconds: float) -> None:
        self.kinds.add("release")
        with self.database.writing() as session:
            self._rule(session, ApprovalScope.NEVER)
            release(
                session,
                self.actor,
                self.send_id,
                seen=self.made.seen,
                again_confirmed=True,
                undo_seconds=undo_seconds,
                options=Options(wave=wave),
            )

    def _act(self, act: str) -> None:
        """Something happens beside the worker; that it is too late for it is no fault."""
        if act in ("recover", "freeze"):
            self._recover(act)
            return
        if act == "release":
            self._release(None, 0.0)
            return
        approval = {
            "ask": self._ask,
            "approve": self._approve,
            "send_back": self._send_back,
            "take_back": self._take_back,
        }
        if act in approval:
            with suppress(Refused):
                approval[act]()
            return
        kind = act.partition(" ")[0]
        self.kinds.add(kind)
        if kind == "event":
            self._event(self.posted_in_step % PEOPLE, "delivered")
            return
        try:
            with self.database.writing() as session:
                self._person(session, act)
        except Refused:
            return
        self.stopped_at = time.monotonic() if kind in ("pause", "cancel") else None

    def _person(self, session: Session, act: str) -> None:
        plain: dict[str, Callable[[], Any]] = {
            "pause": lambda: pause(session, self.actor, self.send_id),
            "resume": lambda: resume(session, self.actor, self.send_id),
            "cancel": lambda: cancel(session, self.actor, self.send_id),
            "undo": lambda: undo(session, self.actor, self.send_id),
            "send_now": lambda: send_now(session, self.made.approver, self.send_id, undo_seconds=0),
            "go_on": lambda: go_on(session, self.actor, self.send_id, None),
            "go_on 2": lambda: go_on(session, self.actor, self.send_id, 2),
        }
        if act in plain:
            plain[act]()
            return
        seen = {"seen": PEOPLE, "upto": last_attempt(session)}
        before = self._waiting(session)
        if act == "retry":
            for outcome in (Outcome.FAILED, Outcome.REJECTED):
                rows = session.scalars(select(Message.reason).where(Message.state == outcome)).all()
                if rows:
                    retry(session, self.actor, self.send_id, outcome, reasons=rows, **seen)
        else:
            decision = {"leave": Decision.LEAVE, "sent": Decision.MARK_SENT}.get(act.split()[1], Decision.SEND_AGAIN)
            decide(session, self.actor, self.send_id, decision, left=act == "decide left again", **seen)
        self.chosen.update(self._waiting(session) - before)

    def _waiting(self, session: Session) -> set[str]:
        session.flush()
        return set(session.scalars(select(Message.reference).where(Message.state == Outcome.PENDING)))

    def _event(self, number: int, status: str) -> None:
        self.kinds.add("event")
        with self.database.writing() as session:
            rows = session.scalars(select(Message).where(Message.send_id == self.send_id).order_by(Message.id)).all()
            if number >= len(rows):
                return
            row = rows[number]
            told = {"status": status, "event_type": status, "subject": f"Hello {row.name}", "recipient": row.email}
            if status == "bounced":
                told |= {"status": "deliveryFailed", "cause": "hard_bounce"}
            event = DeliveryEvent(at=now(), message_id=row.message_id or "<other@example.com>", **told)
            zone = session.get_one(EventZone, (self.actor.workspace_id, "z"))
            settle_page(session, zone, [self.send_id], EventPage((event,), now()))

    def _recover(self, act: str) -> None:
        """A worker starts after all others died; or one is frozen for longer than its lease, and another sweeps."""
        self.kinds.add("recover")
        if act == "freeze":
            time.sleep(LEASE + 0.05)
        else:
            recovery.void_all_leases(self.database)
            self.queue.engine.storage.flush_queue()
        recovery.sweep(self.database, self.queue, LEASE)

    def _work(self, writes: int, end: str) -> None:
        """Do the send's next job as a worker process of its own would."""
        self.queue.wake(self.send_id)
        with self.database.reading() as session:
            job = session.execute(select(Lane.id, Lane.generation).where(Lane.owner == "")).first()
        if job is None:
            return
        worker: Pipeline | None = None

        def stop() -> None:
            assert worker is not None
            worker.stopping = True

        database = MortalDatabase(self.url, writes, end, stop)
        worker = Pipeline(self.settings, database, self.queue, "worker")
        try:
            worker.run_lane(job.id, job.generation)
        except Died:
            pass
        finally:
            worker.close()
            database.close()

    def _to_the_end(self) -> None:
        """Whatever happened: a worker that lives brings every send that may go on to its end, with everybody once."""
        self.answers, self.meanwhile = itertools.cycle(["delivered"]), (-1, ())
        for _ in range(40):
            state = self._look()[0]
            if state in (SendState.FINISHED, SendState.CANCELLED, *UNRELEASED):
                break
            self.kinds |= {"work"}
            for act in ("recover", "send_now", "resume", "go_on"):
                self._act(act)
            self._work(10_000, "")
        assert not self.wrong, self.wrong
        state, messages = self._look()
        assert state in (SendState.FINISHED, SendState.CANCELLED, *UNRELEASED), f"{state} for ever"
        assert Outcome.PENDING not in messages.values()


@pytest.fixture
def made(migrated_file: Path, renderer: LimitedRenderer) -> Iterator[Made]:
    with tempfile.TemporaryDirectory(dir=memory_folder()) as name, Sink() as sink:
        file = Path(name) / "made.sqlite3"
        shutil.copy(migrated_file, file)
        database = Database(f"sqlite:///{file}")
        with database.writing() as session:
            actor = _organisation(session, sink.base_url)
            approver = add_person(
                session,
                actor.workspace,
                email="april@example.com",
                name="April Approver",
                password=PASSWORD,
                role=Role.APPROVER,
            )
            people = a_list(session, actor, people=some_people(PEOPLE))
            send = a_draft_send(session, actor, version=a_template_version(session, actor), people=people)
            session.add(EventZone(workspace_id=actor.workspace_id, zone_id="z", name="example.com"))
        seen = reviewed(database, renderer, actor, send.id).review_fingerprint
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        yield Made(file, Path(name), sink, actor, approver, send.id, seen)


def _organisation(session: Session, base_url: str) -> Person:
    workspace = Workspace(name="Harbour Council", is_live=True)
    session.add(workspace)
    session.flush()
    role = Role.ADMINISTRATOR
    person = add_person(session, workspace, email="ada@example.com", name="Ada Admin", password=PASSWORD, role=role)
    session.add(
        Connection(
            workspace_id=workspace.id,
            account_id=DEFAULT_ACCOUNT,
            token_sealed=seal(DEFAULT_TOKEN, SECRET_KEY),
            base_url=base_url,
            calls_per_5_minutes=1_000_000,
        )
    )
    assert person.workspace.is_live
    return person


@pytest.mark.timeout(3600)
def test_every_order_of_things_keeps_the_promises(made: Made) -> None:
    machine = type("TheStates", (States,), {"made": made})
    profile = hypothesis.settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "model"))
    seed = os.environ.get("SEED")
    if seed:
        machine = hypothesis.seed(int(seed))(machine)
        profile = hypothesis.settings(profile, derandomize=False)
    run_state_machine_as_test(machine, settings=profile)
