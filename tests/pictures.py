"""`make pictures`: every page at both widths and in both themes, as docs/pictures/NAME-WIDTH-THEME.png."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, chromium, sign_in, start_postroom
from tests.pages import PLACES, make_awaiting, make_draft, make_scheduled, wait_for_history

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
WIDTHS = (360, 1440)
THEMES = ("light", "dark")


def main(folder: Path = FOLDER) -> None:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        postroom = start_postroom(Path(data))
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            page = browser.new_page(timezone_id="Europe/London")
            page.goto(f"{postroom.url}/sign-in")
            signing_in = browser.new_page()
            sign_in(page, postroom)
            wait_for_history(page, postroom.url)
            draft = make_draft(page, postroom.url)
            scheduled = make_scheduled(page, postroom.url)
            numbers = {"draft": draft, "scheduled": scheduled, **make_awaiting(page, postroom.url)}
            for width in WIDTHS:
                for theme in THEMES:
                    for one in (page, signing_in):
                        one.set_viewport_size({"width": width, "height": 900})
                        one.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                    ending = f"{width}-{theme}.png"
                    signing_in.goto(f"{postroom.url}/sign-in")
                    signing_in.screenshot(path=folder / f"sign-in-{ending}", full_page=True)
                    for place in PLACES:
                        base = postroom.simulator_url if place.of_simulator else postroom.url
                        page.goto(base + place.path.format(**numbers), wait_until="networkidle")
                        # As high as the page: frames below the window's edge are not painted otherwise.
                        height = page.evaluate("Math.min(document.documentElement.scrollHeight, 6000)")
                        page.set_viewport_size({"width": width, "height": max(900, height)})
                        page.wait_for_timeout(150)
                        page.screenshot(path=folder / f"{place.name}-{ending}")
                        page.set_viewport_size({"width": width, "height": 900})
        finally:
            browser.close()
            postroom.process.terminate()
            postroom.process.wait(40)


if __name__ == "__main__":
    main(*(Path(one) for one in sys.argv[1:2]))
