"""The commands `backup`, `restore` and `rotate-keys`."""

from __future__ import annotations

from pathlib import Path

import click

from app.db import Database
from app.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--with-key", is_flag=True, help="Put the secret keys in as well: the file alone then opens every secret."
)
@click.pass_obj
def backup(settings: Settings, file: Path, with_key: bool) -> None:
    """Write everything into a new FILE, while Postroom runs."""
    from app.backup.making import back_up
    from app.backup.manifest import BadBackup

    database = Database(settings.database_url)
    try:
        made = back_up(database, file, secret_keys=settings.secret_keys if with_key else ())
    except BadBackup as bad:
        raise click.ClickException(bad.words) from bad
    finally:
        database.close()
    click.echo(f"{file}: {made.rows:,} rows of {len(made.tables)} tables as of {made.made_at:%Y-%m-%d %H:%M:%S} UTC.")
    key = "The secret keys are in it: keep it as you keep a password." if with_key else "The secret key is not in it."
    click.echo(f"{key} It holds people's data; only you may read it.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--replace", is_flag=True, help="Delete everything that is in the database now.")
@click.pass_obj
def restore(settings: Settings, file: Path, replace: bool) -> None:
    """Put a backup's FILE into an empty database. Stop the pages and every worker first.

    Nothing goes out by itself afterwards: sends that had not ended wait for a person, and everybody signs in anew.
    """
    from app.backup.manifest import BadBackup
    from app.backup.restoring import restore as put_back

    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        done = put_back(database, settings, file, replace=replace)
    except BadBackup as bad:
        raise click.ClickException(bad.words) from bad
    finally:
        database.close()
    click.echo(f"Restored {done.manifest.rows:,} rows as of {done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.")
    if done.key_words:
        click.echo(done.key_words)
    if done.doubt.sends or done.doubt.messages:
        click.echo(
            f"{done.doubt.sends:,} sends are paused and {done.doubt.messages:,} e-mails in doubt: they may have gone "
            "out since the backup. Nothing goes on by itself; Home asks what to do."
        )
    click.echo("Run `postroom check`, then start the pages and the workers. Everybody signs in anew.")


@click.command("rotate-keys")
@click.pass_obj
def rotate_keys(settings: Settings) -> None:
    """Seal every stored secret anew with the present secret key.

    First give every process the new key as POSTROOM_SECRET_KEY and the old one in POSTROOM_EARLIER_SECRET_KEYS, and
    start them anew. Keep the old one there as long as unsubscribe links made with it are to work without their send.
    """
    from app.migrating import import_all_tables, is_current
    from app.people.rotating import rotate

    import_all_tables()
    database = Database(settings.database_url)
    if not is_current(database):
        raise click.ClickException("The database is not current. Run `postroom setup` first.")
    done = rotate(database, settings.secret_keys)
    database.close()
    for one in done:
        click.echo(f"{one.name}: {one.changed:,} sealed anew, {one.current:,} had the present key.")
    lost = [one for one in done if one.unreadable]
    for one in lost:
        click.echo(
            f"{one.name}: {one.unreadable:,} can be opened with no key that is set. Put them in again.", err=True
        )
    if lost:
        raise click.exceptions.Exit(1)
