"""The main job, as a member of staff does it: from the first click to the downloaded results."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningPostroom
from tests.pages import SEND

pytestmark = pytest.mark.browser

LIST = """Email;First name;Name;Balance
anna@road.example.net;Anna;Anna Abbott;007
bounce-ben@road.example.net;Ben;Ben Baker;12
queued-cleo@road.example.net;Cleo;Cleo Clarke;13
nolist-dora@road.example.net;Dora;Dora Diaz;14
suppressed-emil@road.example.net;Emil;Emil Evans;15
drop-fay@road.example.net;Fay;Fay Fischer;16
error-email.invalid-gus@road.example.net;Gus;Gus Grant;17
not an address;Hal;Hal Haddad;18
"""
OUTCOMES = {
    "anna@road.example.net": "Delivered",
    "bounce-ben@road.example.net": "Permanently bounced",
    "queued-cleo@road.example.net": "Queued",
    "nolist-dora@road.example.net": "Accepted",
    "suppressed-emil@road.example.net": "Left out",
    "drop-fay@road.example.net": "In doubt",
    "error-email.invalid-gus@road.example.net": "Refused",
}


def write_template(page: Page) -> None:
    page.get_by_role("link", name="Templates", exact=True).click()
    page.get_by_role("link", name="New template").click()
    page.get_by_label("Name of the template").fill("Balance notice")
    page.get_by_label("Empty HTML").check()
    page.get_by_role("button", name="Make the template").click()
    page.get_by_label("Subject").fill("Your balance, {{ first_name }}")
    page.locator("#body-surface .cm-content").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("<p>Dear {{ first_name }}, your balance is {{ balance }}. {{ office }}</p>")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("Body, line 1: there is no value for balance.")
    expect(preview).to_contain_text("Your balance, Anna")
    page.get_by_role("button", name="Check and publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.get_by_role("status")).to_contain_text("Published as version 1")


def bring_in_list(page: Page, folder: Path) -> None:
    file = folder / "people.csv"
    file.write_text(LIST, encoding="utf-16")
    page.get_by_role("link", name="Lists", exact=True).click()
    page.get_by_role("link", name="New list").click()
    page.get_by_label("Name of the list").fill("Debtors")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Check the rows").click()
    expect(page.locator("main")).to_contain_text("not an address")
    page.get_by_role("button", name="save 7 people").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The import is done")
    expect(page.locator("main")).to_contain_text("Saved “Debtors”")


def compose(page: Page, folder: Path) -> None:
    page.get_by_role("link", name="Sends", exact=True).click()
    page.get_by_role("link", name="New send").click()
    page.get_by_label("Template", exact=True).select_option(label="Balance notice, version 1")
    page.get_by_label("List", exact=True).select_option(label="Debtors (7 people)")
    page.get_by_role("button", name="Go on to the sender").click()
    page.get_by_label("Sender").select_option(index=0)
    page.get_by_role("button", name="Add unsubscribe headers").click()
    row = page.get_by_role("group", name="List-Unsubscribe")
    address = row.get_by_label("Web address (https)")
    address.fill("http://example.com/stop")
    expect(row).to_contain_text("must begin with https://")
    address.fill("https://example.com/stop?who={{ email }}")
    expect(row).not_to_contain_text("must begin with https://")
    page.get_by_role("button", name="Go on to values").click()
    (folder / "large.bin").write_bytes(b"x" * 6 * 1024 * 1024)
    page.get_by_label("File", exact=True).set_input_files(folder / "large.bin")
    page.get_by_role("button", name="Attach the file").click()
    expect(page.locator("main")).to_contain_text("“large.bin” does not fit")
    (folder / "terms.txt").write_text("The terms.")
    page.get_by_label("File", exact=True).set_input_files(folder / "terms.txt")
    page.get_by_role("button", name="Attach the file").click()
    expect(page.get_by_role("status")).to_contain_text("“terms.txt” is attached.")
    page.get_by_label("office").fill("Room 7, Quay Street")
    page.get_by_role("button", name="Go on to the review").click()


def test_from_the_first_click_to_the_download(page: Page, postroom: RunningPostroom, tmp_path: Path) -> None:
    write_template(page)
    bring_in_list(page, tmp_path)
    compose(page, tmp_path)
    page.get_by_role("button", name="Start the review").click()
    send = page.get_by_role("button", name="Send 7 e-mails")
    expect(send).to_be_visible()
    page.get_by_role("link", name="Look at the e-mails").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("anna@road.example.net")
    expect(page.frame_locator("iframe").locator("p")).to_have_text(
        "Dear Anna, your balance is 007. Room 7, Quay Street"
    )
    page.get_by_role("link", name="Next person").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("bounce-ben@road.example.net")
    page.get_by_role("link", name="Back to the review").click()
    page.get_by_role("button", name="Send 7 e-mails").dblclick()

    expect(page.locator("#progress")).to_contain_text("Finished", timeout=60_000)
    expect(page.locator("#progress")).to_contain_text("7 of 7")
    url = page.url
    page.get_by_role("link", name="1 In doubt").click()
    page.get_by_role("link", name="drop-fay@road.example.net").click()
    expect(page.locator("main")).to_contain_text("The connection broke before an answer came.")
    expect(page.locator("main")).to_contain_text("proven the same")
    page.goto(url)

    with page.expect_download() as started:
        page.get_by_role("link", name="Download the results").click()
    with Path(started.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["email"]: row["outcome"] for row in rows} == OUTCOMES
    assert rows[0]["balance"] == "007"

    captured = [mail for mail in postroom.captured() if str(mail["Subject"]).startswith("Your balance")]
    went_out = {"Delivered", "Permanently bounced", "Queued", "Accepted", "In doubt"}
    assert sorted(mail["To"][0]["Address"] for mail in captured) == sorted(  # type: ignore[index]
        address for address, outcome in OUTCOMES.items() if outcome in went_out
    )
    assert len({mail["Reference"] for mail in captured}) == len(captured), "nobody got it twice"


def test_the_same_list_and_version_within_a_day_asks_first(page: Page, postroom: RunningPostroom) -> None:
    for turn in range(2):
        page.goto(f"{postroom.url}/sends/new")
        page.get_by_label("Template", exact=True).select_option(label="Reservation ready, version 1")
        page.get_by_label("List", exact=True).select_option(label="Reading circle (30 people)")
        page.get_by_role("button", name="Go on to the sender").click()
        page.get_by_role("button", name="Go on to values").click()
        page.get_by_role("button", name="Go on to the review").click()
        page.get_by_role("button", name="Start the review").click()
        page.get_by_role("button", name=SEND).click()
        if turn == 0:
            expect(page.locator("#progress")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send it a second time?")
    page.get_by_role("link", name="Do not send").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Review and release")


def test_one_e_mail_to_several_people(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/sends/new")
    page.get_by_label("Template", exact=True).select_option(label="Card renewal, version 1")
    page.get_by_label("One e-mail to addresses I type in").check()
    page.get_by_label("To", exact=True).fill("\n".join(f"person{number}@road.example.net" for number in range(51)))
    page.get_by_role("button", name="Go on to the sender").click()
    expect(page.locator("main")).to_contain_text("There are 51 addresses over To, Cc and Bcc")
    page.get_by_label("To", exact=True).fill("Anna Smith <anna.smith@road.example.net>, ben@road.example.net")
    page.get_by_label("Cc", exact=True).fill("bounce-cleo@road.example.net")
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
    page.get_by_role("link", name="anna.smith@road.example.net").click()
    expect(page.locator("main")).to_contain_text("bounce-cleo@road.example.net")
    expect(page.locator("main")).to_contain_text("Permanently bounced")
