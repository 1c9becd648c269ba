"""The writing surface of the template editor, used as a person uses it, under Postroom's own policy."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Locator, Page, Route, expect

from tests.browser.conftest import new_context
from tests.browser.editor_page import NAMES, EditorPages, serve_editors
from tests.browser.test_every_page import problems_of

pytestmark = pytest.mark.browser

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", function (event) {
  violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});
window.heard = 0;
document.addEventListener("input", () => { window.heard += 1; });
"""
PIXEL = (  # a PNG of 5 by 5
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJg"
    "gg=="
)
DROP = """
([surface, files, x, y, pixel]) => {
  const bytes = Uint8Array.from(atob(pixel), (one) => one.charCodeAt(0));
  const transfer = new DataTransfer();
  for (const [name, type] of files) transfer.items.add(new File([bytes], name, { type }));
  const spot = { clientX: x, clientY: y, bubbles: true, cancelable: true, composed: true };
  surface.dispatchEvent(new DragEvent("drop", { ...spot, dataTransfer: transfer }));
}
"""
PASTE = """
([surface, name, words, pixel]) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(pixel), (one) => one.charCodeAt(0));
  transfer.items.add(new File([bytes], name, { type: "image/png" }));
  if (words) transfer.setData("text/plain", words);
  const how = { bubbles: true, cancelable: true, composed: true };
  surface.dispatchEvent(new ClipboardEvent("paste", { ...how, clipboardData: transfer }));
}
"""
LIST_PROBLEM = """
([place, line, severity, words]) => {
  const item = Object.assign(document.createElement("li"), { textContent: words });
  Object.assign(item.dataset, { place, line, severity });
  document.querySelector("[data-problems]").replaceChildren(item);
  document.dispatchEvent(new Event("htmx:afterSettle"));
}
"""

# Every colour that code is written in, against the editor's ground, the line of the cursor, and chosen words.
CONTRASTS = """
() => {
  const probe = document.body.appendChild(document.createElement("i"));
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255);
    const [r, g, b] = parts.map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const grounds = ["--surface", "--raised", "--accent-wash"].map((name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  });
  const spans = document.querySelector("#body-surface").shadowRoot.querySelectorAll(".cm-line span");
  const colours = new Set([...spans].map((one) => getComputedStyle(one).color));
  return [...colours].flatMap((ink) => grounds.map((ground) => {
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    return [ink, ground, (a + 0.05) / (b + 0.05)];
  }));
}
"""


@pytest.fixture(scope="module")
def pages() -> Iterator[EditorPages]:
    with serve_editors() as served:
        yield served


@pytest.fixture
def editor(context: BrowserContext) -> Iterator[Page]:
    """A page that watches for script errors and for anything the policy blocks."""
    errors: list[str] = []
    page = context.new_page()
    page.add_init_script(WATCH)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    assert errors == []


def written(page: Page, name: str = "body") -> str:
    """What the form would send."""
    value: str = page.locator(f"textarea[name={name}]").evaluate("one => one.value")
    return value


def surface(page: Page, label: str = "Words") -> Locator:
    return page.get_by_label(label, exact=True)


def expect_options(page: Page, names: list[str]) -> None:
    """Wait for these suggestions, and until the editor takes a key for one of them (it waits a moment on purpose)."""
    expect(page.locator(".cm-completionLabel")).to_have_text(names)
    page.wait_for_timeout(500)


def put_cursor_at_end(page: Page, label: str = "Words") -> None:
    surface(page, label).click()
    page.keyboard.press("Control+End")


def test_what_is_typed_is_in_the_form_at_once(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page())
    surface(editor).click()
    editor.keyboard.type("Dear {{ first_name }},\n{% if amount_due %}pay{% endif %}")
    assert written(editor) == "Dear {{ first_name }},\n{% if amount_due %}pay{% endif %}"
    editor.get_by_role("button", name="Save").click()
    expect(editor).to_have_title("Sent")
    assert pages.sent[-1]["body"] == ["Dear {{ first_name }},\r\n{% if amount_due %}pay{% endif %}"]


def test_each_key_is_one_input_event_that_comes_after_the_change(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page())
    surface(editor).click()
    editor.evaluate(
        """window.seen = [];
        document.addEventListener("input", () => seen.push(document.querySelector("#body").value));"""
    )
    editor.keyboard.type("abc")
    assert editor.evaluate("seen") == ["a", "ab", "abc"]


