"""Two pairs of eyes in the browser: two people in two windows, to what arrives; an emergency; publishing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.db import Database
from app.emails.bundle import BundledPiece
from app.emails.content import Format, content_of
from app.emails.models import PieceKind
from app.emails.piece_making import make_piece
from app.emails.publishing import publish
from app.emails.templates import create_template
from app.people.accounts import add_person, first_workspace
from app.people.models import Person
from app.people.roles import Role
from tests.browser.conftest import PASSWORD, RunningPostroom, new_context, start_postroom
from tests.browser.test_every_page import problems_of
from tests.browser.test_pieces_and_tests import write
from tests.pages import ask_for_approval, make_draft, set_approval, wait_for_history

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostroom]:
    """A Postroom of its own, because its rule changes: with a sender and an approver."""
    running = start_postroom(tmp_path_factory.mktemp("approval"))
    _add_people(running.data)
    yield running
    running.process.terminate()
    running.process.wait(40)


def _add_people(data: Path) -> None:
    database = Database(f"sqlite:///{data / 'postroom.sqlite3'}")
    with database.writing() as session:
        workspace = first_workspace(session)
        for name, role in (("Sam Sender", Role.SENDER), ("April Approver", Role.APPROVER)):
            email = f"{name.split()[0].lower()}@example.com"
            add_person(session, workspace, email=email, name=name, password=PASSWORD, role=role)
    database.close()


def window(browser: Browser, office: RunningPostroom, who: str, width: int = 1440) -> Page:
    """A window of somebody's own, signed in."""
    page = new_context(browser, viewport={"width": width, "height": 900}, bypass_csp=True).new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{office.url}/sign-in")
    page.get_by_label("E-mail address").fill(f"{who}@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{office.url}/")
    return page


def arrived(office: RunningPostroom) -> list[str]:
    """The subjects of the mails that the simulator captured with the day that was mended."""
    return [str(mail["Subject"]) for mail in office.captured() if "9 January" in str(mail["Subject"])]


def test_ask_send_back_mend_ask_approve_and_it_arrives(browser: Browser, office: RunningPostroom) -> None:
    admin, sender, approver = (window(browser, office, who) for who in ("admin", "sam", "april"))
    wait_for_history(admin, office.url)
    number = make_draft(sender, office.url)
    set_approval(admin, office.url, "Every send")

    sender.reload()
    ask_for_approval(sender, "Please look at the dates.")
    expect(sender.locator("main")).to_contain_text("You asked for this approval, so somebody else gives it.")

    approver.goto(f"{office.url}/")
    expect(approver.locator("main")).to_contain_text("Sam Sender waits since")
    approver.get_by_role("link", name="Library closure to Reading circle").first.click()
    expect(approver.locator("main")).to_contain_text("Please look at the dates.")
    approver.get_by_role("link", name=re.compile("Look at .* e-mails")).click()
    expect(approver.get_by_role("heading", level=1)).to_contain_text("What ")
    approver.get_by_role("link", name="Next person").click()
    approver.get_by_role("link", name="Back to the approval").click()
    approver.get_by_text("Send back with a reason", exact=True).click()
    approver.get_by_role("button", name="Send back").click()
    expect(approver.locator("main")).to_contain_text("Write what should be mended")
    approver.get_by_label("Reason").fill("It closes on 9 January, not in December.")
    approver.get_by_role("button", name="Send back").click()
    expect(approver.get_by_role("status")).to_contain_text("Sent back. Sam Sender sees your reason")

    sender.goto(f"{office.url}/")
    expect(sender.locator("main")).to_contain_text("It closes on 9 January, not in December.")
    sender.goto(f"{office.url}/sends/{number}/values")
    sender.get_by_label("closed_from").fill("9 January")
    sender.get_by_role("button", name="Go on to the review").click()
    sender.get_by_role("button", name="Start the review").click()
    ask_for_approval(sender)
    assert not arrived(office)

    approver.goto(f"{office.url}/sends/?state=awaiting_approval")
    approver.get_by_role("link", name="Library closure to Reading circle").click()
    approver.get_by_role("button", name=re.compile(r"Approve: send \d+ e-mails")).click()
    expect(approver.locator("#progress")).to_contain_text("Finished", timeout=90_000)
    expect(approver.locator("main")).to_contain_text("Approved")
    assert len(arrived(office)) > 20
    sender.goto(f"{office.url}/sends/{number}")
    expect(sender.locator("main")).to_contain_text("Sent back")
    expect(sender.locator("main")).to_contain_text("by April Approver")


@pytest.mark.parametrize("width", [360, 1440])
def test_the_approvers_page_is_accessible(browser: Browser, office: RunningPostroom, width: int) -> None:
    admin, approver = window(browser, office, "admin"), window(browser, office, "april", width)
    set_approval(admin, office.url, "No send")
    number = make_draft(admin, office.url)
    set_approval(admin, office.url, "Every send")
    admin.goto(f"{office.url}/sends/{number}/review")
    assert problems_of(admin) == []
    ask_for_approval(admin, "Please look at the dates.")
    approver.goto(f"{office.url}/sends/{number}")
    approver.get_by_text("Send back with a reason", exact=True).click()
    assert problems_of(approver) == []
    approver.goto(f"{office.url}/")
    assert problems_of(approver) == []
    admin.get_by_role("button", name="Take it back to change it").click()
    expect(admin.get_by_role("status")).to_contain_text("Taken back")


