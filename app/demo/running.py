"""`postroom demo`: everything on one machine, with past sends that really go through the simulator."""

from __future__ import annotations

import logging
import threading
import time

import click
import requests
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import Database
from app.delivery.jobs import Queue
from app.demo.filling import CALLS, SMALL, fill, is_empty, version_of
from app.people.models import Person
from app.people.senders import senders
from app.recipients.models import RecipientList
from app.sends import compose, control, release
from app.sends.models import ReviewState, Send, SendKind, SendState
from app.sends.review import request_review
from app.settings import Settings
from app.supervisor import Supervisor, wait_until_answers

log = logging.getLogger(__name__)

PATIENCE = 120.0
"""Seconds to wait for one step of a past send."""
UNSUBSCRIBE = [
    ("List-Unsubscribe", "<https://libraries.example.com/unsubscribe>, <mailto:unsubscribe@example.com>"),
    ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
]


def run_demo(settings: Settings, *, password: str | None, fill_it: bool) -> None:
    """Run until stopped. Prints the address and, when it was made just now, the sign-in."""
    simulator_url = f"http://127.0.0.1:{settings.simulator_port}"
    database = Database(settings.database_url)
    # The sign-in below must not run out of sight: requests are lines at `info`, and the demo's faults are meant.
    level = settings.log_level if "log_level" in settings.model_fields_set else "error"
    logging.getLogger().setLevel(level.upper())
    with database.writing() as session:
        fresh = fill_it and is_empty(session)
        if fresh:
            fill(session, settings, f"{simulator_url}/client/v4")
    supervisor = Supervisor(["simulator", "web", "worker"], {"POSTROOM_LOG_LEVEL": level})
    supervisor.start()
    address = f"http://127.0.0.1:{settings.port}"
    if not wait_until_answers(f"{simulator_url}/healthz") or not wait_until_answers(f"{address}/healthz"):
        supervisor.stop()
        raise click.ClickException("Postroom did not start in time; the lines above say why.")
    requests.put(f"{simulator_url}/api/v1/settings", json={"rate_limit": CALLS}, timeout=10).raise_for_status()
    click.echo(f"\n  Postroom is ready:  {address}\n  Simulator:          {simulator_url}")
    if password is not None:
        click.echo(f"  Sign in as          admin@example.com\n  with the password   {password}")
    else:
        click.echo("  Sign in as before; a new password: .venv/bin/postroom user password admin@example.com")
    click.echo("  Stop with Ctrl-C.\n")
    if fresh:
        history = _History(database, Queue(settings, database))
        threading.Thread(target=history.make, name="past sends", daemon=True).start()
    supervisor.watch()


class _History:
    """Past sends: composed, reviewed, released and delivered as any other."""

    def __init__(self, database: Database, queue: Queue) -> None:
        self._database = database
        self._queue = queue

    def make(self) -> None:
        """Make them one after the other; a fault leaves fewer of them, and the demo running."""
        try:
            self._to_list("Card renewal", {})
            self._to_one()
            self._cancelled()
        except Exception:
            log.exception("not all past sends of the demo could be made")

    def _to_list(self, template: str, values: dict[str, str], undo_seconds: float = 0) -> int:
        with self._database.writing() as session:
            actor = session.scalars(select(Person).order_by(Person.id).limit(1)).one()
            small = session.scalars(select(RecipientList).where(RecipientList.name == SMALL)).one()
            version = version_of(session, template)
            send = compose.start_send(session, actor, version_id=version.id, kind=SendKind.LIST, list_id=small.id)
            self._sender(session, actor, send)
            compose.change_values(session, actor, send.id, values)
        return self._release(send.id, undo_seconds)

    def _to_one(self) -> int:
        with self._database.writing() as session:
            actor = session.scalars(select(Person).order_by(Person.id).limit(1)).one()
            version = version_of(session, "Reservation ready")
            addresses = {"to": "Clara Novak <clara.novak@example.net>", "cc": "Front desk <desk@example.com>"}
            send = compose.start_send(session, actor, version_id=version.id, kind=SendKind.DIRECT, addresses=addresses)
            self._sender(session, actor, send)
            values = {
                "first_name": "Clara",
                "title": "The Overstory",
                "branch": "Northgate",
                "keep_until": "9 December 2026",
                "card_number": "047112233",
            }
            compose.change_values(session, actor, send.id, values)
        return self._release(send.id)

    def _cancelled(self) -> None:
        values = {"closed_from": "7 December", "closed_until": "18 December"}
        send_id = self._to_list("Library closure", values, undo_seconds=60)  # time enough to be stopped
        with self._database.writing() as session:
            actor = session.scalars(select(Person).order_by(Person.id).limit(1)).one()
            control.cancel(session, actor, send_id)

    def _sender(self, session: Session, actor: Person, send: Send) -> None:
        sender = senders(session, actor.workspace_id)[0]
        headers = [(str(name), str(value)) for name, value in send.headers]
        compose.change_sender(
            session, actor, send.id, sender_id=sender.id, reply_to="", headers=[*headers, *UNSUBSCRIBE]
        )

    def _release(self, send_id: int, undo_seconds: float = 0) -> int:
        with self._database.writing() as session:
            actor = session.scalars(select(Person).order_by(Person.id).limit(1)).one()
            request_review(session, actor, send_id)
        self._queue.review(send_id)
        mark = self._wait_for_review(send_id)
        with self._database.writing() as session:
            actor = session.scalars(select(Person).order_by(Person.id).limit(1)).one()
            release.release(session, actor, send_id, seen=mark, again_confirmed=True, undo_seconds=undo_seconds)
        self._queue.wake(send_id)
        return send_id

    def _wait_for_review(self, send_id: int) -> str:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with self._database.reading() as session:
                send = session.get_one(Send, send_id)
                if send.review_state is ReviewState.DONE or send.state is not SendState.DRAFT:
                    return send.review_fingerprint
            time.sleep(0.2)
        raise TimeoutError(f"the review of send {send_id} took too long")