def test_the_editor_is_found_by_its_label_once(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page("html", body="<p>Old</p>"))
    expect(editor.get_by_label("HTML")).to_have_count(1)
    expect(editor.get_by_role("textbox", name="HTML", exact=True)).to_be_visible()
    editor.get_by_label("HTML", exact=True).fill("<p>Dear {{ first_name }}</p>\n<p>Bye</p>")
    assert written(editor) == "<p>Dear {{ first_name }}</p>\n<p>Bye</p>"
    editor.get_by_text("Text part", exact=True).click()
    editor.keyboard.type("Plain")
    assert written(editor, "text") == "Plain"


def test_the_description_of_the_field_goes_along(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page())
    described = surface(editor).evaluate(
        "one => one.getRootNode().getElementById(one.getAttribute('aria-describedby')).textContent"
    )
    assert described.startswith("What the person reads. Tab leaves the editor.")


@pytest.mark.parametrize(
    ("kind", "label", "name", "selected", "result"),
    [
        ("markdown", "Words", "Bold", "card", "Your **card** ends\n"),
        ("markdown", "Words", "Italic", "card", "Your _card_ ends\n"),
        ("markdown", "Words", "Heading", "card", "## Your card ends\n"),
        ("markdown", "Words", "List", "card", "- Your card ends\n"),
        ("markdown", "Words", "Numbered list", "card", "1. Your card ends\n"),
        ("markdown", "Words", "Link", "card", "Your [card](https://) ends\n"),
        ("html", "HTML", "Bold", "card", "Your <strong>card</strong> ends\n"),
        ("html", "HTML", "Link", "card", 'Your <a href="https://">card</a> ends\n'),
    ],
)
def test_a_tool_changes_the_chosen_words(
    editor: Page, pages: EditorPages, kind: str, label: str, name: str, selected: str, result: str
) -> None:
    editor.goto(pages.page(kind, body="Your card ends\n"))
    surface(editor, label).get_by_text("Your card ends").dblclick(position={"x": 55, "y": 10})
    assert (
        editor.evaluate("document.querySelector('#body-surface').shadowRoot.getSelection().toString()").strip()
        == selected
    )
    editor.get_by_role("button", name=name, exact=True).click()
    assert written(editor) == result
    editor.get_by_role("button", name="Undo").click()
    assert written(editor) == "Your card ends\n"
    editor.get_by_role("button", name="Redo").click()
    assert written(editor) == result


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("Button", 'Dear reader,\n\n[Words](https:// "button")\n'),
        ("Line", "Dear reader,\n\n---\n"),
        (
            "Table",
            "Dear reader,\n\n| Heading | Heading |\n| ------- | ------- |\n" + 2 * "| Words   | Words   |\n",
        ),
    ],
)
def test_a_piece_stands_in_a_paragraph_of_its_own(editor: Page, pages: EditorPages, name: str, result: str) -> None:
    editor.goto(pages.page(body="Dear reader,"))
    put_cursor_at_end(editor)
    editor.get_by_role("button", name=name, exact=True).click()
    assert written(editor).rstrip("\n") == result.rstrip("\n")


def test_bold_again_takes_bold_away_and_has_a_shortcut(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page(body="Pay now"))
    put_cursor_at_end(editor)
    editor.keyboard.press("Control+b")
    assert written(editor) == "Pay **now**"
    editor.keyboard.press("Control+b")
    assert written(editor) == "Pay now"


def test_a_list_goes_on_by_itself_and_is_taken_away_again(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page(body="- one"))
    put_cursor_at_end(editor)
    editor.keyboard.type("\ntwo")
    assert written(editor) == "- one\n- two"
    editor.keyboard.press("Control+a")
    editor.get_by_role("button", name="List", exact=True).click()
    assert written(editor) == "one\ntwo"


