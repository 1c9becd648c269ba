"""What people read of an import: its states, ways and choices, and what pages need to show one."""

from __future__ import annotations

from collections.abc import Mapping

from app.recipients.models import ImportState, ImportWay

WAY_WORDS: Mapping[ImportWay, tuple[str, str]] = {
    ImportWay.NEW: ("Make a new list", "Nothing that is there is changed."),
    ImportWay.ADD: ("Add people to a list", "Whoever is in the list already stays as they are."),
    ImportWay.UPDATE: (
        "Update by e-mail",
        "Changes people who are in the list and adds the others. An empty cell changes nothing.",
    ),
    ImportWay.REPLACE: ("Replace the list", "Afterwards the list has exactly the people of this file."),
}
"""Label and what it does."""

STATE_WORDS: Mapping[ImportState, tuple[str, str]] = {
    ImportState.CHOOSING: ("Say how it is read", "Nothing is changed yet. Look the columns over, then check the rows."),
    ImportState.READING: ("The rows are being checked", "You may close this page; it goes on. Nothing is changed yet."),
    ImportState.READY: ("Here is what was understood", "Nothing is changed yet. Look it over, then import."),
    ImportState.APPLYING: (
        "The list is being changed",
        "You may close this page; it goes on. The list shows the change when all of it is there.",
    ),
    ImportState.DONE: ("The import is done", "It can be undone as a whole for 7 days."),
    ImportState.UNDOING: ("The import is being undone", "You may close this page; it goes on."),
    ImportState.UNDONE: ("The import was undone", ""),
    ImportState.FAILED: ("The rows cannot be read", "Nothing was changed."),
    ImportState.FORGOTTEN: ("The upload is cancelled", ""),
}
"""Heading and lead of the page of an upload."""
