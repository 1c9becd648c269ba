"""Files and images as a person meets them: a picture in the text, and an invoice for each person."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningPostroom
from tests.files import a_pdf, a_png, a_zip

pytestmark = pytest.mark.browser

WIDTH = 120
LIST = """Email;Name;Invoice file
anna@example.net;Anna Abbott;invoice-1.pdf
ben@example.net;Ben Baker;INVOICE-2.PDF
cleo@example.net;Cleo Clarke;invoice-3.pdf
dora@example.net;Dora Diaz;
"""
DROP = """([area, base64, name]) => {
    const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, { type: "image/png" }));
    const { left, top } = area.getBoundingClientRect();
    const at = { clientX: left + 5, clientY: top + 5, bubbles: true, cancelable: true };
    area.dispatchEvent(new DragEvent("drop", { ...at, dataTransfer: data }));
}"""


def make_template(page: Page, postroom: RunningPostroom, name: str) -> None:
    page.goto(f"{postroom.url}/templates/new")
    page.get_by_label("Name of the template").fill(name)
    page.get_by_role("button", name="Make the template").click()
    page.get_by_role("button", name="HTML", exact=True).click()


def write(page: Page, body: str) -> None:
    """Replace the body in the code editor, as somebody who types."""
    area = page.locator(".cm-content").first
    area.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(body)


def picture_is_shown(page: Page) -> None:
    picture = page.frame_locator("iframe.preview-frame").first.locator("img")
    expect(picture).to_have_js_property("naturalWidth", WIDTH)


def publish(page: Page) -> None:
    page.get_by_role("button", name="Check and publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.get_by_role("status").first).to_contain_text("Published as version 1")


def test_a_picture_is_added_shown_in_the_preview_and_in_the_version(
    page: Page, postroom: RunningPostroom, tmp_path: Path
) -> None:
    make_template(page, postroom, "With a logo")
    (tmp_path / "Our Logo.png").write_bytes(a_png(80, WIDTH, 40))
    (tmp_path / "terms.pdf").write_bytes(a_pdf())
    (tmp_path / "fake.pdf").write_bytes(a_png())
    page.get_by_label("Add files").set_input_files([tmp_path / name for name in ("Our Logo.png", "fake.pdf")])
    page.get_by_label("Show pictures in the text instead of attaching them").check()
    page.get_by_role("button", name="Add", exact=True).click()
    files = page.get_by_role("region", name="Files and images")
    expect(files).to_contain_text("“Our Logo.png” is added.")
    expect(files.get_by_role("alert")).to_contain_text("“fake.pdf” is really a PNG picture")
    page.get_by_label("Add files").set_input_files(tmp_path / "terms.pdf")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(files).to_contain_text("terms.pdf")
    reference = files.get_by_label("To show Our Logo.png, copy this into the text").input_value()
    assert reference == '<img src="cid:our-logo" alt="What it shows">'
    write(page, f"<p>Hello {reference}</p>")
    picture_is_shown(page)
    publish(page)
    picture_is_shown(page)


def test_a_picture_dropped_into_the_text_is_shown_and_listed(page: Page, postroom: RunningPostroom) -> None:
    make_template(page, postroom, "With a dropped picture")
    write(page, "")
    area = page.locator(".cm-content").first.element_handle()
    page.evaluate(DROP, [area, base64.b64encode(a_png(80, WIDTH, 40)).decode(), "photo.png"])
    expect(page.locator(".cm-content").first).to_contain_text("cid:photo")
    picture_is_shown(page)
    expect(page.get_by_role("region", name="Files and images")).to_contain_text("photo.png")
    page.get_by_role("button", name="Remove photo.png").click()
    expect(page.get_by_role("region", name="Files and images")).to_contain_text("“photo.png” is removed.")


def test_an_invoice_for_each_person(page: Page, postroom: RunningPostroom, tmp_path: Path) -> None:
    make_template(page, postroom, "Invoice for each")
    page.get_by_label("Subject", exact=True).fill("Your invoice {{ invoice_file }}")
    write(page, "<p>Dear {{ name }}, your invoice is attached.</p>")
    publish(page)
    (tmp_path / "people.csv").write_text(LIST, encoding="utf-8")
    page.goto(f"{postroom.url}/lists/new")
    page.get_by_label("Name of the list").fill("Customers")
    page.get_by_label("CSV file").set_input_files(tmp_path / "people.csv")
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_role("button", name="save 4 people").click()
    page.get_by_role("heading", name="The import is done").wait_for()
    page.goto(f"{postroom.url}/sends/new")
    page.get_by_label("Template", exact=True).select_option(label="Invoice for each, version 1")
    page.get_by_label("List", exact=True).select_option(label="Customers (4 people)")
    page.get_by_role("button", name="Go on to the sender").click()
    page.get_by_role("button", name="Go on to values").click()

    expect(page.get_by_label("Column that names each person's file")).to_have_value("invoice_file")
    bad, good = tmp_path / "bad.zip", tmp_path / "invoices.zip"
    bad.write_bytes(a_zip({"invoice-1.pdf": a_png(), "run.exe": b"MZ"}))
    good.write_bytes(a_zip({f"November/invoice-{n}.pdf": a_pdf(f"number {n}") for n in (1, 2)}))
    page.get_by_label("ZIP file").set_input_files(bad)
    page.get_by_role("button", name="Take the files").click()
    expect(page.locator("main")).to_contain_text("“invoice-1.pdf” is really a PNG picture.")
    expect(page.locator("main")).to_contain_text("“run.exe” is a program or script")
    page.get_by_label("ZIP file").set_input_files(good)
    page.get_by_role("button", name="Take the files").click()
    own = page.get_by_role("region", name="A file for each person")
    expect(own).to_contain_text("2 people have a file, 2 people miss one and will be left out")
    expect(own).to_contain_text("invoice-3.pdf (cleo@example.net)")
    page.get_by_role("button", name="Go on to the review").click()

    page.get_by_role("button", name="Start the review").click()
    send = page.get_by_role("button", name="Send 2 e-mails")
    expect(send).to_be_visible()
    expect(page.get_by_role("region", name="Problems")).to_contain_text(
        "There is no file “invoice-3.pdf” for this person."
    )
    expect(page.get_by_role("region", name="Problems")).to_contain_text("No file is named for this person")
    page.get_by_role("link", name="Look at the e-mails").click()
    expect(page.locator("main")).to_contain_text("invoice-1.pdf")
    page.get_by_role("link", name="Next person").click()
    expect(page.locator("main")).to_contain_text("invoice-2.pdf")
    page.get_by_role("link", name="Back to the review").click()
    send.click()
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=60_000)
    page.get_by_role("link", name="ben@example.net").click()
    expect(page.locator("main")).to_contain_text("proven the same")
    expect(page.locator("main")).to_contain_text("invoice-2.pdf")

    mails = [mail for mail in postroom.captured() if str(mail["Subject"]).startswith("Your invoice")]
    assert {mail["To"][0]["Address"]: mail["Attachments"] for mail in mails} == {  # type: ignore[index]
        "anna@example.net": 1,
        "ben@example.net": 1,
    }
