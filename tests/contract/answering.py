"""A real HTTP server on this machine that gives one prepared answer, or breaks the connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answering:
    """What the server answers, and what it was asked."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    wait: float = 0
    url: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def answering(**given: object) -> Iterator[Answering]:
    """Serve until the block ends."""
    plan = Answering(**given)  # type: ignore[arg-type]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            plan.asked.append((self.command, self.path, dict(self.headers), body))
            time.sleep(plan.wait)
            if plan.hang_up:
                self.close_connection = True
                self.connection.close()
                return
            self.send_response(plan.status)
            for name, value in {"Content-Length": str(len(plan.body)), **plan.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(plan.body)

        do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

        def finish(self) -> None:
            if not plan.hang_up:
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    plan.url = f"http://127.0.0.1:{server.server_address[1]}/client/v4"
    try:
        yield plan
    finally:
        server.shutdown()
        server.server_close()
