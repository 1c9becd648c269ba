"""Sign-ins: each a row, so that the server can end it. And the counting of tries in vain."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.audit.origin import said_browser
from app.db import Base, Words, now
from app.people.models import Person
from app.words import _


class Way(enum.StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105 - a way, not a password
    CODE = "code"
    RECOVERY = "recovery"
    PASSWORD_AND_PASSKEY = "password_and_passkey"  # noqa: S105 - a way, not a password
    PASSKEY = "passkey"
    PROVIDER = "provider"


WAY_WORDS: dict[Way, str] = {
    Way.PASSWORD: _("Password"),
    Way.CODE: _("Password and a code from an app"),
    Way.RECOVERY: _("Password and a recovery code"),
    Way.PASSWORD_AND_PASSKEY: _("Password and a passkey"),
    Way.PASSKEY: _("Passkey"),
    Way.PROVIDER: _("The organisation's sign-in"),
}
"""Ways as people read them."""
WAYS_INSIDE: dict[Way, str] = {
    Way.PASSWORD: _("password"),
    Way.CODE: _("password and a code from an app"),
    Way.RECOVERY: _("password and a recovery code"),
    Way.PASSWORD_AND_PASSKEY: _("password and a passkey"),
    Way.PASSKEY: _("passkey"),
    Way.PROVIDER: _("the organisation's sign-in"),
}
"""Ways inside a sentence."""


class SignIn(Base):
    """One browser in which an account is signed in. The browser's cookie has the token; here is only its digest."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    """The account's place in the workspace that one is in; changes with the workspace."""
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the token, in hexadecimal."""
    way: Mapped[Way] = mapped_column(Words(Way))
    address: Mapped[str] = mapped_column(String(45))
    """Network address it began from."""
    browser: Mapped[str] = mapped_column(String(100))
    """The browser in words: `Firefox on Windows`."""
    begun_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)
    """Last request, to about five minutes."""
    ended_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)

    @property
    def browser_words(self) -> str:
        """The browser in the reader's language."""
        return said_browser(self.browser)


class Tries(Base):
    """How often something was tried in vain, and until when it must wait: for one account, or one network address."""

    __tablename__ = "tries"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of what is counted and for whom: people type passwords into the field for the address, too."""
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(default=now, index=True)
    waits_until: Mapped[datetime | None]
    is_noted: Mapped[bool] = mapped_column(default=False)
    """Whether the trail tells of the waiting."""
