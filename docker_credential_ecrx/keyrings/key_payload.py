"""The payload of a key in the kernel keyring: when the key expires, and the secret, as small as it can be."""

import binascii
import time

_BASE64, _TEXT = b"b", b"t"


def pack(secret: str, seconds: int) -> bytes:
    """Return the payload of a key that expires in ``seconds``: its expiry and the secret, with its base64 decoded.

    An unprivileged user may store 20,000 bytes (/proc/sys/kernel/keys/maxbytes), and base64 adds a third to a token.
    """
    expiry = b"%d" % (time.time() + seconds)
    head, newline, last = secret.rpartition("\n")
    try:
        decoded = binascii.a2b_base64(last, strict_mode=True)
    except ValueError:
        decoded = b""
    if decoded and "\0" not in head and binascii.b2a_base64(decoded, newline=False) == last.encode():
        return b"%b %b%b%b" % (expiry, _BASE64, f"{head}{newline}".encode(), b"\0" + decoded)
    return b"%b %b%b" % (expiry, _TEXT, secret.encode())


def unpack(payload: bytes) -> str | None:
    """Return the secret in a key's payload, or None if this program did not write it."""
    expiry, _, rest = payload.partition(b" ")
    form, text = rest[:1], rest[1:]
    if not expiry.isdigit():
        return None
    try:
        if form == _TEXT:
            return text.decode()
        if form == _BASE64 and b"\0" in text:
            head, _, decoded = text.partition(b"\0")
            return head.decode() + binascii.b2a_base64(decoded, newline=False).decode()
    except UnicodeDecodeError:
        pass
    return None


def expiry_of(payload: bytes) -> int:
    """Return the expiry in a key's payload, in seconds since 1970; 0 if it has none."""
    try:
        return int(payload.partition(b" ")[0])
    except ValueError:
        return 0
