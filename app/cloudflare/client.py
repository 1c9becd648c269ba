"""The client: one pooled session, time-outs on every call, no retry of its own (API.md, section 15)."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NameResolutionError, NewConnectionError

from app.cloudflare import objects
from app.cloudflare.answers import read_envelope, read_send
from app.cloudflare.errors import KINDS, failure
from app.cloudflare.results import (
    BulkResult,
    Failure,
    Limits,
    SendAnswer,
    SendingDomain,
    Suppression,
    SuppressionPage,
    TokenCheck,
    Zone,
)
from app.cloudflare.types import SendRequest

log = logging.getLogger(__name__)

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes of an answer that are read; a longer one is no answer of this API."""
READ_BYTES = 64 * 1024
"""Bytes of a body that are written at once, within the time-out of one write: most e-mails in one piece."""
MOST_PAGES = 100
"""Numbered pages that are read at most."""
_NEVER_CONNECTED = (NewConnectionError, ConnectTimeoutError, NameResolutionError)
_NEVER_ASKED = (
    requests.ConnectTimeout,
    requests.exceptions.SSLError,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
)
_UNSET: Any = object()
T = TypeVar("T")


class AnswerTooLong(requests.RequestException):
    """The answer is longer than any of this API."""


class AnswerTooSlow(requests.Timeout):
    """The answer comes drop by drop: each within the time-out, all together not."""


