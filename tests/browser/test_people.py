"""People in a real browser: invited, in, signed out everywhere, and with a new password by e-mail."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import RunningPostroom, new_context, sign_in
from tests.browser.test_every_page import problems_of

pytestmark = pytest.mark.browser
CHOSEN = "violet anchor seldom rain"
PATIENCE = 60.0
PICTURES = os.environ.get("PEOPLE_PICTURES")
"""Folder for pictures of the pages that only a journey shows, to look at."""


@pytest.fixture(params=[360, 1440])
def stranger(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of another browser, on a phone and on a desk."""
    made = new_context(browser, viewport={"width": request.param, "height": 900}, bypass_csp=True)
    made.set_default_timeout(20_000)
    yield made.new_page()
    made.close()


def check(page: Page, name: str) -> None:
    """Nothing is wrong with the page that is open."""
    width = (page.viewport_size or {}).get("width")
    if PICTURES:
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme="light" if theme == "light" else "dark")
            page.screenshot(path=f"{PICTURES}/{name}-{width}-{theme}.png", full_page=True)
    assert problems_of(page) == [], name


def invite(page: Page, postroom: RunningPostroom, email: str) -> str:
    page.goto(f"{postroom.url}/settings/people")
    page.get_by_label("Name").fill("Nora New")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("May do").select_option(label="Editor: Also writes templates and keeps lists")
    page.get_by_role("button", name="Invite").click()
    return page.get_by_label("Link to copy").input_value()


def mailed_link(postroom: RunningPostroom, email: str, subject: str) -> str:
    """The link of the e-mail that the simulator caught, waiting until the worker has sent it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for mail in postroom.captured():
            if mail["Subject"] == subject and any(to["Address"] == email for to in mail["To"]):  # type: ignore[attr-defined]
                whole = requests.get(f"{postroom.simulator_url}/api/v1/message/{mail['ID']}", timeout=30).json()
                return re.findall(r"https?://\S+/(?:invitation|new-password)/[\w-]+", whole["Text"])[0]
        time.sleep(0.3)
    raise AssertionError(f"no e-mail “{subject}” to {email}")


@pytest.fixture
def email(request: pytest.FixtureRequest) -> str:
    """An address of this test alone."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return f"{name[-40:].strip('-')}@example.net"


def accept(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("Choose a password").fill(CHOSEN)
    page.get_by_role("button", name="Accept and sign in").click()
    expect(page.get_by_text("Welcome. You are in")).to_be_visible()


def test_somebody_is_invited_comes_in_and_appears(
    page: Page, stranger: Page, postroom: RunningPostroom, email: str
) -> None:
    link = invite(page, postroom, email)
    assert mailed_link(postroom, email, "Robin Clarke invites you to Postroom") == link
    expect(page.get_by_role("button", name="Withdraw the invitation of Nora New").first).to_be_visible()
    stranger.goto(link)
    expect(stranger.get_by_text("Robin Clarke invites you to")).to_be_visible()
    check(stranger, "invitation")
    stranger.get_by_label("Choose a password").fill("passwordpassword")
    stranger.get_by_role("button", name="Accept and sign in").click()
    expect(stranger.get_by_text("This password is easily guessed")).to_be_visible()
    check(stranger, "invitation-refused")
    accept(stranger, link)
    stranger.goto(f"{postroom.url}/you")
    check(stranger, "you")
    page.goto(f"{postroom.url}/settings/people")
    expect(page.get_by_role("table", name="People who may sign in").get_by_text(email)).to_be_visible()
    stranger.goto(link)
    expect(stranger.get_by_role("heading", name="This link does not work any more")).to_be_visible()


def test_the_pages_of_an_administrator(page: Page, stranger: Page, postroom: RunningPostroom, email: str) -> None:
    """What an administrator sees only after a press, on a phone and on a desk."""
    sign_in(stranger, postroom)
    invite(stranger, postroom, email)
    check(stranger, "invited")
    link = stranger.get_by_label("Link to copy").input_value()
    accept(page, link)
    stranger.goto(f"{postroom.url}/settings/people")
    stranger.get_by_role("row").filter(has_text=email).get_by_role("link", name="Change Nora New").click()
    stranger.get_by_role("button", name="Make a link").click()
    assert "/new-password/" in stranger.get_by_label("Link to copy").input_value()
    check(stranger, "person-link")
    stranger.get_by_text("Take out", exact=True).last.click()
    stranger.get_by_role("button", name="Take out now").click()
    expect(stranger.get_by_role("row").filter(has_text=email).get_by_text("Taken out")).to_be_visible()
    check(stranger, "taken-out")
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_signing_out_everywhere(page: Page, stranger: Page, postroom: RunningPostroom, email: str) -> None:
    accept(stranger, invite(page, postroom, email))
    second = new_context(stranger.context.browser).new_page()  # type: ignore[arg-type]
    second.goto(f"{postroom.url}/sign-in")
    second.get_by_label("E-mail address").fill(email)
    second.get_by_label("Password").fill(CHOSEN)
    second.get_by_role("button", name="Sign in").click()
    expect(second.get_by_role("button", name="Sign out")).to_be_visible()
    second.goto(f"{postroom.url}/you")
    expect(second.get_by_role("table", name="Browsers in which you are signed in").get_by_role("row")).to_have_count(3)
    second.get_by_role("button", name="Sign out everywhere").click()
    expect(second.get_by_text("You are signed out everywhere.")).to_be_visible()
    stranger.goto(f"{postroom.url}/lists")
    expect(stranger.get_by_role("heading", name="Sign in")).to_be_visible()
    second.context.close()


def test_a_new_password_by_e_mail(page: Page, stranger: Page, postroom: RunningPostroom, email: str) -> None:
    accept(stranger, invite(page, postroom, email))
    stranger.get_by_role("button", name="Sign out").click()
    stranger.get_by_role("link", name="Forgot your password?").click()
    stranger.get_by_label("E-mail address").fill(email)
    stranger.get_by_role("button", name="Send me a link").click()
    expect(stranger.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
    check(stranger, "reset-asked")
    stranger.goto(mailed_link(postroom, email, "A new password for Postroom"))
    check(stranger, "new-password")
    stranger.get_by_label("New password").fill("seldom rain violet anchor")
    stranger.get_by_role("button", name="Save the new password").click()
    expect(stranger.get_by_text("Your password is changed. Sign in with it.")).to_be_visible()
    stranger.get_by_label("E-mail address").fill(email)
    stranger.get_by_label("Password").fill("seldom rain violet anchor")
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.get_by_role("heading", name="Good to see you, Nora")).to_be_visible()
