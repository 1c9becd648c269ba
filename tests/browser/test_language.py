"""Somebody chooses German: pages, dates, numbers and the scripts' words follow, and the sign-in page the browser."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_datetime
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import RunningPostroom, new_context
from tests.browser.test_every_page import RULES, violations

pytestmark = pytest.mark.browser


def clean(page: Page) -> None:
    assert violations(page, RULES) == []


def choose(page: Page, url: str, label: str, language: str, button: str) -> None:
    page.goto(f"{url}/you")
    page.get_by_label(label).select_option(label=language)
    page.get_by_role("button", name=button).click()


def test_a_person_reads_postroom_in_german(page: Page, postroom: RunningPostroom) -> None:
    choose(page, postroom.url, "Language of the pages", "Deutsch", "Save the language")
    expect(page.get_by_text("Die Sprache ist geändert.")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    try:
        clean(page)
        page.get_by_role("link", name="Start", exact=True).click()
        expect(page.get_by_role("heading", name=re.compile("Schön, dass Sie da sind"))).to_be_visible()
        expect(page.get_by_role("heading", name="Letzte Versände")).to_be_visible()
        clean(page)
        page.get_by_role("link", name="Sperren", exact=True).click()
        expect(page.get_by_role("heading", name="Sperren", exact=True)).to_be_visible()
        page.get_by_role("link", name="Eine Adresse hinzufügen").first.click()
        page.get_by_role("button", name="Adresse hinzufügen").click()
        expect(page.get_by_text("Geben Sie die E-Mail-Adresse ein.")).to_be_visible()
        page.get_by_label("E-Mail-Adresse").fill("deutsch@example.net")
        page.get_by_label("Letzter Tag ohne E-Mail").fill("2031-05-31")
        page.get_by_role("button", name="Adresse hinzufügen").click()
        expect(page.get_by_text("deutsch@example.net erhält keine E-Mail mehr.")).to_be_visible()
        expect(page.get_by_text("31. Mai 2031")).to_be_visible()
        since = page.locator("dd time").first
        expect(since).to_have_text(re.compile(r"^\d{1,2}\.(\d{2}\.| \w+\.?) ?\d{4}, \d{2}:\d{2}$"))
        clean(page)
        page.get_by_text("Aufheben", exact=True).click()
        page.get_by_role("button", name="Ja: Aufheben").click()
        expect(page.get_by_text("An deutsch@example.net darf wieder geschrieben werden.")).to_be_visible()
        page.set_viewport_size({"width": 360, "height": 800})
        for path in ("/", "/suppressions", "/suppressions/rules", "/you"):
            page.goto(f"{postroom.url}{path}")
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
            clean(page)
        page.goto(f"{postroom.url}/no-such-page")
        expect(page.get_by_role("heading", name="Diese Seite gibt es nicht")).to_be_visible()
    finally:
        choose(page, postroom.url, "Sprache der Seiten", "English", "Sprache speichern")
        expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_sign_in_page_speaks_as_the_browser_asks(browser: Browser, postroom: RunningPostroom) -> None:
    for asked, language, words in (("de-AT", "de", "Zum Inhalt springen"), ("en-GB", "en", "Skip to the content")):
        context = new_context(browser, locale=asked)
        page = context.new_page()
        page.goto(f"{postroom.url}/sign-in")
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.get_by_role("link", name=words)).to_have_count(1)
        clean(page)
        context.close()


def shows_time(page: Page, address: str, pattern: str, tag: str, behind: str = "") -> None:
    """See that the first time of a page stands there as the server would write it, in New York."""
    page.goto(address)
    shown = page.locator("main time[data-local]").first
    at = datetime.fromisoformat(shown.get_attribute("datetime") or "").astimezone(ZoneInfo("America/New_York"))
    expect(shown).to_have_text(format_datetime(at, pattern, tzinfo=at.tzinfo, locale=tag) + behind)


def test_scripts_write_times_as_the_server_does(page: Page, browser: Browser, postroom: RunningPostroom) -> None:
    own = {"locale": "en-US", "timezone_id": "America/New_York"}  # an American browser has a way of its own
    context = new_context(browser, storage_state=page.context.storage_state(), **own)
    american = context.new_page()
    lists, entry = f"{postroom.url}/lists", f"{postroom.url}/activity/1"
    shows_time(american, lists, "d MMM y, HH:mm", "en")
    shows_time(american, entry, "EEEE d MMMM y, HH:mm:ss", "en", " (America/New York)")
    choose(page, postroom.url, "Language of the pages", "Deutsch", "Save the language")
    try:
        shows_time(american, lists, "d. MMM y, HH:mm", "de")
        shows_time(american, entry, "EEEE, d. MMMM y, HH:mm:ss", "de", " (America/New York)")
    finally:
        choose(page, postroom.url, "Sprache der Seiten", "English", "Sprache speichern")
    context.close()
