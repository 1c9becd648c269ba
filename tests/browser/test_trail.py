"""The activity as a person uses it: filter, open an entry, read before and after, also small and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import RunningPostroom, new_context, sign_in

pytestmark = pytest.mark.browser


def test_an_entry_is_found_by_the_filter_and_tells_before_and_after(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/templates/new")
    page.get_by_label("Name of the template").fill("Trail of a name")
    page.get_by_role("button", name="Make the template").click()
    page.get_by_label("Name of the template").fill("Trail of another name")
    page.get_by_role("button", name="Rename").click()
    page.goto(f"{postroom.url}/activity")
    page.get_by_label("What", exact=True).select_option(label="Templates, layouts and snippets")
    page.get_by_label("Words").fill("Trail of another name")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("link", name="Before and after").first.click()
    table = page.get_by_role("table", name="What changed, before and after")
    expect(table).to_contain_text("Trail of a name")
    expect(table).to_contain_text("Trail of another name")
    expect(page.get_by_text(re.compile(r"In the browser, with \w*Chrome on "))).to_be_visible()


def test_the_trail_can_be_read_on_a_phone_without_scripts(browser: Browser, postroom: RunningPostroom) -> None:
    context = new_context(browser, java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    sign_in(page, postroom)
    page.goto(f"{postroom.url}/activity")
    page.get_by_label("Who").select_option(label="Postroom itself")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("table", name="Activity, newest first")).to_be_visible()
    page.get_by_role("link", name="Prove it").click()
    expect(page.get_by_role("heading", name="Proving the trail")).to_be_visible()
    context.close()


def test_values_are_marked_to_be_hidden_on_a_page_of_the_template(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/templates/1")
    page.get_by_role("link", name="Hide values after sending").click()
    page.get_by_label("Hide the values of these variables").check()
    page.get_by_label("Variables, with commas between them").fill("not-a-name")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is no name of a variable")).to_be_visible()
    page.get_by_label("Variables, with commas between them").fill("closed_from")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved in the draft")).to_be_visible()
    page.get_by_role("link", name="Hide values after sending").click()
    page.get_by_label("Keep them").check()
    page.get_by_role("button", name="Save").click()
