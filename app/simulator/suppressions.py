"""The suppression list (API.md, section 9)."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from app.cloudflare.contract import (
    MAX_SUPPRESSION_BULK,
    MAX_SUPPRESSION_NOTE,
    MAX_SUPPRESSION_PAGE,
    SUPPRESSION_BULKS_A_MINUTE,
    check_address,
)
from app.simulator.envelope import documented, refusal, success
from app.simulator.outcomes import wish_of
from app.simulator.store import Store, new_id

REASONS = {"manual", "complaint", "hard_bounce", "soft_bounce", "policy"}
_bulk_calls: deque[float] = deque()
_bulk_lock = threading.Lock()


def is_suppressed(store: Store, address: str, sending_domain: str) -> bool:
    """Whether an address is on the list, for the account or for the sender's domain, and not yet expired."""
    row = store.one(
        "select 1 from suppression where email = ? and (scope_type = 'account' or scope_value = ?)"
        " and (expires_at is null or expires_at > ?)",
        address.lower(),
        sending_domain,
        _now(),
    )
    return row is not None


def listed(store: Store) -> Response:
    """List with filters; pages by cursor, no total."""
    given = request.args
    per_page = given.get("per_page", "100")
    search = given.get("search")
    if not per_page.isdigit() or not 1 <= int(per_page) <= MAX_SUPPRESSION_PAGE:
        return refusal(400, "invalid_per_page", "per_page must be between 1 and 1000")
    if search is not None and ("@" not in search or search.startswith("@")):
        return refusal(400, "invalid_search", "search takes an address, or a user name followed by @")
    if given.get("scope_value") and given.get("scope_type") != "sending_domain":
        return refusal(400, "invalid_scope", "scope_value needs scope_type=sending_domain")
    where: list[str] = ["1 = 1"]
    values: list[object] = []
    for name, column in (
        ("email", "email"),
        ("reason", "reason"),
        ("scope_type", "scope_type"),
        ("scope_value", "scope_value"),
    ):
        if given.get(name):
            where.append(f"{column} = ?")
            values.append(given[name].lower())
    if search is not None:
        where.append("email like ?" if search.endswith("@") else "email = ?")
        values.append(search.lower() + ("%" if search.endswith("@") else ""))
    cursor = given.get("cursor", "")
    sql = f"select rowid as n, * from suppression where rowid > ? and {' and '.join(where)} order by rowid limit ?"  # noqa: S608
    rows = store.rows(sql, int(cursor) if cursor.isdigit() else 0, *values, int(per_page) + 1)
    more = len(rows) > int(per_page)
    rows = rows[: int(per_page)]
    items = [_item(row) for row in rows]
    if not items and given.get("email") and wish_of(given["email"]).kind == "suppressed":
        items = [_made_up(given["email"])]
    next_cursor = str(rows[-1]["n"]) if more else None
    return success(items, result_info={"per_page": int(per_page), "count": len(items), "next_cursor": next_cursor})


def one(store: Store, suppression_id: str) -> Response:
    """Give one."""
    row = store.one("select * from suppression where id = ?", suppression_id)
    return refusal(404, None, "Suppression not found") if row is None else success(_item(row))


def create(store: Store) -> Response:
    """Add one; an active changeable entry is given back unchanged."""
    body = request.get_json(silent=True)
    wrong = _wrong(body)
    if wrong is not None or not isinstance(body, dict):
        return wrong or documented("invalid_request_schema")
    scope = body.get("scope") or {"type": "account"}
    known = _known(store, body, scope)
    if known is not None:
        if known["read_only"]:
            return refusal(403, "read_only", "This suppression cannot be changed")
        return success({"id": known["id"], "scope": scope})
    return success({"id": _add(store, body, scope), "scope": scope})


