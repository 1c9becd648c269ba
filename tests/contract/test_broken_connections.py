"""A connection that breaks: what was certainly not written was not sent, everything else is in doubt."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
from pathlib import Path

import pytest

from app.cloudflare.client import MAX_ANSWER, Client
from app.cloudflare.results import Failure, SendAnswer, WasSent
from app.cloudflare.types import Attachment
from tests.contract.answering import answering
from tests.contract.breaking import breaking, certificate, read_request, server_context, write_below_tls
from tests.contract.test_rules import a_request

GOOD = json.dumps({"success": True, "result": {"delivered": ["anna@example.net"]}}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(GOOD)


def reset(connection: socket.socket) -> None:
    """Close so that the other side gets a reset, not an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def failure_of(url: str, *, trusted: Path | None = None, **options: float) -> Failure:
    with Client(url, "account", "token", **options) as client:
        if trusted is not None:
            client._session.verify = str(trusted)
        result = client.send(a_request())
    assert isinstance(result, Failure)
    return result


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


def test_a_good_answer_over_tls_is_read(pem: Path) -> None:
    def answer(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(HEAD + GOOD)

    with breaking(answer, server_context(pem)) as url, Client(url, "account", "token") as client:
        client._session.verify = str(pem)
        assert isinstance(client.send(a_request()), SendAnswer)


@pytest.mark.parametrize("before_it", [b"", HEAD + GOOD[:10]], ids=["before the answer", "within the answer"])
def test_a_tls_error_after_the_request_is_in_doubt(pem: Path, before_it: bytes) -> None:
    """The library calls it the same as a refused handshake; only the written body tells them apart."""

    def spoil(connection: socket.socket) -> None:
        read_request(connection)
        if before_it:
            connection.sendall(before_it)
        write_below_tls(connection, b"this is no TLS record at all")
        time.sleep(0.2)

    with breaking(spoil, server_context(pem)) as url:
        result = failure_of(url, trusted=pem)
    assert (result.cause, result.was_sent, result.may_retry) == ("connection_lost", WasSent.UNKNOWN, False)


def test_a_certificate_nobody_vouches_for_sends_nothing(pem: Path) -> None:
    with breaking(lambda connection: None, server_context(pem)) as url:
        result = failure_of(url)
    assert (result.cause, result.was_sent, result.may_retry) == ("cannot_connect", WasSent.NO, True)


@pytest.mark.parametrize("behave", [reset, lambda connection: time.sleep(1)], ids=["reset", "silence"])
def test_a_handshake_that_never_ends_sends_nothing(pem: Path, behave: object) -> None:
    with breaking(behave) as url:  # type: ignore[arg-type]
        result = failure_of(url.replace("http:", "https:"), trusted=pem, connect_timeout=0.3, read_timeout=0.3)
    assert (result.cause, result.was_sent) == ("cannot_connect", WasSent.NO)


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 2", HEAD, HEAD + GOOD[:20], b"garbage\r\n\r\n"],
    ids=["nothing", "half a status line", "a head alone", "half a body", "no HTTP"],
)
@pytest.mark.parametrize("end", [socket.socket.close, reset], ids=["closed", "reset"])
def test_an_answer_that_breaks_off_is_in_doubt(answer: bytes, end: object) -> None:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)
        end(connection)  # type: ignore[operator]

    with breaking(behave) as url:
        result = failure_of(url)
    assert (result.was_sent, result.may_retry) == (WasSent.UNKNOWN, False)
    assert result.cause == "connection_lost"


def test_an_answer_that_stops_halfway_is_a_time_out() -> None:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(HEAD + GOOD[:20])
        time.sleep(1)

    with breaking(behave) as url:
        result = failure_of(url, read_timeout=0.3)
    assert (result.cause, result.was_sent, result.may_retry) == ("timeout", WasSent.UNKNOWN, False)


def test_a_connection_that_breaks_within_a_large_body_is_in_doubt() -> None:
    request = a_request(attachments=(Attachment("a.bin", bytes(3_000_000), "application/octet-stream"),))

    def behave(connection: socket.socket) -> None:
        connection.recv(1000)
        reset(connection)

    with breaking(behave) as url, Client(url, "account", "token") as client:
        result = client.send(request)
    assert isinstance(result, Failure)
    assert (result.was_sent, result.may_retry) == (WasSent.UNKNOWN, False)


