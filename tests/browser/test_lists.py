"""Lists in the browser: sort, filter, tick, change and undo, a person's page and erasing; without scripts, too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import RunningPostroom, new_context, sign_in
from tests.browser.test_every_page import problems_of
from tests.pages import save_import

pytestmark = pytest.mark.browser
ROWS = "email\tname\tCity\tRenewal\n" + "\n".join(
    f"p{n:02}@example.com\tPerson {n}\t{'Leeds' if n % 3 == 0 else 'Hull'}\t{n % 28 + 1} May 2026" for n in range(30)
)


def make_list(page: Page, postroom: RunningPostroom, name: str) -> None:
    """Paste thirty people; ends on the list's page."""
    page.goto(f"{postroom.url}/lists/new")
    page.get_by_label("Name of the list").fill(name)
    page.get_by_label("Or paste the rows here").fill(ROWS)
    page.get_by_role("button", name="Check the rows").click()
    save_import(page, "Save 30 people")
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def first_cells(page: Page) -> list[str]:
    return page.locator("td.address").all_inner_texts()


def test_sort_filter_tick_change_and_undo(page: Page, postroom: RunningPostroom) -> None:
    make_list(page, postroom, "Sorted members")
    page.get_by_role("link", name="Columns", exact=True).click()
    page.get_by_role("link", name="renewal").click()
    page.get_by_label("What the column holds").select_option(label="Date")
    page.get_by_role("button", name="Save what it holds").click()
    expect(page.get_by_role("status")).to_contain_text("holds: date")
    page.get_by_role("link", name="Sorted members").click()
    page.get_by_role("columnheader", name="renewal").get_by_role("link").click()
    assert first_cells(page)[0] == "p00@example.com"
    page.get_by_text("Filter by columns").click()
    page.get_by_label("Column of condition 1").select_option(label="city")
    page.get_by_label("Value of condition 1").fill("leeds")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Column of condition 2").select_option(label="renewal")
    page.get_by_label("Comparison of condition 2").select_option(label="before")
    page.get_by_label("Value of condition 2").fill("soon")
    page.get_by_role("button", name="Show who fits").click()
    expect(page.get_by_text("This column holds dates.")).to_be_visible()
    assert problems_of(page) == []
    page.get_by_label("Value of condition 2").fill("10 May 2026")
    page.get_by_role("button", name="Show who fits").click()
    expect(page.get_by_text("Shown: people with city is leeds and renewal before 10 May 2026.")).to_be_visible()
    assert first_cells(page) == [f"p{n:02}@example.com" for n in (0, 3, 6)]
    page.get_by_label("Tick p00@example.com").check()
    page.get_by_label("Tick p03@example.com").check()
    page.get_by_role("button", name="Change or remove the ticked").click()
    expect(page.get_by_role("heading", name="Change 2 people")).to_be_visible()
    page.get_by_label("Column to change").select_option("city")
    page.get_by_label("New value").fill("Oban")
    page.get_by_role("button", name="Change 2 people").click()
    expect(page.get_by_role("status").first).to_contain_text("set for 2 people")
    assert first_cells(page) == ["p06@example.com"], "the filter stays, and the two do not meet it any more"
    page.get_by_role("button", name="Undo setting column “city”").click()
    expect(page.get_by_role("status").first).to_contain_text("2 people put back")
    assert first_cells(page) == [f"p{n:02}@example.com" for n in (0, 3, 6)]


LONG = "renewal_of_the_membership_of_whoever_paid_for_the_family"


def test_nothing_stands_out_of_line(page: Page, postroom: RunningPostroom) -> None:
    make_list(page, postroom, "Long members")
    list_url = page.url
    page.goto(f"{list_url}/columns")
    page.get_by_label("Name of the new column").fill(LONG)
    page.get_by_role("button", name="Add the column").click()
    page.goto(f"{list_url}?filter_column=city&filter_operator=before&filter_value=x")
    tops = page.locator(".filter-row label").evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    assert len(set(tops)) == 1, "an error moves no label"
    line = page.locator("tbody tr").first
    middle = "one => { const box = one.getBoundingClientRect(); return box.top + box.height / 2 }"
    tick, text = (line.locator(one).evaluate(middle) for one in ("input", "a"))
    assert abs(tick - text) <= 1.5
    assert line.locator("td.tick").bounding_box()["width"] < 60  # type: ignore[index]
    page.set_viewport_size({"width": 360, "height": 900})
    for part in ("/people/new", "/columns", "/history", "/segments"):
        page.goto(f"{list_url}{part}")
        boxes = page.locator("html, .table-wrap")
        sizes = boxes.evaluate_all("all => all.map(one => one.scrollWidth - one.clientWidth)")
        assert max(sizes) <= 0, part
    page.goto(f"{postroom.url}/lists")
    assert page.evaluate("document.querySelector('.table-wrap').scrollWidth") <= 360


