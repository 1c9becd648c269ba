"""How soon a changed letter shows: the server's part, and from the key to the new picture in a real Chromium.

The template has 100 kB of HTML with styles and some sixty tags, as a long notice has. Floors, in the same run: the same
work in one process without a web server, and the time in which Chromium draws the ready HTML whole into a blank frame.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import requests
from playwright.sync_api import Page, sync_playwright

from app.emails.assembling import Pieces
from app.emails.content import Content, content_of
from app.emails.preview import make_preview
from tests.browser.conftest import FLAGS, chromium, sign_in, start_postroom

KEYS = 60
WARM = 20
"""Questions before the first that counts: each web process starts what it renders in."""
SIZE = 100_000
ROW = "<tr><td class='item'>Item of the notice, with words as people write them</td><td class='sum'>12.00</td></tr>\n"
STYLE = (
    "<style>body { margin: 0; font-family: Arial, sans-serif } .item { padding: 6px 12px; color: #222222 }"
    ".sum { text-align: right } p { line-height: 1.5 } h2 { color: #12455c }"
    "@media (prefers-color-scheme: dark) { body { background: #111111 } }"
    "@media (max-width: 600px) { td { padding: 2px } }"
    "</style>"
)
PART = "<h2>Part</h2><p>Dear {{ first_name }}, {% if city %}in {{ city }}{% endif %}</p><table>" + ROW * 60 + "</table>"
FRAME = "<!doctype html><html lang='en'><head><title>Notice</title>" + STYLE + "</head><body>[[parts]]</body></html>"


def long_notice() -> Content:
    """A template of 100 kB."""
    body = FRAME.replace("[[parts]]", PART * (SIZE // len(PART)))
    body = body.replace("</body>", "<p>" + "x" * max(0, SIZE - len(body) - 7) + "</p></body>")
    return content_of("Notice for {{ first_name }}", body, examples={"first_name": "Anna", "city": "Leeds"})


def preview(tell: Callable[..., None]) -> None:
    """Print `server_p95_ms` and `key_to_preview_p95_ms`."""
    content = long_notice()
    bare = _p95([_timed(lambda number=number: _in_process(content, number)) for number in range(KEYS)])
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        postroom = start_postroom(Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            page = browser.new_page(viewport={"width": 1440, "height": 1000})
            sign_in(page, postroom)
            address = _write(page, postroom.url, content)
            tell("preview", "server_p95_ms", _server(page, address.split("?", maxsplit=1)[0]), "ms", bare)
            tell("preview", "key_to_preview_p95_ms", *_keys(page))
        finally:
            browser.close()
            postroom.process.terminate()
            postroom.process.wait(40)


def _in_process(content: Content, number: int) -> None:
    body = content.main.body.replace("Dear", f"Dear {number}", 1)
    changed = content.with_variant("en", replace(content.main, body=body))
    make_preview(changed, "en", Pieces(), {"first_name": "Anna", "city": "Leeds"}, False)


def _write(page: Page, url: str, content: Content) -> str:
    """Make the template in the browser; gives the address of its editor."""
    page.goto(f"{url}/templates/new")
    page.get_by_label("Name of the template").fill("Long notice")
    page.get_by_label("Empty HTML").check()
    page.get_by_role("button", name="Make the template").click()
    page.wait_for_selector("#editor")
    # Put in at once: typing 100,000 characters is not what is measured.
    page.evaluate(
        "body => { const area = document.getElementById('body'); area.value = body;"
        " area.dispatchEvent(new CustomEvent('postroom:replace'));"
        " area.dispatchEvent(new Event('input', { bubbles: true })) }",
        content.main.body,
    )
    page.wait_for_timeout(3000)
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_selector("text=Draft saved.")
    page.wait_for_timeout(1500)
    return page.url


def _server(page: Page, address: str) -> float:
    """Post the editor's form again and again, each time a little changed; gives the p95 of the answers in ms."""
    fields = page.evaluate("[...new FormData(document.getElementById('editor'))].filter(([, value]) => !(value.name))")
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}
    with requests.Session() as browser:
        browser.cookies.update(cookies)
        times = [_asked(browser, address, fields, number) for number in range(KEYS + WARM)]
    return _p95(times[WARM:])


def _asked(browser: requests.Session, address: str, fields: list[list[str]], number: int) -> float:
    """Ask for a preview; gives the ms from the first byte of the ready request to the last one of the answer."""
    changed = [
        (name, (None, value.replace("Dear", f"Dear {number}") if name == "body" else value)) for name, value in fields
    ]
    asked = requests.Request("POST", f"{address}/preview", files=changed, headers={"HX-Request": "true"})
    ready, answers = browser.prepare_request(asked), list[requests.Response]()
    took = _timed(lambda: answers.append(browser.send(ready, timeout=20)))
    assert f"Dear {number}" in answers[0].text
    return took


def _keys(page: Page) -> tuple[float, str, float]:
    """Type letter by letter into the body and wait for each to show; gives the p95, its unit, and the floor."""
    page.evaluate(
        """() => {
          window.began = 0; window.times = [];
          document.addEventListener('keydown', () => { window.began = performance.now(); }, true);
          // Twice: what is asked for in one frame is on the screen when the next one begins.
          const drawn = () => {
            if (window.began) { window.times.push(performance.now() - window.began); window.began = 0; }
          };
          document.addEventListener("postroom:previewed",
            () => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        }"""
    )
    page.locator(".cm-content").first.get_by_text("Dear").first.click()
    page.keyboard.press("End")
    for number in range(KEYS):
        page.keyboard.press("abcdefghij"[number % 10])
        page.wait_for_function("wanted => window.times.length >= wanted", arg=number + 1, timeout=10_000)
        page.wait_for_timeout(120)
    floor = page.evaluate(
        """async keys => {
          const html = document.getElementById('frame-html'), times = [];
          for (let number = 0; number < keys; number++) {
            const frame = document.createElement('iframe');
            frame.setAttribute('sandbox', 'allow-same-origin'); frame.className = 'preview-frame';
            frame.src = html.dataset.paper;
            await new Promise(done => { frame.onload = done; document.body.append(frame); });
            const began = performance.now();
            frame.contentDocument.documentElement.innerHTML = html.dataset.html;
            await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
            times.push(performance.now() - began); frame.remove();
          }
          return times;
        }""",
        KEYS,
    )
    return _p95(page.evaluate("window.times")), "ms", _p95(floor)


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
