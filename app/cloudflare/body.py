"""A request as it arrives: a decoded JSON body of unknown shape, checked and read (API.md, section 3).

The simulator uses it; it also lets the vendor's examples be held against our rules.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from app.cloudflare.contract import FIELD_MISSING, VALIDATION, check_send
from app.cloudflare.problem import Problem
from app.cloudflare.types import Address, Attachment, SendRequest

FIELDS = {"from", "to", "cc", "bcc", "reply_to", "subject", "html", "text", "headers", "attachments"}
_FILE_FIELDS = {"content", "filename", "type", "disposition", "content_id"}
SHAPE = "E_SHAPE"
"""The body does not fit the schema at all; the vendor's `invalid_request_schema`."""


class BadShape(ValueError):
    """The body does not fit the schema; `problems` say where."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(problem.words for problem in problems))
        self.problems = problems


def check_body(body: object) -> list[Problem]:
    """Check a decoded body: its shape first, then every rule of the contract."""
    try:
        request = parse_body(body)
    except BadShape as wrong:
        return wrong.problems
    return check_send(request)


def parse_body(body: object) -> SendRequest:
    """Read a decoded body. Raises BadShape with every problem of shape."""
    if not isinstance(body, Mapping):
        raise BadShape([Problem(SHAPE, "", "The body is no JSON object.")])
    reader = _Reader(body)
    request = reader.request()
    if reader.problems:
        raise BadShape(reader.problems)
    return request


class _Reader:
    """Reads one body and collects what does not fit."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body
        self.problems: list[Problem] = []

    def request(self) -> SendRequest:
        for name in self.body:
            if name not in FIELDS:
                self._wrong(name, f"The field {name} does not exist.")
        for name in ("from", "subject"):
            if name not in self.body:
                self._wrong(name, f"The field {name} is missing.", FIELD_MISSING)
        reply_to = self.body.get("reply_to")
        return SendRequest(
            sender=self._address("from", self.body["from"]) if "from" in self.body else Address(""),
            to=self._people("to"),
            cc=self._people("cc"),
            bcc=self._people("bcc"),
            reply_to=None if reply_to is None else self._address("reply_to", reply_to),
            subject=self._text("subject") or "",
            html=self._text("html"),
            text=self._text("text"),
            headers=self._headers(),
            attachments=self._attachments(),
        )

    def _wrong(self, place: str, words: str, code: str = SHAPE) -> None:
        self.problems.append(Problem(code, place, words))

    def _text(self, name: str) -> str | None:
        value = self.body.get(name)
        if value is None and not (name == "subject" and name in self.body):
            return None
        if not isinstance(value, str):
            self._wrong(name, f"{name} must be text.")
            return None
        return value

    def _people(self, name: str) -> tuple[Address, ...]:
        value = self.body.get(name)
        if value is None:
            return ()
        if isinstance(value, list):
            return tuple(self._address(f"{name}[{number}]", one) for number, one in enumerate(value))
        return (self._address(name, value),)

    def _address(self, place: str, value: object) -> Address:
        if isinstance(value, str):
            return Address(value)
        if not isinstance(value, Mapping) or not isinstance(value.get("address"), str):
            self._wrong(place, f"{place} must be an address, or an object with an address.")
            return Address("")
        name = value.get("name")
        if set(value) - {"address", "name"} or not isinstance(name, str | None):
            self._wrong(place, f"{place} holds fields that do not exist.")
            return Address("")
        return Address(value["address"], name)

    def _headers(self) -> tuple[tuple[str, str], ...]:
        value = self.body.get("headers")
        if value is None:
            return ()
        if not isinstance(value, Mapping):
            self._wrong("headers", "headers must be an object.")
            return ()
        for name, text in value.items():
            if not isinstance(text, str):
                self._wrong(f"headers.{name}", f"The value of {name} must be text.")
        return tuple((name, text) for name, text in value.items() if isinstance(text, str))

    def _attachments(self) -> tuple[Attachment, ...]:
        value = self.body.get("attachments")
        if value is None:
            return ()
        if not isinstance(value, list):
            self._wrong("attachments", "attachments must be a list.")
            return ()
        files = (self._attachment(f"attachments[{number}]", one) for number, one in enumerate(value))
        return tuple(one for one in files if one is not None)

    def _attachment(self, place: str, value: object) -> Attachment | None:
        if not isinstance(value, Mapping):
            self._wrong(place, "An attachment must be an object.")
            return None
        known = len(self.problems)
        for name in set(value) - _FILE_FIELDS:
            self._wrong(f"{place}.{name}", f"The field {name} does not exist.")
        for name in ("content", "filename", "type", "disposition"):
            if not isinstance(value.get(name), str):
                self._wrong(f"{place}.{name}", f"The field {name} is missing.")
        if value.get("disposition") not in ("attachment", "inline"):
            self._wrong(f"{place}.disposition", "The disposition must be attachment or inline.")
        if not isinstance(value.get("content_id"), str | None):
            self._wrong(f"{place}.content_id", "The content_id must be text.")
        elif value.get("disposition") == "inline" and not value.get("content_id"):
            self._wrong(f"{place}.content_id", "An inline attachment needs a content_id.")
        if len(self.problems) > known:
            return None
        try:
            content = base64.b64decode(value["content"], validate=True)
        except (binascii.Error, ValueError):
            self._wrong(f"{place}.content", "The content is no base64 text.", VALIDATION)
            return None
        return Attachment(value["filename"], content, value["type"], value["disposition"], value.get("content_id"))
