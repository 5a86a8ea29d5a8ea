"""Finds in a file of trusted certificates those that probably issue the certificates of AWS's endpoints.

OpenSSL takes a few of a system's 150 in no time.
A connection that they do not verify is tried again with all of them, so the choice matters only for the time.
"""

import binascii
import os
import stat

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_ANY_BEGIN = b"-----BEGIN "
_BLANKS = b" \t\r\n"
_BYTES = range(16_384, 4 << 20)  # of a file that is not read as a whole
# The organizations whose roots AWS's endpoints have: https://www.amazontrust.com/repository
_OF_AWS = (b"Amazon", b"Starfield Services")
_LAST = 4  # a system's file has those that its administrator added at the end, such as a proxy's


def likely(path: str) -> bytes:
    """Return the certificates in the file ``path`` that come first, in DER; none if OpenSSL should read the whole file.

    All of them are trusted by OpenSSL if it does: a file with anything that OpenSSL may skip, or read with settings of
    what a certificate is trusted for, is left to it.
    Raises OSError if it cannot be read.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode) or status.st_size not in _BYTES:  # a pipe can be read only once
        return b""
    with open(path, "rb") as file:
        content = file.read(_BYTES.stop)
    parts = (b"\n" + content).split(b"\n" + _BEGIN)[1:]
    if content.count(_ANY_BEGIN) != len(parts):
        return b""
    try:
        found = [binascii.a2b_base64(_base64(part), strict_mode=True) for part in parts]
    except ValueError:
        return b""
    if not all(map(_is_whole, found)):  # OpenSSL says what is wrong with the file
        return b""
    return b"".join([each for each in found[:-_LAST] if any(name in each for name in _OF_AWS)] + found[-_LAST:])


def _base64(part: bytes) -> bytes:
    """Return what a block encodes; raise ValueError unless its first and last line are alone on theirs."""
    text, end, _ = part.partition(b"\n" + _END)
    if not end or text[:1] not in (b"\r", b"\n"):
        raise ValueError("the block has another form")
    return text.translate(None, _BLANKS)


def _is_whole(der: bytes) -> bool:
    """Return whether ``der`` is one sequence with a length in two bytes, as every certificate is (X.690, 8.1.3)."""
    return der.startswith(b"\x30\x82") and int.from_bytes(der[2:4]) == len(der) - 4
