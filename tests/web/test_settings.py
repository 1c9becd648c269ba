"""Every setting is read from the environment; a wrong one is named in words."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from app.settings import Settings, SettingsError

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    monkeypatch.setenv("POSTROOM_DATA", str(tmp_path))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("POSTROOM_PORT", "port", "POSTROOM_PORT: Input should be a valid integer"),
        ("POSTROOM_PORT", "70000", "POSTROOM_PORT: Input should be less than or equal to 65535"),
        ("POSTROOM_SECRET_KEY", "short", "POSTROOM_SECRET_KEY: must have at least 32 characters"),
        ("DATABASE_URL", "mysql://there/name", "DATABASE_URL: must begin with postgresql://"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL: must look like postgresql://"),
        ("CLOUDFLARE_BASE_URL", "api.cloudflare.com", "CLOUDFLARE_BASE_URL: must be a web address"),
        ("POSTROOM_CONNECTIONS", "0", "POSTROOM_CONNECTIONS: Input should be greater than or equal to 1"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_wanted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=re.escape(words)):
        Settings.from_environment()


def test_all_wrong_settings_are_named_at_once_and_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_PORT", "none")
    monkeypatch.setenv("POSTROOM_SECRET_KEY", "my short secret")
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment()
    assert "POSTROOM_PORT" in str(raised.value)
    assert "POSTROOM_SECRET_KEY" in str(raised.value)
    assert "my short secret" not in str(raised.value)


def test_a_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    key = Settings.from_environment().secret_key
    assert len(key) >= 32
    assert Settings.from_environment().secret_key == key
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_postgresql_urls_get_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:pass@db/postroom")
    assert Settings.from_environment().database_url == "postgresql+psycopg://me:pass@db/postroom"


def test_every_setting_is_documented() -> None:
    words = (ROOT / "docs" / "settings.md").read_text()
    missing = [field.alias for field in Settings.model_fields.values() if f"`{field.alias}`" not in words]
    assert missing == []