def test_an_emergency_is_asked_twice_and_stays_on_the_send(browser: Browser, office: RunningPostroom) -> None:
    admin, approver = window(browser, office, "admin"), window(browser, office, "april")
    set_approval(admin, office.url, "No send")
    number = make_draft(admin, office.url)
    set_approval(admin, office.url, "Every send")
    admin.goto(f"{office.url}/sends/{number}/review")
    ask_for_approval(admin)
    admin.get_by_role("link", name="Emergency: send without approval").click()
    admin.get_by_role("button", name="Go on").click()
    expect(admin.locator("main")).to_contain_text("Write why it cannot wait for an approver.")
    admin.get_by_label("Why it cannot wait").fill("Nobody can be reached, and the building is unsafe.")
    admin.get_by_role("button", name="Go on").click()
    expect(admin.get_by_role("heading", level=1)).to_contain_text("Send without approval?")
    admin.get_by_role("button", name=re.compile(r"Send \d+ e-mails without approval")).click()
    expect(admin.locator("#progress")).to_contain_text("Finished", timeout=90_000)
    approver.goto(f"{office.url}/sends/{number}")
    expect(approver.locator("main")).to_contain_text("Released in an emergency, without approval")
    expect(approver.locator("main")).to_contain_text("the building is unsafe")
    approver.goto(f"{office.url}/activity")
    expect(approver.locator("main")).to_contain_text("without approval, because: Nobody can be reached")


def test_a_template_is_published_by_somebody_else(browser: Browser, office: RunningPostroom) -> None:
    admin, sender, approver = (window(browser, office, who) for who in ("admin", "sam", "april"))
    set_approval(admin, office.url, "No send", of_templates=True)
    sender.goto(f"{office.url}/templates/1")
    sender.get_by_label("Subject", exact=True).first.fill("A new subject of today")
    sender.get_by_role("button", name="Save").first.click()
    sender.wait_for_load_state("networkidle")
    sender.goto(f"{office.url}/templates/1/publish")
    sender.get_by_label("Note for this version (optional)").fill("A better subject")
    sender.get_by_role("button", name=re.compile(r"Ask for approval of version \d+")).click()
    expect(sender.get_by_role("status")).to_contain_text("Put up for approval")
    assert problems_of(sender) == []

    approver.goto(f"{office.url}/")
    approver.get_by_role("link", name=re.compile("^Publish “")).click()
    expect(approver.locator("main")).to_contain_text("A better subject")
    approver.get_by_role("link", name=re.compile("Compare the draft with version")).click()
    expect(approver.locator("main")).to_contain_text("A new subject of today")
    approver.go_back()
    assert problems_of(approver) == []
    approver.get_by_role("button", name=re.compile(r"Approve: publish version \d+")).click()
    expect(approver.get_by_role("status")).to_contain_text(re.compile(r"Published as version \d+"))


def test_a_layout_is_sent_back_mended_and_published_with_its_template_by_somebody_else(
    browser: Browser, office: RunningPostroom
) -> None:
    admin, sender, approver = (window(browser, office, who) for who in ("admin", "sam", "april"))
    set_approval(admin, office.url, "No send", of_templates=False)
    _make_layout_with_template(office)
    set_approval(admin, office.url, "No send", of_templates=True)
    _change_layout(sender, office, "<h1>Harbor Counsil</h1>{{ content }}")
    sender.get_by_label("Note for this version (optional)").fill("A new name")
    sender.get_by_role("button", name="Ask for approval of version 2").click()
    expect(sender.get_by_role("status")).to_contain_text("Put up for approval")
    expect(sender.get_by_label("Publish version 2 of “Letter to all”")).to_be_disabled()
    assert problems_of(sender) == []

    approver.goto(f"{office.url}/")
    approver.get_by_role("link", name="Publish “House”").click()
    expect(approver.locator("main")).to_contain_text("A new name")
    expect(approver.get_by_role("region", name="Body, side by side")).to_contain_text("Counsil")
    changed = approver.frame_locator("iframe[title='Letter to all, with the change']")
    expect(changed.get_by_role("heading")).to_have_text("Harbor Counsil")
    assert problems_of(approver) == []
    approver.get_by_text("Send back with a reason", exact=True).click()
    approver.get_by_label("Reason").fill("It is spelt Council.")
    approver.get_by_role("button", name="Send back").click()
    expect(approver.get_by_role("status")).to_contain_text("Sent back. Sam Sender sees your reason")

    sender.goto(f"{office.url}/")
    expect(sender.locator("main")).to_contain_text("It is spelt Council.")
    _change_layout(sender, office, "<h1>Harbor Council</h1>{{ content }}")
    sender.get_by_role("button", name="Ask for approval of version 2").click()

    approver.goto(f"{office.url}/")
    approver.get_by_role("link", name="Publish “House”").click()
    expect(approver.get_by_label("Publish version 2 of “Letter to all”")).to_be_checked()
    approver.get_by_role("button", name="Approve: publish version 2").click()
    expect(approver.get_by_role("status").first).to_contain_text("“House”, version 2, is published. 1 template has")
    approver.goto(f"{office.url}/activity")
    expect(approver.locator("main")).to_contain_text("Layout “House”: publishing version 2 approved")


def _make_layout_with_template(office: RunningPostroom) -> None:
    database = Database(f"sqlite:///{office.data / 'postroom.sqlite3'}")
    with database.writing() as session:
        person = session.query(Person).order_by(Person.id).first()
        assert person is not None
        house = BundledPiece(PieceKind.LAYOUT, "House", Format.HTML, "<h1>Town</h1>{{ content }}", "")
        draft = replace(
            content_of("To all", "<p>Hello</p>"), layout_id=make_piece(session, person, house, publish=True).id
        )
        publish(session, person, create_template(session, person, "Letter to all", draft).id)
    database.close()


def _change_layout(page: Page, office: RunningPostroom, source: str) -> None:
    page.goto(f"{office.url}/templates/layouts")
    page.get_by_role("link", name="House", exact=True).click()
    write(page, source)
    page.get_by_role("button", name="Check and publish").click()
