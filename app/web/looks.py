"""Noting from a page that somebody looks at many people's data. A page is shown also when it cannot be noted."""

from __future__ import annotations

import logging

from sqlalchemy.exc import SQLAlchemyError

from app.audit import looks
from app.web.request import me, services

log = logging.getLogger(__name__)


def note_opened(what: str, words: str, subject_id: int) -> None:
    """Note that the signed-in person opened people's data, once a day. `what` is the rest of `looked.…`."""
    person = me()
    try:
        # Sessions of their own: the request's only reads, and must not suffer from a failure here.
        with services().database.reading() as session:
            is_noted = looks.was_noted_today(session, person, what, subject_id)
        if not is_noted:
            with services().database.writing() as session:
                looks.note_first_look(session, person, what, words, subject_id)
    except SQLAlchemyError:
        log.exception("a look at people's data could not be noted", extra={"subject_id": subject_id})


def note_download(what: str, words: str, subject_id: int | None = None) -> None:
    """Note that the signed-in person takes people's data along. What cannot be noted is not given: it raises."""
    with services().database.writing() as session:
        looks.note_look(session, me(), what, words, subject_id)
