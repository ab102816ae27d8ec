"""HTTP clients that take too much: refused or ended, while others are answered."""

from __future__ import annotations

import contextlib
import json
import socket
import time
import urllib.error
import urllib.request

import pytest

BODY = b'{"instances": [1, 2, 5]}'
HEAD = b"POST /v1/models/half:predict HTTP/1.1\r\nHost: a\r\nContent-Length: 24\r\n"
STATUS = b"GET /v1/models/half HTTP/1.1\r\nHost: a\r\n\r\n"
LIMIT = 4


@pytest.fixture(scope="module")
def limited(model_server, half_plus_two):
    """A server that has little patience, few connections, and room for few headers."""
    return model_server(
        model_name="half",
        model_base_path=half_plus_two,
        rest_api_max_connections=LIMIT,
        rest_api_max_header_bytes=2000,
        rest_api_read_timeout_in_ms=500,
    )


@pytest.fixture(scope="module")
def patient(model_server, half_plus_two):
    """A server with the limits that it has without flags."""
    return model_server(model_name="half", model_base_path=half_plus_two)


@contextlib.contextmanager
def connected(server):
    host, port = server.rest.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as opened:
        yield opened


def answers(opened: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := opened.recv(65536):
            received += piece
    return received


def answer(server, sent: bytes) -> bytes:
    with connected(server) as opened:
        opened.sendall(sent)
        return answers(opened)


def ask(server, body: bytes | None = None) -> int:
    verb = ":predict" if body else ""
    url = f"http://{server.rest}/v1/models/half{verb}"
    try:
        with urllib.request.urlopen(url, body, timeout=30) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"a: " + b"b" * 2000 + b"\r\n\r\n" + BODY,
        # Not many bytes, but 32 more for each header.
        HEAD + b"".join(b"a%d:\r\n" % n for n in range(100)) + b"\r\n" + BODY,
        b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["long", "many", "path"],
)
def test_headers_that_are_too_large_are_refused(limited, sent):
    received = answer(limited, sent)
    assert received.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
    assert received.endswith(b"larger than 2000 bytes (--rest_api_max_header_bytes)")
    assert ask(limited, BODY) == 200


def test_a_header_without_an_end_is_not_kept(patient):
    with connected(patient) as opened:
        sent = 0
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            opened.sendall(HEAD + b"a: ")
            while sent < 60_000_000:
                opened.sendall(b"b" * 100_000)
                sent += 100_000
    assert sent < 60_000_000
    assert ask(patient, BODY) == 200


@pytest.mark.parametrize("end", [b"0\r\na: ", b"1;a="], ids=["trailer", "extension"])
def test_what_comes_between_pieces_of_a_body_is_bounded_too(patient, end):
    head = b"POST /v1/models/half:predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connected(patient) as opened:
        sent = 0
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            opened.sendall(head + end)
            while sent < 60_000_000:
                opened.sendall(b"b" * 100_000)
                sent += 100_000
    assert sent < 60_000_000


def test_usual_headers_are_no_trouble(patient):
    large = b"Cookie: " + b"a" * 30_000 + b"\r\n"
    many = b"".join(b"X-Header-%d: some value\r\n" % n for n in range(200))
    received = answer(patient, HEAD + large + many + b"Connection: close\r\n\r\n" + BODY)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("begun", [b"P", HEAD, HEAD + b"\r\n" + BODY[:5]])
def test_a_slow_client_is_ended(limited, begun):
    with connected(limited) as opened:
        opened.sendall(begun)
        assert answers(opened).startswith(b"HTTP/1.1 408 Request Timeout\r\n")


def test_a_client_that_sends_one_byte_at_a_time_is_ended(limited):
    with connected(limited) as opened:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for byte in HEAD * 10:
                opened.sendall(bytes([byte]))
                time.sleep(0.05)
            pytest.fail("the server read it all")
        assert answers(opened).startswith(b"HTTP/1.1 408 ")


def test_an_answer_that_nobody_reads_ends_the_connection(limited):
    body = json.dumps({"instances": [0.5] * 1_500_000}).encode()
    head = HEAD.replace(b"24", str(len(body)).encode())
    with connected(limited) as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**17)
        opened.sendall(head + b"\r\n" + body)
        # Meanwhile it keeps nobody from anything.
        assert ask(limited, BODY) == 200
        opened.settimeout(120)
        assert opened.recv(1, socket.MSG_PEEK)
        # Longer than it may stay there.
        time.sleep(3)
        received = answers(opened)
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert not received.endswith(b"]\n}")


def test_a_refusal_comes_after_the_answers_before_it(limited):
    good = HEAD + b"\r\n" + BODY
    received = answer(limited, good + good + b"no request\r\n\r\n")
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 2
    assert received.rpartition(b"HTTP/1.1 ")[2].startswith(b"400 Bad Request\r\n")
    received = answer(limited, good + b"GET / HTTP/1.1\r\na: " + b"b" * 5000 + b"\r\n\r\n")
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 1
    assert received.rpartition(b"HTTP/1.1 ")[2].startswith(b"431 ")


def test_connections_that_wait_make_room_for_others(limited):
    with contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(connected(limited)) for _ in range(100)]
        assert ask(limited, BODY) == 200
        assert ask(limited) == 200
        # Those that have waited longest are the first to go.
        assert waiting[0].recv(1) == b""


def test_models_are_told_of_when_all_connections_are_busy(model_server, half_plus_two):
    server = model_server(
        model_name="half", model_base_path=half_plus_two, rest_api_max_connections=LIMIT
    )
    with contextlib.ExitStack() as stack:
        busy = [stack.enter_context(connected(server)) for _ in range(LIMIT)]
        for opened in busy:
            opened.sendall(HEAD + b"\r\n" + BODY[:5])
        # Their requests have been read once these are answered.
        assert ask(server) == 200
        assert ask(server, BODY) == 503
        received = answer(server, STATUS)
        assert b'"AVAILABLE"' in received and b"connection: close\r\n" in received
        # They themselves are answered, too.
        for opened in busy:
            opened.sendall(BODY[5:])
            assert opened.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
    assert ask(server, BODY) == 200
