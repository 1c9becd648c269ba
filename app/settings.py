"""Every setting of Postroom, read from the environment and checked at start.

A wrong value stops the program with one message that names every wrong variable, what was found and what is wanted.
"""

from __future__ import annotations

import os
import re
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

CLOUDFLARE_API = "https://api.cloudflare.com/client/v4"
"""The vendor's API (API.md, section 1)."""

SHORTEST_KEY = 32
"""Characters of a secret key at least."""


class SettingsError(Exception):
    """One or more settings are wrong; the text says which, in words for an administrator."""


class Settings(BaseSettings):
    """All settings. Names in the environment are the upper-case names given as aliases."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, frozen=True)

    data: Path = Field(Path(".data"), alias="POSTROOM_DATA")
    """Folder of everything embedded: databases, the generated secret key, the lock."""

    port: int = Field(5000, alias="POSTROOM_PORT", ge=1, le=65535)
    """Port of the web pages."""

    host: str = Field("127.0.0.1", alias="POSTROOM_HOST")
    """Address the web pages listen on; 0.0.0.0 behind a proxy or in a container."""

    url_setting: str | None = Field(None, alias="POSTROOM_URL")
    """Web address at which staff reach the pages, for links in Postroom's own e-mails; this machine's when absent."""

    simulator_port: int = Field(5001, alias="POSTROOM_SIMULATOR_PORT", ge=1, le=65535)
    """Port of the simulator."""

    secret_key_setting: SecretStr | None = Field(None, alias="POSTROOM_SECRET_KEY")
    """Signs sessions, encrypts stored secrets; at least 32 characters. Made and kept in the data folder when absent."""

    earlier_secret_keys: SecretStr | None = Field(None, alias="POSTROOM_EARLIER_SECRET_KEYS")
    """Secret keys used before, one a line or with commas between: unsubscribe links made with them go on working."""

    admin_password: SecretStr | None = Field(None, alias="POSTROOM_ADMIN_PASSWORD")
    """Sign-in of the first administrator made by `make run`; made and printed when absent."""

    database_url_setting: str | None = Field(None, alias="DATABASE_URL")
    """PostgreSQL as `postgresql://user:password@host/name`; SQLite in the data folder when absent."""

    account_id: str | None = Field(None, alias="CLOUDFLARE_ACCOUNT_ID")
    """Cloudflare account id; goes before the one on the settings page."""

    api_token: SecretStr | None = Field(None, alias="CLOUDFLARE_API_TOKEN")
    """Cloudflare API token; goes before the one on the settings page."""

    cloudflare_base_url: str | None = Field(None, alias="CLOUDFLARE_BASE_URL")
    """Base URL of the API; goes before the one on the settings page."""

    secure_cookies: bool = Field(False, alias="POSTROOM_SECURE_COOKIES")
    """Send cookies over https only. Set it to true wherever people reach Postroom over https."""

    sign_in_idle_hours: float = Field(12, alias="POSTROOM_SIGN_IN_IDLE_HOURS", gt=0, le=24 * 365)
    """Hours without a request after which a sign-in ends."""

    sign_in_days: float = Field(30, alias="POSTROOM_SIGN_IN_DAYS", gt=0, le=365)
    """Days after which a sign-in ends, however much it is used."""

    proxies: int = Field(0, alias="POSTROOM_PROXIES", ge=0, le=10)
    """Proxies in front, one behind the other: as many entries at the end of `X-Forwarded-For` are believed."""

    undo_seconds: float = Field(30, alias="POSTROOM_UNDO_SECONDS", ge=0, le=3600)
    """Seconds between release and the first message, in which a send can be undone; 0: it begins at once."""

    connections: int = Field(8, alias="POSTROOM_CONNECTIONS", ge=1, le=64)
    """Connections to the mail service that one worker holds open at once."""

    read_timeout: float = Field(60, alias="POSTROOM_READ_TIMEOUT", gt=0, le=600)
    """Seconds to wait for the mail service's answer (API.md, section 15)."""

    retry_scale: float = Field(1, alias="POSTROOM_RETRY_SCALE", gt=0, le=10)
    """Factor on every pause before a retry; below 1 only for rehearsals against the simulator."""

    lease_seconds: float = Field(30, alias="POSTROOM_LEASE_SECONDS", ge=1, le=600)
    """Seconds after which the work of a worker that shows no sign of life is taken over."""

    events_seconds: float = Field(60, alias="POSTROOM_EVENTS_SECONDS", ge=0, le=86400)
    """How often later delivery events are asked for while something fresh waits for them, in seconds; 0: never."""

    suppressions_seconds: float = Field(900, alias="POSTROOM_SUPPRESSIONS_SECONDS", ge=0, le=86400)
    """How often Cloudflare's list of suppressions is read and ours handed over, in seconds; 0: never."""

    log_format: Literal["text", "json"] = Field("text", alias="POSTROOM_LOG_FORMAT")
    """Lines of the log: `text` for people, `json` for programs that collect logs."""

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", alias="POSTROOM_LOG_LEVEL")
    """The least that is logged; `debug` has a line for every POST."""

    metrics_token: SecretStr | None = Field(None, alias="POSTROOM_METRICS_TOKEN")
    """Bearer token that opens `/metrics`, at least 16 characters; without it the address does not exist."""

    secrets_folder: Path | None = Field(None, alias="POSTROOM_SECRETS")
    """Folder with files named as the variables here, such as Docker's `/run/secrets`; the environment goes before."""

    @field_validator("metrics_token")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters")
        return value

    @field_validator("secret_key_setting")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"must have at least {SHORTEST_KEY} characters")
        return value

    @field_validator("earlier_secret_keys")
    @classmethod
    def _each_long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and any(len(one) < SHORTEST_KEY for one in _keys(value)):
            raise ValueError(
                f"must be keys of at least {SHORTEST_KEY} characters each, one a line or with commas between them"
            )
        return value

    @field_validator("database_url_setting")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if not value:
            return None
        try:
            url = make_url(value)
        except ArgumentError as error:
            raise ValueError("must look like postgresql://user:password@host/name") from error
        if url.get_backend_name() not in {"postgresql", "postgres", "sqlite"}:
            raise ValueError("must begin with postgresql:// or sqlite:///")
        return value

    @field_validator("cloudflare_base_url", "url_setting")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ValueError("must be a web address such as " + CLOUDFLARE_API)
        return value.rstrip("/")

    @classmethod
    def from_environment(cls) -> Self:
        """Read the environment, and the folder of secrets. Raises SettingsError with a line for each wrong setting."""
        folder = os.environ.get("POSTROOM_SECRETS") or None
        if folder is not None and not Path(folder).is_dir():
            raise SettingsError(f"Postroom cannot start: POSTROOM_SECRETS names {folder!r}, which is no folder.")
        try:
            return cls(_secrets_dir=folder)
        except ValidationError as error:
            raise SettingsError(_words(error)) from error
        except OSError as error:
            raise SettingsError(f"Postroom cannot start: a file of POSTROOM_SECRETS cannot be read: {error}") from error

    @cached_property
    def database_url(self) -> str:
        """URL for SQLAlchemy, with the driver Postroom uses."""
        if self.database_url_setting is None:
            return f"sqlite:///{(self.data / 'postroom.sqlite3').absolute()}"
        url = make_url(self.database_url_setting)
        if url.get_backend_name() in {"postgresql", "postgres"}:
            url = url.set(drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)

    @cached_property
    def url(self) -> str:
        """Web address of the pages, with no slash at its end."""
        return self.url_setting or f"http://127.0.0.1:{self.port}"

    @cached_property
    def secret_key(self) -> str:
        """The secret key; made once and kept in the data folder (mode 0600) when the environment gives none."""
        if self.secret_key_setting is not None:
            return self.secret_key_setting.get_secret_value()
        file = self.data / "secret_key"
        self.data.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return file.read_text().strip()
        with os.fdopen(descriptor, "w") as out:
            key = secrets.token_urlsafe(48)
            out.write(key)
        return key

    @cached_property
    def secret_keys(self) -> tuple[str, ...]:
        """The secret key, then earlier ones."""
        return (self.secret_key, *(_keys(self.earlier_secret_keys) if self.earlier_secret_keys else ()))


def _keys(value: SecretStr) -> list[str]:
    """Take several keys apart. A key may itself hold a space or a comma, so a whole line is tried as one key, too."""
    lines = [line.strip() for line in value.get_secret_value().splitlines() if line.strip()]
    parts = (part for line in lines for part in re.split(r"[\s,]+", line) if len(part) >= SHORTEST_KEY)
    return list(dict.fromkeys([*lines, *parts]))


def _words(error: ValidationError) -> str:
    lines = ["Postroom cannot start, because settings in the environment are wrong:"]
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        found = "" if "KEY" in name or "TOKEN" in name or "PASSWORD" in name else f" (found {problem['input']!r})"
        lines.append(f"  {name}: {problem['msg'].removeprefix('Value error, ')}{found}")
    return "\n".join(lines)
