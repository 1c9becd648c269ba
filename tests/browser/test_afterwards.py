"""After a send, as a member of staff goes on from it: try again, decide doubts, follow up, send again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import RunningPostroom, new_context, sign_in
from tests.browser.test_every_page import problems_of
from tests.browser.test_studio import write

pytestmark = pytest.mark.browser

PEOPLE = (
    "anna",
    "bounce-ben",
    "drop-fay",
    "drop-gil",
    "drop-ida",
    "error-email.invalid-gus",
    "error-internal_server-hal",
)
_names = iter(range(1, 1000))


def a_finished_send(page: Page, url: str, folder: Path | str) -> str:
    """Make a template and a list, send, and wait for the end; gives the address of the send's page."""
    number = next(_names)
    name = f"After {number}"
    page.goto(f"{url}/templates/new")
    page.get_by_label("Name of the template").fill(name)
    page.get_by_label("Empty HTML").check()
    page.get_by_role("button", name="Make the template").click()
    page.get_by_label("Subject").fill("News for {{ name }}")
    write(page, "<p>Dear {{ name }}, this is the news of today.</p>")
    page.get_by_role("button", name="Check and publish").click()
    page.get_by_role("button", name="Publish version 1").click()
    file = Path(folder) / f"{name}.csv"
    file.write_text("Email;Name\n" + "".join(f"{one}@after{number}.example.net;{one}\n" for one in PEOPLE))
    page.goto(f"{url}/lists/new")
    page.get_by_label("Name of the list").fill(name)
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_role("button", name=f"save {len(PEOPLE)} people").click()
    page.get_by_role("heading", name="The import is done").wait_for()
    page.goto(f"{url}/sends/new")
    page.get_by_label("Template", exact=True).select_option(label=f"{name}, version 1")
    page.get_by_label("List", exact=True).select_option(label=f"{name} ({len(PEOPLE)} people)")
    page.get_by_role("button", name="Go on to the sender").click()
    page.get_by_role("button", name="Go on to values").click()
    page.get_by_role("button", name="Go on to the review").click()
    release(page)
    return page.url


def release(page: Page) -> None:
    page.get_by_role("button", name="Start the review").click()
    page.get_by_role("button", name="Send", exact=False).filter(has_text="e-mail").click(timeout=60_000)
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=60_000)


def test_trying_again_a_group_and_one_person(page: Page, postroom: RunningPostroom, tmp_path: Path) -> None:
    url = a_finished_send(page, postroom.url, tmp_path)
    page.get_by_role("link", name="1 Failed").click()
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Try 1 e-mail again?")
    page.get_by_role("button", name="Try the ticked ones again").dblclick()
    expect(page.get_by_role("status")).to_contain_text("1 e-mail to be sent again")
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=60_000)

    page.goto(f"{url}?group=rejected")
    page.get_by_role("link", name="error-email.invalid-gus@after").click()
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("main")).to_contain_text("Send it again with another version of the template.")
    page.get_by_role("button", name="Try it again").click()
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=60_000)
    page.goto(f"{url}?group=rejected")
    page.get_by_role("link", name="error-email.invalid-gus@after").click()
    expect(page.get_by_role("heading", name="Attempt 2")).to_be_visible()


def test_deciding_on_doubts_in_two_windows(
    page: Page, context: BrowserContext, postroom: RunningPostroom, tmp_path: Path
) -> None:
    url = a_finished_send(page, postroom.url, tmp_path)
    number = url.rsplit("/", 1)[1]
    page.goto(postroom.url)
    home = page.locator(f"a[href='/sends/{number}?group=unknown']")
    expect(home).to_be_visible()
    home.click()
    page.get_by_role("link", name="drop-fay@after").click()
    page.get_by_role("link", name="Decide on this e-mail").click()
    page.get_by_role("button", name="Leave 1 e-mail in doubt").click()
    expect(page.get_by_role("status")).to_contain_text("1 e-mail left in doubt")

    page.goto(f"{url}/decide")
    other = context.new_page()
    other.goto(f"{url}/decide")
    expect(page.get_by_role("heading", level=1)).to_have_text("Decide on 2 e-mails in doubt")
    expect(page.locator("main")).to_contain_text("Each of these 2 people may get the same e-mail twice.")
    page.get_by_role("button", name="Send 2 e-mails again").click()
    expect(page.get_by_role("status")).to_contain_text("2 e-mails to be sent again")
    other.get_by_role("button", name="Mark 2 e-mails as sent").click()
    expect(other.locator("main")).to_contain_text("Nothing was changed.")
    other.close()

    page.goto(url)
    expect(page.locator("#progress")).to_contain_text("Finished", timeout=60_000)
    captured = [str(mail["To"][0]["Address"]) for mail in postroom.captured()]  # type: ignore[index]
    mine = {name: sum(one.startswith(f"{name}@after") for one in captured) for name in ("drop-fay", "drop-gil")}
    assert mine["drop-gil"] == mine["drop-fay"] + 1, "only whom a person chose got it twice"
    page.goto(f"{url}/decide")
    page.get_by_role("button", name="Mark 2 e-mails as sent").click()
    page.goto(postroom.url)
    expect(page.locator(f"a[href='/sends/{number}?group=unknown']")).to_have_count(0)


def test_following_up_and_sending_again(page: Page, postroom: RunningPostroom, tmp_path: Path) -> None:
    url = a_finished_send(page, postroom.url, tmp_path)
    page.get_by_text("Follow this send up").click()
    page.get_by_role("button", name="Send to people added since").click()
    expect(page.get_by_role("status")).to_contain_text("Nobody was added to the list since this send")

    page.goto(f"{url}?group=rejected")
    page.get_by_role("link", name="Send again with another version").click()
    expect(page.get_by_label("Refused: 1 person")).to_be_checked()
    page.get_by_label("Failed: 1 person").check()
    page.get_by_role("button", name="Begin the draft").click()
    page.get_by_role("button", name="Go on to the review").click()
    expect(page.locator("main")).to_contain_text("2 people. Only people whom send")
    release(page)
    expect(page.locator("#progress")).to_contain_text("2 of 2")
    page.get_by_role("link", name="Show send").click()
    expect(page).to_have_url(url)
    expect(page.locator("main")).to_contain_text("Followed up by")


@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_are_accessible(browser: Browser, postroom: RunningPostroom, tmp_path: Path, width: int) -> None:
    context = new_context(browser, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    sign_in(page, postroom)
    url = a_finished_send(page, postroom.url, tmp_path)
    paths = ("", "?group=failed", "?group=unknown", "/retry?group=rejected", "/decide", "/send-again?group=rejected")
    found = {}
    for path in paths:
        page.goto(url + path)
        if not path:
            page.get_by_text("Follow this send up").click()
        found[path] = problems_of(page)
    context.close()
    assert {path: problems for path, problems in found.items() if problems} == {}
