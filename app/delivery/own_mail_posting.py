"""Posting Postroom's own e-mails to its staff, one at a time, by the promises that hold for every message.

`posting` is committed before the POST leaves; what a dead worker left there is in doubt and is not posted again.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.cloudflare.client import Client
from app.cloudflare.results import Failure, SendAnswer, WasSent
from app.cloudflare.types import Address, SendRequest
from app.db import Database, now
from app.delivery import pacing
from app.delivery.periodic import PeriodicJob
from app.delivery.retry import next_try
from app.people.connection import ConnectionParameters, NotConnected, resolve
from app.people.models import SenderIdentity, Workspace
from app.people.own_mail import Letter, letter_of, own_sender
from app.people.own_mail_models import OwnMail, OwnMailState
from app.people.sealing import CannotUnseal
from app.settings import Settings
from app.words import _, rich, speaking

PAGES = Path(__file__).parent / "own_mail"
REST_SECONDS = 2.0
"""How often it looks for something to post."""
READ_TIMEOUT = 30.0
"""Seconds to wait for the service's answer."""
DOUBT_SECONDS = 300.0
"""After this time an e-mail in `posting` was left there by a worker that is gone."""
KEPT_DAYS = 90
"""Days for which it can be read what became of an own e-mail."""
NO_ANSWER = _("The mail service gave no answer. The e-mail may or may not have gone out.")


class OwnMailJob(PeriodicJob):
    """Posts what waits, until the stop event is set. Start it once."""

    name = "own mail"
    fault = "own e-mails could not be posted"
    join_seconds = READ_TIMEOUT

    def __init__(self, settings: Settings, database: Database, stop: threading.Event) -> None:
        super().__init__(stop, REST_SECONDS)
        self._settings = settings
        self._database = database

    def look(self) -> None:
        """Post all that is due now."""
        with self._database.reading() as session:
            if not (due := _due(session)):
                return
        self._leave_doubt()
        for mail_id in due:
            if self._stop.is_set():
                return
            self._post(mail_id)

    def _post(self, mail_id: int) -> None:
        with self._database.writing() as session:
            mail = _claimed(session, mail_id)
            if mail is None:
                return  # another worker has it
            request, parameters = self._prepared(session, mail)
            if request is None or parameters is None:
                return
            quota = parameters.calls_per_5_minutes
            grant = pacing.take(session, parameters.account_id, quota, 1, asker="own mail", first=True)
            if not grant.calls:
                mail.next_try_at = now() + timedelta(seconds=max(grant.wait, REST_SECONDS))
                return
            mail.state, mail.tries, mail.next_try_at = OwnMailState.POSTING, mail.tries + 1, now()
        with Client(
            parameters.base_url, parameters.account_id, parameters.token, read_timeout=READ_TIMEOUT, pool_size=1
        ) as client:
            answer = client.send(request)
        with self._database.writing() as session:
            _record(session.get_one(OwnMail, mail_id), answer, self._settings.retry_scale)

    def _prepared(self, session: Session, mail: OwnMail) -> tuple[SendRequest | None, ConnectionParameters | None]:
        """Put the request together; what can never be posted is settled with the reason."""
        sender = own_sender(session, mail.workspace_id)
        try:
            parameters = resolve(session, self._settings, mail.workspace_id)
            letter = letter_of(mail, self._settings)
        except NotConnected as missing:
            _settle(mail, OwnMailState.NOT_SENT, missing.words)
        except CannotUnseal:
            _settle(mail, OwnMailState.NOT_SENT, _("It was written under another secret key."))
        else:
            if sender is not None:
                workspace = session.get_one(Workspace, mail.workspace_id)
                return _request(mail, letter, sender, workspace), parameters
            _settle(mail, OwnMailState.NOT_SENT, _("No sender is chosen for Postroom's own e-mails."))
        return None, None

    def _leave_doubt(self) -> None:
        """Settle what a dead worker was posting, and forget what is old."""
        at = now()
        with self._database.writing() as session:
            session.execute(
                update(OwnMail)
                .where(OwnMail.state == OwnMailState.POSTING, OwnMail.next_try_at < _before(at, DOUBT_SECONDS))
                .values(state=OwnMailState.UNKNOWN, words=NO_ANSWER, letter_sealed="", settled_at=at)
            )
            session.execute(delete(OwnMail).where(OwnMail.settled_at < at - timedelta(days=KEPT_DAYS)))


def _due(session: Session) -> list[int]:
    at = now()
    waiting = (OwnMail.state == OwnMailState.WAITING) & (OwnMail.next_try_at <= at)
    left = (OwnMail.state == OwnMailState.POSTING) & (OwnMail.next_try_at < _before(at, DOUBT_SECONDS))
    return list(session.scalars(select(OwnMail.id).where(waiting | left).order_by(OwnMail.id).limit(50)))


def _claimed(session: Session, mail_id: int) -> OwnMail | None:
    """Give the e-mail, locked, when it still waits."""
    query = select(OwnMail).where(OwnMail.id == mail_id, OwnMail.state == OwnMailState.WAITING)
    return session.scalars(query.with_for_update(skip_locked=True)).first()


def _before(at: datetime, seconds: float) -> datetime:
    return at - timedelta(seconds=seconds)


def _request(mail: OwnMail, letter: Letter, sender: SenderIdentity, workspace: Workspace) -> SendRequest:
    words = {"subject": mail.subject, "letter": letter, "workspace": workspace.name}
    with speaking(letter.language):
        html, text = _page("letter.html").render(words), _page("letter.txt").render(words)
    return SendRequest(
        sender=Address(sender.address, sender.name or None),
        to=(Address(mail.email),),
        subject=mail.subject,
        html=html,
        text=text,
        headers=(("Auto-Submitted", "auto-generated"),),
    )


@lru_cache
def _page(name: str) -> Template:
    loader = FileSystemLoader(PAGES)
    environment = Environment(
        loader=loader,
        autoescape=name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.globals.update({"_": _, "gettext": rich})
    return environment.get_template(name)


def _record(mail: OwnMail, answer: SendAnswer | Failure, scale: float) -> None:
    """Write down what became of a POST; only what is known not to have gone out is tried again (P2)."""
    if isinstance(answer, SendAnswer):
        group = answer.group_of(mail.email)
        if group == "permanent_bounces":
            _settle(mail, OwnMailState.NOT_SENT, _("The receiving server refused this address for good."))
        elif group == "suppressed_recipients":
            _settle(mail, OwnMailState.NOT_SENT, _("Cloudflare's list of suppressions holds this address."))
        else:
            _settle(mail, OwnMailState.SENT)
    elif answer.was_sent is not WasSent.NO:
        _settle(mail, OwnMailState.UNKNOWN, NO_ANSWER)
    elif plan := next_try(answer, mail.tries, scale, now(), mail.retry_until):
        mail.state, mail.next_try_at, mail.retry_until = OwnMailState.WAITING, plan.at, plan.until
        mail.words = answer.staff_words[:500]
    else:
        _settle(mail, OwnMailState.NOT_SENT, answer.staff_words)


def _settle(mail: OwnMail, state: OwnMailState, words: str = "") -> None:
    mail.state, mail.words, mail.letter_sealed, mail.settled_at = state, words[:500], "", now()
