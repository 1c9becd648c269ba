"""The snapshot of a million into a send: two lists, one of them by a segment, without duplicates and a third list.

Long; it runs only when it is named. `PEOPLE` in the environment makes it shorter.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.recipients.finding.filtering import Condition, Filter, Operator
from app.recipients.finding.keys import keys_of
from app.recipients.finding.segments import make_segment
from app.recipients.finding.walking import Counted, Place, count_on
from app.recipients.models import Recipient, RecipientList
from app.sends import audience, choosing
from app.sends.models import ReviewState, Send
from app.sends.release import release
from app.sends.review import fingerprint
from tests.bench.pipeline import a_ground
from tests.bench.rows import print_row
from tests.delivery.ground import Ground
from tests.factories import a_draft_send, a_template_version
from tests.postgres import fresh_database, running_postgres

PEOPLE = int(os.environ.get("PEOPLE", "1000000"))
CHUNK = 10_000
MOST_SECONDS = 30
MOST_MIB = 100
"""Beside what the process has anyway; 64 of them are SQLite's room for pages."""
MIB = 1024 * 1024


def snapshot() -> None:
    """Print how long the snapshot takes on both databases, and what it takes of memory."""
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder:
        with a_ground(Path(folder), "http://127.0.0.1:9/") as ground:
            _measure(ground, "sqlite")
        with (
            running_postgres(Path(folder) / "postgres") as server,
            fresh_database(server) as url,
            a_ground(Path(folder), "http://127.0.0.1:9/", url) as ground,
        ):
            _measure(ground, "postgresql")


def _measure(ground: Ground, name: str) -> None:
    send_id = _ready(ground)
    with ground.database.reading() as session:
        streams = audience.streams(session, session.get_one(Send, send_id))
        slowest, so_far = 0.0, Counted(0, 0, Place())
        while so_far.place is not None:
            began = time.monotonic()
            so_far = count_on(session, streams, so_far)
            slowest = max(slowest, time.monotonic() - began)
    print_row("snapshot", f"count_step_ms_{name}", slowest * 1000, "ms", 300, people=so_far.found)
    before = psutil.Process().memory_info().rss / MIB
    began, cpu = time.monotonic(), time.process_time()
    with _peak() as peak, ground.database.writing() as session:
        seen = session.get_one(Send, send_id).review_fingerprint
        send = release(session, ground.actor, send_id, seen=seen, again_confirmed=True, undo_seconds=0)
    took, cpu = time.monotonic() - began, time.process_time() - cpu
    if send.total != PEOPLE or so_far.found != PEOPLE:
        raise AssertionError(f"{send.total} messages and {so_far.found} counted instead of {PEOPLE}")
    print_row("snapshot", f"snapshot_1m_{name}", took, "s", MOST_SECONDS, people=send.total, cpu=cpu)
    print_row("snapshot", f"memory_mib_{name}", max(0.0, peak[0] - before), "MiB", MOST_MIB)


def _ready(ground: Ground) -> int:
    """Make three lists and a draft that counts as reviewed: what the review does is measured elsewhere."""
    tenth = PEOPLE // 10
    with ground.database.writing() as session:
        members = _list(session, ground, "Members", range(8 * tenth))
        debtors = _list(session, ground, "Debtors", range(7 * tenth, 12 * tenth), leeds_to=11 * tenth)
        staff = _list(session, ground, "Staff", range(10 * tenth, 11 * tenth))
    with ground.database.writing() as session:
        wanted = Filter((Condition("city", Operator.IS, "Leeds"),))
        leeds = make_segment(session, ground.actor, debtors, name="Leeds", wanted=wanted)
        send = a_draft_send(
            session,
            ground.actor,
            version=a_template_version(session, ground.actor),
            people=session.get_one(RecipientList, members),
        )
        for list_id, segment_id, excluded in ((debtors, leeds.id, False), (staff, None, True)):
            choosing.add_part(
                session, ground.actor, send.id, list_id=list_id, segment_id=segment_id, is_excluded=excluded
            )
        send.review_state, send.review_total = ReviewState.DONE, PEOPLE
        send.review_fingerprint = fingerprint(session, send)
        return send.id


def _list(session: Session, ground: Ground, name: str, numbers: range, leeds_to: int = 0) -> int:
    made = RecipientList(
        workspace_id=ground.actor.workspace_id, name=name, columns=["city", "row"], recipient_count=len(numbers)
    )
    session.add(made)
    session.flush()
    for first in range(numbers.start, numbers.stop, CHUNK):
        rows = [_row(made.id, number, number < leeds_to) for number in range(first, min(first + CHUNK, numbers.stop))]
        session.execute(insert(Recipient), rows)
    return made.id


def _row(list_id: int, number: int, is_leeds: bool) -> dict[str, object]:
    email, name = f"person{number}@example.net", f"Person {number}"
    data = {"city": "Leeds" if is_leeds else "York", "row": str(number)}
    keys = keys_of({}, ("city", "row"), name, data)
    return {"list_id": list_id, "email": email, "email_key": email, "name": name, "data": data, "keys": keys}


@contextmanager
def _peak() -> Iterator[list[float]]:
    """Look at this process's memory meanwhile; gives the most of it in MiB as the only item, at the end."""
    most, stop = [0.0], threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            most[0] = max(most[0], psutil.Process().memory_info().rss / MIB)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        stop.set()
        thread.join()
