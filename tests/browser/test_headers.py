"""The header composer and the unsubscribe page, as people use them."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.conftest import RunningPostroom, new_context, sign_in
from tests.browser.test_every_page import problems_of
from tests.pages import SEND, press_send

pytestmark = pytest.mark.browser
PUBLIC = "https://mail.example.org"


def begin(page: Page, postroom: RunningPostroom, template: str = "Card renewal, version 1") -> str:
    """Begin a send up to its headers; gives the address of the page."""
    page.goto(f"{postroom.url}/sends/new")
    page.get_by_label("Template", exact=True).select_option(label=template)
    page.get_by_label("List", exact=True).select_option(label="Reading circle (30 people)")
    page.get_by_role("button", name="Go on to the sender").click()
    return page.url


def set_public_address(page: Page, postroom: RunningPostroom, address: str) -> None:
    page.goto(f"{postroom.url}/settings")
    page.get_by_label("Address under which recipients reach Postroom").fill(address)
    page.get_by_role("button", name="Save the address").click()
    expect(page.get_by_role("status")).to_contain_text(f"{address}/u/" if address else "no unsubscribe link")


def row(page: Page, name: str) -> Locator:
    """The row of one header; behind its name may stand where it comes from."""
    return page.get_by_role("group", name=re.compile(rf"^{name}( |$)"))


def tab_to(page: Page, name: str, limit: int = 60) -> None:
    """Press Tab until something of this name has the focus."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(() => { const one = document.activeElement;"
            " return (one.labels && one.labels.length ? one.labels[0].textContent : one.textContent).trim(); })()"
        )
        if " ".join(focused.split()) == name:
            return
    raise AssertionError(f"Tab never came to {name}")


def test_headers_by_keyboard_alone(page: Page, postroom: RunningPostroom) -> None:
    url = begin(page, postroom)
    page.reload()
    tab_to(page, "Add a header")
    page.keyboard.press("Enter")
    tab_to(page, "Add Importance")
    page.keyboard.press("Enter")
    expect(row(page, "Importance").get_by_label("Value")).to_be_focused()
    page.keyboard.press("h")
    expect(row(page, "Importance").get_by_label("Value")).to_have_value("high")
    tab_to(page, "Add a header")
    page.keyboard.press("Enter")
    tab_to(page, "Add a header of your own")
    page.keyboard.press("Enter")
    name = page.get_by_label("Name of header 3")
    expect(name).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("Reply-To")
    own = page.get_by_role("group").filter(has=name)
    expect(own).to_contain_text("Use the Reply-To field beside the sender.")
    expect(name).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("X-Office")
    expect(own).not_to_contain_text("Use the Reply-To field")
    page.keyboard.press("Tab")
    page.keyboard.type("Hull")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Values and files")
    page.goto(url)
    expect(row(page, "Importance").get_by_label("Value")).to_have_value("high")
    expect(page.get_by_label("Value of header 3")).to_have_value("Hull")
    tab_to(page, "Remove Importance")
    page.keyboard.press("Enter")
    expect(row(page, "Importance")).to_have_count(0)
    expect(page.get_by_text("Add a header", exact=True)).to_be_focused()


def test_counters_and_forms_follow_the_typing(page: Page, postroom: RunningPostroom) -> None:
    begin(page, postroom)
    page.get_by_text("Add a header", exact=True).click()
    page.get_by_role("button", name="Add Expires").click()
    when = row(page, "Expires").get_by_label("Date and time")
    when.fill("2026-12-23T12:00")
    row(page, "Expires").get_by_label("Time zone").select_option("UTC+02:00")
    expect(row(page, "Expires")).to_contain_text("Wed, 23 Dec 2026 12:00:00 +0200")
    expect(page.locator("#header-counters")).to_contain_text("2 of 20 headers")
    row(page, "Expires").get_by_role("button", name="Write it yourself").click()
    value = row(page, "Expires").get_by_label("Value")
    expect(value).to_have_value("Wed, 23 Dec 2026 12:00:00 +0200")
    value.fill("x" * 2040)
    expect(row(page, "Expires")).to_contain_text("2,040 of 2,048 bytes, nearly full")
    value.fill("x" * 2049)
    expect(row(page, "Expires")).to_contain_text("is too long: 2,049 bytes")


def test_without_javascript(browser: Browser, postroom: RunningPostroom) -> None:
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, postroom)
    url = begin(page, postroom)
    page.get_by_label("Answers go to").fill("help@example.com")
    page.get_by_text("Add a header", exact=True).click()
    page.get_by_role("button", name="Add List-Unsubscribe", exact=True).click()
    page.get_by_label("Web address (https)").fill("https://example.com/stop")
    page.get_by_label("E-mail address").fill("stop@example.com")
    page.get_by_label("One click").check()
    page.get_by_text("Add a header", exact=True).click()
    page.get_by_role("button", name="Add Content-Language").click()
    page.get_by_label("Language").fill("fr")
    expect(page.get_by_label("Answers go to")).to_have_value("help@example.com")
    page.get_by_role("button", name="Go on to values").click()
    page.goto(url)
    expect(page.get_by_label("Web address (https)")).to_have_value("https://example.com/stop")
    expect(page.get_by_label("E-mail address")).to_have_value("stop@example.com")
    expect(page.get_by_label("One click")).to_be_checked()
    expect(page.get_by_label("Language")).to_have_value("fr")
    context.close()


