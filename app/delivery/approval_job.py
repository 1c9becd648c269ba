"""The periodic job of approval: cancels what changed while it waits, and tells people. One worker at a time.

The promise does not rest on it: whoever approves, and every start of a send, compares again. It is there so that people
hear of it early, and by mail.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import Database
from app.delivery.job_lease import JobLease, LeaseLost
from app.delivery.periodic import PeriodicJob
from app.emails import approval_marks
from app.people.approval_models import IN_FORCE, ApprovalLease, ApprovalRequest, ApprovalState
from app.sends import approval_mail, approving, staleness
from app.sends.models import Send, SendState
from app.settings import Settings

LOOK_SECONDS = 5.0
"""How often it looks; nothing is written when nothing is due."""


@dataclass(slots=True)
class Due:
    """What there is to do."""

    sends: list[int] = field(default_factory=list)
    """Whose approval is to be cancelled, because they changed."""
    drafts: list[int] = field(default_factory=list)
    """Requests that are to be cancelled, because the draft changed."""
    letters: list[int] = field(default_factory=list)
    """Requests of which somebody is told."""

    def __bool__(self) -> bool:
        return bool(self.sends or self.drafts or self.letters)


class ApprovalJob(PeriodicJob):
    """Looks after requests. Start it once; it ends when the worker's stop event is set."""

    name = "approval"
    fault = "requests for approval could not be looked after"

    def __init__(self, settings: Settings, database: Database, owner: str, stop: threading.Event) -> None:
        super().__init__(stop, LOOK_SECONDS)
        self._settings = settings
        self._database = database
        self._lease = JobLease(database, owner, ApprovalLease, ApprovalLease.next_look_at)

    def look(self) -> None:
        """Do what is due now; nothing at all, not even the lease, when nothing is."""
        with self._database.reading() as session:
            found = due(session)
        if not found:
            return
        generation = self._lease.take()
        if generation is None:
            return
        with suppress(LeaseLost):
            self._do(found, generation)
            self._lease.give_up(generation)

    def _do(self, found: Due, generation: int) -> None:
        for send_id in found.sends:
            with self._lease.writing(generation) as session:
                approving.cancel_when_changed(session, send_id)
        for request_id in found.drafts:
            with self._lease.writing(generation) as session:
                request = session.get(ApprovalRequest, request_id)
                if request is not None:
                    subject = approval_marks.subject_of(session, request, held=True)
                    approval_marks.cancel_when_changed(session, subject)
        for request_id in found.letters:
            with self._lease.writing(generation) as session:
                approval_mail.tell(session, self._settings, request_id)


def due(session: Session) -> Due:
    """Give what there is to do. Only reads."""
    found = Due(letters=approval_mail.due(session))
    waiting = session.scalars(select(ApprovalRequest).where(ApprovalRequest.state == ApprovalState.WAITING))
    for request in waiting.all():
        if request.send_id is not None:
            if approving.changes_since(session, session.get_one(Send, request.send_id), request):
                found.sends.append(request.send_id)
        elif approval_marks.changes_of_draft(session, approval_marks.subject_of(session, request), request):
            found.drafts.append(request.id)
    approved = select(Send).where(
        Send.state == SendState.SCHEDULED,
        Send.is_timed.is_(True),
        Send.id.in_(select(ApprovalRequest.send_id).where(ApprovalRequest.state.in_(IN_FORCE))),
    )
    found.sends += [
        one.id for one in session.scalars(approved) if one.release_marks and staleness.changed_words(session, one)
    ]
    return found
