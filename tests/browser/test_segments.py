"""Segments and several lists as staff use them: make a part of a list, write to two lists without a third."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import RunningPostroom, new_context, sign_in
from tests.browser.test_every_page import problems_of
from tests.browser.test_studio import write
from tests.pages import save_import

pytestmark = pytest.mark.browser

MEMBERS = ("anna,Leeds", "ben,York", "cleo,Leeds")
DEBTORS = ("cleo,Leeds", "dan,Leeds", "eve,York", "finn,Leeds")
STAFF = ("finn,Leeds",)


def a_list(page: Page, url: str, folder: Path, name: str, rows: tuple[str, ...]) -> str:
    """Bring in a list of e-mail names and cities; gives its address."""
    file = folder / f"{name}.csv"
    lines = (row.split(",") for row in rows)
    file.write_text("Email,Name,City\n" + "".join(f"{who}@example.net,{name} {who},{city}\n" for who, city in lines))
    page.goto(f"{url}/lists/new")
    page.get_by_label("Name of the list").fill(name)
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Check the rows").click()
    save_import(page, f"save {len(rows)} p")
    return page.url


def a_template(page: Page, url: str) -> None:
    page.goto(f"{url}/templates/new")
    page.get_by_label("Name of the template").fill("Round letter")
    page.get_by_label("Empty HTML").check()
    page.get_by_role("button", name="Make the template").click()
    page.get_by_label("Subject").fill("For {{ name }}")
    write(page, "<p>Dear {{ name }} in {{ city }}.</p>")
    page.get_by_role("button", name="Check and publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    page.wait_for_url("**/templates/**")


def leeds_of(page: Page, list_url: str) -> None:
    """Make the segment of those in Leeds, from the list's page on."""
    page.goto(list_url)
    page.get_by_role("link", name="Segments").click()
    page.get_by_role("link", name="New segment").click()
    page.get_by_label("Name of the segment").fill("Leeds")
    page.get_by_label("Column of condition 1").select_option("city")
    page.get_by_label("Value of condition 1").fill("leeds")
    expect(page.locator(".count")).to_have_text("3 people")  # before anything is pressed
    page.get_by_role("button", name="Show the first people").click()
    expect(page.locator(".count")).to_have_text("3 people")
    expect(page.get_by_role("region", name="First people")).to_contain_text("dan@example.net")
    expect(page.get_by_role("region", name="First people")).not_to_contain_text("eve@example.net")
    assert problems_of(page) == []
    page.get_by_role("button", name="Save the segment").click()
    expect(page.get_by_text("The segment “Leeds” is saved.")).to_be_visible()
    expect(page.locator(".count")).to_have_text("3 people")
    assert problems_of(page) == []


def add(page: Page, what: str, how: str) -> None:
    page.get_by_label("List or segment").select_option(label=what)
    page.get_by_label(how).check()
    page.get_by_role("button", name="Add", exact=True).click()


def test_a_part_of_one_list_and_another_list_are_written_to_without_a_third(
    browser: Browser, postroom: RunningPostroom, tmp_path: Path
) -> None:
    context = new_context(browser, bypass_csp=True)
    page = context.new_page()
    sign_in(page, postroom)
    a_list(page, postroom.url, tmp_path, "Members of 1908", MEMBERS)
    debtors = a_list(page, postroom.url, tmp_path, "Debtors of May", DEBTORS)
    a_list(page, postroom.url, tmp_path, "Our staff", STAFF)
    a_template(page, postroom.url)
    leeds_of(page, debtors)

    page.goto(f"{postroom.url}/sends/new")
    page.get_by_label("Template", exact=True).select_option(label="Round letter, version 1")
    page.get_by_label("List", exact=True).select_option(label="Members of 1908 (3 people)")
    page.get_by_role("button", name="Several lists, or a part of one").click()
    expect(page.locator(".count")).to_have_text("3 people")
    add(page, "“Leeds” of Debtors of May", "Write to them")
    expect(page.locator(".count")).to_have_text("5 people")
    add(page, "Everybody on Our staff (1 person)", "Leave them out")
    whom = "Members of 1908, and “Leeds” of Debtors of May, without Our staff"
    expect(page.get_by_text(whom).first).to_be_visible()
    expect(page.locator(".count")).to_have_text("4 people")
    assert problems_of(page) == []
    page.get_by_role("link", name="Go on to the sender").click()
    page.get_by_role("button", name="Go on to values").click()
    page.get_by_role("button", name="Go on to the review").click()
    expect(page.locator("dl")).to_contain_text(f"{whom}: 4 people")
    page.get_by_role("button", name="Start the review").click()
    page.get_by_role("button", name="Send 4 e-mails").click(timeout=60_000)
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=60_000)
    expect(page.get_by_role("heading", level=1)).to_contain_text(whom)
    results = page.url
    for who in ("anna", "ben", "cleo", "dan"):
        expect(page.get_by_text(f"{who}@example.net").first).to_be_visible()
    expect(page.get_by_text("eve@example.net")).to_have_count(0)
    expect(page.get_by_text("finn@example.net")).to_have_count(0)
    captured = [one for one in postroom.captured() if "Members of 1908 cleo" in str(one)]
    assert len(captured) == 1, "whoever is on both gets one e-mail, with the data of the first list"

    page.goto(debtors)
    page.get_by_role("link", name="Segments").click()
    page.get_by_role("link", name="Leeds", exact=True).click()
    expect(page.get_by_text("no unfinished send")).to_be_visible()
    page.get_by_text("Delete this segment").first.click()
    page.get_by_role("button", name="Delete this segment now").click()
    expect(page.get_by_text("Nobody left the list.")).to_be_visible()
    page.goto(results)
    expect(page.get_by_role("heading", level=1)).to_contain_text(whom)
    context.close()


def test_without_scripts_the_same_pages_do(browser: Browser, postroom: RunningPostroom, tmp_path: Path) -> None:
    with_scripts = new_context(browser).new_page()
    sign_in(with_scripts, postroom)
    url = a_list(with_scripts, postroom.url, tmp_path, "Plain people", MEMBERS)
    with_scripts.context.close()
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, postroom)
    page.goto(f"{url}/segments/new")
    page.get_by_label("Name of the segment").fill("Not York")
    page.get_by_label("Column of condition 1").select_option("city")
    page.get_by_label("Comparison of condition 1").select_option("is_not")
    page.get_by_label("Value of condition 1").fill("York")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Column of condition 2").select_option("email")
    page.get_by_label("Comparison of condition 2").select_option("begins_with")
    page.get_by_label("Value of condition 2").fill("c")
    page.get_by_label("Name of the segment").press("Enter")
    expect(page.get_by_text("The segment “Not York” is saved.")).to_be_visible()
    page.get_by_role("link", name="Count the people").click()
    expect(page.locator(".count")).to_have_text("1 person")
    page.get_by_role("link", name="Write to these people").click()
    expect(page.get_by_text("“Not York” of Plain people.")).to_be_visible()
    page.get_by_label("Template", exact=True).select_option(label="Card renewal, version 1")
    page.get_by_role("button", name="Go on to the sender").click()
    page.get_by_role("link", name="Template and people").click()
    page.get_by_role("link", name="Change the lists").click()
    expect(page.get_by_text("“Not York” of Plain people").first).to_be_visible()
    context.close()
