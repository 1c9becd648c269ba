"""Noting what concerns an account in the trail of each workspace it has a place in."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.audit.trail import note
from app.people.accounts import places_of
from app.people.models import Account


def note_account(session: Session, account: Account, action: str, words: str) -> None:
    """Note what an account's owner did, or what happened to their sign-in, wherever they work."""
    for place in places_of(session, account):
        note(session, place, action, words, subject_id=place.id)
