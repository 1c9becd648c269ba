"""The parts that views need, put together once by create_app."""

from __future__ import annotations

from dataclasses import dataclass

from app.db import Database
from app.delivery.jobs import Queue
from app.emails.limits import LimitedRenderer
from app.settings import Settings
from app.web.public_names import PublicNames


@dataclass(frozen=True, slots=True)
class Services:
    """What create_app puts together for the views."""

    settings: Settings
    database: Database
    renderer: LimitedRenderer
    queue: Queue
    public_names: PublicNames

    @classmethod
    def of(cls, settings: Settings) -> Services:
        """Put the services together that go with the settings."""
        database = Database(settings.database_url)
        return cls(settings, database, LimitedRenderer(), Queue(settings, database), PublicNames(database))
