"""Sends one HTTP request on a connection of its own, with a time limit on every wait and a limit on every size.

``http.client`` would import ``email``, which takes longer than both calls to AWS.
https://www.rfc-editor.org/rfc/rfc9112
"""

from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.aws.direct.tcp import seconds_until

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

READ_SECONDS = 5.0  # as in aws/session.py
_MOST_HEADER_BYTES = 1 << 16
_MOST_BODY_BYTES = 1 << 20
_MOST_DIGITS = 9  # int() refuses thousands of them
_FRAMING = ("content-length", "transfer-encoding")
_WITHOUT_BODY = (204, 304)
_BLANK_LINE = b"\r\n\r\n"


class ClosedError(ConnectionError):
    """The connection was closed before the response ended, or the response is not HTTP."""


class Response:
    """A response; the names of its headers are in lower case, and of a repeated one the last value counts."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class Connection:
    """A connection to an endpoint, which is open and, if the endpoint has TLS, verified."""

    __slots__ = ("_buffer", "_end", "_socket")

    def __init__(self, connected: "Any", end: float) -> None:  # noqa: ANN401 - a socket
        """Take a socket that is connected; no operation waits longer than until ``end`` (time.monotonic())."""
        self._socket = connected
        self._end = end
        self._buffer = b""

    def close(self) -> None:
        """Close it without a request."""
        self._socket.close()

    def request(self, method: str, path: str, headers: "Mapping[str, str]", body: bytes) -> Response:
        """Send a request and return the response; the connection cannot be used again.

        Raises OSError, and DeclinedError if a header has a character that could end it.
        """
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if body or method != "GET":
            lines.append(f"content-length: {len(body)}")
        lines += ["connection: close", "", ""]
        try:
            if not all(line.isascii() and line.isprintable() for line in lines[:-2]):
                raise DeclinedError("a header has a character that none has")
            self._wait_at_most(READ_SECONDS)
            try:
                self._socket.sendall("\r\n".join(lines).encode("ascii") + body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # as in urllib3: the response may say why
            status, fields = self._head()
            while status // 100 == 1:  # an interim response, such as 100 Continue
                status, fields = self._head()
            return Response(status, fields, self._body(status, fields))
        finally:
            self._socket.close()

    def _head(self) -> tuple[int, dict[str, str]]:
        while _BLANK_LINE not in self._buffer:
            if len(self._buffer) > _MOST_HEADER_BYTES:
                raise ClosedError("the head of the response is too long")
            self._buffer += self._received()
        head, _, self._buffer = self._buffer.partition(_BLANK_LINE)
        first, *lines = head.decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        code = rest.partition(" ")[0]
        is_status = len(code) == 3 and code.isdecimal() and code >= "100"  # noqa: PLR2004 - digits
        if not version.startswith("HTTP/1.") or not is_status or not first.isprintable():
            raise ClosedError("the response is not HTTP")
        fields: dict[str, str] = {}
        for line in lines:
            name, value = _field(line)
            if name in _FRAMING and name in fields:
                raise ClosedError("the response has two lengths")
            fields[name] = value
        return int(code), fields

    def _body(self, status: int, fields: "Mapping[str, str]") -> bytes:
        encoding = fields.get("transfer-encoding")
        if encoding is not None:
            if encoding.lower() != "chunked":
                raise ClosedError("the response has an unknown encoding")
            return self._chunks()
        if status in _WITHOUT_BODY:
            return b""
        length = fields.get("content-length")
        if length is None:
            return self._rest()
        if not length.isdecimal() or len(length) > _MOST_DIGITS or int(length) > _MOST_BODY_BYTES:
            raise ClosedError("the response has no length, or is too long")
        return self._exactly(int(length))

    def _chunks(self) -> bytes:
        """Return a body in chunks; trailers are not read."""
        body = b""
        while True:
            size = self._line().partition(b";")[0].strip()
            try:
                length = int(size, 16)
            except ValueError as error:
                raise ClosedError("the response is not HTTP") from error
            if length == 0:
                return body
            if length < 0 or len(body) + length > _MOST_BODY_BYTES:
                raise ClosedError("the response is too long")
            body += self._exactly(length)
            if self._line():
                raise ClosedError("the response is not HTTP")

    def _line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            if len(self._buffer) > _MOST_HEADER_BYTES:
                raise ClosedError("the response is not HTTP")
            self._buffer += self._received()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        if b"\n" in line or b"\r" in line:  # which others take for the end of the line
            raise ClosedError("the response is not HTTP")
        return line

    def _exactly(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._buffer += self._received()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return body

    def _rest(self) -> bytes:
        while True:
            if len(self._buffer) > _MOST_BODY_BYTES:
                raise ClosedError("the response is too long")
            try:
                self._buffer += self._received()
            except ClosedError:
                return self._buffer

    def _received(self) -> bytes:
        self._wait_at_most(READ_SECONDS)
        part: bytes = self._socket.recv(1 << 16)
        if not part:
            raise ClosedError("the connection was closed")
        return part

    def _wait_at_most(self, seconds: float) -> None:
        self._socket.settimeout(seconds_until(self._end, seconds))


def _field(line: str) -> tuple[str, str]:
    """Return the name of a header in lower case, and its value; raise ClosedError if others may read it differently.

    https://www.rfc-editor.org/rfc/rfc9112#name-field-syntax
    """
    name, colon, value = line.partition(":")
    is_name = bool(colon) and bool(name) and name.isascii() and name.isprintable() and " " not in name
    if not is_name or min(value.replace("\t", " "), default=" ") < " ":
        raise ClosedError("the response is not HTTP")
    return name.lower(), value.strip(" \t")