def test_a_variable_is_inserted_by_keyboard_alone(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page(body="Dear "))
    put_cursor_at_end(editor)
    editor.keyboard.press("Shift+Tab")
    expect(editor.get_by_role("button", name="Bold")).to_be_focused()
    editor.keyboard.press("ArrowLeft")
    expect(editor.get_by_role("button", name="Insert an image")).to_be_focused()
    for _ in range(3):
        editor.keyboard.press("ArrowLeft")
    expect(editor.get_by_role("button", name="Insert a variable")).to_be_focused()
    editor.keyboard.press("Enter")
    expect(editor.get_by_role("menuitem", name="first_name Anna")).to_be_focused()
    editor.keyboard.press("Escape")
    expect(editor.get_by_role("menu")).to_have_count(0)
    expect(editor.get_by_role("button", name="Insert a variable")).to_be_focused()
    editor.keyboard.press("ArrowDown")
    editor.keyboard.press("d")
    expect(editor.get_by_role("menuitem", name="due_date")).to_be_focused()
    editor.keyboard.press("ArrowUp")
    editor.keyboard.press("Enter")
    assert written(editor) == "Dear {{ amount_due }}"
    expect(surface(editor)).to_be_focused()


def test_a_variable_goes_where_the_cursor_was_last(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page(body="Body", text="Text"))
    editor.get_by_label("Subject").fill("Your card, ")
    editor.get_by_label("Subject").press("Home")
    editor.get_by_role("button", name="Insert a variable").click()
    expect(editor.get_by_role("menu", name="Insert a variable")).to_have_attribute("aria-description", "Into Subject")
    editor.get_by_role("menuitem", name="first_name").click()
    expect(editor.get_by_label("Subject")).to_have_value("{{ first_name }}Your card, ")
    editor.keyboard.press("Control+z")
    expect(editor.get_by_label("Subject")).to_have_value("Your card, ")
    put_cursor_at_end(editor, "Text part")
    editor.get_by_role("button", name="Insert a variable").click()
    editor.get_by_role("menuitem", name="due_date").click()
    assert written(editor, "text") == "Text{{ due_date }}"
    put_cursor_at_end(editor)
    editor.get_by_role("button", name="Insert a variable").click()
    editor.get_by_role("menuitem", name="amount_due").click()
    assert written(editor) == "Body{{ amount_due }}"


def test_condition_snippet_and_image_are_inserted(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page(body="Please pay"))
    surface(editor).click()
    editor.keyboard.press("Control+a")
    editor.get_by_role("button", name="Insert a condition").click()
    assert written(editor) == '{% if first_name == "value" %}Please pay{% endif %}'
    put_cursor_at_end(editor)
    editor.get_by_role("button", name="Insert a snippet").click()
    editor.get_by_role("menuitem", name="Office hours").click()
    editor.get_by_role("button", name="Insert an image").click()
    editor.get_by_role("menuitem", name="logo.png").click()
    assert written(editor).endswith('{% endif %}{% include "Office hours" %}![logo](cid:logo)')
    editor.goto(pages.page("html"))
    editor.get_by_role("button", name="Insert an image").click()
    editor.get_by_role("menuitem", name="logo.png").click()
    assert written(editor) == '<img src="cid:logo" alt="logo" width="600">'


def test_the_names_may_be_replaced_by_the_page(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page())
    names = {**NAMES, "variables": [{"name": "invoice_number", "kind": "text", "example": "A-17"}]}
    editor.evaluate("names => { document.forms[0].dataset.names = names; }", json.dumps(names))
    editor.get_by_role("button", name="Insert a variable").click()
    expect(editor.get_by_role("menuitem")).to_have_text(["invoice_number A-17"])
    put_cursor_at_end(editor)
    editor.keyboard.type("{{ ")
    expect_options(editor, ["invoice_number"])


def test_completion_knows_the_names(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page())
    surface(editor).click()
    editor.keyboard.type("{{ ")
    expect_options(editor, ["first_name", "amount_due", "due_date"])
    editor.keyboard.type("due")
    expect(editor.get_by_role("option")).to_have_count(2)
    editor.keyboard.press("Escape")
    editor.keyboard.type("_date | ")
    expect_options(editor, ["date", "upper"])
    editor.keyboard.press("Enter")
    editor.keyboard.type(" }}\n")
    assert written(editor) == "{{ due_date | date }}\n"
    editor.keyboard.type("{{ fi")
    expect_options(editor, ["first_name"])
    editor.keyboard.press("Enter")
    assert written(editor) == "{{ due_date | date }}\n{{ first_name }}"


