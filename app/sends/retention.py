"""The retention rule: so many days after a send is over, what its e-mails said about people is taken away.

Addresses, counts and outcomes stay, so that it can still be read who got the e-mail; names, data, the files of single
people and the service's answers go, and with them the e-mails themselves: they can be shown again only until then.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note, note_program
from app.db import Database, now
from app.people.models import Workspace
from app.refusals import NotThere, Refused
from app.sends.bad_addresses import forget_words
from app.sends.event_models import MessageEvent
from app.sends.models import Attempt, Message, PersonFile, ReviewProblem, Send, SendState
from app.words import _

CHUNK = 1_000
"""E-mails whose data are taken away in one transaction."""
LEAST_DAYS, MOST_DAYS = 7, 3_650
OVER = (SendState.FINISHED, SendState.CANCELLED)
"""States of sends that are over."""


def keep_for(session: Session, actor: Actor, days: int | None) -> None:
    """Keep the data of e-mails for so many days after their send is over; None: for ever. Raises Refused."""
    workspace = session.get(Workspace, actor.workspace_id)
    if workspace is None:
        raise NotThere("workspace")
    if days is not None and not LEAST_DAYS <= days <= MOST_DAYS:
        raise Refused(
            _(
                "Give a number of days from %(least)s to %(most)s.",
                least=LEAST_DAYS,
                most=MOST_DAYS,
            ),
            field="days",
        )
    if workspace.keep_message_days == days:
        return
    before, workspace.keep_message_days = workspace.keep_message_days, days
    words = (
        _("Data of sent e-mails are kept for ever")
        if days is None
        else _("Data of sent e-mails are kept for %(days)s days", days=days)
    )
    changes = {_("Days that data are kept"): (before or _("for ever"), days or _("for ever"))}
    note(session, actor, "workspace.retention", words, changes=changes)


def due_sends(session: Session) -> list[int]:
    """Give the sends whose time is over."""
    found: list[int] = []
    rules = select(Workspace.id, Workspace.keep_message_days).where(Workspace.keep_message_days.is_not(None))
    for workspace_id, days in session.execute(rules).all():
        ended = func.coalesce(Send.finished_at, Send.released_at, Send.created_at)
        found += session.scalars(
            select(Send.id).where(
                Send.workspace_id == workspace_id,
                Send.state.in_(OVER),
                Send.data_erased_at.is_(None),
                ended < now() - timedelta(days=days or 0),
            )
        ).all()
    return found


def take_away(database: Database, *, stops: Callable[[], bool] = lambda: False) -> int:
    """Take the data away whose time is over, a chunk at a time; gives how many sends are done."""
    with database.reading() as session:
        due = due_sends(session)
    done = 0
    for send_id in due:
        while not stops():
            with database.writing() as session:
                if not _take_chunk(session, send_id):
                    done += 1
                    break
    return done


def _take_chunk(session: Session, send_id: int) -> bool:
    """Take some e-mails' data away; False when the send has none left, which then is noted."""
    send = session.get(Send, send_id, with_for_update=True)
    if send is None or send.state not in OVER:
        return False
    ids = session.scalars(
        select(Message.id)
        .where(Message.send_id == send_id, Message.erased_at.is_(None))
        .order_by(Message.id)
        .limit(CHUNK)
    ).all()
    if not ids:
        _finish(session, send)
        return False
    unread = {"synchronize_session": False}
    session.execute(
        update(Message)
        .where(Message.id.in_(ids))
        .values(name="", data={}, detail="", erased_at=now())
        .execution_options(**unread)
    )
    session.execute(
        update(Attempt)
        .where(Attempt.message_id.in_(ids))
        .values(raw_answer="", error_message="")
        .execution_options(**unread)
    )
    session.execute(
        update(MessageEvent).where(MessageEvent.message_id.in_(ids)).values(detail="").execution_options(**unread)
    )
    forget_words(session, send_id, ids)
    return True


def _finish(session: Session, send: Send) -> None:
    for table in (PersonFile, ReviewProblem):
        session.execute(delete(table).where(table.send_id == send.id).execution_options(synchronize_session=False))
    send.values = {}
    send.to, send.cc, send.bcc = ([[one[0], ""] for one in pairs] for pairs in (send.to, send.cc, send.bcc))
    send.data_erased_at = now()
    words = _("The people's data of send %(send_id)s were taken away by the retention rule", send_id=str(send.id))
    note_program(session, send.workspace_id, "send.data_erased", words, subject_id=send.id)
