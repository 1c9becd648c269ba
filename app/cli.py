"""The `postroom` command."""

from __future__ import annotations

import secrets
import socket
import sys

import click

from app.db import Database
from app.logs import set_up_logs
from app.people.models import Person
from app.people.roles import Role
from app.settings import Settings, SettingsError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Postroom: templated transactional e-mail."""
    try:
        context.obj = Settings.from_environment()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    set_up_logs(context.obj)


@main.command()
@click.pass_obj
def setup(settings: Settings) -> None:
    """Make or upgrade the database; when nobody can sign in, make the first administrator or print a link for them."""
    database = _prepared(settings)
    if settings.admin_password is None:
        _print_first_link(settings, database)
    elif _first_administrator(settings, database, email="admin@example.com", name="First Administrator"):
        click.echo("Sign in as admin@example.com with the password of POSTROOM_ADMIN_PASSWORD.")
    click.echo("The database is ready.")


@main.command()
@click.pass_obj
def web(settings: Settings) -> None:
    """Serve the pages."""
    from app.web.server import serve

    serve(settings)


@main.command()
@click.pass_obj
def worker(settings: Settings) -> None:
    """Review and deliver sends."""
    from app.delivery.worker import run_worker
    from app.migrating import is_current

    database = Database(settings.database_url)
    if not is_current(database):
        raise click.ClickException("The database is not current. Run `postroom setup` first.")
    database.close()
    run_worker(settings)


@main.command()
@click.pass_obj
def simulator(settings: Settings) -> None:
    """Serve the stand-in for Cloudflare's API, on this machine only."""
    from app.server_logs import PASSED_ON
    from app.simulator.server import serve
    from app.simulator.settings import SimulatorSettings

    serve(
        SimulatorSettings(data_file=settings.data / "simulator.sqlite3"),
        port=settings.simulator_port,
        logger_class=PASSED_ON,
    )


@main.command()
@click.option("--empty", is_flag=True, help="Start without the demo organisation.")
@click.pass_obj
def demo(settings: Settings, empty: bool) -> None:
    """Run web, worker and simulator together; an empty database is filled with a demo organisation."""
    from app.demo.running import run_demo

    for port, name in ((settings.port, "POSTROOM_PORT"), (settings.simulator_port, "POSTROOM_SIMULATOR_PORT")):
        if not _is_free(port):
            raise click.ClickException(
                f"Port {port} is in use by another program. Stop that one, or choose a free port with {name}."
            )
    database = _prepared(settings)
    password = _first_administrator(settings, database, email="admin@example.com", name="Robin Clarke")
    database.close()
    run_demo(settings, password=password, fill_it=not empty)


@main.command()
@click.option("--worker", is_flag=True, help="Only whether a worker of this machine showed a sign of life lately.")
@click.pass_obj
def check(settings: Settings, worker: bool) -> None:
    """Say in words whether the database is current and the mail service can be used.

    With --worker the exit code is 0 when a worker of this machine lives, 1 when none does, and 2 when the database
    does not answer, so that nobody can tell.
    """
    if worker:
        _check_worker(settings)
    from sqlalchemy import select

    from app.migrating import is_current
    from app.people import connection
    from app.people.models import Workspace

    database = Database(settings.database_url)
    current = is_current(database)
    click.echo(f"Database: {'current' if current else 'not current; run `postroom setup`'}")
    good = current
    if current:
        with database.reading() as session:
            workspaces = [(one.name, one.id) for one in session.scalars(select(Workspace).order_by(Workspace.id))]
        for name, workspace_id in workspaces:
            try:
                with database.reading() as session:
                    parameters = connection.resolve(session, settings, workspace_id)
                findings, _ = connection.check(parameters)
            except connection.NotConnected as missing:
                findings = [connection.Finding(False, "Connection", missing.words)]
            for finding in findings:
                click.echo(f"{name} · {finding.subject}: {finding.words}")
                good = good and finding.ok
    sys.exit(0 if good else 1)


@main.group()
def user() -> None:
    """Add people and change passwords."""


@user.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice(list(Role)), default=Role.SENDER, show_default=True)
@click.password_option()
@click.pass_obj
def add_user(settings: Settings, email: str, name: str, role: Role, password: str) -> None:
    """Let somebody sign in."""
    from app.people.accounts import add_person, first_workspace
    from app.refusals import Refused

    database = _prepared(settings)
    try:
        with database.writing() as session:
            add_person(session, first_workspace(session), email=email, name=name, password=password, role=role)
    except Refused as refusal:
        raise click.ClickException(refusal.words) from refusal
    click.echo(f"{email} may sign in.")


@user.command("password")
@click.argument("email")
@click.password_option()
@click.pass_obj
def change_password(settings: Settings, email: str, password: str) -> None:
    """Set a new password; every open sign-in of that person ends."""
    from app.people.accounts import person_by_email, set_password
    from app.refusals import NotThere, Refused

    try:
        with _prepared(settings).writing() as session:
            set_password(session, person_by_email(session, email), password)
    except NotThere as missing:
        raise click.ClickException("Nobody with this address can sign in.") from missing
    except Refused as refusal:
        raise click.ClickException(refusal.words) from refusal
    click.echo("The password is changed.")


def _check_worker(settings: Settings) -> None:
    from app.delivery.health import readiness

    machine = socket.gethostname()
    found = readiness(Database(settings.database_url), machine)
    click.echo(f"A worker of {machine} runs." if found.worker else found.words)
    sys.exit(0 if found.worker else 1 if found.database else 2)


def _prepared(settings: Settings) -> Database:
    from app.migrating import migrate

    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    migrate(database)
    return database


def _print_first_link(settings: Settings, database: Database) -> None:
    """Print the link by which the first administrator chooses a password, when nobody can sign in yet."""
    from app.people.invitations import VALID, invite_first_administrator

    with database.writing() as session:
        token = invite_first_administrator(session)
    if token is not None:
        click.echo(f"Become the first administrator: open this link within {VALID.days} days. It works once.")
        click.echo(f"  {settings.url}/invitation/{token}")


def _first_administrator(settings: Settings, database: Database, *, email: str, name: str) -> str | None:
    """Make the first administrator when nobody can sign in yet; gives the password made or set for it."""
    from sqlalchemy import select

    from app.people.accounts import add_person, first_workspace
    from app.refusals import Refused

    with database.writing() as session:
        workspace = first_workspace(session)
        if session.scalar(select(Person.id).limit(1)):
            return None
        given = settings.admin_password
        password = given.get_secret_value() if given is not None else secrets.token_urlsafe(12)
        try:
            person = add_person(session, workspace, email=email, name=name, password=password, role=Role.ADMINISTRATOR)
            person.account.runs_installation = True
        except Refused as refusal:
            raise click.ClickException(f"POSTROOM_ADMIN_PASSWORD: {refusal.words}") from refusal
    return password


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


if __name__ == "__main__":
    main()