class Client:
    """Talks to one account. May be used by several threads at once; close it when done."""

    def __init__(
        self,
        base_url: str,
        account_id: str,
        token: str,
        *,
        connect_timeout: float = 5,
        read_timeout: float = 60,
        pool_size: int = 16,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.account_id = account_id
        self._timeout = (connect_timeout, read_timeout)
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, no .netrc: the token goes where the settings say
        # As bytes: a pasted token may hold any letter, and the service shall be the one to refuse it.
        self._session.headers["Authorization"] = f"Bearer {token}".encode("utf-8", "replace")
        self._session.headers["User-Agent"] = "postroom"
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=pool_size, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._adapter = adapter
        self._post: requests.PreparedRequest | None = None

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, {self.account_id!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._session.close()

    # Sending

    def send(self, request: SendRequest | bytes) -> SendAnswer | Failure:
        """Post one e-mail (section 3). Never raises for an ordinary failure; never posts twice."""
        body = request if isinstance(request, bytes) else request.body()
        answer = self._post_prepared(body)
        return answer if isinstance(answer, Failure) else read_send(answer.status_code, answer.headers, answer.text)

    # Looking

    def check_token(self) -> TokenCheck | Failure:
        """Ask whether the token is active: the account's path first, then the user's (section 2)."""
        by_account = self._get(f"/accounts/{quote(self.account_id, safe='')}/tokens/verify", objects.token_check)
        if not isinstance(by_account, Failure):
            return by_account
        by_user = self._get("/user/tokens/verify", objects.token_check)
        return by_account if by_account.cause == "cannot_connect" and isinstance(by_user, Failure) else by_user

    def zones(self) -> list[Zone] | Failure:
        """Give every zone of the account that the token may see."""
        return self._pages("/zones", objects.zones, {"account.id": self.account_id, "per_page": 50})

    def sending_domains(self) -> list[SendingDomain] | Failure:
        """Give the sending domains of every zone (section 2); an apex and its subdomains are separate entries."""
        zones = self.zones()
        if isinstance(zones, Failure):
            return zones
        domains: list[SendingDomain] = []
        for zone in zones:
            of_zone = self.sending_domains_of(zone.id)
            if isinstance(of_zone, Failure):
                return of_zone
            domains += of_zone
        return domains

    def sending_domains_of(self, zone_id: str) -> list[SendingDomain] | Failure:
        """Give the sending domains of one zone."""
        return self._pages(f"/zones/{quote(zone_id, safe='')}/email/sending/subdomains", objects.sending_domains)

    def limits(self) -> Limits | Failure:
        """Give the daily quota and its use; both may be unknown (section 7)."""
        return self._get(self._sending("limits"), objects.limits)

    # Suppressions (section 9)

    def suppressions(
        self,
        *,
        email: str | None = None,
        search: str | None = None,
        reason: str | None = None,
        scope_type: str | None = None,
        scope_value: str | None = None,
        per_page: int = 100,
        cursor: str | None = None,
    ) -> SuppressionPage | Failure:
        """Give one page of suppressions."""
        filters = {
            "email": email,
            "search": search,
            "reason": reason,
            "scope_type": scope_type,
            "scope_value": scope_value,
            "per_page": per_page,
            "cursor": cursor,
        }
        params = {name: value for name, value in filters.items() if value is not None}
        return self._get(self._sending("suppressions"), objects.suppression_page, params)

    def all_suppressions(self, **filters: Any) -> Iterator[Suppression | Failure]:
        """Give every suppression, page by page; a failure is given last and ends it."""
        cursor: str | None = None
        seen: set[str | None] = set()
        while cursor not in seen:  # a cursor that comes back would lead round for ever
            seen.add(cursor)
            page = self.suppressions(cursor=cursor, **filters)
            if isinstance(page, Failure):
                yield page
                return
            yield from page.items
            if page.next_cursor is None:
                return
            cursor = page.next_cursor

    def suppression(self, suppression_id: str) -> Suppression | Failure:
        """Give one suppression."""
        return self._get(self._suppression(suppression_id), _one_suppression)

    def create_suppression(
        self,
        email: str,
        *,
        expires_at: datetime | None = None,
        note: str | None = None,
        sending_domain: str | None = None,
    ) -> str | Failure:
        """Suppress an address for the account, or for one sending domain; gives the entry's id."""
        body: dict[str, Any] = {"email": email}
        if expires_at is not None:
            body["expires_at"] = expires_at.isoformat()
        if note is not None:
            body["note"] = note
        if sending_domain is not None:
            body["scope"] = {"type": "sending_domain", "value": sending_domain}
        return self._change("POST", self._sending("suppressions"), body, _id)

    def update_suppression(
        self, suppression_id: str, *, expires_at: datetime | None = _UNSET, note: str = _UNSET
    ) -> Suppression | Failure:
        """Change until when (None: for ever) or the note ("" clears it); what is not given stays."""
        body: dict[str, Any] = {}
        if expires_at is not _UNSET:
            body["expires_at"] = expires_at.isoformat() if expires_at else None
        if note is not _UNSET:
            body["note"] = note
        return self._change("PATCH", self._suppression(suppression_id), body, _one_suppression)

    def delete_suppression(self, suppression_id: str) -> str | Failure:
        """Take a suppression away; gives its id."""
        return self._change("DELETE", self._suppression(suppression_id), None, _id)

    def import_suppressions(self, items: Sequence[Mapping[str, Any]]) -> BulkResult | Failure:
        """Import up to 1,000 at once, ten times a minute (section 7)."""
        body = {"items": [dict(one) for one in items]}
        return self._change("POST", self._sending("suppressions/bulk"), body, objects.bulk_result)

    # Later events (section 11; read by app/cloudflare/events.py)

    def post_query(self, body: bytes) -> tuple[int, Mapping[str, str], str] | Failure:
        """Post a query to the GraphQL endpoint; gives status, headers and text as they came."""
        answer = self._call("POST", "/graphql", body=body)
        return answer if isinstance(answer, Failure) else (answer.status_code, answer.headers, answer.text)

    # The wire

    def _sending(self, rest: str) -> str:
        return f"/accounts/{quote(self.account_id, safe='')}/email/sending/{rest}"

    def _suppression(self, suppression_id: str) -> str:
        return self._sending(f"suppressions/{quote(suppression_id, safe='')}")

    def _pages(
        self, path: str, reader: Callable[[objects.Envelope], list[T]], params: Mapping[str, Any] | None = None
    ) -> list[T] | Failure:
        """Read numbered pages, until the last one or until a page brings nothing new."""
        found: list[T] = []
        for number in range(1, MOST_PAGES + 1):
            page = self._get(
                path,
                lambda envelope: (reader(envelope), objects.pages_in_all(envelope)),
                {**(params or {}), "page": number} if params or number > 1 else None,
            )
            if isinstance(page, Failure):
                return page
            new = [one for one in page[0] if one not in found]
            found += new
            if not new or number >= page[1]:
                break
        return found

    def _get(
        self, path: str, reader: Callable[[objects.Envelope], T], params: Mapping[str, Any] | None = None
    ) -> T | Failure:
        return self._read(self._call("GET", path, params=params), reader)

    def _change(
        self, method: str, path: str, body: Mapping[str, Any] | None, reader: Callable[[objects.Envelope], T]
    ) -> T | Failure:
        return self._read(self._call(method, path, body=None if body is None else json.dumps(body).encode()), reader)

    def _read(self, answer: _Answer | Failure, reader: Callable[[objects.Envelope], T]) -> T | Failure:
        if isinstance(answer, Failure):
            return answer
        return objects.shaped(read_envelope(answer.status_code, answer.headers, answer.text), reader)

    def _call(
        self, method: str, path: str, *, body: bytes | None = None, params: Mapping[str, Any] | None = None
    ) -> _Answer | Failure:
        posted = _Body(body) if body is not None else None

        def ask() -> requests.Response:
            return self._session.request(
                method,
                self.base_url + path,
                data=posted,
                params=params,
                headers={"Content-Type": "application/json"} if posted else None,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )

        return self._answer(f"{method} {path}", ask, posted)

    def _post_prepared(self, body: bytes) -> _Answer | Failure:
        """Post an e-mail with a request that was prepared once: address and headers are the same for all of them.

        It goes straight to the adapter, which pools connections and verifies certificates; a session adds only
        redirects, cookies and proxies, and Postroom wants none of them. That saves half the time of a POST.
        """
        posted = _Body(body)

        def ask() -> requests.Response:
            if self._post is None:
                headers = {"Content-Type": "application/json"}
                wanted = requests.Request("POST", self.base_url + self._sending("send"), headers=headers)
                self._post = self._session.prepare_request(wanted)
            request = self._post.copy()
            request.body = posted  # type: ignore[assignment] # a file is read as it is sent
            request.headers["Content-Length"] = str(len(body))
            return self._adapter.send(request, stream=True, timeout=self._timeout, verify=self._session.verify or False)

        return self._answer("POST send", ask, posted)

    def _answer(self, call: str, ask: Callable[[], requests.Response], posted: _Body | None) -> _Answer | Failure:
        try:
            with ask() as response:
                return _Answer(response.status_code, response.headers, _text(response, self._timeout[1]))
        except (requests.RequestException, HTTPError) as error:
            cause = _cause(error, posted)
            log.warning("%s: %s", call, cause)
            return failure(KINDS[cause], raw=f"{type(error).__name__}: {cause}")


class _Body(io.BytesIO):
    """A body that knows whether the connection ever asked for a byte of it.

    It is read only after the connection stands and the headers are written, so a body that nobody read has certainly
    not been sent. What an exception is called does not tell: a TLS error can come before the request and after it.
    """

    begun = False

    def read(self, size: int | None = -1, /) -> bytes:
        self.begun = True
        return super().read(max(size, READ_BYTES) if size is not None and size > 0 else size)


class _Answer:
    """An answer read whole."""

    __slots__ = ("headers", "status_code", "text")

    def __init__(self, status_code: int, headers: Mapping[str, str], text: str) -> None:
        self.status_code = status_code
        self.headers = headers
        self.text = text


def covering_domain(address: str, domains: Sequence[SendingDomain]) -> SendingDomain | None:
    """Give the sending domain that covers an address: the longest name that matches (section 2)."""
    host = address.rpartition("@")[2].lower()

    def covers(domain: SendingDomain) -> bool:
        name = domain.name.lower()
        return host.endswith(name[1:]) if name.startswith("*.") else host == name

    def rank(domain: SendingDomain) -> tuple[bool, int]:
        return not domain.name.startswith("*."), len(domain.name)

    return max((one for one in domains if one.enabled and covers(one)), key=rank, default=None)


def _text(response: requests.Response, seconds: float) -> str:
    """Read the answer, bounded in length and time. Raises when the connection breaks meanwhile."""
    parts, size, until = [], 0, time.monotonic() + seconds
    while part := response.raw.read1(
        64 * 1024, decode_content=True
    ):  # whatever is there, so that the time is looked at
        size += len(part)
        if size > MAX_ANSWER:
            raise AnswerTooLong
        if time.monotonic() > until:
            raise AnswerTooSlow
        parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")


def _cause(error: Exception, posted: _Body | None) -> str:
    """Tell whether anything may have gone out: only when it is sure that nothing was written, nothing was sent."""
    if isinstance(error, AnswerTooLong):
        return "unreadable"
    if not posted.begun if posted is not None else _never_asked(error):
        return "cannot_connect"
    timed_out = isinstance(error, requests.Timeout) or "timed out" in str(error).lower()
    return "timeout" if timed_out else "connection_lost"


def _never_asked(error: Exception) -> bool:
    """Tell whether a call without a body certainly failed before it was asked."""
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    return isinstance(error, _NEVER_ASKED) or isinstance(reason, _NEVER_CONNECTED)


def _one_suppression(envelope: objects.Envelope) -> Suppression:
    return objects.suppression(envelope["result"])


def _id(envelope: objects.Envelope) -> str:
    return str(envelope["result"]["id"])
