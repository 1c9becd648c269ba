"""Several secret keys: the present one, and earlier ones whose links go on working."""

from __future__ import annotations

import pytest

from app.settings import Settings, SettingsError

PRESENT = "the present key, thirty-two characters or more"
OLD, OLDER = "k" * 40, "an older key, with a comma and spaces in it"


@pytest.mark.parametrize("between", ["\n", "\n\n", "\r\n"])
def test_earlier_keys_stand_one_on_a_line(monkeypatch: pytest.MonkeyPatch, between: str) -> None:
    monkeypatch.setenv("POSTROOM_SECRET_KEY", PRESENT)
    monkeypatch.setenv("POSTROOM_EARLIER_SECRET_KEYS", f"{OLD}{between}{OLDER}\n")
    keys = Settings.from_environment().secret_keys
    assert keys[0] == PRESENT
    assert {OLD, OLDER} <= set(keys)


@pytest.mark.parametrize("between", [",", ", ", " "])
def test_or_with_something_between_them(monkeypatch: pytest.MonkeyPatch, between: str) -> None:
    monkeypatch.setenv("POSTROOM_SECRET_KEY", PRESENT)
    monkeypatch.setenv("POSTROOM_EARLIER_SECRET_KEYS", f"{OLD}{between}{'j' * 40}")
    assert {OLD, "j" * 40} <= set(Settings.from_environment().secret_keys)


def test_without_earlier_keys_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_SECRET_KEY", PRESENT)
    monkeypatch.delenv("POSTROOM_EARLIER_SECRET_KEYS", raising=False)
    assert Settings.from_environment().secret_keys == (PRESENT,)


def test_a_short_one_stops_the_program_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_SECRET_KEY", PRESENT)
    monkeypatch.setenv("POSTROOM_EARLIER_SECRET_KEYS", f"{OLD}\nshort")
    with pytest.raises(SettingsError, match="POSTROOM_EARLIER_SECRET_KEYS: must be keys of at least 32") as stopped:
        Settings.from_environment()
    assert "short" not in str(stopped.value).replace("SHORT", "")
