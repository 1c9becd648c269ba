"""Unsubscribing as people meet it: kinds and look under Settings, the page behind the link, who is left out then."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import RunningPostroom, new_context
from tests.browser.test_every_page import problems_of
from tests.browser.test_headers import PUBLIC, begin, set_public_address
from tests.files import a_png
from tests.pages import SEND, press_send

pytestmark = pytest.mark.browser
KIND, KIND_DE = "Library cards", "Bibliothekskarten"


def make_kind(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/settings/unsubscribing/kinds/new")
    page.get_by_label("Name in English").fill(KIND)
    page.get_by_label("Sentence in English").fill("When yours runs out, and how to renew it.")
    page.get_by_label("Name in German").fill(KIND_DE)
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("status")).to_contain_text(f"“{KIND}” can now be chosen")


def set_look(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/settings/unsubscribing/")
    page.get_by_label("Colour of buttons and links").fill("#ffd400")
    page.get_by_role("button", name="Save the look").click()
    expect(page.locator("main")).to_contain_text("too pale to be read")
    page.get_by_label("Colour of buttons and links").fill("#7a1f5c")
    page.get_by_label("Logo").set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": a_png(60, 120, 40)}
    )
    page.get_by_role("button", name="Save the look").click()
    expect(page.get_by_role("status")).to_contain_text("new look")
    page.get_by_label("Mailbox").fill("unsubscribe@example.com")
    page.get_by_role("button", name="Save the mailbox").click()
    expect(page.get_by_role("status")).to_contain_text("name the mailbox too")


def review(page: Page) -> None:
    page.get_by_role("button", name="Go on to values").click()
    page.get_by_role("button", name="Go on to the review").click()
    page.get_by_role("button", name="Start the review").click()
    expect(page.get_by_role("button", name=SEND)).to_be_visible(timeout=60_000)


def send_and_take_a_link(page: Page, postroom: RunningPostroom) -> tuple[str, str]:
    """Send to the small list; gives the address of a reader and the key of their link."""
    begin(page, postroom)
    page.get_by_role("button", name="Add unsubscribe headers").click()
    expect(page.get_by_label("E-mail address", exact=True)).to_have_value("unsubscribe@example.com")
    review(page)
    expect(page.locator("main")).to_contain_text(KIND)
    press_send(page)
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=60_000)
    page.get_by_role("link", name="Delivered").first.click()
    page.locator("main table").get_by_role("link").first.click()
    email = page.get_by_role("heading", level=1).inner_text().removeprefix("E-mail to ")
    found = re.findall(rf"{PUBLIC}/u/([\w-]+)", page.content())
    assert found and len(found[0]) > 60, "the link is sealed"
    return email, found[0]


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def test_a_reader_stops_a_kind_then_all_without_script_on_a_phone_in_the_dark(
    page: Page, postroom: RunningPostroom, browser: Browser
) -> None:
    set_public_address(page, postroom, PUBLIC)
    make_kind(page, postroom)
    set_look(page, postroom)
    page.goto(f"{postroom.url}/templates/")
    page.get_by_role("link", name="Card renewal", exact=True).first.click()
    number = page.url.rstrip("/").rpartition("/")[2]
    page.goto(f"{postroom.url}/templates/{number}/notice")
    page.get_by_label("Kind of notice", exact=True).select_option(label=KIND)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("It holds for sends that are begun from now on.")
    email, key = send_and_take_a_link(page, postroom)

    found: dict[str, list[str]] = {}
    for theme in ("light", "dark"):
        context = new_context(
            browser,
            viewport={"width": 360, "height": 740},
            color_scheme=theme,  # type: ignore[arg-type]
            bypass_csp=True,
            locale="de-AT",
        )
        reader = context.new_page()
        reader.on("pageerror", lambda error: pytest.fail(str(error)))
        reader.goto(f"{postroom.url}/u/{key}")
        found[f"{theme} before"] = problems_of(reader)
        assert reader.get_by_role("heading", level=2).first.inner_text() == KIND_DE
        reader.get_by_role("link", name="English").click()
        card(reader, KIND).get_by_role("button", name="Stop this kind of notice").click()
        expect(card(reader, KIND)).to_contain_text("Stopped. You get no more of these")
        found[f"{theme} stopped"] = problems_of(reader)
        reader.get_by_role("button", name="Say why").click()
        expect(reader.get_by_role("alert")).to_contain_text("Choose one of the answers first.")
        found[f"{theme} problem"] = problems_of(reader)
        reader.get_by_label("Too many e-mails").check()
        reader.get_by_label("In your own words").fill("One a year is enough.")
        reader.get_by_role("button", name="Say why").click()
        expect(reader.locator("main")).to_contain_text("Thank you.")
        reader.get_by_role("button", name=f"Undo {KIND}").click()
        expect(reader.get_by_role("heading", level=1)).to_have_text("Unsubscribe")
        assert context.cookies() == []
        context.close()
    assert {name: problems for name, problems in found.items() if problems} == {}

    context = new_context(browser, java_script_enabled=False, viewport={"width": 360, "height": 740})
    reader = context.new_page()
    reader.goto(f"{postroom.url}/u/{key}?language=en")
    card(reader, KIND).get_by_role("button", name="Stop this kind of notice").click()
    reader.get_by_role("button", name="Stop all e-mail from us").click()
    expect(reader.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")
    reader.get_by_role("button", name=re.compile("^Undo All e-mail")).click()
    expect(card(reader, KIND)).to_contain_text("Stopped. You get no more of these")

    begin(page, postroom)
    review(page)
    expect(page.locator("#review")).to_contain_text(f"{email} stopped “{KIND}” on")
    page.goto(f"{postroom.url}/settings/unsubscribing/")
    expect(page.locator("main")).to_contain_text("One a year is enough.")

    reader.get_by_role("button", name=f"Undo {KIND}").click()
    context.close()
    set_public_address(page, postroom, "")


def test_an_administrator_declares_a_service_notice_with_a_reason(page: Page, postroom: RunningPostroom) -> None:
    begin(page, postroom)
    page.get_by_role("button", name="Go on to values").click()
    page.get_by_role("button", name="Go on to the review").click()
    page.get_by_role("link", name="Change the kind of notice").click()
    page.get_by_label("Yes, by law.").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main")).to_contain_text("Say why people must get this")
    page.get_by_label("Why people must get it").fill("The library act, section 4.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main")).to_contain_text(
        "A service notice by law: it also goes to people who stopped all e-mail."
    )
    page.goto(f"{postroom.url}/activity")
    expect(page.locator("main")).to_contain_text("The library act, section 4.")


def test_those_who_wrote_are_unsubscribed_by_hand_and_it_is_taken_back(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/settings/unsubscribing/by-hand")
    page.get_by_label("Addresses").fill("From: Anna Smith <wrote-to-us@example.com>\nno address here")
    page.get_by_role("button", name="Unsubscribe them").click()
    expect(page.locator("main")).to_contain_text("1 person unsubscribed")
    expect(page.locator("main")).to_contain_text("no address here")
    assert problems_of(page) == []
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Taken back for 1 person")


TOPS = "all => all.map(one => one.getBoundingClientRect()).map(box => [box.left, box.top, box.bottom])"


@pytest.mark.parametrize("width", [360, 1440])
def test_fields_lists_and_words_have_their_room(page: Page, postroom: RunningPostroom, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{postroom.url}/settings/unsubscribing/kinds/new")
    fields = page.locator("main form .field input").evaluate_all(TOPS)
    assert len(fields) == 8
    if width == 1440:
        assert all(name[1] == sentence[1] for name, sentence in zip(fields[::2], fields[1::2], strict=True))
    rows = page.locator("main form .grid-2").evaluate_all(TOPS)
    assert all(below[1] - above[2] >= 16 for above, below in pairwise(rows))
    page.goto(f"{postroom.url}/settings/unsubscribing/by-hand")
    (card_edge,) = page.locator("ol.card").evaluate_all(TOPS)
    assert all(step[0] - card_edge[0] >= 36 for step in page.locator("ol.card li").evaluate_all(TOPS)), "its number too"
    page.goto(f"{postroom.url}/sends/retention")
    cards, words = (page.locator(found).evaluate_all(TOPS) for found in ("main form.card", "main form.card + p"))
    assert all(below[1] - above[2] >= 16 for above, below in zip(cards, words, strict=True))
