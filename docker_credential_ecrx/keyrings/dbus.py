"""As much of D-Bus as it takes to ask a service on the user's bus: method calls and their answers, one after another.

jeepney does it all, and takes as long to import as a whole cached ``get`` does; what is sent here is held against it by
the tests.
https://dbus.freedesktop.org/doc/dbus-specification.html
"""

import os
import sys
import time

from docker_credential_ecrx.system.fast_stdlib import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CALL, _RETURN, _ERROR = 1, 2, 3
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_SERIAL, _DESTINATION, _SIGNATURE = 1, 2, 3, 4, 5, 6, 8
# The types of the header's fields that are read here.
_FIELDS = {_ERROR_NAME: "s", _REPLY_SERIAL: "u", _SIGNATURE: "g"}
_HEADER = "yyyyuua(yv)"
_FIXED_HEADER = 16  # up to the length of the header's fields
# By the first letter of a type, how its values are aligned.
_ALIGNMENTS = {"y": 1, "g": 1, "v": 1, "b": 4, "u": 4, "s": 4, "o": 4, "a": 4, "(": 8, "{": 8}
_LETTERS = frozenset("ybnqiuxtdsogvah(){}")
# A secret has some kilobytes, and so has the list of all items of ours.
_LARGEST_MESSAGE = 1 << 20
_LONGEST_LINE = 1 << 10  # of the handshake
_DEEPEST = 64  # as the specification has it
_LONGEST_NAME = 100
_LITTLE, _BIG = ord("l"), ord("B")


class DBusError(Exception):
    """The service, or the bus, answered with an error; ``name`` is what D-Bus calls it."""

    def __init__(self, name: str) -> None:
        # A service that is not what it says may put anything there.
        is_name = len(name) <= _LONGEST_NAME and name.isascii() and name.replace(".", "").replace("_", "").isalnum()
        super().__init__(name if is_name else "an error without a valid name")
        self.name = str(self)


