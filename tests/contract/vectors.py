"""The vendor's examples (examples.json), read as API.md section 19 says."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def _whole(value: Any) -> Any:
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "$repeat" in value:
        return value["$repeat"]["text"] * value["$repeat"]["count"]
    if "$base64_of_zero_bytes" in value:
        return base64.b64encode(bytes(value["$base64_of_zero_bytes"])).decode()
    if "$repeat_items" in value:
        item = json.dumps(value["$repeat_items"]["item"])
        return [json.loads(item.replace("{n}", str(number + 1))) for number in range(value["$repeat_items"]["count"])]
    return {name: _whole(one) for name, one in value.items()}


VECTORS: list[dict[str, Any]] = [_whole(one) for one in json.loads((FOLDER / "examples.json").read_text())]
OPENAPI: dict[str, Any] = json.loads((FOLDER / "openapi-email-sending.json").read_text())


def name_of(vector: dict[str, Any]) -> str:
    """The vector's name, for pytest."""
    return str(vector["name"])


def is_send(vector: dict[str, Any]) -> bool:
    return str(vector["request"]["path"]).endswith("/email/sending/send") and vector["request"]["method"] == "POST"


def answer_of(vector: dict[str, Any]) -> bytes:
    """The body of the vector's answer; where it is not written down, the documented envelope around its error."""
    if "expected_response" in vector:
        return json.dumps(vector["expected_response"]).encode()
    if vector["expected_status"] >= 500 and vector.get("expected_error_code") is None:
        return b"<html><h1>502 Bad Gateway</h1></html>"
    error: dict[str, Any] = {"message": vector.get("expected_error_message") or "not documented"}
    if vector.get("expected_error_code") is not None:
        error["code"] = vector["expected_error_code"]
    return json.dumps({"success": False, "errors": [error], "messages": [], "result": None}).encode()
