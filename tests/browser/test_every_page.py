"""Every page, at both widths and in both themes: axe finds nothing, and nothing sticks out sideways."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import RunningPostroom, new_context, sign_in
from tests.pages import PLACES, SEND, make_awaiting, make_draft, make_scheduled, wait_for_history

pytestmark = pytest.mark.browser
Options = dict[str, Any]
PARTS = 3
"""Tests that share the pages, so that none takes longer than a test may on a busy machine."""
AXE = Axe().axe_script
RULES: Options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
RULES_OF_COLOUR: Options = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""A theme changes colours and nothing else, so in the second one only these can say something new."""


def violations(page: Page, rules: Options) -> list[dict[str, Any]]:
    """What axe finds. Asked only for that, and put into a document once, it takes less than half the time."""
    page.wait_for_load_state()  # after a press the next page may only have begun
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    answer = page.evaluate("rules => axe.run(rules)", {**rules, "resultTypes": ["violations"]})
    found: list[dict[str, Any]] = answer["violations"]
    return found


def problems_of(page: Page) -> list[str]:
    """What is wrong with the page that is open, in the light theme and in the dark one."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")  # no colour that is on its way to another
    found = violations(page, RULES)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += violations(page, RULES_OF_COLOUR)
    problems = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    too_wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return [*problems, "the page is wider than the window"] if too_wide else problems


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_is_accessible(browser: Browser, postroom: RunningPostroom, width: int, part: int) -> None:
    context = new_context(browser, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{postroom.url}/sign-in")
    found = {"sign-in": problems_of(page)}
    sign_in(page, postroom)
    wait_for_history(page, postroom.url)
    draft = make_draft(page, postroom.url)
    numbers = {"draft": draft, "scheduled": make_scheduled(page, postroom.url), **make_awaiting(page, postroom.url)}
    for place in PLACES[part::PARTS]:
        page.goto((postroom.simulator_url if place.of_simulator else postroom.url) + place.path.format(**numbers))
        found[place.name] = problems_of(page)
    context.close()
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_a_page_can_be_used_by_keyboard_alone(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/templates/new")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_pages_work_without_scripts(browser: Browser, postroom: RunningPostroom) -> None:
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, postroom)
    draft_url = f"{postroom.url}/sends/new"
    page.goto(draft_url)
    page.get_by_label("Template", exact=True).select_option(label="Card renewal, version 1")
    page.get_by_label("List", exact=True).select_option(label="Reading circle (30 people)")
    page.get_by_role("button", name="Go on to the sender").click()
    page.get_by_role("button", name="Go on to values").click()
    page.get_by_role("button", name="Go on to the review").click()
    page.get_by_role("button", name="Start the review").click()
    for _ in range(100):
        if page.get_by_role("button", name=SEND).count():
            break
        page.wait_for_timeout(100)
        page.reload()
    assert page.get_by_role("button", name=SEND).count() == 1
    context.close()
