"""Responses as the direct way reads them: as http.client does, or the connection counts as closed."""

import queue
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException

import pytest
from fuzz.helpers import fuzzed, joined
from hypothesis import strategies as st

from docker_credential_ecrx.aws.direct.endpoints import Endpoint
from docker_credential_ecrx.aws.direct.http_client import ClosedError, Connection
from docker_credential_ecrx.aws.direct.tcp import connected

Answer = tuple[int, str, str, bytes]

SECONDS = 20.0
_body = st.one_of(
    st.binary(max_size=20), st.sampled_from([b"{}", b"0\r\n\r\n", b"\r\n", b"x" * 3000, b"HTTP/1.1 200\r\n\r\n"])
)
_line_end = st.sampled_from(["\r\n"] * 8 + ["\n", "\r", "\r\n "])
_status = st.sampled_from(
    [
        *("HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.1 200", "HTTP/1.0 200 OK", "HTTP/1.1 403 X"),
        *(
            "HTTP/1.1 500 ",
            "HTTP/1.1 204 OK",
            "HTTP/1.1 304 OK",
            "HTTP/1.1 301 x y",
            "HTTP/1.1 429 \xff",
            "HTTP/1.1 099 OK",
        ),
        *("HTTP/2 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 2000 OK", "http/1.1 200 OK", "200 OK", ""),
        *("HTTP/1.1 -20 OK", "HTTP/1.1 +20 OK", "HTTP/1.1 2_0 OK", "ICY 200 OK", "HTTP/1.1 OK 200", "HTTP/1.x 200 OK"),
    ]
)
_odd = st.sampled_from(
    [
        *("X: y", "x-y:z", "X:", "X", ": y", "X Y: z", " folded", "\tfolded: x", "X\t: y", "Date: x", "DATE:y", ""),
        *(" Content-Length: 1", "Content-Length : 1", "Content-Length: 1", "content-length:3", "Content-Length: +3"),
        *("Content-Length: 3, 3", "Content-Length: -1", "Content-Length: ", "Content-Length: 3\x0b", "X: \x00"),
        *("Content-Length: 99999999", "Content-Length: 1" + "0" * 5000, "Content-Length: 0x3", "Content-Length: 1_0"),
        *("Transfer-Encoding: chunked", "transfer-encoding: CHUNKED", "Transfer-Encoding: gzip, chunked"),
        *(
            "Transfer-Encoding: identity",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding:",
            "X: é\xa0",
            "X: a\nDate: b",
        ),
        *("X: " + "y" * 5000, "X\x0bDate: y", "Connection: keep-alive", "X: y\rContent-Length: 2", "X: y\x1cz"),
    ]
)
_interim = st.lists(
    st.sampled_from([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100\r\nContent-Length: 5\r\nX: y\r\n\r\n"]),
    max_size=3,
).map(b"".join)


def _chunk(data: bytes, size: str, extension: str, end: bytes) -> bytes:
    return (size or f"{len(data):x}").encode("latin-1") + extension.encode("latin-1") + data + end


_chunks = st.lists(
    st.builds(
        _chunk,
        _body,
        st.sampled_from([""] * 40 + ["0", "-1", "+1", "0x1", "x", "ffffffff", " 1", "1 ", "1_0", "\xb2"]),
        st.sampled_from(["\r\n"] * 30 + [";x=y\r\n", "; x\r\n", ";x\n", "\n", ";x\ny\r\n", ""]),
        st.sampled_from([b"\r\n"] * 30 + [b"", b"\n", b"xx"]),
    ),
    max_size=4,
).map(b"".join)
_last = st.sampled_from([b"0\r\n\r\n"] * 12 + [b"0\r\nX: y\r\n\r\n", b"0\r\n", b"00;x\r\n\r\nmore", b"", b"0"])


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """Draw a response that is nearly right."""
    status = draw(st.just("HTTP/1.1 200 OK") | st.just("HTTP/1.1 400 Bad Request") | _status)
    end = draw(st.just("\r\n") | st.just("\r\n") | _line_end)
    odd = draw(st.just([]) | st.just(["Date: x", "Server: y"]) | st.lists(_odd, min_size=1, max_size=2))
    if draw(st.booleans()):
        framing, body = draw(st.sampled_from(["Transfer-Encoding: chunked", "transfer-encoding:Chunked"])), b""
        body = draw(_chunks) + draw(_last)
    else:
        body = draw(_body)
        length = len(body) + draw(st.sampled_from([0, 0, 0, 0, 1, -1, 7]))
        framing = draw(st.sampled_from([f"Content-Length: {length}", f"CONTENT-LENGTH:{length}", ""]))
    names = ["Content-Type: a/b", *odd, framing]
    lines = [line for line in draw(st.permutations(names)) if line]
    head = "\r\n".join([status, *lines]) + end + draw(st.sampled_from(["\r\n"] * 30 + ["\n", ""]))
    return draw(_interim) + head.encode("latin-1", "replace") + body


class Server:
    """A server that answers each connection with what it is told, cut where it is told, and hangs up."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._parts: queue.SimpleQueue[list[bytes] | None] = queue.SimpleQueue()
        self.endpoint = Endpoint("http", "127.0.0.1", self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while (parts := self._parts.get()) is not None:
            with self._listener.accept()[0] as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                request = b""
                while not request.endswith(b"\r\n\r\nbody"):
                    request += connection.recv(1 << 16)
                try:
                    for part in parts:
                        connection.sendall(part)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(1 << 16):  # else what was not read would reset the connection
                        pass
                except OSError:
                    continue

    def directly(self, parts: list[bytes]) -> Answer | None:
        """Return the direct way's answer, or None if the connection counts as closed."""
        self._parts.put(parts)
        end = time.monotonic() + SECONDS
        connection = Connection(connected(self.endpoint, end), end)
        try:
            found = connection.request("POST", "/", {"host": "h"}, b"body")
        except ClosedError:
            return None
        return found.status, found.headers.get("content-type", ""), found.headers.get("date", ""), found.body

    def by_http_client(self, parts: list[bytes]) -> Answer | None:
        """Return the answer of http.client, or None if it refuses the response."""
        self._parts.put(parts)
        connection = HTTPConnection(self.endpoint.host, self.endpoint.port, timeout=SECONDS)
        try:
            connection.putrequest("POST", "/")
            connection.putheader("content-length", "4")
            connection.endheaders(b"body")
            found = connection.getresponse()
            dates = found.headers.get_all("Date", [""])
            return found.status, found.getheader("Content-Type", "").strip(), dates[-1].strip(), found.read()
        except (HTTPException, ValueError, ConnectionError):
            return None
        finally:
            connection.close()

    def close(self) -> None:
        """Stop serving."""
        self._parts.put(None)
        self._thread.join()
        self._listener.close()


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    """Serve for all inputs."""
    _servers.append(Server())
    yield
    _servers.pop().close()


_servers: list[Server] = []


def _server() -> Server:
    if not _servers:  # where no pytest runs the fixture
        _servers.append(Server())
    return _servers[0]


@fuzzed(responses(), st.lists(st.integers(0, 300), max_size=4))
def test_response_is_read_as_http_client_reads_it(response: bytes, cuts: list[int]) -> None:
    ends = [*sorted(cuts), len(response)]
    parts = [response[start:end] for start, end in zip([0, *ends], ends, strict=False) if response[start:end]]

    found = _server().directly(parts)

    assert found in (None, _server().by_http_client(parts))


@fuzzed(
    st.binary(max_size=200) | joined(_status, st.text(max_size=40)).map(lambda text: text.encode("utf-8", "replace"))
)
def test_garbage_is_read_as_http_client_reads_it(response: bytes) -> None:
    found = _server().directly([response])

    assert found in (None, _server().by_http_client([response]))


@fuzzed(
    st.lists(st.sampled_from([b"102 Processing", b"103 Early Hints\r\nLink: x", b"100 Continue"]), max_size=4), _body
)
def test_interim_responses_are_skipped(interim: list[bytes], body: bytes) -> None:
    """Which http.client does for 100 alone."""
    before = b"".join(b"HTTP/1.1 " + head + b"\r\n\r\n" for head in interim)
    final = b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)

    assert _server().directly([before, final]) == (200, "", "x", body)


@fuzzed(st.integers(0, 1 << 20) | st.integers(0, 9), st.lists(st.integers(1, 1 << 20), max_size=5))
def test_right_responses_are_read_whole(length: int, cuts: list[int]) -> None:
    """The direct way does not give up what it could read."""
    body = b"\r\nx\n0"[: length % 7] * (length // 7)
    ends = [*sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in zip([0, *ends], ends, strict=False) if body[start:end]]
    chunks = [b"%X;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
    head = b"HTTP/1.1 200 OK\r\ncontent-type: a/b\r\nDATE:\tx \r\n"

    for parts in (
        [head + b"transfer-encoding: Chunked\r\n\r\n", *chunks, b"0\r\nX: y\r\n\r\n"],
        [head + b"Content-Length: %d\r\n\r\n" % len(body), *pieces],
        [head + b"\r\n", *pieces],
    ):
        assert _server().directly(parts) == (200, "a/b", "x", body)
