"""The threads that post: each takes the next message in hand, renders it, posts it once and lays its result down.

They are the worker's bounded pool of connections, shared by its lanes. A thread takes its work from a queue instead of
a future for each message, because at full speed every hand-over between threads costs as much as rendering.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from app.cloudflare.client import Client
from app.cloudflare.results import Failure, WasSent
from app.delivery.answers import LookUp, Verdict, of_answer, of_failure
from app.delivery.claiming import Claimed
from app.delivery.models import Lane
from app.delivery.post_times import send_measured
from app.delivery.recording import Result
from app.delivery.watch import Watch
from app.emails.rendering import RenderError
from app.sends.composition import MessagePlan, compose
from app.sends.models import Outcome
from app.sends.person_files import MISSING, cell_of, missing_words

log = logging.getLogger(__name__)


class Tray:
    """What a lane has in hand: messages that are on their way, and results that are not fetched yet."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._results: list[Result] = []
        self._enough = 1
        self._is_ready = threading.Event()
        self._under_way = 0

    @property
    def in_hand(self) -> int:
        """Messages under way, and results that are not fetched."""
        with self._guard:
            return self._under_way + len(self._results)

    def take_up(self, count: int) -> None:
        """Count messages that are now given to the threads."""
        with self._guard:
            self._under_way += count

    def lay_down(self, result: Result) -> None:
        """Put a result in; wakes the lane only when there are enough, or when it was the last."""
        with self._guard:
            self._results.append(result)
            self._under_way -= 1
            if len(self._results) >= self._enough or not self._under_way:
                self._is_ready.set()

    def fetch(self, enough: int, seconds: float) -> list[Result]:
        """Wait until there are `enough` results, nothing is under way or the time is over; gives what is there."""
        with self._guard:
            self._enough = enough
            if len(self._results) < enough and self._under_way:
                self._is_ready.clear()
            else:
                self._is_ready.set()
        self._is_ready.wait(seconds)
        with self._guard:
            results, self._results = self._results, []
        return results


@dataclass(frozen=True, slots=True)
class Errand:
    """What the messages given to the threads together have in common."""

    client: Client
    plan: MessagePlan
    retry_scale: float
    watch: Watch
    tray: Tray
    post_before: float
    """None of the calls may start after this time (monotonic): the budget counts on it."""
    look_up: LookUp
    """Gives the service's suppression of an address."""
    lane: Lane


class Posters:
    """The posting threads of one worker process; they start when there is something to post."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._waiting: SimpleQueue[tuple[Errand, Claimed] | None] = SimpleQueue()
        self._guard = threading.Lock()
        self._threads: list[threading.Thread] = []

    def give(self, errand: Errand, messages: Sequence[Claimed]) -> None:
        """Give claimed messages to the threads; each comes back as a result in the errand's tray."""
        if not messages:
            return
        self._start()
        errand.tray.take_up(len(messages))
        for message in messages:
            self._waiting.put((errand, message))

    def close(self) -> None:
        """Wait until everything given is done, and end the threads."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _start(self) -> None:
        with self._guard:
            if not self._threads:
                self._threads = [
                    threading.Thread(target=self._work, name=f"post-{number}", daemon=True)
                    for number in range(self._count)
                ]
                for thread in self._threads:
                    thread.start()

    def _work(self) -> None:
        while (given := self._waiting.get()) is not None:
            errand, message = given
            errand.tray.lay_down(_post_safely(errand, message))


def _post_safely(errand: Errand, message: Claimed) -> Result:
    """Post a message; whatever goes wrong in the program itself leaves doubt (P3), never a lane that waits for ever."""
    try:
        return post(errand, message)
    except Exception:
        log.exception("message %s: the program failed while it was posted", message.id)
        return Result(message, Verdict(Outcome.UNKNOWN, reason="no_answer", was_sent=WasSent.UNKNOWN))


def post(errand: Errand, message: Claimed) -> Result:
    """Render and post one message once, unless its lane lost the right to."""
    plan, client = errand.plan, errand.client
    if plan.file_column and message.own_file is None:
        words = missing_words(plan.file_column, cell_of(plan.file_column, message.data))
        return Result(message, Verdict(Outcome.REJECTED, reason=MISSING, detail=words))
    try:
        request = compose(plan, message.email, message.name, message.data, message.reference, message.own_file)
        body = request.body()
    except RenderError as error:
        return Result(message, Verdict(Outcome.REJECTED, reason="template_error", detail=error.words))
    except Exception:
        log.exception("message %s could not be put together", message.id)
        return Result(message, Verdict(Outcome.REJECTED, reason="template_error"))
    if not errand.watch.may_post() or time.monotonic() > errand.post_before:
        return Result(message, Verdict(Outcome.PENDING))
    lane = errand.lane
    numbers = {"send_id": lane.send_id, "lane_id": lane.id, "message_id": message.id, "attempt": message.tries}
    answer = send_measured(client, body, **numbers)
    if isinstance(answer, Failure):
        addresses = [one.address for one in request.recipients]
        tries = message.tries - message.tries_before
        verdict = of_failure(answer, addresses, tries, errand.retry_scale, errand.look_up, message.retry_until)
    else:
        verdict = of_answer(answer, request, is_direct=bool(plan.to))
    if verdict.pause_code or verdict.block_seconds is not None:
        errand.watch.stop()  # the rest in hand would meet the same
    return Result(message, verdict, hashlib.sha256(body).hexdigest())
