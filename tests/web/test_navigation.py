"""The navigation says in which part one is: settings that live elsewhere are settings, and one's own page is none."""

from __future__ import annotations

import lxml.html
import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/", ["Home"]),
        ("/lists/", ["Lists"]),
        ("/settings", ["Settings"]),
        ("/settings/people", ["Settings"]),
        ("/settings/signing-in", ["Settings"]),
        ("/settings/unsubscribing/", ["Settings"]),
        ("/sends/approval-rule", ["Settings"]),
        ("/sends/retention", ["Settings"]),
        ("/sends/", ["Sends"]),
        ("/sends/person?email=jo@example.com", ["Lists"]),
        ("/sends/person/erase?email=jo@example.com", ["Lists"]),
        ("/you", []),
        ("/you/signing-in", []),
    ],
)
def test_the_part_one_is_in_is_marked(client: FlaskClient, path: str, current: list[str]) -> None:
    page = lxml.html.fromstring(client.get(path).text)
    marked = page.xpath("//nav[@aria-label='Main']//a[@aria-current='page']")
    assert [one.text_content().strip() for one in marked] == current