def test_an_opened_question_moves_no_button(page: Page, postroom: RunningPostroom) -> None:
    make_list(page, postroom, "Quiet members")
    page.goto(f"{page.url}/history")
    page.get_by_role("link", name="Pasted rows").click()
    button = page.get_by_role("link", name="Open the list")
    before = button.bounding_box()
    page.get_by_text("Undo this import", exact=True).click()
    assert button.bounding_box() == before


def test_mending_those_who_are_found_keeps_the_filter_and_its_number(page: Page, postroom: RunningPostroom) -> None:
    make_list(page, postroom, "Mended members")
    page.get_by_text("Filter by columns").click()
    page.get_by_label("Column of condition 1").select_option(label="city")
    page.get_by_label("Value of condition 1").fill("leeds")
    page.get_by_role("button", name="Show who fits").click()
    for left in (10, 9):
        expect(page.get_by_text(f"Shown: people with city is leeds. {left} people")).to_be_visible()
        page.get_by_role("link", name=re.compile("^p")).first.click()
        page.get_by_label("city").fill("Hull")
        page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Shown: people with city is leeds. 8 people")).to_be_visible()


def test_all_that_are_found_are_removed_and_come_back(page: Page, postroom: RunningPostroom) -> None:
    make_list(page, postroom, "Shrinking members")
    page.get_by_label("Search people by the beginning of address or name").fill("p1")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name="Change or remove all of these").click()
    page.get_by_role("button", name="Remove 10 people").click()
    expect(page.get_by_text("20 people · made")).to_be_visible()
    page.get_by_role("link", name="History").click()
    page.get_by_role("button", name="Undo removing people").first.click()
    expect(page.get_by_text("30 people · made")).to_be_visible()


def test_a_persons_page_and_erasing(page: Page, postroom: RunningPostroom) -> None:
    make_list(page, postroom, "Erased members")
    page.goto(f"{postroom.url}/lists")
    page.get_by_label("Find a person in all lists and e-mails by their whole address").fill("P29@example.com")
    page.get_by_role("button", name="Find the person").click()
    expect(page.get_by_role("heading", name="Person 29")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download their data (CSV)").click()
    assert "Person 29" in download.value.path().read_text(encoding="utf-8-sig")
    page.get_by_role("link", name="Erase this person").click()
    expect(page.get_by_text("This takes p29@example.com out of")).to_be_visible()
    assert problems_of(page) == []
    page.get_by_role("button", name="Erase this person now").click()
    expect(page.get_by_role("status").filter(has_text="Erased: taken out of")).to_be_visible()
    answer = page.goto(f"{postroom.url}/sends/person?email=p29@example.com")
    assert answer is not None and answer.status == 404


def test_the_filter_and_a_bulk_change_work_without_scripts(browser: Browser, postroom: RunningPostroom) -> None:
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, postroom)
    make_list(page, postroom, "Scriptless members")
    page.get_by_text("Filter by columns").click()
    page.get_by_label("Column of condition 1").select_option(label="city")
    page.get_by_label("Value of condition 1").fill("Hull")
    page.get_by_role("button", name="Add a condition").click()
    expect(page.get_by_label("Value of condition 1")).to_have_value("Hull")
    page.get_by_role("button", name="Remove condition 2").click()
    page.get_by_role("button", name="Show who fits").click()
    assert len(first_cells(page)) == 20
    page.get_by_role("link", name="Change or remove all of these").click()
    page.get_by_role("button", name="Remove 20 people").click()
    expect(page.get_by_text("10 people · made")).to_be_visible()
    context.close()
