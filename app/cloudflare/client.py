"""The client: one pooled session, time-outs on every call, no retry of its own (API.md, section 15)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    SSLError,
)

from app.cloudflare.answers import moment, read_envelope, read_send
from app.cloudflare.errors import KINDS, failure
from app.cloudflare.results import (
    BulkResult,
    Failure,
    Limits,
    Quota,
    SendAnswer,
    SendingDomain,
    Suppression,
    SuppressionPage,
    TokenCheck,
    Usage,
    Zone,
)
from app.cloudflare.types import SendRequest

log = logging.getLogger(__name__)

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes of an answer that are read; a longer one is no answer of this API."""
_NEVER_CONNECTED = (NewConnectionError, ConnectTimeoutError, NameResolutionError, SSLError)
_UNSET: Any = object()


class AnswerTooLong(requests.RequestException):
    """The answer is longer than any of this API."""


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
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._session.headers["User-Agent"] = "postroom"
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=pool_size, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

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
        answer = self._call("POST", self._sending("send"), data=body, headers={"Content-Type": "application/json"})
        return answer if isinstance(answer, Failure) else read_send(answer.status_code, answer.headers, answer.text)

    # Looking

    def check_token(self) -> TokenCheck | Failure:
        """Ask whether the token is active: the account's path first, then the user's (section 2)."""
        result = self._get(f"/accounts/{quote(self.account_id, safe='')}/tokens/verify")
        if isinstance(result, Failure):
            by_user = self._get("/user/tokens/verify")
            if isinstance(by_user, Failure):
                return result if result.cause == "cannot_connect" else by_user
            result = by_user
        found = result["result"]
        return TokenCheck(str(found.get("status", "")), moment(found.get("expires_on")))

    def zones(self) -> list[Zone] | Failure:
        """Give every zone of the account that the token may see."""
        zones: list[Zone] = []
        for page in range(1, 101):
            result = self._get("/zones", params={"account.id": self.account_id, "per_page": 50, "page": page})
            if isinstance(result, Failure):
                return result
            found = result["result"]
            zones += [Zone(str(one["id"]), str(one["name"])) for one in found if "id" in one and "name" in one]
            info = result.get("result_info") or {}
            if not found or page >= int(info.get("total_pages") or 1):
                break
        return zones

    def sending_domains(self) -> list[SendingDomain] | Failure:
        """Give the sending domains of every zone (section 2); an apex and its subdomains are separate entries."""
        zones = self.zones()
        if isinstance(zones, Failure):
            return zones
        domains: list[SendingDomain] = []
        for zone in zones:
            result = self._get(f"/zones/{quote(zone.id, safe='')}/email/sending/subdomains")
            if isinstance(result, Failure):
                return result
            domains += [_domain(one) for one in result["result"] if isinstance(one, dict) and one.get("name")]
        return domains

    def limits(self) -> Limits | Failure:
        """Give the daily quota and its use; both may be unknown (section 7)."""
        result = self._get(self._sending("limits"))
        if isinstance(result, Failure):
            return result
        quota, usage = result["result"].get("quota"), result["result"].get("usage")
        return Limits(
            Quota(int(quota["value"]), str(quota.get("unit", "day"))) if quota else None,
            Usage(int(usage.get("sent", 0)), bool(usage.get("over_quota")), moment(usage.get("resets_at")))
            if usage
            else None,
        )

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
        result = self._get(self._sending("suppressions"), params=params)
        if isinstance(result, Failure):
            return result
        info = result.get("result_info") or {}
        return SuppressionPage(tuple(_suppression(one) for one in result["result"]), info.get("next_cursor"))

    def all_suppressions(self, **filters: Any) -> Iterator[Suppression | Failure]:
        """Give every suppression, page by page; a failure is given last and ends it."""
        cursor: str | None = None
        while True:
            page = self.suppressions(cursor=cursor, **filters)
            if isinstance(page, Failure):
                yield page
                return
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def suppression(self, suppression_id: str) -> Suppression | Failure:
        """Give one suppression."""
        result = self._get(self._suppression(suppression_id))
        return result if isinstance(result, Failure) else _suppression(result["result"])

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
        result = self._change("POST", self._sending("suppressions"), body)
        return result if isinstance(result, Failure) else str(result["result"]["id"])

    def update_suppression(
        self, suppression_id: str, *, expires_at: datetime | None = _UNSET, note: str = _UNSET
    ) -> Suppression | Failure:
        """Change until when (None: for ever) or the note ("" clears it); what is not given stays."""
        body: dict[str, Any] = {}
        if expires_at is not _UNSET:
            body["expires_at"] = expires_at.isoformat() if expires_at else None
        if note is not _UNSET:
            body["note"] = note
        result = self._change("PATCH", self._suppression(suppression_id), body)
        return result if isinstance(result, Failure) else _suppression(result["result"])

    def delete_suppression(self, suppression_id: str) -> str | Failure:
        """Take a suppression away; gives its id."""
        result = self._change("DELETE", self._suppression(suppression_id), None)
        return result if isinstance(result, Failure) else str(result["result"]["id"])

    def import_suppressions(self, items: Sequence[Mapping[str, Any]]) -> BulkResult | Failure:
        """Import up to 1,000 at once, ten times a minute (section 7)."""
        result = self._change("POST", self._sending("suppressions/bulk"), {"items": [dict(one) for one in items]})
        if isinstance(result, Failure):
            return result
        found = result["result"]
        return BulkResult(*(int(found.get(name, 0)) for name in BulkResult.__dataclass_fields__))

    # The wire

    def _sending(self, rest: str) -> str:
        return f"/accounts/{quote(self.account_id, safe='')}/email/sending/{rest}"

    def _suppression(self, suppression_id: str) -> str:
        return self._sending(f"suppressions/{quote(suppression_id, safe='')}")

    def _get(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any] | Failure:
        return self._read(self._call("GET", path, params=params))

    def _change(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any] | Failure:
        return self._read(self._call(method, path, json=body))

    def _read(self, answer: _Answer | Failure) -> dict[str, Any] | Failure:
        if isinstance(answer, Failure):
            return answer
        envelope = read_envelope(answer.status_code, answer.headers, answer.text)
        if isinstance(envelope, dict) and not isinstance(envelope["result"], dict | list):
            return failure(KINDS["unreadable"], status=answer.status_code, raw=answer.text)
        return envelope

    def _call(self, method: str, path: str, **options: Any) -> _Answer | Failure:
        try:
            with self._session.request(
                method, self.base_url + path, timeout=self._timeout, allow_redirects=False, stream=True, **options
            ) as response:
                return _Answer(response.status_code, response.headers, _text(response))
        except requests.RequestException as error:
            cause = _cause(error)
            log.warning("%s %s: %s", method, path, cause)
            return failure(KINDS[cause], raw=f"{type(error).__name__}: {cause}")


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

    return max((one for one in domains if one.enabled and covers(one)), key=lambda one: len(one.name), default=None)


