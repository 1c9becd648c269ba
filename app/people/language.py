"""The language that a person reads the pages in."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.audit.trail import note
from app.people.models import Person
from app.refusals import Refused
from app.words import LANGUAGES, _


def change_language(session: Session, person: Person, tag: str) -> None:
    """Choose the language of the pages; empty: what the browser asks for. Raises Refused."""
    if tag and tag not in LANGUAGES:
        raise Refused(_("Choose a language from the list."), field="language")
    if person.language != tag:
        person.account.language = tag
        chosen = LANGUAGES.get(tag) or _("that of the browser")
        note(session, person, "person.language", _("Language set to %(language)s", language=chosen))
