"""The messages of D-Bus: encodes method calls, and decodes replies.

jeepney does all of D-Bus, but takes as long to import as a whole cached ``get`` does; the tests compare this with it.
https://dbus.freedesktop.org/doc/dbus-specification.html
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

CALL, RETURN, ERROR = 1, 2, 3
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SIGNATURE = 1, 2, 3, 4, 5, 6, 8
# The types of the header fields that are decoded here.
_FIELDS = {ERROR_NAME: "s", REPLY_SERIAL: "u", SIGNATURE: "g"}
_HEADER = "yyyyuua(yv)"
_FIXED_HEADER = 16  # bytes, up to the length of the header fields
# The alignment of values, by the first letter of their type.
_ALIGNMENTS = {"y": 1, "g": 1, "v": 1, "b": 4, "u": 4, "s": 4, "o": 4, "a": 4, "t": 8, "(": 8, "{": 8}
_LETTERS = frozenset("ybnqiuxtdsogvah(){}")
# A secret takes a few kilobytes, and so does the list of all items of this program.
_LARGEST_MESSAGE = 1 << 20
_DEEPEST = 64  # levels of containers, as the specification has it
_LITTLE, _BIG = ord("l"), ord("B")


def encode_call(  # noqa: PLR0913, PLR0917 - the parts of a call
    serial: int, destination: str, path: str, interface: str, method: str, signature: str, body: "tuple[Any, ...]"
) -> bytes:
    """Return the message of a method call; ``signature`` is the type of the arguments in ``body``."""
    content = bytearray()
    _encode(content, f"({signature})" if signature else "", body)
    # A structure of the field's number and a variant, for each; they begin at a multiple of 8.
    fields = bytearray()
    for number, kind, value in (
        (PATH, b"o", path),
        (INTERFACE, b"s", interface),
        (MEMBER, b"s", method),
        (DESTINATION, b"s", destination),
        (SIGNATURE, b"g", signature),
    ):
        if value:
            _align(fields, 8)
            fields += bytes((number, 1)) + kind + b"\0"
            _encode(fields, kind.decode(), value)
    sizes = b"".join(number.to_bytes(4, "little") for number in (len(content), serial, len(fields)))
    _align(fields, 8)
    return bytes((_LITTLE, CALL, 0, 1)) + sizes + fields + content


def kind_of(message: bytes) -> int:
    """Return the kind of a message of which at least the fixed header is received."""
    return message[1]


def size_of(received: bytes) -> int | None:
    """Return the size of the first message in bytes, or None if too few bytes are received to determine it."""
    if len(received) < _FIXED_HEADER:
        return None
    order: Literal["big", "little"] = "little" if received[0] == _LITTLE else "big"
    body, fields = int.from_bytes(received[4:8], order), int.from_bytes(received[12:16], order)
    size = _FIXED_HEADER + fields + -fields % 8 + body
    if size > _LARGEST_MESSAGE:
        raise ValueError(f"a message has {size} bytes")
    return size


class Message:
    """A decoded message: its ``kind``, the header ``fields`` that are used here, and the ``signature`` of its body.

    Raises ValueError or LookupError if it is not valid.
    """

    __slots__ = ("_reader", "fields", "kind", "signature")

    def __init__(self, message: bytes) -> None:
        self._reader = reader = _Reader(message)
        order, self.kind, _, version, size, _ = (reader.value(kind) for kind in _HEADER[:6])
        self.fields: dict[int, Any] = {}
        for field, (kind, value) in reader.value(_HEADER[6:]):
            if field in _FIELDS:
                _expect(kind == _FIELDS[field], "a header field has another type")
                self.fields[field] = value
        reader.align(8)
        _expect(order in {_LITTLE, _BIG} and version == 1 and reader.left() == size, "the header is not D-Bus")
        self.signature: str = self.fields.get(SIGNATURE, "")

    def type_name(self) -> str:
        """Return the type of the body for a message to the user."""
        return (self.signature if _LETTERS.issuperset(self.signature) else "an invalid type") or "nothing"

    def body(self) -> "tuple[Any, ...]":
        """Return the values in the body."""
        values: tuple[Any, ...] = self._reader.value(f"({self.signature})") if self.signature else ()
        _expect(self._reader.left() == 0, "the body continues after its values")
        return values


class _Reader:
    """Decodes the values of a message one after another."""

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._at = 0
        self._depth = 0
        self._order: Literal["big", "little"] = "big" if message[:1] == b"B" else "little"

    def left(self) -> int:
        """Return the number of bytes that are not decoded yet."""
        return len(self._message) - self._at

    def align(self, size: int) -> None:
        """Continue at the next multiple of ``size``."""
        self._at += -self._at % size

    def value(self, signature: str) -> "Any":  # noqa: ANN401
        """Return the next value, whose type is ``signature``."""
        kind = signature[0]
        self.align(_ALIGNMENTS[kind])
        if kind in "yubt":
            return self._plain(kind)
        if kind in "so":
            return self._text(self._number(4))
        if kind == "g":
            return self._text(self._number(1))
        self._depth += 1
        _expect(self._depth <= _DEEPEST, "containers are nested too deeply")
        value = self._contained(kind, signature)
        self._depth -= 1
        return value

    def _plain(self, kind: str) -> int | bool:
        number = self._number(_ALIGNMENTS[kind])  # which is also their size
        if kind != "b":
            return number
        _expect(number in {0, 1}, "a boolean is neither true nor false")
        return bool(number)

    def _contained(self, kind: str, signature: str) -> "Any":  # noqa: ANN401
        if kind == "a":
            return self._array(signature[1:])
        if kind == "v":
            inner = self._text(self._number(1))
            _expect(_parts(inner) == [inner], "a variant does not have a single type")
            return inner, self.value(inner)
        parts = _parts(signature[1:-1])
        _expect(bool(parts), "a structure is empty")
        return tuple(self.value(part) for part in parts)

    def _array(self, item: str) -> "Any":  # noqa: ANN401
        size = self._number(4)
        self.align(_ALIGNMENTS[item[0]])
        if item == "y":
            return self._take(size)
        end = self._at + size
        _expect(end <= len(self._message), "an array is longer than its message")
        values = []
        while self._at < end:
            values.append(self.value(item))
        _expect(self._at == end, "an array ends within a value")
        return values

    def _text(self, size: int) -> str:
        text = self._take(size + 1)
        _expect(text.find(b"\0") == size, "a string does not end at its length")
        return text[:-1].decode()

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), self._order)

    def _take(self, size: int) -> bytes:
        taken = self._message[self._at : self._at + size]
        _expect(len(taken) == size, "a message is truncated")
        self._at += size
        return taken


def _expect(is_so: bool, otherwise: str) -> None:  # noqa: FBT001
    """Raise ValueError with ``otherwise`` if the message is not valid."""
    if not is_so:
        raise ValueError(otherwise)


def _encode(message: bytearray, signature: str, value: "Any") -> None:  # noqa: ANN401
    """Append ``value``, whose type is ``signature``; an empty signature appends nothing."""
    if not signature:
        return
    kind = signature[0]
    _align(message, _ALIGNMENTS[kind])
    if kind == "y":
        message.append(value)
    elif kind in "ubt":
        message += int(value).to_bytes(_ALIGNMENTS[kind], "little")
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
    """Return the single types in ``signature``."""
    parts, start, depth = [], 0, 0
    for at, letter in enumerate(signature):
        depth += (letter in "({") - (letter in ")}")
        if letter != "a" and depth == 0:
            parts.append(signature[start : at + 1])
            start = at + 1
    return parts
