"""Release in waves: the first so many e-mails go out, then the send waits until a person has looked.

`send.wave_left` counts the e-mails of the wave that were never claimed; the engine takes them from it in the
transaction that claims them (`delivery/wave.py`). A retry is not counted again.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.refusals import Refused
from app.sends.control import change_state, find_send
from app.sends.models import Outcome, Send, SendState
from app.sends.pauses import WAVE
from app.sends.tallies import counts
from app.sends.words import OUTCOMES, state_change

FIRST_WAVE = 50
"""E-mails of a first wave, when nobody says otherwise."""
LARGEST_WAVE = 1_000_000


def wave_from(count: int | None) -> int:
    """Give the size of a wave that was typed. Raises Refused."""
    if count is None or not 1 <= count <= LARGEST_WAVE:
        raise Refused(f"Enter a number of e-mails, from 1 to {LARGEST_WAVE:,}.", field="wave_size")
    return count


def go_on(session: Session, actor: Actor, send_id: int, wave: int | None) -> None:
    """Go on after a wave: with the next `wave` e-mails, or with the rest (None). The caller wakes the engine.

    Of two windows one wins, so that two presses are not two waves. Raises Refused.
    """
    find_send(session, actor, send_id)
    changed = change_state(
        session,
        send_id,
        (SendState.PAUSED,),
        SendState.SENDING,
        Send.pause_code == WAVE,
        pause_reason="",
        pause_code="",
        wave_left=wave,
        **({"wave_size": wave} if wave else {}),
    )
    if not changed:
        raise Refused("This send does not wait between two waves. Somebody went on with it, or cancelled it.")
    words = f"the next {wave:,} e-mails" if wave else "the rest"
    changes = state_change(SendState.PAUSED, SendState.SENDING)
    note(
        session,
        actor,
        "send.wave_continued",
        f"Send {send_id} goes on with {words}",
        subject_id=send_id,
        changes=changes,
    )


def wave_words(session: Session, send: Send) -> str:
    """Say what became of the e-mails so far, and how many wait."""
    tally = counts(session, send.id)
    waiting = tally[Outcome.PENDING]
    out = {outcome: count for outcome, count in tally.items() if count and outcome is not Outcome.PENDING}
    became = ", ".join(f"{count:,} {OUTCOMES[outcome].label.lower()}" for outcome, count in out.items())
    waits = "1 e-mail waits" if waiting == 1 else f"{waiting:,} e-mails wait"
    return f"The wave is out ({became}). {waits} for you: look at the results, then go on or cancel."
