"""Noting what concerns an account in the trail of each workspace it has a place in."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.audit.trail import note, note_program
from app.people.accounts import places_of
from app.people.models import Account


def note_account(session: Session, account: Account, action: str, words: str) -> None:
    """Note what an account's owner did, wherever they work."""
    for place in places_of(session, account):
        note(session, place, action, words, subject_id=place.id)


def note_account_program(session: Session, account: Account, action: str, words: str) -> None:
    """Note what was done to an account by nobody who is signed in: on the server, or by tries from outside."""
    for place in places_of(session, account):
        note_program(session, place.workspace_id, action, words, subject_id=place.id)
