"""Layouts, snippets and test e-mails, as a member of staff uses them."""

from __future__ import annotations

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import RunningPostroom, new_context, sign_in
from tests.browser.test_every_page import problems_of

pytestmark = pytest.mark.browser


def write(page: Page, words: str) -> None:
    """Write the body, once the page listens."""
    page.wait_for_load_state()
    expect(page.get_by_role("toolbar", name="Writing tools")).to_be_visible()
    page.get_by_role("textbox", name="Body").fill(words)


def make_snippet(page: Page) -> None:
    page.get_by_role("link", name="Templates", exact=True).first.click()
    page.get_by_role("link", name="Snippets", exact=True).click()
    page.get_by_role("link", name="New snippet").click()
    page.get_by_label("Name").fill("Opening hours")
    page.get_by_role("button", name="Make the snippet").click()
    write(page, "We are open **9 to 5**.")
    expect(page.frame_locator("iframe").locator("strong")).to_have_text("9 to 5")
    page.get_by_role("button", name="Check and publish").click()
    expect(page.locator("main")).to_contain_text("No template uses it yet.")
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.locator("main [role=status]").first).to_contain_text("“Opening hours”, version 1, is published.")


def use_it(page: Page) -> str:
    """Write a template with the snippet in it and publish it; gives the template's address."""
    page.get_by_role("link", name="Templates", exact=True).first.click()
    page.get_by_role("link", name="New template").click()
    page.get_by_label("Name of the template").fill("Opening times")
    page.get_by_role("button", name="Make the template").click()
    url = page.url
    page.get_by_label("Subject").fill("When we are open")
    write(page, '<p>Dear {{ first_name }}</p>{% include "Opening hours" %}')
    page.get_by_role("button", name="Check and publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Opening times, version 1")
    return url


def change_it(page: Page) -> None:
    page.get_by_role("link", name="Templates", exact=True).first.click()
    page.get_by_role("link", name="Snippets", exact=True).click()
    page.get_by_role("link", name="Opening hours", exact=True).click()
    expect(page.get_by_role("region", name="Who uses it").get_by_role("link")).to_have_text("Opening times")
    write(page, "We are open **10 to 6** now.")
    expect(page.frame_locator("iframe").locator("strong")).to_have_text("10 to 6")
    page.get_by_role("button", name="Check and publish").click()
    page.get_by_label("Note for this version").fill("Summer")
    expect(page.frame_locator("iframe[title='Opening times, now']").locator("strong")).to_have_text("9 to 5")
    expect(page.frame_locator("iframe[title='Opening times, with the change']").locator("strong")).to_have_text(
        "10 to 6"
    )
    expect(page.get_by_label("Publish version 2 of “Opening times”")).to_be_checked()
    page.get_by_role("button", name="Publish version 2").click()
    expect(page.locator("main [role=status]").first).to_contain_text("1 template has a new version with it.")
    expect(page.get_by_role("region", name="Who uses it")).to_contain_text("version 2")


def test_a_snippet_is_made_used_changed_and_republished_and_tested(page: Page, postroom: RunningPostroom) -> None:
    make_snippet(page)
    template_url = use_it(page)
    change_it(page)

    template_id = template_url.rstrip("/").rsplit("/", 1)[1]
    page.goto(f"{postroom.url}/sends/test?template={template_id}")
    page.get_by_label("Version 2").check()
    page.get_by_label("A recipient of a list").check()
    page.get_by_label("List", exact=True).select_option(label="Reading circle (30 people)")
    who = page.locator("#test-values [role=status]")
    expect(who).to_contain_text("Nothing is missing.")
    expect(who).to_contain_text("@")
    page.get_by_role("button", name="Send the test").click()
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=30_000)
    expect(page.get_by_role("heading", level=1)).to_have_text("Test of Opening times to admin@example.com")
    page.get_by_role("link", name="admin@example.com").click()
    expect(page.locator("main")).to_contain_text("proven the same")
    (mail,) = [one for one in postroom.captured() if one["Subject"] == "[Test] When we are open"]
    assert mail["To"][0]["Address"] == "admin@example.com"  # type: ignore[index]
    page.goto(postroom.simulator_url)
    page.get_by_role("link", name="[Test] When we are open").click()
    expect(page.locator("body")).to_contain_text("X-Postroom-Test")


