"""The contract's rules, held against every example of a send."""

from __future__ import annotations

import json
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from app.cloudflare.body import check_body, parse_body
from app.cloudflare.contract import (
    HEADER_RULES,
    MAX_HEADER_VALUE,
    MAX_HEADERS_TOTAL,
    body_size,
    check_header,
    check_headers,
    check_send,
    encoded_size,
    message_size,
)
from app.cloudflare.types import Address, Attachment, SendRequest
from tests.contract.vectors import OPENAPI, VECTORS, is_send, name_of

NOT_FOR_RULES = {
    "send with PDF attachment": "its base64 text is abbreviated with dots",
    "error envelope: invalid schema": "shows an answer; that its request breaks the schema is by the way",
    "body that is not JSON": "there is no body to check; the client cannot make one",
    "message between 5 and 25 MiB to a verified destination address": "Postroom cannot know who is verified",
}
SENDS = [one for one in VECTORS if is_send(one) and "body" in one["request"]]


@pytest.mark.parametrize("vector", [one for one in SENDS if one["name"] not in NOT_FOR_RULES], ids=name_of)
def test_what_the_service_refuses_is_refused_before_sending_and_nothing_else(vector: dict[str, Any]) -> None:
    problems = check_body(vector["request"]["body"])
    assert bool(problems) == bool(vector.get("client_should_refuse_before_sending")), problems
    expected = vector.get("workers_error_code")
    if problems and expected is not None:
        assert expected in {problem.code for problem in problems}
    assert all(problem.words and problem.code for problem in problems)


LEFT_TO_THE_SERVICE = {
    "suppression create with a note of 1,001 characters": "Postroom makes no entries; the simulator refuses it",
    "suppression bulk import of 1,001 items": "Postroom makes no entries; the simulator refuses it",
    "suppression search without the trailing @": "Postroom looks up whole addresses; the simulator refuses it",
}


def test_every_request_to_be_refused_before_sending_is_run_or_named() -> None:
    to_refuse = {one["name"] for one in VECTORS if one.get("client_should_refuse_before_sending")}
    run = {one["name"] for one in SENDS} - set(NOT_FOR_RULES)
    assert to_refuse - run == {*LEFT_TO_THE_SERVICE, *NOT_FOR_RULES} & to_refuse
    assert set(NOT_FOR_RULES) <= {one["name"] for one in SENDS}


ACCEPTED = [one for one in SENDS if not check_body(one["request"]["body"])]


@pytest.mark.parametrize("vector", ACCEPTED, ids=name_of)
def test_what_the_client_posts_fits_the_openapi_file(vector: dict[str, Any]) -> None:
    request = parse_body(vector["request"]["body"])
    schema = {"$ref": "#/components/schemas/email-sending_EmailBuilder", "components": OPENAPI["components"]}
    Draft202012Validator(schema).validate(request.to_json())
    assert parse_body(request.to_json()).to_json() == request.to_json()
    assert request.body() == request.body()


def a_request(**change: Any) -> SendRequest:
    given: dict[str, Any] = {
        "sender": Address("notices@example.com", "Office"),
        "to": (Address("anna@example.net"),),
        "subject": "Hello",
        "html": "<p>Hello</p>",
        "text": "Hello",
    }
    return SendRequest(**{**given, **change})


def test_all_problems_are_found_at_once() -> None:
    request = a_request(
        subject="",
        to=(Address("nobody"),),
        headers=(("Date", "now"), ("X-Fine", "a\r\nb"), ("Precedence", "loud")),
        attachments=(Attachment("a.bin", bytes(6 * 1024 * 1024), "application/octet-stream"),),
    )
    places = {problem.place for problem in check_send(request)}
    assert places == {
        "subject",
        "to[0]",
        "headers.Date",
        "headers.X-Fine",
        "headers.Precedence",
        "attachments",
    }


@given(
    st.lists(st.tuples(st.sampled_from([*HEADER_RULES, "X-A", "x-b", "X-C_d"]), st.text(max_size=3000)), max_size=30)
)
def test_accepted_headers_keep_every_limit(headers: list[tuple[str, str]]) -> None:
    if check_headers(headers):
        return
    assert all("\r" not in value and "\n" not in value for _, value in headers)
    assert all(0 < len(value.encode()) <= MAX_HEADER_VALUE for _, value in headers)
    assert sum(len(name.encode()) + len(value.encode()) + 4 for name, value in headers) <= MAX_HEADERS_TOTAL
    assert len({name.lower() for name, _ in headers}) == len(headers)


@given(st.text(max_size=20), st.sampled_from(["\n", "\r", "\r\n"]), st.text(max_size=20))
def test_a_line_break_is_never_accepted(before: str, line_break: str, after: str) -> None:
    assert check_header("X-Any", before + line_break + after)


PIECES = st.lists(
    st.text(max_size=20)
    | st.sampled_from(
        ["a" * 200, "é", "😀", "  \n", "\t\n", "\n", "\r\n", ".\n", "From x\n", "==\n", "ä" * 90, "x " * 50]
    ),
    max_size=60,
).map("".join)


@given(PIECES, st.binary(max_size=4000))
def test_the_size_is_never_estimated_too_small(text: str, content: bytes) -> None:
    text = text.encode("utf-8", "ignore").decode()
    request = a_request(
        text=text, html=f"<p>{text}</p>", attachments=(Attachment("a.bin", content, "application/x-a"),)
    )
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "Hello", "notices@example.com", "anna@example.net"
    assert body_size(request) == len(request.body())
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(request.html or "", subtype="html", cte="quoted-printable")
    message.add_attachment(content, maintype="application", subtype="x-a", filename="a.bin")
    assert message_size(request) >= len(message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    assert encoded_size(len(content)) >= len(content) * 4 / 3


@given(st.text(), st.text(), st.lists(st.tuples(st.just("X-A"), st.text()), max_size=1))
def test_the_bytes_posted_are_those_of_plain_json_so_that_an_old_e_mail_is_still_proven_the_same(
    subject: str, html: str, headers: list[tuple[str, str]]
) -> None:
    """Messages keep the SHA-256 of what was posted (P4); whichever library writes it, it must give the same bytes."""
    person = Address("anna@example.net", "Änne “A” \\ Ö")
    request = SendRequest(Address("o@example.com"), (person,), subject, html, "", headers=tuple(headers))
    plain = json.dumps(request.to_json(), ensure_ascii=False, separators=(",", ":"))
    assert request.body() == plain.encode()
