"""Bringing people in, as a member of staff does it: every kind of file, every way, every repair, and back again."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import RunningPostroom, new_context, sign_in
from tests.browser.test_every_page import problems_of
from tests.recipients.files.cards import NEW_CARD
from tests.recipients.files.making import ods, xlsx

pytestmark = pytest.mark.browser
_numbers = count(1)

MIXED = (
    "email,name,City\nann@example.com,Ann,Leeds\nbo@gmial.com,Bo,York\nno address,Cy,Hull\ndee@münchen.de,Dee,Ely\n"
    "ann@example.com,Ann again,Bath\neve@example.com,Eve,Wells\n"
)


def give(page: Page, postroom: RunningPostroom, content: bytes | str, file_name: str, *, to: str = "/lists/new") -> str:
    """Upload a file and wait until it is read; gives the name of the list."""
    name = f"Import {next(_numbers)}"
    raw = content.encode() if isinstance(content, str) else content
    page.goto(postroom.url + to)
    if to == "/lists/new":
        page.get_by_label("Name of the list").fill(name)
    kind = "application/octet-stream"
    page.get_by_label("Spreadsheet or CSV file").set_input_files({"name": file_name, "mimeType": kind, "buffer": raw})
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("The rows are being checked")
    return name


def save(page: Page, button: str | re.Pattern[str] = re.compile("[Ss]ave .* p(erson|eople)")) -> str:
    """Import, and wait until it is done; gives the address of the list."""
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The import is done", timeout=30_000)
    address = page.get_by_role("link", name="Open the list").get_attribute("href")
    assert address is not None
    return address


def cells_of(page: Page, postroom: RunningPostroom, address: str) -> list[list[str]]:
    """The rows of a list's own page."""
    page.goto(postroom.url + address)
    rows = page.get_by_role("region", name="People").get_by_role("row").all()[1:]
    return [[cell.inner_text().strip() for cell in row.get_by_role("cell").all()[1:]] for row in rows]


def downloaded(page: Page, link: str) -> list[list[str]]:
    with page.expect_download() as started:
        page.get_by_role("link", name=link).click()
    return list(csv.reader(io.StringIO(Path(started.value.path()).read_text(encoding="utf-8-sig"))))


@pytest.mark.parametrize(
    ("content", "file_name", "read_as"),
    [
        ("email\tname\nann@example.com\tAnn\nbo@example.com\tBo\n", "people.tsv", "tabs between the cells"),
        (
            xlsx(["email", "name"], ["ann@example.com", "Ann"], ["bo@example.com", "Bo"])(),
            "people.xlsx",
            "sheet “People”",
        ),
        (
            ods(("Leute", [["email", "name"], ["ann@example.com", "Ann"], ["bo@example.com", "Bo"]]))(),
            "people.ods",
            "“Leute”",
        ),
        (NEW_CARD + NEW_CARD.replace("bo@", "ann@"), "people.vcf", "address cards"),
    ],
    ids=["tsv", "xlsx", "ods", "vcard"],
)
def test_every_kind_of_file_becomes_a_list(
    page: Page, postroom: RunningPostroom, content: bytes | str, file_name: str, read_as: str
) -> None:
    name = give(page, postroom, content, file_name)
    expect(page.locator("main")).to_contain_text(read_as)
    address = save(page, "Save 2 people")
    rows = cells_of(page, postroom, address)
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    assert [row[0] for row in rows] == ["ann@example.com", "bo@example.com"]


