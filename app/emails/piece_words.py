"""What pages say of layouts and of snippets: whole texts for each, because other languages inflect."""

from __future__ import annotations

from collections.abc import Mapping

from app.emails.models import PieceKind
from app.words import _

KINDS_INSIDE = {PieceKind.LAYOUT: _("layout"), PieceKind.SNIPPET: _("snippet")}
PIECE_WORDS: Mapping[PieceKind, Mapping[str, str]] = {
    PieceKind.LAYOUT: {
        "many": _("Layouts"),
        "archived": _("Archived layouts"),
        "by_name": _("Layouts by name"),
        "kept": _("Layouts you archive are kept here."),
        "back": _("Back to the layouts"),
        "task": _("write and change layouts"),
        "new": _("New layout"),
        "make": _("Make the layout"),
        "publish": _("Publish the layout “%(name)s”"),
        "only_published": _("Nothing is published yet. Templates can use only a published layout."),
    },
    PieceKind.SNIPPET: {
        "many": _("Snippets"),
        "archived": _("Archived snippets"),
        "by_name": _("Snippets by name"),
        "kept": _("Snippets you archive are kept here."),
        "back": _("Back to the snippets"),
        "task": _("write and change snippets"),
        "new": _("New snippet"),
        "make": _("Make the snippet"),
        "publish": _("Publish the snippet “%(name)s”"),
        "only_published": _("Nothing is published yet. Templates can use only a published snippet."),
    },
}
