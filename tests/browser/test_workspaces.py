"""An installation's owner adds a workspace and goes there and back; a viewer looks around and is offered nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, RunningPostroom, new_context, sign_in, start_postroom
from tests.browser.test_every_page import problems_of
from tests.simulator_process import ROOT

pytestmark = pytest.mark.browser
HOME, OTHER = "Harbourside Libraries", "Press office of the whole of Harbourside"


@pytest.fixture(scope="module")
def postroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPostroom]:
    """One of its own: a second workspace would stand in the header of every other test's pages."""
    running = start_postroom(tmp_path_factory.mktemp("workspaces"))
    yield running
    running.process.terminate()
    running.process.wait(40)


def add_workspace(page: Page, postroom: RunningPostroom, name: str) -> None:
    page.goto(f"{postroom.url}/settings")
    page.get_by_role("link", name="Workspaces", exact=True).click()
    page.locator("section", has=page.get_by_role("heading", name="Add a workspace")).get_by_label(
        "Name of the workspace"
    ).fill(name)
    page.get_by_role("button", name="Add the workspace").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def go_to(page: Page, here: str, there: str) -> None:
    page.locator("summary", has_text=here).click()
    page.get_by_role("button", name=there, exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(f"You are in “{there}” now.")


@pytest.mark.parametrize(("width", "scripts"), [(1440, True), (360, False)])
def test_an_owner_adds_a_workspace_goes_there_and_back(
    browser: Browser, postroom: RunningPostroom, width: int, scripts: bool
) -> None:
    other = f"{OTHER} {width}"
    context = new_context(browser, viewport={"width": width, "height": 900}, java_script_enabled=scripts)
    page = context.new_page()
    sign_in(page, postroom)
    add_workspace(page, postroom, other)

    forgotten = context.new_page()  # a form that stays open in another tab
    forgotten.goto(f"{postroom.url}/lists/new")
    go_to(page, HOME, other)
    for path, words in (("/templates/", "No templates yet"), ("/lists", "No lists yet"), ("/sends/", "No sends yet")):
        page.goto(f"{postroom.url}{path}")
        expect(page.get_by_role("main")).to_contain_text(words)
    page.goto(f"{postroom.url}/settings")
    expect(page.get_by_role("main")).to_contain_text("No sender yet")
    assert page.goto(f"{postroom.url}/lists/1").status == 404  # type: ignore[union-attr]

    forgotten.get_by_label("Paste rows").or_(forgotten.locator("textarea")).first.fill("email\nann@example.net")
    forgotten.get_by_role("button", name="Check the rows").click()
    expect(forgotten.get_by_role("main")).to_contain_text(f"It was opened in “{HOME}”, and you are in “{other}” now.")

    go_to(page, other, HOME)
    page.goto(f"{postroom.url}/lists")
    expect(page.get_by_role("link", name="Reading circle")).to_be_visible()
    page.locator("summary", has_text=HOME).click()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    context.close()


@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_of_workspaces_and_the_open_menu_are_accessible(
    browser: Browser, postroom: RunningPostroom, width: int
) -> None:
    context = new_context(browser, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    sign_in(page, postroom)
    add_workspace(page, postroom, f"Another office {width}")
    page.goto(f"{postroom.url}/settings/workspaces")
    page.locator("summary", has_text=HOME).click()
    assert problems_of(page) == []
    context.close()


def test_a_viewer_looks_around_and_is_offered_nothing_to_change(browser: Browser, postroom: RunningPostroom) -> None:
    add_person(postroom.data, "vera@example.com", "Vera Viewer", "viewer")
    context = new_context(browser, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in(page, postroom, "vera@example.com")
    for path, task in (
        ("/templates/", "An editor can write and change templates."),
        ("/lists/1", "An editor can add people to this list, change it and download it."),
        ("/lists/1/columns", "An editor can add columns and change them."),
        ("/lists/1/people/1", "An editor can change this person."),
        ("/sends/", "A sender can compose and release sends."),
        ("/suppressions", "An editor can add addresses here and take them away."),
        ("/settings", "Only an administrator can change the connection."),
    ):
        page.goto(f"{postroom.url}{path}")
        expect(page.get_by_role("main")).to_contain_text(task)
        assert page.locator("main form[method=post]").count() == 0, path
    page.goto(f"{postroom.url}/templates/")
    page.get_by_role("link", name="Card renewal").click()
    page.get_by_role("link", name="Version 1").first.click()
    expect(page.get_by_role("heading", name="Card renewal, version 1")).to_be_visible()
    assert page.goto(f"{postroom.url}/sends/new").status == 403  # type: ignore[union-attr]
    expect(page.get_by_role("main")).to_contain_text("A sender can. Nothing was changed.")
    context.close()


def add_person(folder: Path, email: str, name: str, role: str) -> None:
    command = [sys.executable, "-m", "app.cli", "user", "add", email, "--name", name, "--role", role]
    key = "a secret key, long enough for its check"
    environment = {**os.environ, "POSTROOM_DATA": str(folder), "POSTROOM_SECRET_KEY": key}
    subprocess.run([*command, "--password", PASSWORD], cwd=ROOT, env=environment, check=True)