def test_suggestions_asked_for_among_words_are_whole_variables(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page(body="Dear "))
    put_cursor_at_end(editor)
    editor.keyboard.press("Control+Space")
    expect_options(editor, ["first_name", "amount_due", "due_date"])
    editor.keyboard.press("Enter")
    assert written(editor) == "Dear {{ first_name }}"


def test_completion_writes_tags_and_includes(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page())
    surface(editor).click()
    editor.keyboard.type("{% ")
    expect_options(editor, ["if", "elif", "else", "endif", "for", "endfor", "set", "include"])
    editor.keyboard.type("inc")
    expect_options(editor, ["include"])
    editor.keyboard.press("Enter")
    expect_options(editor, ["Office hours", "Closing words"])
    editor.keyboard.press("Enter")
    assert written(editor) == '{% include "Office hours" %}'
    editor.keyboard.press("Control+End")
    editor.keyboard.type("\n{% i")
    expect(editor.locator(".cm-completionLabel").first).to_have_text("if")
    editor.wait_for_timeout(500)
    editor.keyboard.press("Enter")
    editor.keyboard.type("amou")
    expect_options(editor, ["amount_due"])
    editor.keyboard.press("Enter")
    assert written(editor).endswith("\n{% if amount_due %}{% endif %}")


@pytest.mark.parametrize(("kind", "typed", "offered"), [("html", "<tab", "table"), ("mjml", "<mj-but", "mj-button")])
def test_completion_knows_elements(editor: Page, pages: EditorPages, kind: str, typed: str, offered: str) -> None:
    editor.goto(pages.page(kind))
    surface(editor, kind.upper()).click()
    editor.keyboard.type(typed)
    expect(editor.locator(".cm-completionLabel").filter(has_text=offered).first).to_be_visible()


def test_a_problem_is_underlined_at_its_line(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page("html", body="<p>One</p>\n<p>{{ nme }}</p>\n<p>Three</p>", text="Text"))
    editor.evaluate(LIST_PROBLEM, ["body", "2", "error", "There is no value for nme."])
    underlined = editor.locator("#body-surface .cm-lintRange-error")
    assert "".join(underlined.all_text_contents()) == "<p>{{ nme }}</p>"
    expect(editor.locator("#text-surface .cm-lintRange-error")).to_have_count(0)
    surface(editor, "HTML").click()
    editor.keyboard.press("F8")
    expect(editor.locator(".cm-tooltip").get_by_text("There is no value for nme.")).to_be_visible()
    expect(editor.locator("#body-surface .cm-announced")).to_have_text("There is no value for nme.")
    editor.keyboard.press("ArrowLeft")
    editor.evaluate(LIST_PROBLEM, ["text", "1", "warning", "The text part is short."])
    expect(underlined).to_have_count(0)
    expect(editor.locator("#text-surface .cm-lintRange-warning")).to_have_text("Text")


def drop(page: Page, *names: str, label: str = "Words", kind: str = "image/png") -> None:
    """Drop files at the end of the editor's first line."""
    box = surface(page, label).locator(".cm-line").first.bounding_box()
    assert box
    spot = [box["x"] + box["width"] - 5, box["y"] + box["height"] / 2]
    handle = surface(page, label).element_handle()
    page.evaluate(DROP, [handle, [[name, kind] for name in names], *spot, PIXEL])


def test_dropped_images_stand_where_they_were_dropped(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page(body="First line\nLast line"))
    put_cursor_at_end(editor)
    drop(editor, "map.png", "door.png")
    expect(editor.get_by_role("status")).to_contain_text("2 images are in the text.")
    assert written(editor) == "First line![map](cid:map)![door](cid:door)\nLast line"
    assert [(token, name) for token, name, _ in pages.uploads[-2:]] == [("a token", "map.png"), ("a token", "door.png")]
    editor.get_by_role("button", name="Insert an image").click()
    expect(editor.get_by_role("menuitem")).to_have_text(["logo.png", "map.png", "door.png", "Upload an image…"])