def test_a_kept_connection_that_died_meanwhile_is_replaced() -> None:
    requests: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        requests.append(read_request(connection))
        connection.sendall(HEAD + GOOD)  # promises to stay open, and closes

    with breaking(behave) as url, Client(url, "account", "token") as client:
        assert isinstance(client.send(a_request()), SendAnswer)
        time.sleep(0.1)
        assert isinstance(client.send(a_request()), SendAnswer)
    assert len(requests) == 2


def test_a_kept_connection_that_dies_with_the_second_request_is_in_doubt_and_asked_once() -> None:
    requests: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        requests.append(read_request(connection))
        connection.sendall(HEAD + GOOD)
        requests.append(read_request(connection))

    with breaking(behave) as url, Client(url, "account", "token") as client:
        assert isinstance(client.send(a_request()), SendAnswer)
        result = client.send(a_request())
    assert isinstance(result, Failure)
    assert (result.was_sent, result.may_retry) == (WasSent.UNKNOWN, False)
    assert requests[0] == requests[1], "over the one connection that was kept"
    assert len(requests) == 2


def test_an_answer_that_comes_drop_by_drop_is_a_time_out() -> None:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(HEAD)
        for sign in GOOD:
            connection.sendall(bytes([sign]))
            time.sleep(0.1)

    started = time.monotonic()
    with breaking(behave) as url:
        result = failure_of(url, read_timeout=0.5)
    assert (result.cause, result.was_sent, result.may_retry) == ("timeout", WasSent.UNKNOWN, False)
    assert time.monotonic() - started < 0.1 * len(GOOD) / 2


def test_an_answer_in_chunks_is_read_and_the_connection_kept() -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (GOOD[:9], GOOD[9:])) + b"0\r\n\r\n"
    requests: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        for _ in range(2):
            requests.append(read_request(connection))
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)

    with breaking(behave) as url, Client(url, "account", "token") as client:
        assert isinstance(client.send(a_request()), SendAnswer)
        assert isinstance(client.send(a_request()), SendAnswer)
    assert requests[0] == requests[1]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "compressed"])
def test_an_answer_without_end_is_not_read_whole(packed: bool) -> None:
    body = b" " * (MAX_ANSWER + 1)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    with answering(body=gzip.compress(body) if packed else body, headers=headers) as plan:
        result = failure_of(plan.url)
    assert (result.cause, result.was_sent) == ("unreadable", WasSent.UNKNOWN)


def test_a_compressed_answer_is_read() -> None:
    packed = gzip.compress(GOOD)
    with answering(body=packed, headers={"Content-Encoding": "gzip"}) as plan, Client(plan.url, "a", "t") as client:
        for _ in range(2):
            result = client.send(a_request())
            assert isinstance(result, SendAnswer)
            assert result.delivered == ("anna@example.net",)


def test_an_answer_that_cannot_be_unpacked_is_in_doubt() -> None:
    with answering(body=GOOD, headers={"Content-Encoding": "gzip"}) as plan:
        result = failure_of(plan.url)
    assert (result.was_sent, result.may_retry) == (WasSent.UNKNOWN, False)


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirect_is_not_followed_and_stops_the_send(status: int) -> None:
    with answering() as other, answering(status=status, headers={"Location": other.url}) as plan:
        result = failure_of(plan.url)
    assert (result.cause, result.was_sent, result.stops_send) == ("not_routed", WasSent.NO, True)
    assert not other.asked, "the token goes nowhere else"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 522, 524, 530])
@pytest.mark.parametrize("body", [b"<html><h1>Bad gateway</h1></html>", b"", b"null", b'{"errors": []}'])
def test_a_gateway_s_answer_is_in_doubt(status: int, body: bytes) -> None:
    with answering(status=status, body=body) as plan:
        result = failure_of(plan.url)
    assert (result.cause, result.was_sent, result.may_retry) == ("gateway", WasSent.UNKNOWN, False)


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "ftp://a/b", "http://x y/", "http://a..b/x", f"http://{'a' * 70}.com", "http://[::1/x"],
)
def test_an_address_that_cannot_be_called_sends_nothing(url: str) -> None:
    result = failure_of(url)
    assert (result.cause, result.was_sent) == ("cannot_connect", WasSent.NO)


@pytest.mark.parametrize("token", ["with • dots", "line\nbreak", "näh", ""])
def test_a_mistyped_token_is_a_failure_with_words(token: str) -> None:
    with answering(status=401, body=b"{}") as plan, Client(plan.url, "account", token) as client:
        result = client.send(a_request())
        check = client.check_token()
    assert isinstance(result, Failure)
    assert isinstance(check, Failure)
    assert result.was_sent is WasSent.NO
    assert not token or token not in result.raw