def test_a_test_with_missing_values_goes_to_a_group_that_is_kept(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/templates/new")
    page.get_by_label("Name of the template").fill("Parcel")
    page.get_by_role("button", name="Make the template").click()
    template_id = page.url.rstrip("/").rsplit("/", 1)[1]
    page.get_by_label("Subject").fill("Parcel at {{ shelf }}")
    write(page, "<p>Your parcel is at {{ shelf }}.</p>")
    page.get_by_role("button", name="Save draft").click()
    page.goto(f"{postroom.url}/sends/test?template={template_id}")
    page.get_by_label("Myself").uncheck()
    page.get_by_label("Other addresses").fill("Ben <ben@example.net>, cleo@example.net")
    page.get_by_label("Keep these addresses as a group").fill("Desk")
    page.get_by_role("button", name="Send the test").click()
    expect(page.get_by_role("alert")).to_contain_text("Type a value for shelf")
    page.get_by_label("shelf", exact=True).fill("A7")
    page.get_by_role("button", name="Send the test").click()
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=30_000)
    sent = [one["To"][0]["Address"] for one in postroom.captured() if one["Subject"] == "[Test] Parcel at A7"]  # type: ignore[index]
    assert sorted(sent) == ["ben@example.net", "cleo@example.net"]
    page.goto(f"{postroom.url}/sends/test?template={template_id}")
    page.get_by_label("Group", exact=True).select_option(label="Desk (2)")
    page.get_by_role("link", name="Change groups").click()
    page.get_by_text("Remove", exact=True).click()
    page.get_by_role("button", name="Remove now").click()
    expect(page.get_by_role("status")).to_contain_text("“Desk” is removed")


def change_a_used_snippet(page: Page, postroom: RunningPostroom, name: str) -> None:
    """Make a snippet and a template with it, change the snippet, and go to the page that publishes it."""
    page.goto(f"{postroom.url}/templates/snippets/new")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the snippet").click()
    snippet = page.url
    write(page, "before")
    page.get_by_role("button", name="Check and publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    page.goto(f"{postroom.url}/templates/new")
    page.get_by_label("Name of the template").fill(name)
    page.get_by_role("button", name="Make the template").click()
    write(page, f'<p>{{{{ first_name }}}}</p>{{% include "{name}" %}}')
    page.get_by_role("button", name="Check and publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    page.goto(snippet)
    write(page, "after")
    page.get_by_role("button", name="Check and publish").click()


@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_are_accessible(browser: Browser, postroom: RunningPostroom, width: int) -> None:
    assert requests.get(f"{postroom.url}/healthz", timeout=10).ok
    context = new_context(browser, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    sign_in(page, postroom)
    name = f"Frame {width}"
    page.goto(f"{postroom.url}/templates/layouts/new")
    found = {"new": problems_of(page)}
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the layout").click()
    piece = page.url
    page.get_by_role("button", name="Check and publish").click()
    found["publish"] = problems_of(page)
    page.get_by_role("button", name="Publish version 1").click()
    found["edit"] = problems_of(page)
    write(page, "<p>no slot</p>")
    expect(page.locator("#preview")).to_contain_text("write {{ content }} where the e-mail goes")
    found["problem"] = problems_of(page)
    page.goto(piece)
    page.get_by_role("link", name="Version 1").click()
    found["version"] = problems_of(page)
    for path in ("/templates/layouts", "/templates/snippets", "/templates/layouts?archived=yes", "/sends/test",
                 "/sends/test?template=1", "/sends/test?template=1&list=1", "/sends/test/groups"):  # fmt: skip
        page.goto(f"{postroom.url}{path}")
        found[path] = problems_of(page)
    change_a_used_snippet(page, postroom, f"Part {width}")
    expect(page.locator("iframe")).to_have_count(2)
    found["publish-with-templates"] = problems_of(page)
    context.close()
    assert {where: problems for where, problems in found.items() if problems} == {}
