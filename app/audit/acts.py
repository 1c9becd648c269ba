"""The kinds of acts in the trail, in words, each with the acts that belong to it."""

from __future__ import annotations

from dataclasses import dataclass

from app.words import _

LOOKED = "looked"
"""Key of the kind, and beginning of the actions, of looking at many people's data; shown only when asked for."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of acts."""

    words: str
    subjects: tuple[str, ...]
    """Beginnings of their actions, before the point."""


KINDS = {
    "templates": Kind(_("Templates, layouts and snippets"), ("template", "piece")),
    "lists": Kind(_("Lists and the people on them"), ("list", "recipient", "segment", "test_group")),
    "sends": Kind(_("Sends"), ("send",)),
    "suppressions": Kind(_("Suppressions and bad addresses"), ("suppression", "bad_address")),
    "people": Kind(_("People, roles and sign-in"), ("person", "invitation")),
    "settings": Kind(_("Settings"), ("workspace", "installation", "connection", "sender", "topic")),
    "trail": Kind(_("The trail itself"), ("trail",)),
    LOOKED: Kind(_("Looked at people's data"), (LOOKED,)),
}
"""Key in the address of the page to what it means."""


def kind_of(action: str) -> Kind | None:
    """Give the kind that an act belongs to; None: to none that is known."""
    subject = action.partition(".")[0]
    return next((one for one in KINDS.values() if subject in one.subjects), None)
