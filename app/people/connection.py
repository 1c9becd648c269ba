"""How a workspace reaches the mail service: the settings, and a check in words of what works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.trail import Actor, note
from app.cloudflare.client import Client
from app.cloudflare.contract import CALLS_IN_WINDOW
from app.cloudflare.events import EVENT_FAILURES, EventReader, EventsFailure
from app.cloudflare.results import Failure
from app.db import now
from app.people.models import Connection, Workspace
from app.people.sealing import CannotUnseal, seal, unseal
from app.people.service_address import check_service_address
from app.refusals import NotThere, Refused
from app.settings import CLOUDFLARE_API, Settings
from app.words import _, _p, joined, kept

LATER = _("Later results")
"""Subject of the finding about delivery events."""


@dataclass(frozen=True, slots=True)
class ConnectionParameters:
    """What a client of the mail service needs."""

    base_url: str
    account_id: str
    token: str = field(repr=False)
    calls_per_5_minutes: int


class NotConnected(Exception):
    """The connection is not complete; `words` say what an administrator must do."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the check's report."""

    ok: bool
    subject: str
    words: str


def stored_connection(session: Session, workspace_id: int) -> Connection:
    """Give the workspace's connection; an empty one, not part of the session, when there is none."""
    found = session.scalar(select(Connection).where(Connection.workspace_id == workspace_id))
    return found or Connection(
        workspace_id=workspace_id,
        account_id="",
        token_sealed=None,
        base_url=CLOUDFLARE_API,
        calls_per_5_minutes=CALLS_IN_WINDOW,
        report=[],
        domains=[],
    )


def resolve(session: Session, settings: Settings, workspace_id: int) -> ConnectionParameters:
    """Give the parameters in force: the environment's, where they serve, go before the page's. Raises NotConnected."""
    stored = stored_connection(session, workspace_id)
    fixed = from_environment(session, settings, workspace_id)
    account_id = (fixed.account_id if fixed else None) or stored.account_id
    base_url = (fixed.cloudflare_base_url if fixed else None) or stored.base_url
    if fixed is not None and fixed.api_token is not None:
        token = fixed.api_token.get_secret_value()
    elif stored.token_sealed:
        try:
            token = unseal(stored.token_sealed, settings.secret_keys)
        except CannotUnseal as error:
            raise NotConnected(
                _("The stored API token cannot be read, because the secret key changed. Put the token in again.")
            ) from error
    else:
        token = ""
    if not account_id or not token:
        raise NotConnected(
            _(
                "The mail service is not connected yet. An administrator puts in the account id "
                "and an API token under Settings."
            )
        )
    return ConnectionParameters(base_url, account_id, token, stored.calls_per_5_minutes)


def from_environment(session: Session, settings: Settings, workspace_id: int) -> Settings | None:
    """Give the settings when the environment sets part of this workspace's connection.

    It serves only the workspace made first. Were it to serve all, a department made later would send in the name and
    from the quota of the first one, without ever having been given its token; so the others connect themselves.
    """
    if settings.account_id is None and settings.api_token is None and settings.cloudflare_base_url is None:
        return None
    return settings if session.scalar(select(func.min(Workspace.id))) == workspace_id else None


def save_connection(
    session: Session,
    actor: Actor,
    settings: Settings,
    *,
    account_id: str,
    token: str,
    base_url: str,
    calls_per_5_minutes: int,
) -> Connection:
    """Save the connection; an empty token keeps the stored one. The last check no longer counts."""
    if any(character.isspace() for character in account_id.strip()):
        raise Refused(_("An account id has no spaces. Copy it from the Cloudflare dashboard."), field="account_id")
    base_url = base_url.strip().rstrip("/")
    check_service_address(base_url, settings.allowed_service_hosts)
    connection = stored_connection(session, actor.workspace_id)
    if connection.token_sealed and not token.strip() and connection.base_url != base_url:
        raise Refused(_("The token is not sent to another address than before: put it in again."), field="token")
    session.add(connection)
    before = (connection.account_id, connection.base_url, connection.calls_per_5_minutes)
    connection.account_id = account_id.strip()
    connection.base_url = base_url
    connection.calls_per_5_minutes = calls_per_5_minutes
    if token.strip():
        connection.token_sealed = seal(token.strip(), settings.secret_keys)
    connection.checked_at = None
    connection.report = []
    changes = {
        _("Account id"): (before[0], connection.account_id),
        _("Base URL"): (before[1], connection.base_url),
        _("Calls in five minutes"): (before[2], calls_per_5_minutes),
        _("API token"): (
            _p("token", "the old one"),
            _p("token", "a new one") if token.strip() else _p("token", "the old one"),
        ),
    }
    words = _("Connection changed to account %(account_id)s", account_id=str(connection.account_id))
    note(session, actor, "connection.changed", words, changes=changes)
    return connection


