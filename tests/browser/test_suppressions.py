"""Addresses that are not written to, as people of the office use the pages: by hand, by rule, with Cloudflare."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.simulator.settings import DEFAULT_ACCOUNT, DEFAULT_TOKEN
from tests.browser.conftest import RunningPostroom, new_context, sign_in, start_postroom
from tests.browser.test_afterwards import a_finished_send, release
from tests.browser.test_every_page import problems_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostroom]:
    """A Postroom of its own: what is added here must not keep other tests from writing."""
    running = start_postroom(tmp_path_factory.mktemp("office"))
    yield running
    running.process.terminate()
    running.process.wait(40)


@pytest.fixture
def desk(context: BrowserContext, office: RunningPostroom) -> Page:
    made = context.new_page()
    made.on("pageerror", lambda error: pytest.fail(f"script error on {made.url}: {error}"))
    sign_in(made, office)
    return made


def theirs(office: RunningPostroom, rows: list[dict[str, Any]]) -> None:
    assert requests.put(f"{office.simulator_url}/api/v1/suppressions", json=rows, timeout=10).ok


def listed(office: RunningPostroom) -> set[str]:
    url = f"{office.simulator_url}/client/v4/accounts/{DEFAULT_ACCOUNT}/email/sending/suppressions"
    found = requests.get(url, headers={"Authorization": f"Bearer {DEFAULT_TOKEN}"}, timeout=10).json()
    return {one["email"] for one in found["result"]}


def sync(page: Page, office: RunningPostroom) -> None:
    page.goto(f"{office.url}/suppressions")
    page.get_by_role("button", name="Sync now").click()
    expect(page.locator("#sync")).to_contain_text("Synced a moment ago", timeout=30_000)
    expect(page.locator("#sync")).not_to_contain_text("Syncing", timeout=30_000)


def test_one_is_added_found_changed_and_taken_away(desk: Page, office: RunningPostroom) -> None:
    desk.goto(office.url)
    desk.get_by_role("navigation", name="Main").get_by_role("link", name="Suppressions").click()
    desk.get_by_role("link", name="Add an address").first.click()
    desk.get_by_label("E-mail address").fill("moved@example.edu")
    desk.get_by_label("Note (optional)").fill("Moved away in May")
    desk.get_by_role("button", name="Add the address").click()
    expect(desk.get_by_role("status")).to_contain_text("moved@example.edu gets no e-mail any more.")
    desk.get_by_text("Change the note or the last day").click()
    desk.get_by_label("Last day without e-mail (optional)").fill("2031-05-31")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_role("status")).to_contain_text("Saved.")
    desk.goto(f"{office.url}/suppressions")
    desk.get_by_label("Address begins with").fill("MOVED")
    desk.get_by_label("Reason").select_option(label="Added by hand")
    desk.get_by_role("button", name="Search").click()
    expect(desk.locator("main table")).to_contain_text("Moved away in May")
    expect(desk.locator("main table")).to_contain_text("31 May 2031")
    desk.get_by_role("link", name="moved@example.edu").click()
    desk.get_by_text("Take away", exact=True).click()
    expect(desk.locator("main")).to_contain_text("1 person, moved@example.edu, may be written to again")
    desk.get_by_role("button", name="Take away now").click()
    expect(desk.get_by_role("status")).to_contain_text("moved@example.edu may be written to again.")


def test_many_are_pasted_and_taken_away_again(desk: Page, office: RunningPostroom) -> None:
    desk.goto(f"{office.url}/suppressions/add-many")
    desk.get_by_label("Or paste addresses here").fill("old1@example.edu\nno address\nold2@example.edu\n")
    desk.get_by_role("button", name="Add the addresses").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("2 addresses added")
    expect(desk.locator("main table")).to_contain_text("no address")
    assert problems_of(desk) == []
    desk.get_by_role("button", name="Undo: take 2 addresses away again").click()
    expect(desk.get_by_role("status")).to_contain_text("2 addresses are taken away again.")


def test_a_bounce_is_left_out_next_time_mended_and_written_to_again(
    desk: Page, office: RunningPostroom, tmp_path: Path
) -> None:
    url = a_finished_send(desk, office.url, tmp_path)
    desk.goto(f"{office.url}/suppressions/bad-addresses?q=bounce-ben")
    expect(desk.locator("main table")).to_contain_text("Permanently bounced")
    desk.get_by_role("link", name="bounce-ben@after").click()
    desk.get_by_label("Right address").fill("nonsense")
    desk.get_by_role("button", name="Mend the address").click()
    expect(desk.locator(".error")).to_contain_text("has an @")
    desk.get_by_label("Right address").fill("right-ben@example.net")
    desk.get_by_role("button", name="Mend the address").click()
    expect(desk.get_by_role("status")).to_contain_text("right-ben@example.net stands in the lists now.")
    assert problems_of(desk) == []
    desk.get_by_role("button", name="Write again to this person").click()
    expect(desk.get_by_role("heading", level=1)).to_have_text("Review and release")
    release(desk)
    to = [str(mail["To"][0]["Address"]) for mail in office.captured()]  # type: ignore[index]
    assert to.count("right-ben@example.net") == 1

    desk.goto(f"{url}/send-again?group=bounced")
    expect(desk.locator("main")).to_contain_text("Permanently bounced")
    desk.goto(f"{office.url}/suppressions?q=bounce-ben")
    desk.get_by_role("link", name="bounce-ben@after").first.click()
    expect(desk.locator("main")).to_contain_text("by rule")


def test_the_results_tell_who_was_left_out_and_why(desk: Page, office: RunningPostroom) -> None:
    theirs(office, [{"email": "held@example.net", "reason": "policy", "read_only": True}])
    sync(desk, office)
    desk.goto(f"{office.url}/sends/new")
    desk.get_by_label("Template", exact=True).select_option(label="Card renewal, version 1")
    desk.get_by_label("One e-mail to addresses I type in").check()
    desk.get_by_label("To", exact=True).fill("held@example.net")
    desk.get_by_role("button", name="Go on to the sender").click()
    desk.get_by_role("button", name="Go on to values").click()
    for name in ("first_name", "card_number", "renewal_date", "concession"):
        desk.get_by_label(name, exact=True).fill("x")
    desk.get_by_role("button", name="Go on to the review").click()
    desk.get_by_role("button", name="Start the review").click()
    expect(desk.locator("#review")).to_contain_text(
        "held@example.net is on Cloudflare's list of addresses that are not written to", timeout=30_000
    )


def test_theirs_come_and_go_and_what_is_read_only_is_explained(desk: Page, office: RunningPostroom) -> None:
    theirs(
        office,
        [
            {"email": "fixed@example.net", "reason": "policy", "read_only": True},
            {"email": "loose@example.net", "reason": "hard_bounce"},
        ],
    )
    sync(desk, office)
    desk.get_by_label("List", exact=True).select_option(label="Cloudflare's")
    desk.get_by_role("button", name="Search").click()
    expect(desk.locator("main table tbody tr")).to_have_count(2)
    desk.get_by_role("link", name="fixed@example.net").click()
    expect(desk.locator("main")).to_contain_text("ask Cloudflare support")
    expect(desk.get_by_text("Take away", exact=True)).to_have_count(0)
    desk.goto(f"{office.url}/suppressions/address?email=loose@example.net")
    desk.get_by_text("Take away", exact=True).click()
    desk.get_by_role("button", name="Take away now").click()
    expect(desk.get_by_role("status")).to_contain_text("Taken away at Cloudflare")
    assert listed(office) == {"fixed@example.net"}


def test_ours_are_handed_over_when_a_person_says_so(desk: Page, office: RunningPostroom) -> None:
    theirs(office, [])
    desk.goto(f"{office.url}/suppressions/add")
    desk.get_by_label("E-mail address").fill("both@example.edu")
    desk.get_by_label("Hand it to Cloudflare too").check()
    desk.get_by_role("button", name="Add the address").click()
    sync(desk, office)
    assert listed(office) == {"both@example.edu"}
    desk.goto(f"{office.url}/suppressions/address?email=both@example.edu")
    expect(desk.get_by_role("heading", level=2).filter(has_text="Cloudflare")).to_have_count(1)


def test_a_refused_token_is_told_here_and_on_home(desk: Page, office: RunningPostroom) -> None:
    settings = f"{office.simulator_url}/api/v1/settings"
    before = requests.get(settings, timeout=10).json()["tokens"]
    requests.put(settings, json={"tokens": {"simulator": []}}, timeout=10)
    try:
        desk.goto(f"{office.url}/suppressions")
        desk.get_by_role("button", name="Sync now").click()
        expect(desk.locator("#sync")).to_contain_text("The sync is paused", timeout=30_000)
        expect(desk.locator("#sync")).to_contain_text("Email Sending: Edit")
        assert problems_of(desk) == []
        desk.goto(office.url)
        expect(desk.locator("main")).to_contain_text("Suppressions are not synced with Cloudflare")
    finally:
        requests.put(settings, json={"tokens": before}, timeout=10)
    sync(desk, office)
    desk.goto(office.url)
    expect(desk.locator("main")).not_to_contain_text("Suppressions are not synced")


def test_the_rules(desk: Page, office: RunningPostroom) -> None:
    desk.goto(f"{office.url}/suppressions/rules")
    expect(desk.get_by_label("Add an address that permanently bounced")).to_be_checked()
    expect(desk.get_by_label("Unsubscribed", exact=True)).not_to_be_checked()
    desk.get_by_label("Imported", exact=True).check()
    desk.get_by_role("button", name="Save the rules").click()
    expect(desk.get_by_role("status")).to_contain_text("The rules are saved.")
    expect(desk.get_by_label("Imported", exact=True)).to_be_checked()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_are_accessible(browser: Browser, office: RunningPostroom, width: int, theme: str) -> None:
    theirs(office, [{"email": "fixed@example.net", "read_only": True, "note": "x" * 300}, {"email": "a@example.net"}])
    context = new_context(browser, viewport={"width": width, "height": 900}, color_scheme=theme, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, office)
    sync(page, office)
    found = {}
    for path in (
        "",
        "?q=zz",
        "/add",
        "/add-many",
        "/rules",
        "/address?email=fixed@example.net",
        "/address?email=bounce-ben@example.net",
        "/address?email=nobody@example.net",
        "/bad-addresses",
        "/bad-addresses?state=mended",
        "/bad-addresses/1",
    ):
        page.goto(f"{office.url}/suppressions{path}")
        for summary in page.locator("main summary").all():
            summary.click()
        found[path] = problems_of(page)
    context.close()
    assert {path: problems for path, problems in found.items() if problems} == {}


def test_the_pages_work_without_scripts(browser: Browser, office: RunningPostroom) -> None:
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, office)
    page.goto(f"{office.url}/suppressions/add")
    page.get_by_label("E-mail address").fill("plain@example.edu")
    page.get_by_role("button", name="Add the address").click()
    page.get_by_text("Take away", exact=True).click()
    page.get_by_role("button", name="Take away now").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile("plain@example.edu may be written to again"))
    context.close()
