"""One request over HTTP, against a real server that sends what a test says."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from docker_credential_ecrx.aws.direct import tcp
from docker_credential_ecrx.aws.direct.endpoints import Endpoint
from docker_credential_ecrx.aws.direct.http_client import ClosedError, Connection, Response
from docker_credential_ecrx.aws.direct.tcp import ConnectTimeoutError

OK = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def serving(*parts: bytes, pause: float = 0.0) -> Iterator[tuple[Endpoint, list[bytes]]]:
    """Serve one connection: read a request, and send the parts."""
    listener = socket.create_server(("127.0.0.1", 0))
    received: list[bytes] = []

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            received.append(connection.recv(1 << 16))
            for part in parts:
                time.sleep(pause)
                try:
                    connection.sendall(part)
                except OSError:
                    return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield Endpoint("http", "127.0.0.1", listener.getsockname()[1]), received
    finally:
        thread.join()


def opened(endpoint: Endpoint, seconds: float = 20.0) -> Connection:
    """Return a connection to the endpoint."""
    end = time.monotonic() + seconds
    return Connection(tcp.connected(endpoint, end), end)


def fetch(*parts: bytes, pause: float = 0.0, seconds: float = 20.0) -> Response:
    with serving(*parts, pause=pause) as (endpoint, _):
        return opened(endpoint, seconds).request("POST", "/", {"host": "h"}, b"body")


def test_request_has_its_headers_length_and_body() -> None:
    with serving(OK + b"content-length: 0\r\n\r\n") as (endpoint, received):
        opened(endpoint).request("POST", "/p", {"host": "h", "x": "y"}, b"body")

    expected = b"POST /p HTTP/1.1\r\nhost: h\r\nx: y\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbody"
    assert [expected] == received


@pytest.mark.parametrize(
    "parts",
    [
        (OK + b"Content-Length: 4\r\n\r\ndata",),
        (OK + b"Content-Length: 4\r\n\r\n", b"da", b"ta"),
        (OK[:5], OK[5:] + b"Content-Len", b"gth: 4\r\n\r", b"\ndata"),
        (OK + b"\r\ndata",),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nda\r\n2;x=y\r\nta\r\n0\r\n\r\n",),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 4\r\n\r\ndata",),
        (b"HTTP/1.0 200\r\ncontent-length:4\r\n\r\ndata and more",),
    ],
)
def test_body_is_read_whole(parts: tuple[bytes, ...]) -> None:
    found = fetch(*parts, pause=0.01)

    assert (200, b"data") == (found.status, found.body)


def test_names_of_headers_are_in_lower_case() -> None:
    found = fetch(b"HTTP/1.1 403 Forbidden\r\nDate:  x \r\nContent-Length: 0\r\n\r\n")

    assert (403, {"date": "x", "content-length": "0"}, b"") == (found.status, found.headers, found.body)


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"HTTP/1.1 200",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        OK + b"Content-Length: 4\r\n\r\nda",
        OK + b"Content-Length: -4\r\n\r\ndata",
        OK + b"Content-Length: many\r\n\r\ndata",
        OK + b"Content-Length: 99999999\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nno\r\ndata",
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\ndata\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        OK + b"Content-Length: 1" + b"0" * 5000 + b"\r\n\r\ndata",
        OK + b"Content-Length: 4\r\nContent-Length: 2\r\n\r\ndata",
        OK + b"X: y\r\n Content-Length: 2\r\n\r\ndata",
        OK + b"Content-Length : 2\r\n\r\ndata",
        OK + b"X: y\nContent-Length: 2\r\n\r\ndata",
        b"HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\ndata",
        OK + b"nonsense\r\n\r\ndata",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n4\r\ndata\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n4;x\ndata\r\n4\r\ndata\r\n0\r\n\r\n",
        b"HTTP/1.1 020 OK\r\n\r\n",
        OK + b"X: " + b"y" * (1 << 17),
        OK + b"\r\n" + b"y" * (1 << 21),
    ],
)
def test_response_that_is_not_whole_is_a_closed_connection(response: bytes) -> None:
    with pytest.raises((ClosedError, ConnectionError)):
        fetch(response)


def test_slow_response_ends_with_the_deadline() -> None:
    with pytest.raises(TimeoutError):
        fetch(OK, b"X: y\r\n", b"Z: ", b"z\r\n", pause=0.2, seconds=0.3)


def test_closed_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint("http", "127.0.0.1", listener.getsockname()[1])
    with pytest.raises(ConnectionRefusedError):
        opened(endpoint)


def test_host_that_accepts_nothing_is_a_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as waiting:
        for _ in range(8):  # Linux queues one more than the backlog
            client = waiting.enter_context(socket.socket())
            client.settimeout(0)
            client.connect_ex(listener.getsockname())
        endpoint = Endpoint("http", "127.0.0.1", listener.getsockname()[1])
        with pytest.raises(ConnectTimeoutError):
            opened(endpoint)
