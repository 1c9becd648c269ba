"""A wire between two programs that breaks as networks break: reset in the middle, in one direction or the other."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

Address = tuple[str, int] | str
RESET = struct.pack("ii", 1, 0)
"""With this linger a close is a reset."""


class Broken(Exception):
    """One side hung up, or the wire breaks here."""


class Wire:
    """Listens on a port of this machine and passes on to another address; a context manager.

    `share` of what passes meets a break while it is on.
    """

    def __init__(self, target: Address, *, share: float, seed: int) -> None:
        self.target, self.share = target, share
        self.breaks: Counter[str] = Counter()
        self.chance = random.Random(seed)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listening.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()

    def breaks_here(self, name: str) -> bool:
        """Decide by chance whether the wire breaks now."""
        if self.chance.random() >= self.share:
            return False
        self.breaks[name] += 1
        return True

    def pass_on(self, near: socket.socket, far: socket.socket) -> None:
        """Pass everything of one connection. Raises Broken or OSError at its end."""
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        family = socket.AF_UNIX if isinstance(self.target, str) else socket.AF_INET
        far = socket.socket(family, socket.SOCK_STREAM)
        with contextlib.suppress(OSError, Broken):
            far.connect(self.target)
            self.pass_on(near, far)
        with contextlib.suppress(OSError):
            far.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits there; else the other side would see no end
        for side in (near, far):
            with contextlib.suppress(OSError):
                if side.family is socket.AF_INET:
                    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                side.close()


class HttpWire(Wire):
    """Breaks requests in the middle, answers in the middle, and whole answers away."""

    def __init__(self, url: str, *, share: float, seed: int) -> None:
        parts = urlsplit(url)
        super().__init__((parts.hostname or "", parts.port or 80), share=share, seed=seed)
        self.base_url = f"http://127.0.0.1:{self.port}{parts.path}"

    def pass_on(self, near: socket.socket, far: socket.socket) -> None:
        """Pass exchange after exchange."""
        rests = {near: b"", far: b""}

        def whole(side: socket.socket) -> bytes:
            found, rests[side] = _one_message(side, rests[side])
            return found

        while True:
            request = whole(near)
            posts = request.startswith(b"POST")
            if posts and self.breaks_here("in the request"):
                far.sendall(request[: self.chance.randrange(1, len(request))])
                raise Broken
            far.sendall(request)
            if posts and self.breaks_here("before the answer"):
                whole(far)  # the service did its work, and nobody hears of it
                raise Broken
            answer = whole(far)
            if posts and self.breaks_here("in the answer"):
                near.sendall(answer[: self.chance.randrange(1, len(answer))])
                raise Broken
            near.sendall(answer)


class CommitWire(Wire):
    """Breaks connections to PostgreSQL at a COMMIT: before the server sees it, or after, so that its word is lost."""

    def pass_on(self, near: socket.socket, far: socket.socket) -> None:
        """Pass both directions at once."""
        lost = threading.Event()

        def answers() -> None:
            with contextlib.suppress(OSError):
                while part := far.recv(65536):
                    if lost.is_set():
                        break
                    near.sendall(part)
            for side in (near, far):
                with contextlib.suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)

        threading.Thread(target=answers, daemon=True).start()
        while part := near.recv(65536):
            if b"COMMIT" in part and self.breaks_here("before the commit"):
                raise Broken
            if b"COMMIT" in part and self.breaks_here("after the commit"):
                lost.set()
                far.sendall(part)
                _until_closed(near)
                raise Broken
            far.sendall(part)


def _until_closed(side: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while side.recv(65536):
            pass


def _one_message(side: socket.socket, rest: bytes) -> tuple[bytes, bytes]:
    """Read one HTTP message whole; gives it and what came after it."""
    read = _reader(side)
    while b"\r\n\r\n" not in rest:
        rest += read()
    head, _, body = rest.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += read()
    return head + b"\r\n\r\n" + body[:length], body[length:]


def _reader(side: socket.socket) -> Callable[[], bytes]:
    def read() -> bytes:
        part = side.recv(65536)
        if not part:
            raise Broken
        return part

    return read