def test_the_default_headers_of_a_template_save_themselves(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/templates/new")
    page.get_by_label("Name of the template").fill("Default headers")
    page.get_by_role("button", name="Make the template").click()
    page.get_by_label("Subject").wait_for()
    page.locator("summary").filter(has_text="Headers").click()
    page.get_by_text("Add a header", exact=True).click()
    with page.expect_request("**/autosave"):
        page.get_by_role("button", name="Add Sensitivity").click()
        expect(row(page, "Sensitivity").get_by_label("Value")).to_be_focused()
    with page.expect_response("**/autosave"):
        row(page, "Sensitivity").get_by_label("Value").select_option("private")
    page.get_by_text("Add a header", exact=True).click()
    page.get_by_role("button", name="Add Priority").click()
    with page.expect_response("**/autosave"):
        row(page, "Priority").get_by_role("button", name="Remove").click()
    page.reload()
    expect(row(page, "Sensitivity").get_by_label("Value")).to_have_value("private")
    expect(row(page, "Priority")).to_have_count(0)


def test_a_button_pressed_while_the_last_key_is_still_to_be_checked_does_its_work(
    page: Page, postroom: RunningPostroom
) -> None:
    begin(page, postroom)
    page.get_by_text("Add a header", exact=True).click()
    page.get_by_role("button", name="Add Content-Language", exact=True).click()
    row(page, "Content-Language").wait_for()

    def slowly(route: Route) -> None:
        time.sleep(0.8)  # longer than the composer waits after a key
        route.continue_()

    page.route("**/headers*", slowly)
    page.get_by_text("Add a header", exact=True).click()
    row(page, "Content-Language").get_by_label("Language").fill("fr")
    page.get_by_role("button", name="Add Importance", exact=True).click()
    expect(row(page, "Importance")).to_be_visible()
    expect(row(page, "Content-Language").get_by_label("Language")).to_have_value("fr")


@pytest.mark.parametrize("width", [360, 1440])
def test_the_composer_with_every_kind_of_header_is_accessible(
    browser: Browser, postroom: RunningPostroom, width: int
) -> None:
    context = new_context(browser, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    sign_in(page, postroom)
    begin(page, postroom)
    for name in (
        "Importance",
        "Expires",
        "Require-Recipient-Valid-Since",
        "In-Reply-To",
        "Content-Language",
        "List-Id",
    ):
        page.get_by_text("Add a header", exact=True).click()
        page.get_by_role("button", name=f"Add {name}", exact=True).click()
        row(page, name).wait_for()
    page.get_by_role("button", name="Add unsubscribe headers").click()
    row(page, "List-Unsubscribe").wait_for()
    row(page, "Expires").get_by_role("button", name="Write it yourself").click()
    row(page, "Expires").get_by_label("Value").fill("{{ end")
    expect(row(page, "Expires")).to_contain_text("cannot be read")
    page.get_by_text("Add a header", exact=True).click()
    assert problems_of(page) == []
    context.close()


def test_from_the_hosted_link_to_the_next_send(page: Page, postroom: RunningPostroom, browser: Browser) -> None:
    set_public_address(page, postroom, PUBLIC)
    begin(page, postroom)
    page.get_by_role("button", name="Add unsubscribe headers").click()
    expect(page.get_by_label("Postroom’s own unsubscribe page")).to_be_checked()
    page.get_by_role("button", name="Go on to values").click()
    page.get_by_role("button", name="Go on to the review").click()
    page.get_by_role("button", name="Start the review").click()
    press_send(page)
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=60_000)
    page.get_by_role("link", name="Delivered").first.click()
    page.locator("main table").get_by_role("link").first.click()
    email = page.get_by_role("heading", level=1).inner_text()
    source = page.content()
    key = re.findall(rf"{PUBLIC}/u/([\w-]+)", source)[0]

    context = new_context(browser, java_script_enabled=False, bypass_csp=True)
    stranger = context.new_page()
    stranger.goto(f"{postroom.url}/u/{key}")
    stranger.get_by_role("button", name="Stop all e-mail from us").click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")
    stranger.get_by_role("button", name="Undo").click()
    stranger.get_by_role("button", name="Stop all e-mail from us").click()
    expect(stranger.locator("main")).to_contain_text("You get no more e-mail from")
    context.close()

    begin(page, postroom)
    page.get_by_role("button", name="Go on to values").click()
    page.get_by_role("button", name="Go on to the review").click()
    page.get_by_role("button", name="Start the review").click()
    expect(page.get_by_role("button", name=SEND)).to_be_visible()
    expect(page.locator("#review")).to_contain_text("unsubscribed on")
    assert email
    context = new_context(browser)
    stranger = context.new_page()
    stranger.goto(f"{postroom.url}/u/{key}")
    stranger.get_by_role("button", name="Undo").click()
    context.close()
    set_public_address(page, postroom, "")
