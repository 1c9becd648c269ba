"""The `postroom` command."""

from __future__ import annotations

import secrets
import socket
import sys

import click

from app.audit.cli import audit
from app.audit.origin import Origin, Via, acting_from
from app.backup.commands import backup, restore, rotate_keys
from app.db import Database
from app.logs import set_up_logs
from app.people.models import Person
from app.people.roles import Role
from app.settings import Settings, SettingsError

SERVING = ("web", "worker", "demo", "simulator")
"""Commands under which the program itself works; what the others do, a person does on the command line."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Postroom: templated transactional e-mail."""
    try:
        context.obj = Settings.from_environment()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    set_up_logs(context.obj)
    if context.invoked_subcommand not in SERVING:
        context.with_resource(acting_from(Origin(Via.COMMAND_LINE)))


main.add_command(audit)


for command in (backup, restore, rotate_keys):
    main.add_command(command)


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
    if not database.once_it_answers(lambda: is_current(database)):
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
    """Say in words whether what is kept is whole and the mail service can be used.

    Checked are the database itself, its schema, the counts of sends, stored files and secrets.

    With --worker the exit code is 0 when a worker of this machine lives, 1 when none does, and 2 when the database
    does not answer, so that nobody can tell.
    """
    if worker:
        _check_worker(settings)
    from sqlalchemy import select

    from app.backup.checking import check_kept
    from app.migrating import is_current
    from app.people import connection
    from app.people.models import Workspace

    database = Database(settings.database_url)
    current = is_current(database)
    click.echo(f"Database: {'current' if current else 'not current; run `postroom setup`'}")
    good = current
    if current:
        for kept in check_kept(database, settings):
            click.echo(f"{kept.subject}: {kept.words}")
            good = good and kept.ok
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
@click.option("--name", help="Needed for somebody new.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.SENDER.value, show_default=True)
@click.option("--workspace", metavar="NAME", help="Which one; the first when absent.")
@click.option("--password", help="Of somebody new; asked for when absent.")
@click.pass_obj
def add_user(
    settings: Settings, email: str, name: str | None, role: str, workspace: str | None, password: str | None
) -> None:
    """Let somebody sign in, or give who can sign in already a place in another workspace."""
    from app.people import accounts, workspaces
    from app.refusals import NotThere, Refused

    database = _prepared(settings)
    with database.reading() as session:
        is_new = accounts.account_by_email(session, email) is None
    if is_new and not name:
        raise click.UsageError("Give the person's name with --name.")
    if is_new and not password:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        with database.writing() as session:
            where = workspaces.workspace_by_name(session, workspace) if workspace else accounts.first_workspace(session)
            account = accounts.account_by_email(session, email)
            if account is None:
                accounts.add_person(
                    session, where, email=email, name=name or "", password=password or "", role=Role(role)
                )
            elif place := workspaces.place_in_past(session, account, where.id):
                what = "was taken out of" if place.left_at else "is in"
                raise click.ClickException(f"{email} {what} {where.name} already. Change it on the page People there.")
            else:
                accounts.place_in(session, account, where, Role(role))
    except NotThere as missing:
        raise click.ClickException(f"There is no workspace “{workspace}”. See `postroom workspace list`.") from missing
    except Refused as refusal:
        raise click.ClickException(refusal.words) from refusal
    click.echo(f"{email} may sign in to {where.name}.")


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


@user.command("second-step-off")
@click.argument("email")
@click.pass_obj
def second_step_off(settings: Settings, email: str) -> None:
    """Take somebody's second step away: app, passkeys and recovery codes; every open sign-in of theirs ends."""
    from app.people.account_trail import note_account_program
    from app.people.accounts import person_by_email
    from app.people.factor_reset import take_away
    from app.refusals import NotThere

    try:
        with _prepared(settings).writing() as session:
            account = person_by_email(session, email).account
            take_away(session, account)
            words = f"Second step of {account.email} taken away on the server"
            note_account_program(session, account, "person.second_step_reset", words)
    except NotThere as missing:
        raise click.ClickException("Nobody with this address can sign in.") from missing
    click.echo("The second step is off. The password alone signs in.")


@main.group()
def workspace() -> None:
    """Add and list workspaces: departments that see nothing of each other."""


@workspace.command("add")
@click.argument("name")
@click.option("--administrator", metavar="EMAIL", required=True, help="Somebody who can sign in already.")
@click.pass_obj
def add_workspace(settings: Settings, name: str, administrator: str) -> None:
    """Make a workspace."""
    from app.people.accounts import account_by_email
    from app.people.workspaces import add_workspace as add
    from app.refusals import Refused

    try:
        with _prepared(settings).writing() as session:
            account = account_by_email(session, administrator)
            if account is None:
                raise click.ClickException(f"Nobody can sign in as {administrator}. Add them with `postroom user add`.")
            made = add(session, account, name)
    except Refused as refusal:
        raise click.ClickException(refusal.words) from refusal
    click.echo(f"The workspace “{made.workspace.name}” is made; {administrator} is its administrator.")


@workspace.command("list")
@click.pass_obj
def list_workspaces(settings: Settings) -> None:
    """Name the workspaces with the number of their people."""
    from app.people.workspaces import workspaces

    with _prepared(settings).reading() as session:
        for one, number in workspaces(session):
            click.echo(f"{one.name}: {number:,} {'person' if number == 1 else 'people'}")


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
