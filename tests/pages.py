"""Every page there is, with how to get there: for the accessibility run and for the pictures."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import date, timedelta

from playwright.sync_api import Page

PATIENCE = 60.0
SEND = re.compile(r"Send \d+ e-mails")
ASK = re.compile(r"Ask for approval of \d+ e-mails")
SEND_AGAIN = re.compile(r"Send \d+ e-mails again")
"""The button, whoever must not be written to by now: a permanent bounce or a complaint leaves people out."""


@dataclass(frozen=True)
class Place:
    """A page: its name and its address, with `{send}` and the like for what the demo made."""

    name: str
    path: str
    of_simulator: bool = False


PLACES = (
    Place("home", "/"),
    Place("templates", "/templates/"),
    Place("template-new", "/templates/new"),
    Place("template-editor", "/templates/1"),
    Place("template-version", "/templates/versions/1"),
    Place("layouts", "/templates/layouts"),
    Place("snippets", "/templates/snippets"),
    Place("layout-new", "/templates/layouts/new"),
    Place("template-publish", "/templates/1/publish"),
    Place("template-versions", "/templates/1/versions"),
    Place("template-compare", "/templates/1/compare"),
    Place("template-import", "/templates/import"),
    Place("lists", "/lists"),
    Place("list-new", "/lists/new"),
    Place("uploads-waiting", "/lists/uploads"),
    Place("list", "/lists/1"),
    Place("segments", "/lists/1/segments"),
    Place("segment-new", "/lists/1/segments/new"),
    Place("list-filter", "/lists/1?filter_column=name&filter_operator=is_filled&filter_value=&filter_add=1"),
    Place("list-bulk", "/lists/1/bulk?all=yes"),
    Place("list-columns", "/lists/1/columns"),
    Place("list-column", "/lists/1/columns/branch"),
    Place("list-history", "/lists/1/history"),
    Place("list-person", "/lists/1/people/1"),
    Place("person", "/sends/person?email=imani.khan1@example.net"),
    Place("person-unknown", "/sends/person?email=nobody@example.net"),
    Place("person-erase", "/sends/person/erase?email=imani.khan1@example.net"),
    Place("retention", "/sends/retention"),
    Place("list-import", "/lists/1/import"),
    Place("sends", "/sends/"),
    Place("send-new", "/sends/new"),
    Place("send-people", "/sends/{draft}/people"),
    Place("send-sender", "/sends/{draft}/sender"),
    Place("send-values", "/sends/{draft}/values"),
    Place("send-review", "/sends/{draft}/review"),
    Place("send-look", "/sends/{draft}/look"),
    Place("send-scheduled", "/sends/{scheduled}"),
    Place("send-time", "/sends/{scheduled}/time"),
    Place("send-pace", "/sends/{scheduled}/pace"),
    Place("approval-rule", "/sends/approval-rule"),
    Place("approval", "/sends/{awaiting}/approval"),
    Place("approval-look", "/sends/{awaiting}/approval/look"),
    Place("approval-emergency", "/sends/{awaiting}/approval/{request}/emergency"),
    Place("sends-awaiting", "/sends/?state=awaiting_approval"),
    Place("send-results", "/sends/1"),
    Place("send-group", "/sends/1?group=bounced"),
    Place("message", "/sends/1/messages/1"),
    Place("send-retry", "/sends/1/retry?group=rejected"),
    Place("send-doubt", "/sends/1/decide"),
    Place("send-again", "/sends/1/send-again?group=rejected"),
    Place("send-test", "/sends/test?template=1&list=1"),
    Place("test-groups", "/sends/test/groups"),
    Place("suppressions", "/suppressions"),
    Place("suppression-add", "/suppressions/add"),
    Place("suppressions-add-many", "/suppressions/add-many"),
    Place("suppression-rules", "/suppressions/rules"),
    Place("suppression-address", "/suppressions/address?email=bounce-noah@example.net"),
    Place("bad-addresses", "/suppressions/bad-addresses"),
    Place("bad-address", "/suppressions/bad-addresses/1"),
    Place("activity", "/activity"),
    Place("activity-filtered", "/activity?kind=lists&since=2026-01-01"),
    Place("activity-entry", "/activity/1"),
    Place("activity-chain", "/activity/chain"),
    Place("settings", "/settings"),
    Place("people", "/settings/people"),
    Place("workspaces", "/settings/workspaces"),
    Place("you", "/you"),
    Place("you-signing-in", "/you/signing-in"),
    Place("you-signing-in-app", "/you/signing-in/app"),
    Place("sign-in-rule", "/settings/signing-in"),
    Place("sign-in-help", "/settings/signing-in/people/1"),
    Place("people-person", "/settings/people/1"),
    Place("forgot-password", "/forgot-password"),
    Place("link-gone", "/invitation/nobody"),
    Place("unsubscribing", "/settings/unsubscribing/"),
    Place("kind-of-notice-new", "/settings/unsubscribing/kinds/new"),
    Place("unsubscribing-by-hand", "/settings/unsubscribing/by-hand"),
    Place("template-notice", "/templates/1/notice"),
    Place("template-hiding", "/templates/1/hiding"),
    Place("send-notice", "/sends/{draft}/notice"),
    Place("unsubscribe-example", "/u/00000000-0000-4000-8000-000000000000"),
    Place("unsubscribe-unknown", "/u/nobody"),
    Place("not-found", "/no-such-page"),
    Place("simulator-inbox", "/", of_simulator=True),
    Place("simulator-mail", "/mail/1", of_simulator=True),
    Place("simulator-outcomes", "/outcomes", of_simulator=True),
    Place("simulator-settings", "/settings", of_simulator=True),
    Place("simulator-clear", "/clear", of_simulator=True),
)


def press_send(page: Page) -> None:
    """Press Send, and answer that it is meant when the same went out today."""
    page.get_by_role("button", name=SEND).click()
    again = page.get_by_role("button", name=SEND_AGAIN)
    page.locator("#progress").or_(page.get_by_role("button", name="Undo")).or_(again).first.wait_for()
    if again.count():
        again.click()


def make_draft(page: Page, url: str) -> int:
    """Begin a send in the browser and review it; gives its number."""
    page.goto(f"{url}/sends/new")
    page.get_by_label("Template", exact=True).select_option(label="Library closure, version 1")
    page.get_by_label("List", exact=True).select_option(label="Reading circle (30 people)")
    page.get_by_role("button", name="Go on to the sender").click()
    page.get_by_role("button", name="Add unsubscribe headers").click()
    page.get_by_role("button", name="Go on to values").click()
    page.get_by_label("closed_from").fill("7 December")
    page.get_by_label("closed_until").fill("18 December")
    page.get_by_role("button", name="Go on to the review").click()
    number = int(page.url.split("/sends/")[1].split("/")[0])
    page.get_by_role("button", name="Start the review").click()
    page.get_by_role("button", name=SEND).wait_for()
    return number


def make_scheduled(page: Page, url: str) -> int:
    """Release a send for next month, three people first; gives its number."""
    number = make_draft(page, url)
    page.get_by_label("Send at a time I choose").check()
    page.get_by_label("Day", exact=True).fill(f"{date.today() + timedelta(days=30)}")
    page.get_by_label("Time", exact=True).fill("09:30")
    page.get_by_text("Slower, or a few first").click()
    page.get_by_label("Send a few first, then wait for me").check()
    page.get_by_label("E-mails", exact=True).fill("3")
    press_send(page)
    page.get_by_role("button", name="Undo").wait_for()
    return number


def set_approval(page: Page, url: str, scope: str, *, of_templates: bool = False) -> None:
    """Set the rule on approval: `No send` or `Every send`."""
    page.goto(f"{url}/sends/approval-rule")
    page.get_by_label(scope, exact=True).check()
    page.get_by_label("Publishing a template needs approval, too").set_checked(of_templates)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The rule is saved").wait_for()


def ask_for_approval(page: Page, note: str = "") -> None:
    """Ask on the review that is open, and say that it is meant when the same went out today."""
    if note:
        page.get_by_label("Note to the approver (optional)").fill(note)
    page.get_by_role("button", name=ASK).click()
    again = page.get_by_role("button", name="Ask for approval to send")
    page.get_by_role("heading", name="Decide").or_(again).wait_for()
    if again.count():
        again.click()
        page.get_by_role("heading", name="Decide").wait_for()


def make_awaiting(page: Page, url: str) -> dict[str, int]:
    """Put a send up for approval, and let no other need it; gives its number and that of the request."""
    number = make_draft(page, url)
    set_approval(page, url, "Every send")
    page.goto(f"{url}/sends/{number}/review")
    ask_for_approval(page, "The closure is decided; please have a look at the dates.")
    link = page.get_by_role("link", name="Emergency: send without approval").get_attribute("href") or ""
    set_approval(page, url, "No send")
    return {"awaiting": number, "request": int(link.split("/")[-2])}


def wait_for_history(page: Page, url: str) -> None:
    """Wait until the demo's past sends are over."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        page.goto(f"{url}/sends/")
        if page.get_by_text("Cancelled", exact=True).count() and not page.get_by_text("Sending", exact=True).count():
            return
        time.sleep(0.5)
    raise AssertionError("the demo's past sends did not finish")


def save_import(page: Page, button: str) -> None:
    """Save an upload once its rows are checked and open the list; works without scripts, where a page stands still."""
    for control in (page.get_by_role("button", name=button), page.get_by_role("link", name="Open the list")):
        until = time.monotonic() + PATIENCE
        while not control.count():
            assert time.monotonic() < until, page.locator("main").inner_text()
            page.wait_for_timeout(500)
            page.reload()
        control.click()
    page.wait_for_url(re.compile(r"/lists/\d+$"))
