"""Before release the page says when the send will be finished; afterwards the send's page does."""

from __future__ import annotations

from datetime import UTC, timedelta

from flask.testing import FlaskClient

from app.cloudflare.results import Limits, Quota, Usage
from app.db import Database, now
from app.delivery import pacing
from app.emails.limits import LimitedRenderer
from app.people.models import Connection, Person
from app.people.sealing import seal
from app.settings import Settings
from tests.sends.pages import a_reviewed_draft, words


def connect(database: Database, settings: Settings, actor: Person, calls: int = 1200) -> None:
    with database.writing() as session:
        session.add(
            Connection(
                workspace_id=actor.workspace_id,
                account_id="account",
                token_sealed=seal("token", settings.secret_key),
                base_url="http://127.0.0.1:9",
                calls_per_5_minutes=calls,
            )
        )


def test_the_review_says_when_it_will_be_finished_and_what_is_not_known(
    client: FlaskClient,
    database: Database,
    renderer: LimitedRenderer,
    ground: dict[str, int],
    settings: Settings,
    actor: Person,
) -> None:
    connect(database, settings, actor)
    send_id, _ = a_reviewed_draft(client, database, renderer, ground)
    page = words(client.get(f"/sends/{send_id}/review").text)
    assert "the last e-mail leaves about" in page
    assert "does not tell its daily quota" in page


def test_a_quota_too_small_for_today_moves_the_end_to_tomorrow(
    client: FlaskClient,
    database: Database,
    renderer: LimitedRenderer,
    ground: dict[str, int],
    settings: Settings,
    actor: Person,
) -> None:
    connect(database, settings, actor)
    tomorrow = (now() + timedelta(days=1)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with database.writing() as session:
        limits = Limits(Quota(100, "day"), Usage(98, False, tomorrow))
        pacing.note_limits(session, "account", 1200, limits)
    send_id, seen = a_reviewed_draft(client, database, renderer, ground)
    page = client.get(f"/sends/{send_id}/review").text
    assert "tomorrow at 00:00 UTC" in page
    assert f'datetime="{tomorrow:%Y-%m-%dT00:00}' in page
    assert "The quota of 100 e-mails leaves 2 for now" in words(page)
    client.post(f"/sends/{send_id}/release", data={"seen": seen})
    assert "tomorrow at 00:00 UTC" in client.get(f"/sends/{send_id}").text
    partial = client.get(f"/sends/{send_id}/progress", headers={"HX-Request": "true"}).text
    assert "tomorrow at 00:00 UTC" in partial


def test_without_a_connection_nothing_is_promised(
    client: FlaskClient, database: Database, renderer: LimitedRenderer, ground: dict[str, int]
) -> None:
    send_id, _ = a_reviewed_draft(client, database, renderer, ground)
    assert "last e-mail leaves" not in client.get(f"/sends/{send_id}/review").text