def test_typing_goes_on_while_an_image_is_under_way(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page("html", body="<p>One</p>\n<p>Two</p>"))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    editor.route("**/upload", hold)
    surface(editor, "HTML").click()
    editor.keyboard.press("Control+Home")
    drop(editor, "map.png", label="HTML")
    expect(editor.get_by_role("status")).to_have_text("Uploading map.png…")
    editor.keyboard.type("<!-- new -->")
    while not held:
        editor.wait_for_timeout(20)
    held[0].continue_()
    expect(editor.get_by_role("status")).to_contain_text("map.png is in the text.")
    assert written(editor) == '<!-- new --><p>One</p><img src="cid:map" alt="map" width="5">\n<p>Two</p>'


def test_a_refused_image_says_why_and_leaves_the_text(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page(body="Words stay"))
    drop(editor, "refused.png")
    expect(editor.get_by_role("status")).to_have_text("refused.png is not an image.")
    drop(editor, "letter.txt", kind="text/plain")
    expect(editor.get_by_role("status")).to_contain_text("Only images go into the text.")
    assert written(editor) == "Words stay"


def test_an_image_is_pasted_but_words_with_a_picture_are_words(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page())
    surface(editor).click()
    handle = surface(editor).element_handle()
    editor.evaluate(PASTE, [handle, "shot.png", "", PIXEL])
    expect(editor.get_by_role("status")).to_contain_text("shot.png is in the text.")
    editor.evaluate(PASTE, [handle, "word.png", " and words", PIXEL])
    assert written(editor) == "![shot](cid:shot) and words"


def test_an_image_is_uploaded_by_keyboard(editor: Page, pages: EditorPages) -> None:
    desk: FilePayload = {"name": "desk.png", "mimeType": "image/png", "buffer": b64decode(PIXEL)}
    editor.on("filechooser", lambda chooser: chooser.set_files(desk))
    editor.goto(pages.page())
    editor.get_by_role("button", name="Insert an image").focus()
    editor.keyboard.press("Enter")
    editor.keyboard.press("End")
    editor.keyboard.press("Enter")
    expect(editor.get_by_role("status")).to_contain_text("desk.png is in the text.")
    assert written(editor) == "![desk](cid:desk)"


def test_the_page_may_replace_the_words_and_a_reset_brings_them_back(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page(body="First"))
    editor.evaluate(
        """() => {
          const textarea = document.querySelector("#body");
          textarea.value = "Restored";
          textarea.dispatchEvent(new Event("postroom:replace"));
        }"""
    )
    expect(surface(editor)).to_have_text("Restored")
    assert editor.evaluate("heard") == 0
    editor.get_by_role("button", name="Start again").click()
    expect(surface(editor)).to_have_text("First")
    assert written(editor) == "First"


def test_it_outlives_swaps_of_other_parts_and_opens_what_comes(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page(body="Words"))
    put_cursor_at_end(editor)
    editor.evaluate(
        """() => {
          document.querySelector("#preview").innerHTML =
            '<label for="more">More</label><textarea id="more" name="more" data-editor="text">x</textarea>';
          document.dispatchEvent(new Event("htmx:afterSettle"));
        }"""
    )
    editor.keyboard.type(" go on")
    assert written(editor) == "Words go on"
    expect(editor.get_by_role("textbox", name="More")).to_have_text("x")
    editor.evaluate(
        "document.querySelector('#preview').innerHTML = ''; document.dispatchEvent(new Event('htmx:afterSettle'))"
    )
    expect(surface(editor)).to_have_text("Words go on")


def test_tab_leaves_the_editor(editor: Page, pages: EditorPages) -> None:
    editor.goto(pages.page("html", body="<p>One</p>"))
    surface(editor, "HTML").click()
    editor.keyboard.press("Tab")
    expect(surface(editor, "Text part")).to_be_focused()
    editor.keyboard.press("Shift+Tab")
    editor.keyboard.press("Control+]")
    assert written(editor) == "  <p>One</p>"


