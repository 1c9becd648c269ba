"""Changing one entry of Cloudflare's list at a person's word: one call at once, outside of any transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.client import Client
from app.cloudflare.results import Failure, WasSent
from app.db import Database
from app.delivery.quota import take_one
from app.delivery.suppression_lease import about_the_list
from app.people.connection import ConnectionParameters
from app.recipients.suppressions.models import TheirSuppression
from app.recipients.suppressions.words import READ_ONLY
from app.refusals import NotThere, Refused
from app.words import _

ANSWER_SECONDS = 15.0
GONE = 404
T = TypeVar("T")


def find_theirs(session: Session, actor: Actor, entry_id: int) -> TheirSuppression:
    """Find an entry of Cloudflare's that may be changed. Raises NotThere, and Refused for one that is read-only."""
    found = session.scalar(
        select(TheirSuppression).where(
            TheirSuppression.id == entry_id, TheirSuppression.workspace_id == actor.workspace_id
        )
    )
    if found is None:
        raise NotThere("suppression")
    if found.read_only:
        raise Refused(READ_ONLY)
    return found


def remove_theirs(database: Database, actor: Actor, parameters: ConnectionParameters, entry_id: int) -> str:
    """Take an entry away at Cloudflare, and in the copy; gives the address. Raises NotThere and Refused."""
    with database.reading() as session:
        entry = find_theirs(session, actor, entry_id)
    answer = _call(database, parameters, lambda client: client.delete_suppression(entry.vendor_id))
    if isinstance(answer, Failure) and answer.http_status != GONE:
        raise _refused(database, entry, answer)
    with database.writing() as session:
        row = session.get(TheirSuppression, entry_id)
        if row is not None:
            session.delete(row)
        note(session, actor, "suppression.removed_there", _("One suppression taken away at Cloudflare"))
    return entry.email


def change_theirs(
    database: Database,
    actor: Actor,
    parameters: ConnectionParameters,
    entry_id: int,
    *,
    words: str,
    until: datetime | None,
) -> str:
    """Change the note and the end of an entry at Cloudflare; gives the address. Raises NotThere and Refused."""
    with database.reading() as session:
        entry = find_theirs(session, actor, entry_id)
    answer = _call(
        database, parameters, lambda client: client.update_suppression(entry.vendor_id, expires_at=until, note=words)
    )
    if isinstance(answer, Failure):
        raise _refused(database, entry, answer)
    with database.writing() as session:
        row = session.get(TheirSuppression, entry_id)
        if row is not None:
            row.note, row.expires_at = words, until
        note(session, actor, "suppression.changed_there", _("One suppression changed at Cloudflare"))
    return entry.email


def _call(database: Database, parameters: ConnectionParameters, ask: Callable[[Client], T]) -> T:
    if not take_one(database, parameters.account_id, parameters.calls_per_5_minutes, ANSWER_SECONDS):
        raise Refused(_("The account has no calls left for the moment. Nothing was changed; try again in a minute."))
    with Client(
        parameters.base_url, parameters.account_id, parameters.token, read_timeout=ANSWER_SECONDS, pool_size=1
    ) as client:
        return ask(client)


def _refused(database: Database, entry: TheirSuppression, failure: Failure) -> Refused:
    """Say why Cloudflare did not do it; an entry that turned out to be read-only or gone is kept so."""
    if failure.http_status == GONE:
        return Refused(_("Cloudflare no longer has this entry. Press “Sync now” to bring the list up to date."))
    if failure.cause == "forbidden":  # a 403 that is not about the token
        with database.writing() as session:
            row = session.get(TheirSuppression, entry.id)
            if row is not None:
                row.read_only = True
        return Refused(READ_ONLY)
    if failure.was_sent is not WasSent.NO:
        return Refused(_("Cloudflare did not answer clearly. Press “Sync now” to see whether the entry changed."))
    return Refused(_("%(matter)s Nothing was changed.", matter=about_the_list(failure)))
