"""A logo in a layout, from the upload to the test e-mail in the simulator, as a member of staff puts it there."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import RunningPostroom
from tests.browser.test_files import DROP, WIDTH, picture_is_shown, publish, write
from tests.files import a_png

pytestmark = pytest.mark.browser

LOGO, SEAL = a_png(80, WIDTH, 40), a_png(90, WIDTH, 40)
FRAME = "<!doctype html><html><head><title>Harbour</title></head><body>{}{{{{ content }}}}</body></html>"


def make_layout(page: Page, postroom: RunningPostroom, folder: Path) -> None:
    """Make a layout with a logo that is chosen from the computer, and publish it."""
    (folder / "Our Logo.png").write_bytes(LOGO)
    (folder / "terms.pdf").write_bytes(b"%PDF-1.4")
    page.goto(f"{postroom.url}/templates/layouts/new")
    page.get_by_label("Name").fill("Harbour letter")
    page.get_by_role("button", name="Make the layout").click()
    images = page.get_by_role("region", name="Images")
    images.get_by_label("Add images").set_input_files([folder / "Our Logo.png", folder / "terms.pdf"])
    images.get_by_role("button", name="Add", exact=True).click()
    expect(images).to_contain_text("“Our Logo.png” is added.")
    expect(images.get_by_role("alert")).to_contain_text("“terms.pdf” cannot be shown in the text")
    reference = images.get_by_label("To show Our Logo.png, copy this into the text").input_value()
    assert reference == '<img src="cid:our-logo" alt="What it shows">'
    write(page, FRAME.format(reference.replace("What it shows", "Harbour Council")))
    picture_is_shown(page)
    page.get_by_role("button", name="Check and publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.locator("main [role=status]").first).to_contain_text("“Harbour letter”, version 1, is published.")


def test_a_logo_in_a_layout_reaches_the_inbox(page: Page, postroom: RunningPostroom, tmp_path: Path) -> None:
    make_layout(page, postroom, tmp_path)
    page.goto(f"{postroom.url}/templates/new")
    page.get_by_label("Name of the template").fill("Harbour notice")
    page.get_by_role("button", name="Make the template").click()
    page.get_by_role("button", name="HTML", exact=True).click()
    page.get_by_label("Subject", exact=True).fill("Harbour notice of today")
    page.get_by_label("Layout").select_option(label="Harbour letter")
    write(page, "<p>The gates close at 6.</p>")
    picture_is_shown(page)
    page.get_by_role("button", name="Save draft").click()
    files = page.get_by_role("region", name="Files and images")
    expect(files).to_contain_text("From the layout or a snippet: Our Logo.png.")
    publish(page)
    picture_is_shown(page)

    page.get_by_role("link", name="Harbour notice", exact=True).first.click()
    page.get_by_role("link", name="Send a test").click()
    page.get_by_role("button", name="Send the test").click()
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=30_000)
    page.get_by_role("link", name="admin@example.com").click()
    expect(page.locator("main")).to_contain_text("proven the same")
    picture_is_shown(page)
    (mail,) = [one for one in postroom.captured() if one["Subject"] == "[Test] Harbour notice of today"]
    raw = requests.get(f"{postroom.simulator_url}/api/v1/message/{mail['ID']}/raw", timeout=10).text
    assert "Content-ID: <our-logo>" in raw and base64.b64encode(LOGO).decode()[:60] in raw
    page.goto(postroom.simulator_url)
    page.get_by_role("link", name="[Test] Harbour notice of today").click()
    expect(page.frame_locator("iframe").locator("img")).to_have_js_property("naturalWidth", WIDTH)


def test_an_image_dropped_into_a_snippet_is_shown_and_listed(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/templates/snippets/new")
    page.get_by_label("Name").fill("Seal of the harbour")
    page.get_by_role("button", name="Make the snippet").click()
    write(page, "")
    area = page.locator(".cm-content").first.element_handle()
    page.evaluate(DROP, [area, base64.b64encode(SEAL).decode(), "seal.png"])
    expect(page.locator(".cm-content").first).to_contain_text("![seal](cid:seal)")
    expect(page.get_by_text("seal.png is in the text. Write there what it shows")).to_be_visible()
    picture_is_shown(page)
    images = page.get_by_role("region", name="Images")
    expect(images).to_contain_text("seal.png")
    page.get_by_role("button", name="Check and publish").click()
    expect(page.get_by_role("button", name="Publish version 1")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Remove seal.png").click()
    expect(page.get_by_role("region", name="Images")).to_contain_text("“seal.png” is removed.")