def check(parameters: ConnectionParameters) -> tuple[list[Finding], list[str]]:
    """Ask the service what works, in several calls. Gives the findings and the sending domains found."""
    with Client(parameters.base_url, parameters.account_id, parameters.token, read_timeout=15) as client:
        token = client.check_token()
        if isinstance(token, Failure):
            return [Finding(False, _("API token"), joined([token.staff_words, token.administrator_words]))], []
        if token.status != "active":
            return [
                Finding(
                    False,
                    _("API token"),
                    _("The token is %(status)s. Make a new one in the dashboard.", status=token.status),
                )
            ], []
        findings = [Finding(True, _("API token"), _("The token exists and is active."))]
        domains = client.sending_domains()
        if isinstance(domains, Failure):
            findings.append(
                _missing(
                    _("Sending domains"), domains, _("The token also needs “Zone: Read” and “Email Sending: Read”.")
                )
            )
            names: list[str] = []
        else:
            names = sorted({domain.name for domain in domains if domain.enabled})
            findings.append(_domains(names))
        permission = client.suppressions(per_page=1)
        if isinstance(permission, Failure):
            findings.append(
                _missing(
                    _("Permission"),
                    permission,
                    _("Give the token “Email Sending: Edit” for the account and all zones that send."),
                )
            )
        else:
            findings.append(Finding(True, _("Permission"), _("The token may use Email Sending in this account.")))
        findings.append(_quota(client))
        findings.append(_later_results(client, names))
        return findings, names


def keep_report(session: Session, actor: Actor, findings: Sequence[Finding], domains: Sequence[str]) -> Connection:
    """Keep what a check found."""
    connection = stored_connection(session, actor.workspace_id)
    session.add(connection)
    connection.checked_at = now()
    connection.report = [{"ok": f.ok, "subject": kept(f.subject), "words": kept(f.words)} for f in findings]
    connection.domains = list(domains)
    note(
        session,
        actor,
        "connection.checked",
        _("Connection checked: all good")
        if all(f.ok for f in findings)
        else _("Connection checked: something is missing"),
    )
    return connection


UNITS = {"day": _p("quota", "day"), "hour": _p("quota", "hour")}
"""Of a quota, in words; another one is shown as the service calls it."""
WHOM = {True: _("everybody"), False: _("the team only")}


def switch_live(session: Session, actor: Actor, *, live: bool) -> None:
    """Switch between trial mode and live. Anything reviewed before must be reviewed again (P7)."""
    workspace = session.get(Workspace, actor.workspace_id)
    if workspace is None:
        raise NotThere("workspace")
    if workspace.is_live != live:
        workspace.is_live = live
        note(
            session,
            actor,
            "workspace.live" if live else "workspace.trial",
            _("Switched to live") if live else _("Switched to trial mode"),
            changes={_("E-mail goes to"): (WHOM[not live], WHOM[live])},
        )


def _missing(subject: str, failure: Failure, remedy: str) -> Finding:
    return Finding(False, subject, joined([failure.staff_words, remedy]))


def _domains(names: list[str]) -> Finding:
    if not names:
        return Finding(
            False,
            _("Sending domains"),
            _(
                "No domain of this account is set up for sending. "
                "Onboard one in the Cloudflare dashboard under Email Sending."
            ),
        )
    return Finding(True, _("Sending domains"), _("Ready to send from: %(domains)s.", domains=", ".join(names)))


def _later_results(client: Client, names: Sequence[str]) -> Finding:
    """Ask whether later delivery events may be read, of one zone that sends."""
    zones = client.zones()
    sending = [] if isinstance(zones, Failure) else [zone for zone in zones if _has_sender(zone.name, names)]
    if not sending:
        return Finding(False, LATER, EVENT_FAILURES["no_zone"])
    page = EventReader(client).page(sending[0].id, now() - timedelta(minutes=1), now())
    if isinstance(page, EventsFailure):
        return Finding(False, LATER, page.words)
    return Finding(True, LATER, _("The token may read what became of queued e-mails, bounces and complaints."))


def _has_sender(zone: str, names: Sequence[str]) -> bool:
    return any(name == zone or name.endswith(f".{zone}") for name in names)


def _quota(client: Client) -> Finding:
    limits = client.limits()
    if isinstance(limits, Failure) or limits.quota is None:
        return Finding(
            True, _("Daily quota"), _("The service does not tell its quota; that is normal for a new account.")
        )
    quota, usage = limits.quota, limits.usage
    unit = UNITS.get(quota.unit, quota.unit)
    if usage is None:
        words = _("%(quota)s e-mails a %(unit)s.", quota=quota.value, unit=unit)
    else:
        words = _("%(quota)s e-mails a %(unit)s, %(used)s used.", quota=quota.value, unit=unit, used=usage.sent)
    over = usage is not None and usage.over_quota
    return Finding(not over, _("Daily quota"), joined([words, _("It is used up.")]) if over else words)
