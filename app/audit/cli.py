"""`postroom audit`: whether the trail is whole, and how far it goes."""

from __future__ import annotations

import sys

import click
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit.chain import head_words, heads
from app.audit.verifying import Break, NotedHead, breaks, count_entries, noted_head
from app.db import Database
from app.settings import Settings

MOST_TOLD = 20


@click.group()
def audit() -> None:
    """Prove that the trail of acts is whole."""


@audit.command()
@click.option(
    "--head", "noted", multiple=True, help="A line that `postroom audit head` printed earlier; may be given again."
)
@click.pass_obj
def verify(settings: Settings, noted: tuple[str, ...]) -> None:
    """Walk every workspace's chain and say where it breaks. The exit code is 1 when it does."""
    known = [_read(line) for line in noted]
    database = Database(settings.database_url)
    whole = True
    for workspace_id, name in _workspaces(database):
        of_it: list[NotedHead | None] = [None]
        of_it += [one for one in known if one.workspace_id == workspace_id]
        with database.reading() as session:
            if not database.is_sqlite:  # what is written meanwhile would look cut off, or put in
                session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            found = sorted({one for head in of_it for one in _some(session, workspace_id, head)}, key=_place)
            count = count_entries(session, workspace_id)
        whole = whole and not found
        click.echo(f"{name}: {count:,} entries, {'all in order' if not found else 'the chain is broken'}")
        for one in found[:MOST_TOLD]:
            click.echo(f"  Entry {one.position:,} {one.words}" if one.position is not None else f"  {one.words}")
        if len(found) > MOST_TOLD:
            click.echo("  More follow.")
    database.close()
    sys.exit(0 if whole else 1)


@audit.command()
@click.pass_obj
def head(settings: Settings) -> None:
    """Print where each chain ends. Keep it somewhere else: nobody can then cut the trail unnoticed."""
    database = Database(settings.database_url)
    with database.reading() as session:
        for one in heads(session):
            click.echo(head_words(one))
    database.close()


def _some(session: Session, workspace_id: int, head: NotedHead | None) -> list[Break]:
    found: list[Break] = []
    for one in breaks(session, workspace_id, head):
        found.append(one)
        if len(found) > MOST_TOLD:
            break
    return found


def _place(one: Break) -> tuple[bool, int, str]:
    return one.position is None, one.position or 0, one.words


def _read(line: str) -> NotedHead:
    try:
        return noted_head(line)
    except ValueError as error:
        raise click.BadParameter(
            "give a line as `postroom audit head` prints it: 1:42:9f86d0…", param_hint="--head"
        ) from error


def _workspaces(database: Database) -> list[tuple[int, str]]:
    with database.reading() as session:
        rows = session.execute(text("SELECT id, name FROM workspace ORDER BY id")).all()
        return [(row.id, row.name) for row in rows]
