"""As much of D-Bus as it takes to ask a service on the user's bus: method calls and their answers, one after another.

jeepney does it all, and takes as long to import as a whole cached ``get`` does; what is sent here is held against it by
the tests.
https://dbus.freedesktop.org/doc/dbus-specification.html
"""

import os
import time
from _socket import AF_UNIX, SOCK_STREAM, socket  # the module around it takes 2 ms and has nothing that is needed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    _Message = tuple[int, dict[int, Any], tuple[Any, ...]]  # kind, fields of the header, values of the body

_CALL, _RETURN, _ERROR = 1, 2, 3
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL, _DESTINATION, _SIGNATURE = 1, 2, 3, 4, 5, 6, 8
_HEADER = "yyyyuua(yv)"
_FIXED_HEADER = 16  # up to the length of the header's fields
# By the first letter of a type, how its values are aligned.
_ALIGNMENTS = {"y": 1, "g": 1, "v": 1, "b": 4, "u": 4, "s": 4, "o": 4, "a": 4, "(": 8, "{": 8}
_LARGEST_MESSAGE = 1 << 22
_LITTLE = ord("l")


class DBusError(Exception):
    """The service, or the bus, answered with an error; ``name`` is what D-Bus calls it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Connection:
    """A connection to the bus at ``address``, where no wait takes longer than ``seconds``.

    Whatever goes wrong is an OSError (TimeoutError where no answer comes), a DBusError, or, where what comes is not
    D-Bus, a ValueError, LookupError or RecursionError.
    """

    def __init__(self, address: str, seconds: float) -> None:
        self._seconds = seconds
        self._serial = 0
        self._received = b""
        self._answers: dict[int, _Message | None] = {}  # to the calls that are to be answered
        self._socket = socket(AF_UNIX, SOCK_STREAM)
        self._socket.settimeout(seconds)
        try:
            self._socket.connect(_path_of(address))
            # Busses read in order, which sd-bus relies on too: the first call need not wait for their "OK" and answer.
            self._socket.sendall(b"\0AUTH EXTERNAL %b\r\nBEGIN\r\n" % str(os.geteuid()).encode().hex().encode())
            self._hello = self.ask("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")
        except BaseException:
            self.close()
            raise

    def ask(  # noqa: PLR0913, PLR0917 - the parts of a call
        self,
        destination: str,
        path: str,
        interface: str,
        method: str,
        signature: str = "",
        body: "tuple[Any, ...]" = (),
    ) -> int:
        """Send a call of a method whose arguments have ``signature``; return the number that ``answer`` asks for."""
        if not self._seconds:
            message = "it did not answer before"
            raise TimeoutError(message)
        self._serial += 1
        self._socket.settimeout(self._seconds)
        try:
            self._socket.sendall(encode_call(self._serial, destination, path, interface, method, signature, body))
        except TimeoutError as error:
            raise self._given_up() from error
        self._answers[self._serial] = None
        return self._serial

    def answer(self, asked: int) -> "tuple[Any, ...]":
        """Wait for a call's answer, which is given once; return the values that it consists of."""
        deadline = time.monotonic() + self._seconds
        if self._hello:
            hello, self._hello = self._hello, 0
            self._welcome(deadline)
            self._wait_for(hello, deadline)
        return self._wait_for(asked, deadline)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _welcome(self, deadline: float) -> None:
        while b"\r\n" not in self._received:
            self._receive(deadline)
        line, _, self._received = self._received.partition(b"\r\n")
        if not line.startswith(b"OK"):
            raise ConnectionRefusedError(None, "the bus refused this user")

    def _wait_for(self, asked: int, deadline: float) -> "tuple[Any, ...]":
        while (answer := self._answers[asked]) is None:
            self._read(deadline)
        del self._answers[asked]
        kind, fields, body = answer
        if kind == _ERROR:
            raise DBusError(str(fields.get(_ERROR_NAME)))
        return body

    def _read(self, deadline: float) -> None:
        """Read the next message; it is kept where it answers a call."""
        while (size := size_of(self._received)) is None or len(self._received) < size:
            self._receive(deadline)
        message, self._received = decode(self._received[:size]), self._received[size:]
        kind, fields, _ = message
        serial = fields.get(_REPLY_SERIAL)
        if kind in {_RETURN, _ERROR} and isinstance(serial, int) and serial in self._answers:
            self._answers[serial] = message

    def _receive(self, deadline: float) -> None:
        self._socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            part = self._socket.recv(1 << 16)
        except TimeoutError as error:
            raise self._given_up() from error
        if not part:
            raise ConnectionResetError(None, "the bus hung up")
        self._received += part

    def _given_up(self) -> TimeoutError:
        """Ask no more from now on."""
        message = f"no answer within {self._seconds:g} seconds"
        self._seconds = 0.0
        return TimeoutError(message)


def encode_call(  # noqa: PLR0913, PLR0917 - the parts of a call
    serial: int, destination: str, path: str, interface: str, method: str, signature: str, body: "tuple[Any, ...]"
) -> bytes:
    """Return the message that calls a method."""
    content = bytearray()
    _encode(content, f"({signature})" if signature else "", body)
    fields = [
        (_PATH, ("o", path)),
        (_INTERFACE, ("s", interface)),
        (_MEMBER, ("s", method)),
        (_DESTINATION, ("s", destination)),
    ]
    if signature:
        fields.append((_SIGNATURE, ("g", signature)))
    message = bytearray()
    for kind, value in zip(_HEADER[:6], (_LITTLE, _CALL, 0, 1, len(content), serial), strict=True):
        _encode(message, kind, value)
    _encode(message, _HEADER[6:], fields)
    _align(message, 8)
    return bytes(message + content)