class Connection:
    """A connection to the bus at ``address``, where no wait takes longer than ``seconds``.

    Whatever goes wrong is an OSError (TimeoutError if no answer comes, PermissionError if another user runs the bus), a
    DBusError, or, if what comes is not D-Bus or not what was asked for, a ValueError or LookupError.
    """

    def __init__(self, address: str, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._serial = 0
        self._received = b""
        self._expected: dict[int, tuple[str, str]] = {}  # the calls without an answer: method and type of the answer
        self._answers: dict[int, Message] = {}
        self._socket = connected(address, seconds)
        try:
            # Busses read in order, which sd-bus relies on too: the first call need not wait for their "OK" and answer.
            self._socket.sendall(b"\0AUTH EXTERNAL %b\r\nBEGIN\r\n" % str(os.geteuid()).encode().hex().encode())
            self._hello = self.ask(
                "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", returns="s"
            )
        except BaseException:
            self.close()
            raise

    def limit(self, seconds: float) -> None:
        """Let all that is asked from now on end within so many seconds, however many answers there are."""
        self._end = time.monotonic() + seconds

    def ask(  # noqa: PLR0913, PLR0917 - the parts of a call
        self,
        destination: str,
        path: str,
        interface: str,
        method: str,
        signature: str = "",
        body: "tuple[Any, ...]" = (),
        *,
        returns: str = "",
    ) -> int:
        """Send a call of a method whose arguments have ``signature``, and whose answer has the type ``returns``.

        Return the number that ``answer`` asks for.
        """
        if not self._seconds:
            raise TimeoutError("it did not answer before")
        self._serial += 1
        self._set_time_left(time.monotonic() + self._seconds)
        try:
            self._socket.sendall(encode_call(self._serial, destination, path, interface, method, signature, body))
        except TimeoutError as error:
            raise self._given_up() from error
        self._expected[self._serial] = method, returns
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
            if len(self._received) > _LONGEST_LINE:
                raise ValueError("a handshake without an end")
            self._receive(deadline)
        line, _, self._received = self._received.partition(b"\r\n")
        if not line.startswith(b"OK"):
            raise ConnectionRefusedError(None, "the bus refused this user")

    def _wait_for(self, asked: int, deadline: float) -> "tuple[Any, ...]":
        method, returns = self._expected[asked]
        while asked not in self._answers:
            self._read(deadline)
        del self._expected[asked]
        answer = self._answers.pop(asked)
        if answer.kind == _ERROR:
            raise DBusError(str(answer.fields.get(_ERROR_NAME)))
        if answer.signature != returns:
            found = answer.signature if _LETTERS.issuperset(answer.signature) else "no type of D-Bus"
            raise ValueError(f"it answered {method} with {found or 'nothing'} instead of {returns or 'nothing'}")
        return answer.body()

    def _read(self, deadline: float) -> None:
        """Read the next message; it is kept if it answers a call, and else of no interest."""
        while (size := size_of(self._received)) is None or len(self._received) < size:
            self._receive(deadline)
        message, self._received = Message(self._received[:size]), self._received[size:]
        serial = message.fields.get(_REPLY_SERIAL)
        if message.kind in {_RETURN, _ERROR} and isinstance(serial, int) and serial in self._expected:
            self._answers.setdefault(serial, message)

    def _receive(self, deadline: float) -> None:
        self._set_time_left(deadline)
        try:
            part = self._socket.recv(1 << 16)
        except TimeoutError as error:
            raise self._given_up() from error
        if not part:
            raise ConnectionResetError(None, "the bus hung up")
        self._received += part

    def _set_time_left(self, deadline: float) -> None:
        """Let the next call of the socket end by then; whoever sends without an end is given up there, too."""
        left = min(deadline, self._end) - time.monotonic()
        if left <= 0:
            raise self._given_up()
        self._socket.settimeout(left)

    def _given_up(self) -> TimeoutError:
        """Ask no more from now on."""
        message = f"no answer within {self._seconds:g} seconds"
        self._seconds = 0.0
        return TimeoutError(message)


def connected(address: str, seconds: float) -> socket.socket:
    """Return a socket that is connected to the bus at ``address``, which this user or root runs.

    Raises OSError, which is a PermissionError if another user runs it: the environment may name a socket in a folder
    in which others can create theirs.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(_path_of(address))
        _check_peer(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_peer(connection: socket.socket) -> None:
    """Raise PermissionError unless this user or root runs the process at the other end."""
    if sys.platform != "linux":
        raise PermissionError(None, "this system does not tell who runs the session bus")
    # struct ucred: process, user and group; unix(7)
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    user = int.from_bytes(credentials[4:8], sys.byteorder)
    if user not in {0, os.geteuid()}:
        raise PermissionError(None, f"user {user} runs the session bus, and only this user's or root's is used")


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
        raise ValueError(f"a message of {size} bytes")
    return size


class Message:
    """A message's ``kind``, the ``fields`` of its header that have a use here, and its body's ``signature``.

    Raises ValueError or LookupError if it is not D-Bus.
    """

    __slots__ = ("_reader", "fields", "kind", "signature")

    def __init__(self, message: bytes) -> None:
        self._reader = reader = _Reader(message)
        order, self.kind, _, version, size, _ = (reader.value(kind) for kind in _HEADER[:6])
        self.fields: dict[int, Any] = {}
        for field, (kind, value) in reader.value(_HEADER[6:]):
            if field in _FIELDS:
                _expect(kind == _FIELDS[field], "a header's field of another type")
                self.fields[field] = value
        reader.align(8)
        _expect(order in {_LITTLE, _BIG} and version == 1 and reader.left() == size, "a header that is not D-Bus")
        self.signature: str = self.fields.get(_SIGNATURE, "")

    def body(self) -> "tuple[Any, ...]":
        """Return the values that the body consists of."""
        values: tuple[Any, ...] = self._reader.value(f"({self.signature})") if self.signature else ()
        _expect(self._reader.left() == 0, "a body that goes on after its values")
        return values


class _Reader:
    def __init__(self, message: bytes) -> None:
        self._message = message
        self._at = 0
        self._depth = 0
        self._order: Any = "big" if message[:1] == b"B" else "little"

    def left(self) -> int:
        """Return how many bytes have not been read."""
        return len(self._message) - self._at

    def align(self, size: int) -> None:
        """Go on at the next multiple of ``size``."""
        self._at += -self._at % size

    def value(self, signature: str) -> "Any":  # noqa: ANN401
        """Return the next value, which has the one type in ``signature``."""
        kind = signature[0]
        self.align(_ALIGNMENTS[kind])
        if kind in "yub":
            return self._plain(kind)
        if kind in "so":
            return self._text(self._number(4))
        if kind == "g":
            return self._text(self._number(1))
        self._depth += 1
        _expect(self._depth <= _DEEPEST, "containers in containers without an end")
        value = self._contained(kind, signature)
        self._depth -= 1
        return value

    def _plain(self, kind: str) -> int | bool:
        number = self._number(1 if kind == "y" else 4)
        if kind != "b":
            return number
        _expect(number in {0, 1}, "a boolean that is neither true nor false")
        return bool(number)

    def _contained(self, kind: str, signature: str) -> "Any":  # noqa: ANN401
        if kind == "a":
            return self._array(signature[1:])
        if kind == "v":
            inner = self._text(self._number(1))
            _expect(_parts(inner) == [inner], "a variant of no single type")
            return inner, self.value(inner)
        parts = _parts(signature[1:-1])
        _expect(bool(parts), "a structure of nothing")
        return tuple(self.value(part) for part in parts)

    def _array(self, item: str) -> "Any":  # noqa: ANN401
        size = self._number(4)
        self.align(_ALIGNMENTS[item[0]])
        if item == "y":
            return self._take(size)
        end = self._at + size
        _expect(end <= len(self._message), "an array that is longer than its message")
        values = []
        while self._at < end:
            values.append(self.value(item))
        _expect(self._at == end, "an array that ends within a value")
        return values

    def _text(self, size: int) -> str:
        text = self._take(size + 1)
        _expect(text.find(b"\0") == size, "a text that does not end where it says")
        return text[:-1].decode()

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), self._order)

    def _take(self, size: int) -> bytes:
        taken = self._message[self._at : self._at + size]
        _expect(len(taken) == size, "a message that ends too early")
        self._at += size
        return taken


def _expect(is_so: bool, otherwise: str) -> None:  # noqa: FBT001
    """Raise ValueError for what is not D-Bus."""
    if not is_so:
        raise ValueError(otherwise)


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
