"""The payload of a key in the kernel keyring: when the key expires, and the secret, as small as it can be.

It is ``EXPIRY FORM``, a blank between, and what the form says.
The form is a small letter if the secret can be fetched again, and a capital if that needs a person.
"""

import binascii
import time

_TEXT, _BASE64, _NESTED = b"t", b"b", b"n"
_WORTH = 64  # characters of base64 that are decoded
# What ECR's JSON says between its base64, and the byte that stands for it.
_PHRASES = (
    (b'{"payload":"', b"\1"),
    (b'","datakey":"', b"\2"),
    (b'","version":"2","type":"DATA_KEY","expiration":', b"\3"),
)
_LONGEST, _MOST = 0xFFFF, 0xFF  # the largest numbers of two bytes, and of one


def pack(secret: str, seconds: int, *, by_hand: bool = False) -> bytes:
    """Return the payload of a key that expires in ``seconds``: its expiry and the secret, with its base64 decoded.

    An unprivileged user may store 20,000 bytes (/proc/sys/kernel/keys/maxbytes), and base64 adds a third to a token.
    A token is base64 of JSON whose longest strings are base64 too.
    """
    head, newline, last = secret.rpartition("\n")
    decoded = _decoded(last.encode())
    if decoded and "\0" not in head:
        is_text = not any(byte in decoded for _, byte in _PHRASES)
        form, packed = (_NESTED, _without_base64(decoded)) if is_text else (_BASE64, decoded)
        return _headed(form, seconds, by_hand) + f"{head}{newline}".encode() + b"\0" + packed
    return _headed(_TEXT, seconds, by_hand) + secret.encode()


def unpack(payload: bytes) -> str | None:
    """Return the secret in a key's payload, or None if it has none, or this program did not write it."""
    expiry, _, rest = payload.partition(b" ")
    form, text = rest[:1].lower(), rest[1:]
    if not expiry.isdigit():
        return None
    try:
        if form == _TEXT:
            return text.decode()
        head, end, packed = text.partition(b"\0")
        if form in (_BASE64, _NESTED) and end:
            # The first versions decoded the outer base64 alone.
            decoded = packed if form == _BASE64 else _with_base64(packed)
            return head.decode() + binascii.b2a_base64(decoded, newline=False).decode()
    except ValueError:
        pass
    return None


def is_by_hand(payload: bytes) -> bool:
    """Return whether the secret can be stored again only by a person."""
    return payload.partition(b" ")[2][:1].isupper()


def expiry_of(payload: bytes) -> int:
    """Return the expiry in a key's payload, in seconds since 1970; 0 if it has none."""
    try:
        return int(payload.partition(b" ")[0])
    except ValueError:
        return 0


def _headed(form: bytes, seconds: int, by_hand: bool) -> bytes:  # noqa: FBT001
    return b"%d %b" % (time.time() + seconds, form.upper() if by_hand else form)


def _decoded(text: bytes) -> bytes:
    """Return what ``text`` is the base64 of, or nothing if it is not exactly that."""
    try:
        decoded = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return b""
    return decoded if binascii.b2a_base64(decoded, newline=False) == text else b""


def _without_base64(document: bytes) -> bytes:
    """Return ``document`` with the long base64 between its quotation marks decoded, and its phrases shortened.

    It is the number of these, for each the size of what is before it, its own size, and both; then the rest.
    """
    packed, count, plain = b"", 0, []
    for part in document.split(b'"') if len(document) <= _LONGEST else [document]:
        decoded = _decoded(part) if len(part) >= _WORTH else b""
        if not decoded or count == _MOST:
            plain.append(part)
            continue
        before = _shortened(b'"'.join([*plain, b""]))
        packed += len(before).to_bytes(2, "big") + len(decoded).to_bytes(2, "big") + before + decoded
        count += 1
        plain = [b""]
    return bytes([count]) + packed + _shortened(b'"'.join(plain))


def _with_base64(packed: bytes) -> bytes:
    """Return the document that ``_without_base64`` packed; raise ValueError if it is damaged."""
    document, at = b"", 1
    for _ in range(packed[0] if packed else 0):
        middle = at + 4 + int.from_bytes(packed[at : at + 2], "big")
        end = middle + int.from_bytes(packed[at + 2 : at + 4], "big")
        if end > len(packed):
            raise ValueError("the payload is truncated")
        document += _full(packed[at + 4 : middle]) + binascii.b2a_base64(packed[middle:end], newline=False)
        at = end
    return document + _full(packed[at:])


def _shortened(text: bytes) -> bytes:
    for phrase, byte in _PHRASES:
        text = text.replace(phrase, byte)
    return text


def _full(text: bytes) -> bytes:
    for phrase, byte in _PHRASES:
        text = text.replace(byte, phrase)
    return text