@pytest.mark.parametrize("kind", ["markdown", "html", "mjml", "text"])
def test_the_policy_blocks_nothing(editor: Page, pages: EditorPages, kind: str) -> None:
    blocked: list[str] = []
    editor.on(
        "console", lambda message: blocked.append(message.text) if "Content Security Policy" in message.text else None
    )
    editor.goto(pages.page(kind, body="# One\n\n<p style='color: red'>Two {{ first_name }}</p>"))
    label = "Words" if kind == "markdown" else kind.upper()
    put_cursor_at_end(editor, label)
    editor.evaluate(LIST_PROBLEM, ["body", "1", "error", "A problem"])
    editor.keyboard.type("\n{{ fir")
    expect(editor.get_by_role("option").first).to_be_visible()
    editor.keyboard.press("Escape")
    editor.keyboard.press("F8")
    editor.keyboard.press("Control+f")
    editor.keyboard.type("One")
    editor.keyboard.press("Escape")
    editor.keyboard.press("Control+Shift+m")
    editor.get_by_role("button", name="Insert a variable").click()
    editor.get_by_role("menuitem", name="first_name").click()
    drop_box = surface(editor, label).bounding_box()
    assert drop_box
    assert surface(editor, label).evaluate("one => getComputedStyle(one).whiteSpace") == "break-spaces"
    assert (editor.evaluate("violations"), blocked) == ([], [])


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("kind", ["markdown", "html"])
def test_it_is_accessible(browser: Browser, pages: EditorPages, kind: str, width: int) -> None:
    context = new_context(browser, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    everything = (
        "# Title\n\n**Bold** _words_ [link](https://example.org) `code`\n<!-- remark -->\n"
        '<p class="a" style="color: #123456">{{ first_name | upper }}</p>\n'
        '{% if a > 1 and b == "x" %}\n- one\n{% endif %}\n'
    )
    page.goto(pages.page(kind, body=everything, text="Dear {{ first_name }}"))
    page.evaluate(LIST_PROBLEM, ["body", "3", "error", "A problem"])
    found = {"at rest": problems_of(page)}
    put_cursor_at_end(page, "Words" if kind == "markdown" else "HTML")
    page.keyboard.type("{{ ")
    expect(page.get_by_role("option").first).to_be_visible()
    found["completing"] = problems_of(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Insert a variable").click()
    found["menu"] = problems_of(page)
    page.keyboard.press("Escape")
    context.close()
    assert {state: problems for state, problems in found.items() if problems} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_of_code_can_be_read(browser: Browser, pages: EditorPages, theme: str) -> None:
    context = new_context(browser, color_scheme=theme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(
        pages.page(
            "html",
            body='<!-- a --><p class="a" style="color: #123456">{{ x | upper }}&amp;{{ self.a }}</p></i>\n'
            '{% if a > 1 and not b == "x" %}{# remark #}{% include "b" %}{% endif %}\n'
            "<style>@media print { p > a:hover { margin: 0 5px !important } }</style>",
        )
    )
    expect(surface(page, "HTML").get_by_text("upper")).to_be_visible()
    measured = page.evaluate(CONTRASTS)
    context.close()
    assert len({ink for ink, _, _ in measured}) >= 7
    assert [row for row in measured if row[2] < 4.5] == []


def test_a_long_text_stays_quick(editor: Page, pages: EditorPages) -> None:
    row = '<tr><td style="color: #333333">Hello {{ first_name }}, {% if a %}yes{% endif %}</td></tr>\n'
    editor.goto(pages.page("html", body="<table>\n" + row * (300_000 // len(row)) + "</table>"))
    put_cursor_at_end(editor, "HTML")
    took: float = editor.evaluate(
        """async () => {
          const root = document.querySelector("#body-surface").shadowRoot;
          const took = [];
          for (let i = 0; i < 20; i += 1) {
            const start = performance.now();
            const heard = new Promise((done) => document.addEventListener("input", done, { once: true }));
            root.querySelector(".cm-content").focus();
            document.execCommand("insertText", false, "x");
            await heard;
            took.push(performance.now() - start);
            await new Promise(requestAnimationFrame);
          }
          return took.sort((a, b) => a - b)[10];
        }"""
    )
    assert written(editor).endswith("x" * 20)
    assert took < 75, f"{took:.0f} ms (median) from a key to its input event in a text of 300 kB"


def test_without_scripts_the_textarea_is_as_it_is(browser: Browser, pages: EditorPages) -> None:
    context = new_context(browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(pages.page(body="Dear reader"))
    page.get_by_label("Words").fill("Dear {{ first_name }}")
    expect(page.get_by_role("toolbar")).to_have_count(0)
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_title("Sent")
    assert pages.sent[-1]["body"] == ["Dear {{ first_name }}"]
    context.close()
