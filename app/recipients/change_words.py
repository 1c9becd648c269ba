"""Words for what a change did to the people of a list. They name no address: the trail stays when people go."""

from __future__ import annotations

from app.recipients.change_models import ChangeKind, ChangeState, ListChange
from app.recipients.models import RecipientList


def done_words(found: RecipientList, change: ListChange) -> str:
    """Say what a change did: `city set to “Leeds” for 12 people in “Members”`."""
    people, act = _people(change.done), change.act
    stopped = ", then stopped" if change.state is ChangeState.STOPPED else ""
    words = {
        ChangeKind.ADD: f"{people} added to “{found.name}”",
        ChangeKind.EDIT: f"{people} changed in “{found.name}”",
        ChangeKind.REMOVE: f"{people} removed from “{found.name}”",
        ChangeKind.SET: f"Column “{act.get('column')}” set for {people} in “{found.name}”",
        ChangeKind.RENAME_COLUMN: f"Column “{act.get('column')}” of “{found.name}” renamed to “{act.get('to')}”",
        ChangeKind.REMOVE_COLUMN: f"Column “{act.get('column')}” removed from “{found.name}”",
    }
    return words[change.kind] + stopped


def undone_words(found: RecipientList, change: ListChange) -> str:
    """Say what an undo did, and whom it left alone."""
    words = f"Undone in “{found.name}”: {what_words(change)}, {_people(change.done)} put back"
    if change.kept:
        words += f"; {_people(change.kept)} left as they are, because they were changed since"
    return words


def what_words(change: ListChange) -> str:
    """Say in short what a change is: `removing people`, `column “city”`."""
    act = change.act
    return {
        ChangeKind.ADD: "adding a person",
        ChangeKind.EDIT: "changing a person",
        ChangeKind.REMOVE: "removing people",
        ChangeKind.SET: f"setting column “{act.get('column')}”",
        ChangeKind.RENAME_COLUMN: f"renaming column “{act.get('column')}”",
        ChangeKind.REMOVE_COLUMN: f"removing column “{act.get('column')}”",
    }[change.kind]


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"
