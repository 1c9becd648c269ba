"""A tiny mail service in this process: every POST asks a function what to answer."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from app.cloudflare.errors import KINDS, PREFIX

Answer = str
"""`delivered`, `bounced`, `queued`, `nolist`, `dropped`, `gateway`, `lost`, or the cause of a documented error."""
LISTS = {
    "delivered": "delivered",
    "bounced": "permanent_bounces",
    "queued": "queued",
    "dropped": "suppressed_recipients",
}


class Sink:
    """Serves on a free port of this machine; a context manager. `decide` gets a message's reference."""

    def __init__(self) -> None:
        self.decide: Callable[[str], Answer] = lambda reference: "delivered"
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                mail = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = sink.decide(mail["headers"]["X-Postroom-Message"])
                if answer == "lost":
                    self.close_connection = True
                    return
                self._write(*_said(answer, mail))

            def do_GET(self) -> None:
                self._write(200, {"success": True, "errors": [], "messages": [], "result": []})

            def _write(self, status: int, said: dict[str, Any]) -> None:
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/client/v4"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _said(answer: Answer, mail: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if answer == "gateway":
        return 502, {"words": "Bad Gateway"}
    if answer in KINDS:
        kind = KINDS[answer]
        error = {"code": int(kind.code or 0), "message": PREFIX + answer}
        return kind.status or 500, {"success": False, "errors": [error], "messages": [], "result": None}
    to = mail["to"]
    first = to[0] if isinstance(to, list) else to
    address = first["address"] if isinstance(first, dict) else first
    result: dict[str, Any] = {"delivered": [], "permanent_bounces": [], "queued": []}
    if answer in LISTS:
        result[LISTS[answer]] = [address]
    result["message_id"] = f"<{uuid.uuid4()}@example.com>"
    return 200, {"success": True, "errors": [], "messages": [], "result": result}
