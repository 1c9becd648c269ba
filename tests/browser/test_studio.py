"""The template studio as a person uses it: writing, preview, variables, languages, checks, two people."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Browser, Page, expect

from app.db import Database
from app.people.accounts import add_person, first_workspace
from app.people.roles import Role
from tests.browser.conftest import PASSWORD, RunningPostroom, new_context, sign_in

pytestmark = pytest.mark.browser


def begin(page: Page, postroom: RunningPostroom, name: str, start: str = "An empty e-mail (Write)") -> None:
    """Make a template and open its editor."""
    page.goto(f"{postroom.url}/templates/new")
    page.get_by_label("Name of the template").fill(name)
    page.get_by_label(start).check()
    page.get_by_role("button", name="Make the template").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def write(page: Page, body: str) -> None:
    """Replace the body in the code editor, as somebody who types."""
    page.locator("#body-surface .cm-content").focus()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(body)


def shown(page: Page) -> object:
    """The frame that shows the e-mail now."""
    return page.frame_locator("iframe.preview-frame").first.locator("body")


def saves(page: Page, words: str) -> AbstractContextManager[object]:
    """What is done under this is saved by itself: the draft with these words, whatever was saved before them."""
    return page.expect_response(
        lambda answer: answer.url.endswith("/autosave") and words in (answer.request.post_data or "")
    )


def test_what_is_written_shows_at_once_and_is_there_after_leaving(page: Page, postroom: RunningPostroom) -> None:
    begin(page, postroom, "Autumn letter")
    page.get_by_label("Subject", exact=True).fill("Autumn for {{ nickname }}")
    page.get_by_label("Preheader", exact=True).fill("Leaves & more")
    write(page, '# Autumn\n\nDear **{{ nickname }}**,\n\n[See the leaves](https://www.example.net/leaves "button")')
    expect(shown(page)).to_contain_text("Dear [nickname missing],")  # type: ignore[arg-type]
    expect(page.locator("#preview")).to_contain_text("Body, line 3: there is no value for nickname.")
    with saves(page, "Anna"):
        page.get_by_label("Example of nickname").fill("Anna")
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    expect(shown(page)).to_contain_text("Dear Anna,")  # type: ignore[arg-type]
    expect(page.locator(".inbox-line")).to_contain_text("Autumn for Anna")
    expect(page.locator(".inbox-line")).to_contain_text("Leaves & more")
    page.get_by_role("link", name="Templates", exact=True).first.click()
    page.get_by_role("link", name="Autumn letter", exact=True).click()
    expect(shown(page)).to_contain_text("Dear Anna,")  # type: ignore[arg-type]


def test_every_view_of_the_preview_and_every_person(page: Page, postroom: RunningPostroom) -> None:
    page.goto(f"{postroom.url}/templates/1")
    page.get_by_label("Preview with").select_option(label="List: Reading circle")
    expect(page.locator("#preview")).to_contain_text("@example.")
    first = page.locator("#preview_person").input_value()
    page.get_by_role("button", name="Next person").click()
    expect(page.locator("#preview_person")).not_to_have_value(first)
    page.get_by_role("button", name="Previous person").click()
    expect(page.locator("#preview_person")).to_have_value(first)
    page.get_by_role("radio", name="Phone").check()
    phone = page.locator("iframe.phone")
    expect(phone).to_be_visible()
    box = phone.bounding_box()
    assert box is not None
    assert round(box["width"]) in range(373, 379)
    page.get_by_role("radio", name="Side by side").check()
    expect(page.locator("iframe.preview-frame")).to_have_count(2)
    page.get_by_role("radio", name="Dark mode").check()
    expect(page.locator("iframe.preview-frame")).to_have_count(1)
    page.get_by_role("radio", name="Text").check()
    expect(page.get_by_role("region", name="Text part")).to_contain_text("library")
    page.get_by_role("radio", name="Headers").check()
    expect(page.locator("#preview")).to_contain_text("Auto-Submitted")
    page.get_by_role("radio", name="Source").check()
    expect(page.get_by_role("region", name="Source")).to_contain_text("<html")


def test_a_mistake_is_named_with_its_line_and_underlined(page: Page, postroom: RunningPostroom) -> None:
    begin(page, postroom, "With a mistake", "Empty HTML")
    write(page, "<p>fine</p>\n\n<p>{{ 1 + }}</p>")
    expect(page.locator("#preview")).to_contain_text("Body, line 3: the template cannot be read")
    expect(page.locator(".cm-lintRange-error").first).to_be_attached()
    write(page, "<p><img src='http://a.example.net/x.png'>\n<a href='https://a.example.net'>click here</a></p>")
    checks = page.locator("#checks")
    expect(checks).to_contain_text("has no words for people who cannot see it")
    expect(checks.get_by_role("button", name="Body, line 2").first).to_be_visible()
    expect(checks).to_contain_text("The words of the link “click here” do not say where it goes")


def test_one_template_in_two_languages(page: Page, postroom: RunningPostroom) -> None:
    begin(page, postroom, "Two languages")
    page.get_by_label("Subject", exact=True).fill("Good day")
    write(page, "Good day")
    page.get_by_text("Languages", exact=True).click()
    page.get_by_label("Language to add").select_option("ar")
    page.get_by_role("button", name="Add this language").click()
    expect(page.get_by_role("navigation", name="Languages of this template")).to_contain_text("Arabic")
    expect(page.get_by_label("Subject", exact=True)).to_have_attribute("dir", "rtl")
    page.get_by_label("Subject", exact=True).fill("يوم سعيد")
    write(page, "أهلا وسهلا")
    expect(shown(page)).to_contain_text("أهلا")  # type: ignore[arg-type]
    expect(page.frame_locator("iframe.preview-frame").first.locator("html")).to_have_attribute("dir", "rtl")
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_label("Subject", exact=True)).to_have_value("Good day")


def test_two_people_in_one_draft_are_told_and_neither_is_overwritten(
    page: Page, browser: Browser, postroom: RunningPostroom
) -> None:
    begin(page, postroom, "Shared")
    url = page.url
    context = new_context(browser)
    other = context.new_page()
    database = Database(f"sqlite:///{postroom.data / 'postroom.sqlite3'}")
    with database.writing() as session:
        where = first_workspace(session)
        add_person(session, where, email="ben@example.com", name="Ben Other", password=PASSWORD, role=Role.EDITOR)
    database.close()
    other.goto(f"{postroom.url}/sign-in")
    other.get_by_label("E-mail address").fill("ben@example.com")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    other.wait_for_url(f"{postroom.url}/")
    page.goto(url)
    other.goto(url)
    expect(other.locator("#presence")).to_contain_text("has this template open, too")
    with saves(other, "Ben"):
        other.get_by_label("Subject", exact=True).fill("Ben's subject")
    page.get_by_label("Subject", exact=True).fill("My subject")
    expect(page.locator("#saved")).to_contain_text("Ben Other saved this template")
    page.get_by_role("button", name="Put mine in its place").click()
    expect(page.locator("#saved")).to_contain_text("Draft saved")
    page.reload()
    expect(page.get_by_label("Subject", exact=True)).to_have_value("My subject")
    context.close()


def test_without_scripts_a_template_is_written_and_saved(browser: Browser, postroom: RunningPostroom) -> None:
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, postroom)
    begin(page, postroom, "Plain hands", "Empty HTML")
    page.get_by_label("Body", exact=True).fill("<p>By hand</p>")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("status").first).to_contain_text("Draft saved.")
    expect(page.get_by_label("Body", exact=True)).to_have_value("<p>By hand</p>")
    context.close()


def test_the_preview_stays_where_it_is_read_and_nothing_in_it_runs(page: Page, postroom: RunningPostroom) -> None:
    begin(page, postroom, "A long one", "Empty HTML")
    rows = "".join(f"<p style='margin: 20px'>Row {number}</p>" for number in range(80))
    hostile = (
        "<script>top.document.title = 'taken'</script><img src=x onerror=\"top.document.title = 'taken'\">"
        "<meta http-equiv='refresh' content='0; url=/templates'><a href='/templates'>away</a>"
    )
    write(page, f"<!doctype html><html><body>{rows}{hostile}</body></html>")
    expect(shown(page)).to_contain_text("Row 79")  # type: ignore[arg-type]
    shown(page).evaluate("body => body.ownerDocument.defaultView.scrollTo(0, 1500)")  # type: ignore[attr-defined]
    write(page, f"<!doctype html><html><body>{rows.replace('Row 40', 'Row forty')}{hostile}</body></html>")
    expect(shown(page)).to_contain_text("Row forty")  # type: ignore[arg-type]
    assert shown(page).evaluate("body => body.ownerDocument.defaultView.scrollY") == 1500  # type: ignore[attr-defined]
    page.frame_locator("iframe.preview-frame").get_by_role("link", name="away").click()
    page.wait_for_timeout(300)
    expect(shown(page)).to_contain_text("Row forty")  # type: ignore[arg-type]
    assert page.title() != "taken"


def test_a_layout_shows_while_it_is_written(page: Page, postroom: RunningPostroom) -> None:
    begin(page, postroom, "With a layout")  # which brings the first layout along
    page.goto(f"{postroom.url}/templates/layouts")
    page.get_by_role("link", name="Letter", exact=True).click()
    page.locator("#text").focus()
    write(page, "<!doctype html><html><body><h1>Our new head</h1>{{ content }}</body></html>")
    expect(shown(page)).to_contain_text("Our new head")  # type: ignore[arg-type]
    expect(shown(page)).to_contain_text("Room 7, Quay Street")  # type: ignore[arg-type]