def size_of(received: bytes) -> int | None:
    """Return how many bytes the first message has, or None where too few of them are there to tell."""
    if len(received) < _FIXED_HEADER:
        return None
    order: Any = "little" if received[0] == _LITTLE else "big"
    body, fields = int.from_bytes(received[4:8], order), int.from_bytes(received[12:16], order)
    size = _FIXED_HEADER + fields + -fields % 8 + body
    if size > _LARGEST_MESSAGE:
        message = f"a message of {size} bytes"
        raise ValueError(message)
    return size


def decode(message: bytes) -> "_Message":
    """Return a message's kind, its header's fields and the values in its body."""
    reader = _Reader(message)
    _, kind, *_ = (reader.value(kind) for kind in _HEADER[:6])
    fields = {field: value for field, (_, value) in reader.value(_HEADER[6:])}
    reader.align(8)
    signature = fields.get(_SIGNATURE, "")
    return kind, fields, reader.value(f"({signature})") if signature else ()


class _Reader:
    def __init__(self, message: bytes) -> None:
        self._message = message
        self._at = 0
        self._order: Any = "little" if message[:1] == b"l" else "big"

    def align(self, size: int) -> None:
        """Go on at the next multiple of ``size``."""
        self._at += -self._at % size

    def value(self, signature: str) -> "Any":  # noqa: ANN401, PLR0911 - one for each kind of type
        """Return the next value, which has the one type in ``signature``."""
        kind = signature[0]
        self.align(_ALIGNMENTS[kind])
        if kind == "y":
            return self._take(1)[0]
        if kind == "u":
            return self._number(4)
        if kind == "b":
            return bool(self._number(4))
        if kind in "so":
            return self._text(self._number(4))
        if kind == "g":
            return self._text(self._number(1))
        if kind == "v":
            inner = self._text(self._number(1))
            return inner, self.value(inner)
        if kind == "a":
            return self._array(signature[1:])
        return tuple(self.value(part) for part in _parts(signature[1:-1]))

    def _array(self, item: str) -> "Any":  # noqa: ANN401
        size = self._number(4)
        self.align(_ALIGNMENTS[item[0]])
        if item == "y":
            return self._take(size)
        end = self._at + size
        values = []
        while (at := self._at) < end:
            values.append(self.value(item))
            if self._at == at:
                message = "an array of nothing"  # which would never come to its end
                raise ValueError(message)
        return values

    def _text(self, size: int) -> str:
        return self._take(size + 1)[:-1].decode()

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), self._order)

    def _take(self, size: int) -> bytes:
        taken = self._message[self._at : self._at + size]
        if len(taken) != size:
            message = "a message that ends too early"
            raise ValueError(message)
        self._at += size
        return taken


def _encode(message: bytearray, signature: str, value: "Any") -> None:  # noqa: ANN401
    """Append ``value``, which has the one type in ``signature``, or nothing where that is empty."""
    if not signature:
        return
    kind = signature[0]
    _align(message, _ALIGNMENTS[kind])
    if kind == "y":
        message.append(value)
    elif kind in "ub":
        message += int(value).to_bytes(4, "little")
    elif kind in "so":
        text = value.encode()
        message += len(text).to_bytes(4, "little") + text + b"\0"
    elif kind == "g":
        message += len(value).to_bytes(1, "little") + value.encode() + b"\0"
    elif kind == "v":
        _encode(message, "g", value[0])
        _encode(message, *value)
    elif kind == "a":
        _encode_array(message, signature[1:], value)
    else:
        for part, item in zip(_parts(signature[1:-1]), value, strict=True):
            _encode(message, part, item)


def _encode_array(message: bytearray, item: str, values: "Any") -> None:  # noqa: ANN401
    at = len(message)
    message += bytes(4)
    _align(message, _ALIGNMENTS[item[0]])
    start = len(message)
    if item == "y":
        message += values
    else:
        for value in values.items() if item[0] == "{" else values:
            _encode(message, item, value)
    message[at : at + 4] = (len(message) - start).to_bytes(4, "little")


def _align(message: bytearray, size: int) -> None:
    message += bytes(-len(message) % size)


def _parts(signature: str) -> list[str]:
    """Return the single types that ``signature`` is made of."""
    parts, start, depth = [], 0, 0
    for at, letter in enumerate(signature):
        depth += (letter in "({") - (letter in ")}")
        if letter != "a" and depth == 0:
            parts.append(signature[start : at + 1])
            start = at + 1
    return parts


def _path_of(address: str) -> str:
    """Return the socket's path in the first address that has one; an abstract one begins with NUL."""
    for candidate in address.split(";"):
        kind, _, rest = candidate.partition(":")
        keys = dict(part.partition("=")[::2] for part in rest.split(","))
        if kind == "unix" and "path" in keys:
            return _unescaped(keys["path"])
        if kind == "unix" and "abstract" in keys:
            return "\0" + _unescaped(keys["abstract"])
    raise FileNotFoundError(None, "the bus's address names no socket")


def _unescaped(value: str) -> str:
    if "%" not in value:
        return value
    head, *rest = value.encode().split(b"%")
    return os.fsdecode(head + b"".join(bytes.fromhex(part[:2].decode()) + part[2:] for part in rest))
