"""Waves as the engine sees them (`sends/waves.py`): what a claim may take, and the pause when a wave is out.

The send's row is held from the look until the commit, so that several workers never take more than the wave together.
"""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.sends.control import pause_by_program
from app.sends.models import Outcome, Send
from app.sends.pauses import WAVE
from app.sends.tallies import counts
from app.sends.waves import wave_words


def hold(session: Session, send: Send) -> int | None:
    """Give how many messages, never claimed before, may still be claimed; None: any number.

    Holds the send's row when there is a wave; other workers wait until the claim is committed.
    """
    if send.wave_left is not None:
        session.refresh(send, with_for_update=True)
    return send.wave_left


def take(session: Session, send_id: int, count: int) -> None:
    """Take claimed messages from the wave."""
    session.execute(
        update(Send)
        .where(Send.id == send_id)
        .values(wave_left=Send.wave_left - count)
        .execution_options(synchronize_session=False)
    )


def pause_when_out(session: Session, send_id: int) -> None:
    """Pause a send whose wave is claimed, and nothing of it under way or waiting for a retry, for a person to look."""
    if not counts(session, send_id)[Outcome.SENDING]:
        words = wave_words(session, session.get_one(Send, send_id))
        pause_by_program(session, send_id, words, code=WAVE)
