"""A person reads afterwards what became of their e-mail: the message's page, in their own time."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningPostroom
from tests.browser.test_every_page import problems_of

pytestmark = pytest.mark.browser


@pytest.fixture
def at_once(postroom: RunningPostroom) -> Iterator[None]:
    """Let the simulator tell later events after two seconds, for this test."""
    url = f"{postroom.simulator_url}/api/v1/settings"
    before = requests.get(url, timeout=10).json()["events"]
    assert requests.put(url, json={"events": {"after_seconds": 2, "lag_seconds": 0}}, timeout=10).ok
    yield
    requests.put(url, json={"events": before}, timeout=10)


def send_to(page: Page, postroom: RunningPostroom, address: str) -> None:
    page.goto(f"{postroom.url}/sends/new")
    page.get_by_label("Template", exact=True).select_option(label="Card renewal, version 1")
    page.get_by_label("One e-mail to addresses I type in").check()
    page.get_by_label("To", exact=True).fill(address)
    page.get_by_role("button", name="Go on to the sender").click()
    page.get_by_role("button", name="Go on to values").click()
    for name, value in (
        ("first_name", "Anna"),
        ("card_number", "0123"),
        ("renewal_date", "1 May"),
        ("concession", "no"),
    ):
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_role("button", name="Go on to the review").click()
    page.get_by_role("button", name="Start the review").click()
    page.get_by_role("button", name="Send 1 e-mail").click()
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=30_000)


def reload_until(page: Page, words: str) -> None:
    for _ in range(40):
        if page.locator("main").get_by_text(words).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"the page never said {words!r}")


@pytest.mark.usefixtures("at_once")
def test_a_queued_e_mail_that_bounces_later_says_so_with_the_server_s_words(
    page: Page, postroom: RunningPostroom
) -> None:
    send_to(page, postroom, "queued-bounce-anna@example.net")
    send_url = page.url
    page.get_by_role("link", name="queued-bounce-anna@example.net").click()
    reload_until(page, "550 5.1.1 The mailbox does not exist")
    events = page.get_by_role("list", name="Told later by the mail service").get_by_role("listitem")
    expect(events).to_have_count(2)
    expect(events.nth(0)).to_contain_text("Put off")
    expect(events.nth(1)).to_contain_text("Hard bounce")
    expect(events.nth(1).locator("time")).not_to_contain_text("UTC")
    expect(page.locator("main")).to_contain_text("Permanently bounced")
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert problems_of(page) == []
    page.goto(send_url)
    expect(page.locator("#progress")).to_contain_text(
        re.compile(r"Told later by the mail service:\s+Hard bounce\s+1 e-mail")
    )


@pytest.mark.usefixtures("at_once")
def test_one_in_doubt_that_did_go_out_is_found_and_one_that_did_not_is_looked_for(
    page: Page, postroom: RunningPostroom
) -> None:
    send_to(page, postroom, "drop-ben@example.net")
    page.get_by_role("link", name="drop-ben@example.net").click()
    reload_until(page, "Inferred: this event has no message id of ours")
    expect(page.locator("main")).to_contain_text("Delivered")
    send_to(page, postroom, "refuse-drop-cleo@example.net")
    page.get_by_role("link", name="refuse-drop-cleo@example.net").click()
    reload_until(page, "not found at the service")
    expect(page.locator("main")).to_contain_text("In doubt")
