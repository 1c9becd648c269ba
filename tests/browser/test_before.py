"""Between release and start, in the browser: the countdown and Undo, a chosen time, and the stop after a wave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import RunningPostroom, new_context, sign_in, start_postroom
from tests.browser.test_every_page import problems_of
from tests.pages import SEND, make_draft, make_scheduled, press_send, wait_for_history

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def unhurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostroom]:
    """A Postroom with the undo window that people have."""
    running = start_postroom(tmp_path_factory.mktemp("unhurried"), undo_seconds=30)
    yield running
    running.process.terminate()
    running.process.wait(40)


def test_the_countdown_runs_and_undo_makes_it_a_draft(browser: Browser, unhurried: RunningPostroom) -> None:
    context = new_context(browser, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in(page, unhurried)
    make_draft(page, unhurried.url)
    press_send(page)
    face, voice = page.locator("[data-face]"), page.locator("[data-voice]")
    expect(face).to_have_text("0:27", timeout=15_000)
    expect(voice).to_contain_text("Undo is possible for")
    expect(face).to_have_text("0:25")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Nothing went out, and this is a draft again")
    expect(page.get_by_role("button", name=SEND)).to_be_visible()
    assert not [mail for mail in unhurried.captured() if "closed" in str(mail["Subject"]).lower()]
    context.close()


def test_after_the_window_the_page_goes_on_by_itself_and_stops_after_the_wave(
    browser: Browser, unhurried: RunningPostroom
) -> None:
    context = new_context(browser, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in(page, unhurried)
    make_draft(page, unhurried.url)
    page.get_by_text("Slower, or a few first").click()
    expect(page.get_by_label("E-mails", exact=True)).not_to_be_visible()
    page.get_by_label("Send a few first, then wait for me").check()
    page.get_by_label("E-mails", exact=True).fill("4")
    press_send(page)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).not_to_be_visible(timeout=60_000)
    go_on = page.get_by_role("button", name=re.compile(r"Go on with the rest \(\d+ e-mails\)"))
    expect(go_on).to_be_visible(timeout=60_000)
    before, url = go_on.inner_text(), page.url
    page.goto(f"{unhurried.url}/")
    expect(page.locator("main")).to_contain_text(re.compile(r"\d+ e-mails wait for you"))
    page.goto(url)
    page.get_by_label("E-mails", exact=True).fill("6")
    page.get_by_role("button", name="Go on with the next").click()
    expect(go_on).to_be_visible(timeout=60_000)
    expect(go_on).not_to_have_text(before)
    page.get_by_role("button", name="Go on with the rest").click()
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=60_000)
    expect(page.locator("#progress")).to_contain_text("30 of 30")
    context.close()


def test_a_send_is_scheduled_in_the_browsers_zone_and_everybody_sees_it_in_theirs(
    browser: Browser, unhurried: RunningPostroom
) -> None:
    context = new_context(browser, viewport={"width": 360, "height": 800}, timezone_id="Asia/Singapore")
    page = context.new_page()
    sign_in(page, unhurried)
    make_draft(page, unhurried.url)
    expect(page.get_by_label("Day", exact=True)).not_to_be_visible()
    page.get_by_label("Send at a time I choose").check()
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Singapore")
    page.get_by_label("Day", exact=True).fill(f"{date.today() - timedelta(days=2)}")
    page.get_by_label("Time", exact=True).fill("09:30")
    page.get_by_role("button", name=SEND).click()
    expect(page.locator("main")).to_contain_text("This time has passed")
    page.get_by_label("Day", exact=True).fill(f"{date.today() + timedelta(days=10)}")
    press_send(page)
    expect(page.locator("main")).to_contain_text("09:30 (Asia/Singapore)")
    page.get_by_role("link", name="Change the time").click()
    page.get_by_label("Time", exact=True).fill("11:45")
    page.get_by_role("button", name="Save the time").click()
    expect(page.locator("main")).to_contain_text("11:45 (Asia/Singapore)")
    url = page.url
    page.goto(f"{unhurried.url}/you")
    page.get_by_label("Your time zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Save the time zone").click()
    page.goto(url)
    expect(page.locator("main")).to_contain_text("12:45 (Asia/Tokyo)")
    page.get_by_role("button", name="Undo").click()
    page.goto(f"{unhurried.url}/you")
    page.get_by_label("Your time zone").select_option("")
    page.get_by_role("button", name="Save the time zone").click()
    context.close()


def test_undo_works_without_scripts(browser: Browser, unhurried: RunningPostroom) -> None:
    with_scripts = new_context(browser)
    page = with_scripts.new_page()
    sign_in(page, unhurried)
    number = make_draft(page, unhurried.url)
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, unhurried)
    page.goto(f"{unhurried.url}/sends/{number}/review")
    press_send(page)
    expect(page.locator("main")).to_contain_text("UTC. Until then nobody gets anything.")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("main")).to_contain_text("this is a draft again")
    context.close()
    with_scripts.close()


@pytest.mark.parametrize("width", [360, 1440])
def test_these_pages_are_accessible_in_every_state(browser: Browser, unhurried: RunningPostroom, width: int) -> None:
    context = new_context(browser, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    sign_in(page, unhurried)
    wait_for_history(page, unhurried.url)
    found: dict[str, list[str]] = {}
    make_draft(page, unhurried.url)
    page.get_by_label("Send at a time I choose").check()
    page.get_by_text("Slower, or a few first").click()
    page.get_by_label("Send a few first, then wait for me").check()
    found["release"] = problems_of(page)
    page.get_by_label("E-mails at most").fill("0")
    page.get_by_role("button", name=SEND).click()
    expect(page.locator(".error").first).to_be_visible()
    found["refused"] = problems_of(page)
    page.get_by_label("Send now").check()
    page.get_by_label("E-mails at most").fill("100")
    press_send(page)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    found["countdown"] = problems_of(page)
    page.get_by_role("button", name="Undo").click()
    scheduled = make_scheduled(page, unhurried.url)
    found["scheduled"] = problems_of(page)
    for name in ("time", "pace"):
        page.goto(f"{unhurried.url}/sends/{scheduled}/{name}")
        found[name] = problems_of(page)
    context.close()
    assert {name: problems for name, problems in found.items() if problems} == {}
