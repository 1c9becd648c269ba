"""Signing in leads to pages of ours, and nowhere else."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from flask.testing import FlaskClient

from app.people.models import Person
from app.web.sign_in import safe_target
from tests.conftest import PASSWORD

ELSEWHERE = [
    "https://evil.example/",
    "http:evil.example",
    "HTTPS://evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example/%2f..",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "\x00//evil.example",
    "/\x00/evil.example",
    "/\x7f/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "evil.example",
    "@evil.example",
    "ftp://evil.example",
    "http://127.0.0.1:5000@evil.example",
    "//[evil.example",
    "https:///evil.example",
    "?next=//evil.example",
    "..//evil.example",
    "/home\r\nLocation: https://evil.example",
    "",
]


@pytest.mark.parametrize("target", ELSEWHERE)
def test_sign_in_never_leads_elsewhere(anonymous_client: FlaskClient, actor: Person, target: str) -> None:
    answer = anonymous_client.post(
        "/sign-in", query_string={"next": target}, data={"email": "ada@example.com", "password": PASSWORD}
    )
    assert answer.status_code == 302
    assert answer.location == "/"
    again = anonymous_client.get("/sign-in", query_string={"next": target})  # signed in already
    assert again.location == "/"


@pytest.mark.parametrize("target", ["/", "/sends/1?group=bounced", "/templates/?q=%C3%A4", "/lists#top", "/a//b"])
def test_a_page_of_ours_is_gone_to(target: str) -> None:
    assert safe_target(target) == target
    assert urlsplit(urljoin("https://postroom.example.com/sign-in", target)).hostname == "postroom.example.com"