def test_a_paste_becomes_a_list(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/lists/new")
    page.get_by_label("Name of the list").fill("From the clipboard")
    page.get_by_label("Or paste the rows here").fill("Name\tMail\nOkafor, Ann\tann@example.com")
    page.get_by_role("button", name="Check the rows").click()
    save(page, "Save 1 person")


def test_bad_rows_are_mended_in_their_place_by_suggestion_by_hand_and_kept(
    page: Page, postroom: RunningPostroom
) -> None:
    give(page, postroom, MIXED, "people.csv")
    expect(page.get_by_role("heading", name="4 rows with a problem")).to_be_visible()
    rows = page.get_by_role("region", name="Rows with a problem", exact=True)
    page.get_by_role("button", name="Use “dee@xn--mnchen-3ya.de”").click()
    expect(rows).to_contain_text("Line 5 is good now.")
    expect(page.get_by_role("button", name="Edit line 6")).to_be_focused()
    page.get_by_role("button", name="Keep line 3 as it is").click()
    expect(rows).to_contain_text("Line 3 is good now.")
    expect(page.get_by_role("button", name="Edit line 4")).to_be_focused()
    page.keyboard.press("Enter")
    field = rows.get_by_label("email")
    expect(field).to_be_focused()
    field.fill("still no address")
    page.get_by_role("button", name="Check line 4 again").click()
    expect(field).to_have_accessible_description(re.compile("“still no address” is not an e-mail address"))
    expect(field).to_be_focused()
    expect(field).to_have_value("still no address")
    field.fill("cy@example.com")
    field.press("Enter")
    expect(rows).to_contain_text("Line 4 is good now.")
    expect(page.get_by_role("heading", name="1 row with a problem")).to_be_visible()
    page.get_by_label("Kind of problem").select_option(label="Twice in the file (1)")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(rows).not_to_contain_text("is good now.")
    expect(rows).to_contain_text("The same address as in line 2.")
    downloaded_rows = downloaded(page, "Download these rows with reasons")
    assert downloaded_rows[1][0] == "6"
    assert downloaded_rows[1][2:] == ["ann@example.com", "Ann again", "Bath"]
    address = save(page, "Leave out 1 row and save 5 people")
    assert len(cells_of(page, postroom, address)) == 5


def test_the_last_mended_row_keeps_the_focus_on_its_words(page: Page, postroom: RunningPostroom) -> None:
    give(page, postroom, "email\nann@example.com\nbo@gmial.com\n", "people.csv")
    page.get_by_role("button", name="Use “bo@gmail.com”").click()
    expect(page.get_by_text("Line 3 is good now.").last).to_be_focused()
    expect(page.get_by_role("button", name="Save 2 people")).to_be_visible()


def test_a_row_is_mended_on_a_page_of_its_own(page: Page, postroom: RunningPostroom) -> None:
    give(page, postroom, MIXED, "people.csv")
    address = page.url
    page.goto(f"{address}/rows/4")
    page.get_by_label("email").fill("none")
    page.get_by_role("button", name="Check line 4 again").click()
    expect(page.get_by_role("status")).to_contain_text("Line 4 is still bad: “none”")
    page.get_by_label("email").fill("cy@example.com")
    page.get_by_role("button", name="Check line 4 again").click()
    expect(page.get_by_role("status")).to_have_text("Line 4 is good now.")
    expect(page).to_have_url(address)


def test_nothing_that_is_typed_is_lost_while_rows_are_mended(page: Page, postroom: RunningPostroom) -> None:
    give(page, postroom, MIXED, "people.csv")
    page.get_by_label("Name of the list").fill("A typed name")
    page.get_by_label("What “City” holds").select_option("File name")
    page.get_by_role("button", name="Edit line 4").click()
    rows = page.get_by_role("region", name="Rows with a problem", exact=True)
    rows.get_by_label("email").fill("cy@example.com")
    page.get_by_role("button", name="Use “bo@gmail.com”").click()
    expect(rows).to_contain_text("Line 3 is good now.")
    expect(rows.get_by_label("email")).to_have_value("cy@example.com")
    expect(page.get_by_label("Name of the list")).to_have_value("A typed name")
    expect(page.get_by_label("What “City” holds")).to_have_value("file")
    for button in ("Leave out 3 rows and save 3 people", "Use every suggestion", "Show"):
        page.get_by_role("button", name=button, exact=True).click()
        expect(rows.get_by_role("alert")).to_contain_text("check this line, or leave it")
        expect(rows.get_by_label("email")).to_be_focused()
    page.get_by_role("button", name="Check line 4 again").click()
    expect(rows).to_contain_text("Line 4 is good now.")
    page.get_by_role("button", name="Leave out 2 rows and save 4 people").click()
    expect(page.locator("main")).to_contain_text("Nothing is imported yet: what you chose had not been counted.")
    expect(page.get_by_label("Name of the list")).to_have_value("A typed name")
    expect(page.get_by_label("What “City” holds")).to_have_value("file")
    address = save(page, "Leave out 2 rows and save 4 people")
    cells_of(page, postroom, address)
    expect(page.get_by_role("heading", level=1)).to_contain_text("A typed name")


def test_a_row_is_mended_within_a_phone(browser: Browser, postroom: RunningPostroom) -> None:
    context = new_context(browser, viewport={"width": 360, "height": 740})
    page = context.new_page()
    sign_in(page, postroom)
    give(page, postroom, MIXED, "people.csv")
    page.get_by_role("button", name="Edit line 4").click()
    rows = page.get_by_role("region", name="Rows with a problem", exact=True)
    controls = [
        rows.get_by_label("email"),
        rows.get_by_label("City"),
        rows.get_by_role("button", name="Check line 4 again"),
        rows.get_by_role("button", name="Keep line 3 as it is"),
        page.get_by_label("Use of “City”"),
        page.get_by_label("What “City” holds"),
    ]
    for control in controls:
        expect(control).to_be_visible()
        box = control.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360, control
    for region in page.locator(".table-wrap").all():
        assert region.evaluate("one => one.scrollWidth <= one.clientWidth")
    context.close()


def test_columns_are_renamed_left_out_and_given_a_kind(page: Page, postroom: RunningPostroom) -> None:
    rows = "email,Since,Secret\nann@example.com,1 May 2026,x\nbo@example.com,soon,y\n"
    give(page, postroom, rows, "people.csv")
    page.get_by_label("Use of “Secret”").select_option("Left out")
    page.get_by_label("Name of “Since” in templates").fill("Member since")
    page.get_by_label("What “Since” holds").select_option("Date")
    page.get_by_role("button", name="Check again with these columns").click()
    expect(page.locator("main")).to_contain_text("“soon” is not what the column holds (date).")
    address = save(page)
    cells_of(page, postroom, address)
    heads = page.get_by_role("region", name="People").get_by_role("columnheader").all_inner_texts()
    assert "member_since" in heads
    assert "secret" not in heads


def test_of_two_addresses_a_person_chooses_and_sheets_and_headers_too(page: Page, postroom: RunningPostroom) -> None:
    def second(book: object) -> None:
        sheet = book.create_sheet("Members")  # type: ignore[attr-defined]
        for row in (["Printed on Monday"], ["Mail", "Work mail"], ["ann@example.com", "ann@example.org"]):
            sheet.append(row)

    give(page, postroom, xlsx(["email"], ["old@example.com"], change=second)(), "book.xlsx")
    page.get_by_text("Read the file in another way").click()
    page.get_by_label("Sheet", exact=True).select_option("Members")
    page.get_by_role("button", name="Read it so").click()
    expect(page.locator("main")).to_contain_text("Several columns have e-mail addresses")
    page.get_by_label("Use of “Work mail”").select_option("E-mail address")
    page.get_by_role("button", name="Check the rows with these columns").click()
    address = save(page)
    assert cells_of(page, postroom, address)[0][0] == "ann@example.org"


def test_a_list_is_added_to_updated_replaced_and_each_is_undone(page: Page, postroom: RunningPostroom) -> None:
    first = "email,name,City\nann@example.com,Ann,Leeds\nbo@example.com,Bo,York\ncy@example.com,Cy,Hull\n"
    give(page, postroom, first, "people.csv")
    address = save(page)
    before = cells_of(page, postroom, address)
    following = "E-MAIL;city\nann@example.com;Bath\nbo@example.com;\nnew@example.com;Ely\n"
    for way, effect, button, after in (
        ("Add people to a list", "adds 1, changes 0, leaves 3, removes 0", "Import 1 person", 4),
        ("Update by e-mail", "adds 1, changes 1, leaves 2, removes 0", "Import 2 people", 4),
        ("Replace the list", "adds 1, changes 2, leaves 0, removes 1", "Import and remove 1 person", 3),
    ):
        give(page, postroom, following, "more.csv", to=f"{address}/import")
        page.get_by_label(way).check()
        page.get_by_role("button", name="Count the effect").click()
        expect(page.locator("main")).to_contain_text(f"This import {effect}.")
        save(page, button)
        upload = page.url
        assert len(cells_of(page, postroom, address)) == after
        page.goto(upload)
        page.get_by_text("Undo this import", exact=True).click()
        page.get_by_role("button", name="Undo this import now").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("The import was undone", timeout=30_000)
        assert cells_of(page, postroom, address) == before


def test_a_large_file_shows_its_progress_goes_on_alone_and_can_be_stopped(
    page: Page, postroom: RunningPostroom
) -> None:
    rows = "email,name\n" + "".join(f"person{n}@example.com,Person {n}\n" for n in range(150_000))
    page.goto(f"{postroom.url}/lists/new")
    page.get_by_label("Name of the list").fill("A large one")
    file = {"name": "large.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    page.get_by_label("Spreadsheet or CSV file").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Say how it is read")
    page.get_by_role("button", name="Check the rows with these columns").click()
    upload = page.url
    page.goto(f"{postroom.url}/lists")
    expect(page.locator("main")).to_contain_text("A large one")
    page.goto(upload)
    expect(page.get_by_role("button", name="Save 150,000 people")).to_be_visible(timeout=120_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status")).to_contain_text("The upload is cancelled.")


def test_what_cannot_be_read_is_said_beside_its_field(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/lists/new")
    file = {"name": "people.csv", "mimeType": "text/csv", "buffer": b"%PDF-1.7"}
    page.get_by_label("Spreadsheet or CSV file").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_role("button", name="Check the rows").click()
    expect(page.locator("main")).to_contain_text("This is a PDF, which cannot be read here.")


def test_an_example_file_is_made_from_a_template(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/lists/new")
    page.get_by_label("With the columns of the template").select_option(label="Library closure, version 1")
    with page.expect_download() as started:
        page.get_by_role("button", name="Download the example").click()
    header = Path(started.value.path()).read_text(encoding="utf-8-sig").splitlines()[0].split(",")
    assert header[:2] == ["email", "name"]
    assert "closed_from" in header


@pytest.fixture
def plain_page(browser: Browser, postroom: RunningPostroom) -> Iterator[Page]:
    """A page in a browser that runs no scripts."""
    context = new_context(browser, java_script_enabled=False)
    context.set_default_timeout(20_000)
    made = context.new_page()
    sign_in(made, postroom)
    yield made
    context.close()


def test_all_of_it_works_without_scripts(plain_page: Page, postroom: RunningPostroom) -> None:
    page = plain_page
    page.goto(f"{postroom.url}/lists/new")
    page.get_by_label("Name of the list").fill("Without scripts")
    page.get_by_label("Or paste the rows here").fill(MIXED)
    page.get_by_role("button", name="Check the rows").click()
    _refresh_until(page, "Here is what was understood")
    page.get_by_role("button", name="Edit line 4").click()
    page.get_by_label("email").fill("no address either")
    page.get_by_role("button", name="Check line 4 again").click()
    expect(page.get_by_role("status")).to_contain_text("Line 4 is still bad: “no address either”")
    page.get_by_label("email").fill("cy@example.com")
    page.get_by_role("button", name="Check line 4 again").click()
    expect(page.get_by_role("status")).to_have_text("Line 4 is good now.")
    page.get_by_label("Use of “City”").select_option("Left out")
    page.get_by_label("Name of the list").fill("Named without scripts")
    page.get_by_role("button", name="Use “bo@gmail.com”").click()
    _refresh_until(page, "Here is what was understood")
    expect(page.get_by_label("Use of “City”")).to_have_value("out")
    page.get_by_label("Kind of problem").select_option("Twice in the file (1)")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("region", name="Rows with a problem", exact=True).get_by_role("row")).to_have_count(2)
    expect(page.get_by_label("Name of the list")).to_have_value("Named without scripts")
    page.get_by_role("button", name=re.compile("save 4 people")).click()
    _refresh_until(page, "The import is done")


def _refresh_until(page: Page, heading: str) -> None:
    for _ in range(100):
        if page.get_by_role("heading", level=1).inner_text() == heading:
            return
        page.wait_for_timeout(200)
        page.goto(page.url)
    raise AssertionError(page.locator("main").inner_text())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_of_an_import_are_accessible(
    browser: Browser, postroom: RunningPostroom, width: int, theme: str
) -> None:
    context = new_context(browser, viewport={"width": width, "height": 900}, color_scheme=theme, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, postroom)
    found = {}
    give(page, postroom, MIXED, "people.csv")
    page.get_by_text("Read the file in another way").click()
    found["ready"] = problems_of(page)
    page.get_by_role("button", name="Edit line 4").click()
    expect(page.get_by_role("button", name="Check line 4 again")).to_be_visible()
    found["row in its place"] = problems_of(page)
    address = page.url
    page.goto(f"{address}/rows/4")
    found["row on its own"] = problems_of(page)
    page.goto(address)
    save(page)
    page.get_by_text("Undo this import", exact=True).click()
    found["done"] = problems_of(page)
    give(page, postroom, "a,b\nann@example.com,ann@example.org\n", "two.csv")
    found["choosing"] = problems_of(page)
    page.goto(f"{postroom.url}/lists/1/import")
    found["import into"] = problems_of(page)
    context.close()
    assert {name: problems for name, problems in found.items() if problems} == {}
