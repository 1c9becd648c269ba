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
from app.sends.words import state_change
from app.words import _, _n, with_commas

FIRST_WAVE = 50
"""E-mails of a first wave, when nobody says otherwise."""
LARGEST_WAVE = 1_000_000
_BECAME: dict[Outcome, str] = {
    Outcome.SENDING: _("%(count)s going out"),
    Outcome.DELIVERED: _("%(count)s delivered"),
    Outcome.QUEUED: _("%(count)s queued"),
    Outcome.BOUNCED: _("%(count)s permanently bounced"),
    Outcome.ACCEPTED: _("%(count)s accepted"),
    Outcome.REJECTED: _("%(count)s refused"),
    Outcome.FAILED: _("%(count)s failed"),
    Outcome.SKIPPED: _("%(count)s left out"),
    Outcome.UNKNOWN: _("%(count)s in doubt"),
    Outcome.CANCELLED: _("%(count)s cancelled"),
}
"""What became of e-mails, and of how many."""


def wave_from(count: int | None) -> int:
    """Give the size of a wave that was typed. Raises Refused."""
    if count is None or not 1 <= count <= LARGEST_WAVE:
        raise Refused(_("Enter a number of e-mails, from 1 to %(most)s.", most=LARGEST_WAVE), field="wave_size")
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
        raise Refused(_("This send does not wait between two waves. Somebody went on with it, or cancelled it."))
    words = _("Send %(send_id)s goes on with the rest", send_id=str(send_id))
    if wave:
        words = _("Send %(send_id)s goes on with the next %(wave)s e-mails", send_id=str(send_id), wave=wave)
    changes = state_change(SendState.PAUSED, SendState.SENDING)
    note(
        session,
        actor,
        "send.wave_continued",
        words,
        subject_id=send_id,
        changes=changes,
    )


def wave_words(session: Session, send: Send) -> str:
    """Say what became of the e-mails so far, and how many wait."""
    tally = counts(session, send.id)
    waiting = tally[Outcome.PENDING]
    out = {outcome: count for outcome, count in tally.items() if count and outcome is not Outcome.PENDING}
    became = with_commas([_(_BECAME[outcome], count=count) for outcome, count in out.items()])
    return _n(
        "The wave is out (%(became)s). %(count)s e-mail waits for you: look at the results, then go on or cancel.",
        "The wave is out (%(became)s). %(count)s e-mails wait for you: look at the results, then go on or cancel.",
        waiting,
        became=became,
    )
