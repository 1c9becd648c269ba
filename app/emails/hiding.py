"""A template's mark that values are hidden after sending: sign-in codes, reset links. Published with the draft."""

from __future__ import annotations

import enum
import re
from dataclasses import replace

from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.emails.content import ALL_VALUES, Content
from app.emails.templates import held_template
from app.own_variables import OWN_VARIABLES
from app.refusals import Refused
from app.words import _, _p

MOST_NAMES = 50
_NAME = re.compile(r"[^\W\d]\w*")


class Hiding(enum.StrEnum):
    """Which values of a sent e-mail are hidden."""

    NONE = "none"
    NAMED = "named"
    ALL = "all"


HIDING_WORDS = {
    Hiding.NONE: _("Keep them: a sent e-mail can be shown again as it went out"),
    Hiding.NAMED: _("Hide the values of these variables"),
    Hiding.ALL: _("Hide all values"),
}


def hiding_of(content: Content) -> Hiding:
    """Say which values a content hides."""
    if not content.hides:
        return Hiding.NONE
    return Hiding.ALL if ALL_VALUES in content.hides else Hiding.NAMED


def hidden_words(content: Content) -> str:
    """Say in words which values a content hides."""
    kind = hiding_of(content)
    if kind is Hiding.NAMED:
        return ", ".join(content.hides)
    return _p("values", "none") if kind is Hiding.NONE else _p("values", "all")


def change_hiding(session: Session, actor: Actor, template_id: int, hiding: Hiding, names: str) -> None:
    """Mark the draft; sends of the versions published from it hide the values. Raises Refused and NotThere."""
    template = held_template(session, actor, template_id)
    hides: tuple[str, ...] = ()
    if hiding is Hiding.ALL:
        hides = (ALL_VALUES,)
    elif hiding is Hiding.NAMED:
        hides = checked_names(names)
    before, template.draft = template.draft, replace(template.draft, hides=hides)
    if before.hides != template.draft.hides:
        words = _("Values hidden after sending changed in template “%(template_name)s”", template_name=template.name)
        changes = {_("Values hidden after sending"): (hidden_words(before), hidden_words(template.draft))}
        note(session, actor, "template.hiding", words, subject_id=template.id, changes=changes)


def checked_names(names: str) -> tuple[str, ...]:
    """Read the names of variables, apart by commas or blanks. Raises Refused with the field `names`."""
    found = tuple(dict.fromkeys(one.strip("{}") for one in re.split(r"[\s,;]+", names) if one.strip("{}")))
    if not found:
        raise Refused(_("Name at least one variable, for example code."), field="names")
    if len(found) > MOST_NAMES:
        raise Refused(
            _("Name at most %(most_names)s variables, or hide all values.", most_names=MOST_NAMES), field="names"
        )
    for one in found:
        if not _NAME.fullmatch(one):
            raise Refused(_("“%(one)s” is no name of a variable.", one=one[:60]), field="names")
        if one in OWN_VARIABLES:  # without them nobody could tell who got it
            raise Refused(_("“%(one)s” cannot be hidden: it says who got the e-mail.", one=one), field="names")
    return found