def change(store: Store, suppression_id: str) -> Response:
    """Change until when, or the note."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return documented("invalid_request_schema")
    if "scope" in body:
        return refusal(400, "scope_immutable", "The scope of a suppression cannot be changed")
    row = store.one("select * from suppression where id = ?", suppression_id)
    if row is None:
        return refusal(404, None, "Suppression not found")
    if row["read_only"]:
        return refusal(403, "read_only", "This suppression cannot be changed")
    note = body.get("note", row["note"])
    if isinstance(note, str) and len(note) > MAX_SUPPRESSION_NOTE:
        return refusal(400, "invalid_note", "note is too long")
    expires_at = body["expires_at"] if "expires_at" in body else row["expires_at"]
    store.execute(
        "update suppression set expires_at = ?, note = ? where id = ?", expires_at, note or None, suppression_id
    )
    return one(store, suppression_id)


def delete(store: Store, suppression_id: str) -> Response:
    """Take one away."""
    row = store.one("select * from suppression where id = ?", suppression_id)
    if row is None:
        return refusal(404, None, "Suppression not found")
    if row["read_only"]:
        return refusal(403, "read_only", "This suppression cannot be removed")
    store.execute("delete from suppression where id = ?", suppression_id)
    return success({"id": suppression_id})


def bulk(store: Store) -> Response:
    """Import up to 1,000, ten times a minute."""
    with _bulk_lock:
        while _bulk_calls and _bulk_calls[0] < time.monotonic() - 60:
            _bulk_calls.popleft()
        if len(_bulk_calls) >= SUPPRESSION_BULKS_A_MINUTE:
            return documented("throttled", retry_after=60)
        _bulk_calls.append(time.monotonic())
    body = request.get_json(silent=True)
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_SUPPRESSION_BULK:
        return documented("invalid_request_schema")
    results: list[dict[str, Any]] = []
    seen: set[str] = set()
    counts = {"processed": 0, "invalid": 0, "errors": 0, "skipped": 0, "deduplicated": 0, "total": len(items)}
    for index, item in enumerate(items):
        if _wrong(item) is not None:
            counts["invalid"] += 1
            results.append({"index": index, "status": "invalid", "error": "not a suppression"})
            continue
        key = json.dumps([item["email"].lower(), item.get("scope")])
        counts["deduplicated" if key in seen else "processed"] += 1
        if key not in seen:
            results.append(_import_one(store, index, item, counts))
        seen.add(key)
    return success({**counts, "items": results})


def replace_all(store: Store, rows: list[dict[str, Any]]) -> None:
    """Let the list be these entries, for rehearsals; bulk imports count anew."""
    with _bulk_lock:
        _bulk_calls.clear()
    store.execute("delete from suppression")
    for row in rows:
        scope = row.get("scope") or {"type": "account"}
        more = {name: row[name] for name in ("reason", "read_only", "created_at") if name in row}
        _add(store, row, scope, **more)


def _import_one(store: Store, index: int, item: dict[str, Any], counts: dict[str, int]) -> dict[str, Any]:
    """Add one item of a bulk import; an active entry stays as it is, one that cannot be changed is an error."""
    scope = item.get("scope") or {"type": "account"}
    known = _known(store, item, scope)
    if known is None:
        return {
            "index": index,
            "status": "processed",
            "id": _add(store, item, scope),
            "email": item["email"],
            "scope": scope,
        }
    status, count = ("error", "errors") if known["read_only"] else ("skipped", "skipped")
    counts["processed"] -= 1
    counts[count] += 1
    return {"index": index, "status": status, "id": known["id"], "email": item["email"], "scope": scope}


def _known(store: Store, body: dict[str, Any], scope: dict[str, Any]) -> Any:
    return store.one(
        "select * from suppression where email = ? and scope_type = ? and scope_value is ?",
        body["email"].lower(),
        scope["type"],
        scope.get("value"),
    )


def _add(store: Store, body: dict[str, Any], scope: dict[str, Any], **more: Any) -> str:
    suppression_id = new_id()
    store.insert(
        "suppression",
        {
            "id": suppression_id,
            "email": body["email"].lower(),
            "reason": "manual",
            "created_at": _now(),
            "expires_at": body.get("expires_at"),
            "note": body.get("note") or None,
            "scope_type": scope["type"],
            "scope_value": scope.get("value"),
            **more,
        },
    )
    return suppression_id


def _wrong(body: object) -> Response | None:
    if not isinstance(body, dict) or not isinstance(body.get("email"), str) or check_address(body["email"]) is not None:
        return documented("invalid_request_schema")
    note = body.get("note")
    if note is not None and (not isinstance(note, str) or len(note) > MAX_SUPPRESSION_NOTE):
        return refusal(400, "invalid_note", "note is too long")
    scope = body.get("scope")
    known = scope is None or (isinstance(scope, dict) and scope.get("type") in {"account", "sending_domain"})
    return None if known else documented("invalid_request_schema")


def _item(row: Any) -> dict[str, Any]:
    scope = {"type": row["scope_type"], **({"value": row["scope_value"]} if row["scope_value"] else {})}
    names = ("id", "email", "reason", "created_at", "expires_at", "note")
    return {**{name: row[name] for name in names}, "read_only": bool(row["read_only"]), "scope": scope}


def _made_up(address: str) -> dict[str, Any]:
    """The entry that an address beginning with `suppressed` stands for."""
    return {
        "id": "simulated",
        "email": address,
        "reason": "hard_bounce",
        "created_at": "2026-01-01T00:00:00Z",
        "expires_at": None,
        "read_only": False,
        "scope": {"type": "account"},
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
