"""Versions as a person uses them: publish with a note, compare, restore, duplicate, put into a folder, move."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import RunningPostroom, new_context, sign_in
from tests.browser.test_every_page import problems_of

pytestmark = pytest.mark.browser


def make_template(page: Page, postroom: RunningPostroom, name: str) -> int:
    page.goto(f"{postroom.url}/templates/")
    page.get_by_role("link", name="New template").click()
    page.get_by_label("Name of the template").fill(name)
    page.get_by_label("Empty HTML").check()
    page.get_by_role("button", name="Make the template").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    return int(page.url.rpartition("/")[2].partition("?")[0])


def publish(page: Page, subject: str, note: str) -> None:
    page.get_by_label("Subject").fill(subject)
    page.get_by_role("button", name="Check and publish").click()
    page.get_by_label("Note for this version (optional)").fill(note)
    page.get_by_role("button", name="Publish version").click()
    expect(page.get_by_role("status")).to_contain_text("Published as version")


def test_from_publishing_to_moving(page: Page, postroom: RunningPostroom, tmp_path: Path) -> None:
    number = make_template(page, postroom, "Pool closes")
    publish(page, "The pool closes on Friday", "the first one")
    page.get_by_role("link", name="Edit the draft").click()
    page.get_by_label("Subject").fill("The pool closes on Monday")
    page.get_by_role("button", name="Check and publish").click()
    expect(page.locator("main")).to_contain_text("Subject: 1 line changed")
    page.get_by_label("Note for this version (optional)").fill("another day")
    page.get_by_role("button", name="Publish version 2").click()

    page.get_by_role("link", name="All versions").click()
    expect(page.get_by_role("region", name="Versions")).to_contain_text("another day")
    page.get_by_label("Compare", exact=True).select_option(label="Version 1: the first one")
    page.get_by_label("With", exact=True).select_option(label="Version 2: another day")
    page.get_by_role("button", name="Compare").click()
    subject = page.get_by_role("region", name="Subject, side by side")
    expect(subject.locator("del")).to_contain_text("Friday")
    expect(subject.locator("ins")).to_contain_text("Monday")
    for title in ("Version 1, as it looks", "Version 2, as it looks"):
        expect(page.frame_locator(f'iframe[title="{title}"]').locator("body")).to_contain_text("Dear Anna")

    page.get_by_role("link", name="Versions", exact=True).click()
    page.get_by_text("Restore as draft: version 1").click()
    expect(page.locator("main")).to_contain_text("no unpublished changes")
    page.get_by_role("button", name="Restore version 1 now").click()
    expect(page.get_by_role("status").first).to_contain_text("is version 1 again")
    expect(page.get_by_label("Subject")).to_have_value("The pool closes on Friday")

    page.get_by_label("Folder (optional)").fill("Leisure")
    page.get_by_role("button", name="Put into the folder").click()
    page.get_by_role("button", name="Duplicate").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Copy of Pool closes")
    page.get_by_role("link", name="Templates", exact=True).first.click()
    page.get_by_role("navigation", name="Folders").get_by_role("link", name="Leisure").click()
    expect(page.get_by_role("region", name="Templates").get_by_role("row")).to_have_count(3)

    page.goto(f"{postroom.url}/templates/{number}")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download", exact=True).click()
    file = tmp_path / started.value.suggested_filename
    started.value.save_as(file)
    page.get_by_label("Subject").fill("Changed afterwards")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("status").first).to_contain_text("Draft saved")
    page.get_by_role("link", name="Templates", exact=True).first.click()
    page.get_by_role("link", name="Import").click()
    page.get_by_label("ZIP file, or one .html, .mjml or .md file").set_input_files(file)
    page.get_by_role("button", name="Look at what is in it").click()
    expect(page.locator("main")).to_contain_text("Name taken")
    page.get_by_label("Import it as a copy, under another name").check()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Pool closes (2)")
    expect(page.get_by_label("Subject")).to_have_value("The pool closes on Friday")


def test_a_foreign_file_comes_in_as_a_draft(page: Page, postroom: RunningPostroom, tmp_path: Path) -> None:
    file = tmp_path / "order_shipped.html"
    file.write_text("<html lang='en'><body><p>{{#if paid}}Thank you{{/if}}</p></body></html>")
    page.goto(f"{postroom.url}/templates/import")
    page.get_by_label("ZIP file, or one .html, .mjml or .md file").set_input_files(file)
    page.get_by_label("Keep foreign braces as they are").check()
    page.get_by_role("button", name="Look at what is in it").click()
    expect(page.locator("main")).to_contain_text("It is made as a draft.")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("order shipped")


def test_a_pasted_source_comes_in_as_a_draft(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/templates/import")
    page.get_by_label("Or paste the source of one e-mail").fill("Dear **{{ name }}**")
    page.get_by_role("radio", name="Markdown").check()
    page.get_by_role("button", name="Look at what is in it").click()
    expect(page.locator("main")).to_contain_text("It is made as a draft.")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Pasted e-mail")


@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_are_accessible_and_fit(
    browser: Browser, postroom: RunningPostroom, tmp_path: Path, width: int
) -> None:
    context = new_context(browser, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    sign_in(page, postroom)
    number = make_template(page, postroom, f"Pages at {width}")
    publish(page, "One", "first")
    page.goto(f"{postroom.url}/templates/{number}")
    page.get_by_label("Subject").fill("Two {{ fee }} " + "long " * 60)
    page.get_by_role("button", name="Save draft").click()
    found = {}
    paths = [f"{number}/publish", f"{number}/versions", f"{number}/compare", "new", "import", ""]
    file = tmp_path / "Pages.md"
    file.write_text("{{#broken}}")
    page.goto(f"{postroom.url}/templates/import")
    page.get_by_label("ZIP file, or one .html, .mjml or .md file").set_input_files(file)
    page.get_by_role("button", name="Look at what is in it").click()
    paths.append(page.url.rpartition("/templates/")[2])
    for path in paths:
        page.goto(f"{postroom.url}/templates/{path}")
        found[path] = problems_of(page)
    context.close()
    assert {path: problems for path, problems in found.items() if problems} == {}


def test_publishing_needs_no_script(browser: Browser, postroom: RunningPostroom) -> None:
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, postroom)
    make_template(page, postroom, "Without scripts")
    publish(page, "No script", "by keyboard")
    context.close()
