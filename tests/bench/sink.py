"""A mail service for benches: answers a send as the vendor does, as cheaply as Python can, and keeps its own record.

It reads no more of a request than it must, so that the sink is not what a bench measures. `GET /record` gives what
arrived; `DELETE /record` forgets it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field

REFERENCE = b'"X-Postroom-Message":"'
TO = b'"to":["'
TO_NAMED = b'"to":[{"address":"'
ANSWER = (
    '{"success":true,"errors":[],"messages":[],"result":{"delivered":["%s"],"permanent_bounces":[],"queued":[],'
    '"suppressed_recipients":[],"message_id":"<%d@bench.example.com>"}}'
)


@dataclass(slots=True)
class Record:
    """What arrived since the last time it was forgotten."""

    references: Counter[bytes] = field(default_factory=Counter)
    requests: int = 0
    size: int = 0
    first_at: float = 0.0
    last_at: float = 0.0

    def add(self, body: bytes) -> None:
        """Take note of one request; wall clock, to be held against another process."""
        self.last_at = time.time()
        self.first_at = self.first_at or self.last_at
        self.requests += 1
        self.size += len(body)
        start = body.find(REFERENCE)
        if start >= 0:
            start += len(REFERENCE)
            self.references[body[start : start + 36]] += 1

    def words(self) -> bytes:
        """Give the record as JSON."""
        twice = sum(1 for count in self.references.values() if count > 1)
        return json.dumps(
            {
                "requests": self.requests,
                "distinct": len(self.references),
                "twice": twice,
                "mean_size": self.size / self.requests if self.requests else 0,
                "first_at": self.first_at,
                "last_at": self.last_at,
            }
        ).encode()


class Connection(asyncio.Protocol):
    """One connection, kept open; one request at a time."""

    record = Record()
    latency = 0.0

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._missing = 0
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Collect a request until it is whole."""
        if self._missing > 0:
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing <= 0:
                self._whole()
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            return
        head, rest = self._head[:end], self._head[end + 4 :]
        lower = head.lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        self._head, self._parts, self._missing = head, [rest], length - len(rest)
        if self._missing <= 0:
            self._whole()

    def _whole(self) -> None:
        head, body = self._head, b"".join(self._parts)
        self._head, self._parts, self._missing = b"", [], 0
        if not head.startswith(b"POST"):
            if head.startswith(b"DELETE"):
                Connection.record = Record()
            self._answer(self.record.words())
            return
        self.record.add(body)
        mark = TO_NAMED if TO_NAMED in body[:400] else TO
        start = body.find(mark) + len(mark)
        address = body[start : body.find(b'"', start)].decode()
        answer = (ANSWER % (address, self.record.requests)).encode()
        if self.latency:
            asyncio.get_running_loop().call_later(self.latency, self._answer, answer)
        else:
            self._answer(answer)

    def _answer(self, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )


async def serve(port: int, latency: float) -> None:
    """Serve until killed. `latency` is in seconds."""
    Connection.latency = latency
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=256)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.port, arguments.latency))
