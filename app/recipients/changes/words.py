"""Words for what a change did to the people of a list. They name no address: the trail stays when people go."""

from __future__ import annotations

from app.recipients.changes.models import ChangeKind, ChangeState, ListChange
from app.recipients.models import RecipientList
from app.words import _, _n


def done_words(found: RecipientList, change: ListChange) -> str:
    """Say what a change did: `city set to “Leeds” for 12 people in “Members”`."""
    count, name, column = change.done, found.name, _column(change)
    words = {
        ChangeKind.ADD: _n(
            "%(count)s person added to “%(name)s”", "%(count)s people added to “%(name)s”", count, name=name
        ),
        ChangeKind.EDIT: _n(
            "%(count)s person changed in “%(name)s”", "%(count)s people changed in “%(name)s”", count, name=name
        ),
        ChangeKind.REMOVE: _n(
            "%(count)s person removed from “%(name)s”", "%(count)s people removed from “%(name)s”", count, name=name
        ),
        ChangeKind.SET: _n(
            "Column “%(column)s” set for %(count)s person in “%(name)s”",
            "Column “%(column)s” set for %(count)s people in “%(name)s”",
            count,
            column=column,
            name=name,
        ),
        ChangeKind.RENAME_COLUMN: _(
            "Column “%(column)s” of “%(name)s” renamed to “%(target)s”",
            column=column,
            name=name,
            target=str(change.act.get("to")),
        ),
        ChangeKind.REMOVE_COLUMN: _("Column “%(column)s” removed from “%(name)s”", column=column, name=name),
    }[change.kind]
    return _("%(words)s, then stopped", words=words) if change.state is ChangeState.STOPPED else words


def undone_words(found: RecipientList, change: ListChange) -> str:
    """Say what an undo did, and whom it left alone."""
    words = _n(
        "Undone in “%(name)s”: %(what)s, %(count)s person put back",
        "Undone in “%(name)s”: %(what)s, %(count)s people put back",
        change.done,
        name=found.name,
        what=what_words(change),
    )
    if not change.kept:
        return words
    return _n(
        "%(words)s; %(count)s person left as they are, because they were changed since",
        "%(words)s; %(count)s people left as they are, because they were changed since",
        change.kept,
        words=words,
    )


def what_words(change: ListChange) -> str:
    """Say in short what a change is: `removing people`, `setting column “city”`."""
    column = _column(change)
    return {
        ChangeKind.ADD: _("adding a person"),
        ChangeKind.EDIT: _("changing a person"),
        ChangeKind.REMOVE: _("removing people"),
        ChangeKind.SET: _("setting column “%(column)s”", column=column),
        ChangeKind.RENAME_COLUMN: _("renaming column “%(column)s”", column=column),
        ChangeKind.REMOVE_COLUMN: _("removing column “%(column)s”", column=column),
    }[change.kind]


def what_title(change: ListChange) -> str:
    """Say the same where it stands alone, with a capital first."""
    words = str(what_words(change))
    return words[:1].upper() + words[1:]


def _column(change: ListChange) -> str:
    return str(change.act.get("column"))
