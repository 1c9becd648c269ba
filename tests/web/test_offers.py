"""Pages offer nobody what they may not do: every link, form and request of htmx of every page, for every role."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urljoin, urlsplit

import lxml.html
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from tests.pages import PLACES
from tests.web.access_rows import ROWS
from tests.web.conftest import WHO, TwoWorkspaces
from tests.web.test_access import addresses, may

HOST = "http://localhost"
GETS = ("href", "src", "hx-get")
POSTS = ("hx-post", "data-autosave", "data-upload-url")


def offers(html: str, url: str) -> Iterator[tuple[str, str, str]]:
    """Everything a page offers: method, address, and the words or the tag it stands in."""
    for element in lxml.html.fromstring(html).iter(lxml.etree.Element):
        words = " ".join(element.text_content().split())[:40] or str(element.tag)
        if element.tag in ("form", "button"):
            action = element.get("action" if element.tag == "form" else "formaction")
            if element.tag == "form" or action is not None:
                yield element.get("method", "post" if element.tag == "button" else "get").upper(), action or url, words
        for names, method in ((GETS, "GET"), (POSTS, "POST")):
            for name in names:
                if (found := element.get(name)) is not None:
                    yield method, found, words


def endpoint_of(app: Flask, method: str, url: str) -> str | None:
    """Give the endpoint of an address of ours; None for what is outside. Raises when there is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.netloc != urlsplit(HOST).netloc:
        return None
    try:
        return str(app.url_map.bind("localhost").match(parts.path, method)[0])
    except RequestRedirect as moved:
        return endpoint_of(app, method, moved.new_url)


WITHOUT_LINK = {
    *("emails.blank_paper", "emails.picture", "emails.version_picture"),  # in a frame
    *("emails.piece_picture", "emails.piece_change_page"),  # in a frame
    *("recipients.change_progress", "recipients.count"),  # parts of a page that htmx asks for
    *("suppressions.sync", "segments.filter_rows"),  # parts of a page that htmx asks for
    *("emails.publish", "emails.publish_piece", "emails.import_check"),  # where a form leads to
    "recipients.waiting",  # only whoever has more uploads than stand above the lists
    *("recipients.check", "recipients.bad_rows", "recipients.bad_row"),  # only whoever uploaded the file
    "recipients.back",  # where a form that was refused is opened again
    *("factors.new_recovery_codes", "factors.remove_passkey", "factors.turn_app_off"),  # only who has a second step
    "sends.emergency",  # only while what was put up for approval has not changed
}
"""Pages that no link of the pages visited leads to."""


class Crawl:
    """One role's way over every page it can reach."""

    def __init__(self, app: Flask, client: FlaskClient, who: str) -> None:
        self.app, self.client, self.who = app, client, who
        self.seen: set[tuple[str, frozenset[str]]] = set()
        self.endpoints: set[str] = set()
        self.wrong: set[str] = set()

    def go(self, starts: list[str]) -> None:
        waiting = list(starts)
        while waiting:
            url = waiting.pop()
            if self._is_new(url):
                waiting += self._look_at(url)

    def _is_new(self, url: str) -> bool:
        parts = urlsplit(url)
        key = (parts.path, frozenset(parse_qs(parts.query, keep_blank_values=True)))
        is_new = key not in self.seen
        self.seen.add(key)
        return is_new

    def _look_at(self, url: str) -> Iterator[str]:
        answer = self.client.get(url, follow_redirects=False)
        if answer.status_code == 403 or answer.status_code >= 500:
            self.wrong.add(f"{self.who}: {url} answers {answer.status_code}")
        if answer.location:
            yield urljoin(f"{HOST}{url}", answer.location).removeprefix(HOST)
        if (
            answer.mimetype != "text/html"
            or not answer.text.strip()
            or "sandbox" in answer.headers.get("Content-Security-Policy", "")
        ):
            return
        for method, found, words in offers(answer.text, url):
            target = urljoin(f"{HOST}{url}", found)
            try:
                endpoint = endpoint_of(self.app, method, target)
            except HTTPException:
                self.wrong.add(f"{url} offers {method} {found}, which is nowhere")
                continue
            if endpoint is None or ROWS[endpoint] is None:
                continue
            self.endpoints.add(endpoint)
            if not may(self.who, endpoint, method):
                page = endpoint_of(self.app, "GET", f"{HOST}{url}")
                self.wrong.add(f"{self.who}: {page} offers {method} {endpoint} (“{words}”)")
            elif method == "GET":
                yield target.removeprefix(HOST).partition("#")[0]


def pages_of(both: TwoWorkspaces, who: str) -> list[str]:
    """Every page that somebody may open: those of the tour of all pages, and one of each route."""
    tour = [place.path for place in PLACES if not place.of_simulator and "{" not in place.path]
    found = [url for _, method, url in addresses(both.app, both.first) if method == "GET"]
    return [url for url in (*tour, *found) if _is_for(both.app, who, url)]


def pages_for(both: TwoWorkspaces, who: str) -> set[str]:
    """The endpoints that somebody may look at."""
    rules = {rule.endpoint for rule, method, _ in addresses(both.app, both.first) if method == "GET"}
    return {endpoint for endpoint in rules if may(who, endpoint, "GET")}


def _is_for(app: Flask, who: str, url: str) -> bool:
    try:
        endpoint = endpoint_of(app, "GET", f"{HOST}{url}")
    except HTTPException:
        return False
    return endpoint is not None and (ROWS[endpoint] is None or may(who, endpoint, "GET"))


def test_no_page_offers_anybody_what_they_may_not_do_and_links_lead_to_all_the_rest(both: TwoWorkspaces) -> None:
    wrong: set[str] = set()
    for who in WHO:
        crawl = Crawl(both.app, both.client(who), who)
        crawl.go(["/"])
        missed = {one for one in pages_for(both, who) if one not in crawl.endpoints | WITHOUT_LINK}
        wrong |= {f"{who}: no link leads to {one}" for one in missed}
        crawl.go(pages_of(both, who))
        wrong |= crawl.wrong
        assert len(crawl.seen) > 200, who
    assert wrong == set(), "\n".join(sorted(wrong))
