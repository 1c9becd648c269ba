"""What people read of an import: its states, ways and choices, and what pages need to show one."""

from __future__ import annotations

from collections.abc import Mapping

from app.recipients.models import ImportState, ImportWay, ListUpload
from app.words import _

WAY_WORDS: Mapping[ImportWay, tuple[str, str]] = {
    ImportWay.NEW: (_("Make a new list"), _("Nothing that is there is changed.")),
    ImportWay.ADD: (_("Add people to a list"), _("Whoever is in the list already stays as they are.")),
    ImportWay.UPDATE: (
        _("Update by e-mail"),
        _("Changes people who are in the list and adds the others. An empty cell changes nothing."),
    ),
    ImportWay.REPLACE: (
        _("Replace the list"),
        _("Afterwards the list has exactly the people of this file. Who is in a row with a problem stays as they are."),
    ),
}
"""Label and what it does."""

STATE_WORDS: Mapping[ImportState, tuple[str, str]] = {
    ImportState.CHOOSING: (
        _("Say how it is read"),
        _("Nothing is changed yet. Look the columns over, then check the rows."),
    ),
    ImportState.READING: (
        _("The rows are being checked"),
        _("You may close this page; it goes on. Nothing is changed yet."),
    ),
    ImportState.READY: (_("Here is what was understood"), _("Nothing is changed yet. Look it over, then import.")),
    ImportState.APPLYING: (
        _("The list is being changed"),
        _("You may close this page; it goes on. The list shows the change when all of it is there."),
    ),
    ImportState.DONE: (_("The import is done"), _("It can be undone as a whole for 7 days.")),
    ImportState.UNDOING: (_("The import is being undone"), _("You may close this page; it goes on.")),
    ImportState.UNDONE: (_("The import was undone"), ""),
    ImportState.FAILED: (_("The rows cannot be read"), _("Nothing was changed.")),
    ImportState.FORGOTTEN: (_("The upload is cancelled"), ""),
}
"""Heading and lead of the page of an upload."""


def waits_for(upload: ListUpload) -> str:
    """Say in a line what an upload that is in no list yet waits for."""
    if upload.state is ImportState.READY:
        return _("Look it over, then import")
    return STATE_WORDS[upload.state][0]