def _text(response: requests.Response) -> str:
    """Read the answer, bounded. Raises RequestException when the connection breaks meanwhile."""
    parts, size = [], 0
    for part in response.iter_content(64 * 1024):
        size += len(part)
        if size > MAX_ANSWER:
            raise AnswerTooLong
        parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")


def _cause(error: requests.RequestException) -> str:
    """Tell whether anything may have gone out: only when it is sure that nothing was written, nothing was sent."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError):
        return "cannot_connect"
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    if isinstance(reason, _NEVER_CONNECTED):
        return "cannot_connect"
    if isinstance(
        error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | requests.exceptions.MissingSchema
    ):
        return "cannot_connect"
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return "timeout"
    return "unreadable" if isinstance(error, AnswerTooLong) else "connection_lost"


def _domain(found: Mapping[str, Any]) -> SendingDomain:
    return SendingDomain(
        name=str(found["name"]),
        enabled=bool(found.get("enabled", True)),
        tag=str(found.get("tag", "")),
        drop_suppressed_recipients=bool(found.get("drop_suppressed_recipients")),
    )


def _suppression(found: Mapping[str, Any]) -> Suppression:
    scope = found.get("scope") or {}
    return Suppression(
        id=str(found.get("id", "")),
        email=str(found.get("email", "")),
        reason=str(found.get("reason", "")),
        created_at=moment(found.get("created_at")),
        expires_at=moment(found.get("expires_at")),
        read_only=bool(found.get("read_only")),
        note=found.get("note"),
        scope_type=str(scope.get("type", "account")),
        scope_value=scope.get("value"),
    )
