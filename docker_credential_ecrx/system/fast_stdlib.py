"""Parts of the standard library from their private C modules, which load in a fraction of the time.

``signal``, ``socket`` and ``ctypes`` cost a cached ``get`` 2 to 3 ms each, ``hashlib`` loads OpenSSL, ``json`` compiles
regular expressions, and ``ssl`` makes enumerations of all its constants.
CPython may change private modules: if this Python lacks one, or a name in it, the public module does the same.
Each part is imported when its name is first used, so a cached ``get`` loads only what it needs.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signal  # noqa: PLC0414 - so that mypy accepts imports of it from here
    import socket as socket  # noqa: PLC0414
    from collections.abc import Callable
    from typing import Any

    # Returns a digest of the bytes as 32 hexadecimal digits.
    hexdigest: Callable[[bytes], str]
    # Returns an object with SHA-256 of the bytes, and the HMAC with SHA-256 of a key and the bytes.
    sha256: Callable[[bytes], Any]
    hmac_sha256: Callable[[bytes, bytes], bytes]
    # Returns the JSON document that starts at an index of the text, and the index of its end.
    scan_json: Callable[[str, int], tuple[object, int]]
    # Returns a value as a JSON document in one line.
    dump_json: Callable[[object], str]
    # Returns a context of TLS 1.2 or newer for clients, which verifies certificates and hosts and trusts nobody yet.
    tls_context: Callable[[], Any]
    # The types char and long, a function that returns a C function by its name, and one that returns errno.
    C = tuple[Any, Any, Callable[[str], Any], Callable[[], int]]


def __getattr__(name: str) -> object:
    """Import and return the part called ``name`` (PEP 562)."""
    load = _PARTS.get(name)
    if load is None:
        raise AttributeError(name)
    part = globals()[name] = load()
    return part


def call_c(name: str, *arguments: "Any") -> int:
    """Call the C library's function ``name`` with whole numbers, bytes and buffers.

    Raises OSError with its errno if it returns less than 0, or with ENOSYS if this system or Python cannot call it.
    Raises ImportError if ctypes is missing from the frozen program, which is then reported as damaged.
    """
    try:
        _, long, find, errno_of_call = _loaded_ctypes()
        function = find(name)
    except (ImportError, OSError, AttributeError) as error:
        if isinstance(error, ImportError) and hasattr(sys, "_MEIPASS"):
            raise
        import errno

        reason = "this Python has no ctypes" if isinstance(error, ImportError) else os.strerror(errno.ENOSYS)
        raise OSError(errno.ENOSYS, reason) from error
    result: int = function(*(long(a) if isinstance(a, int) else a for a in arguments))
    # A function that returns an int leaves the upper half of a long as it is, so its -1 may look like 2**32 - 1.
    if result < 0 or result >> 31 == 1:
        number = errno_of_call()
        raise OSError(number, os.strerror(number))
    return result


def c_buffer(size: int) -> "Any":  # noqa: ANN401 - ctypes' own type
    """Return a buffer of ``size`` bytes for a C function; ``bytes(buffer)`` is its content."""
    return (_loaded_ctypes()[0] * size)()


_c: "C | None" = None


def _loaded_ctypes() -> "C":
    """Return the parts of ctypes; raise ImportError if this Python has none, or this system cannot open the program."""
    global _c  # noqa: PLW0603 - it is loaded once
    if _c is None:
        try:
            _c = _private_ctypes()
        except (ImportError, AttributeError, TypeError):
            _c = _public_ctypes()
    return _c


def _private_ctypes() -> "C":
    from _ctypes import FUNCFLAG_CDECL, FUNCFLAG_USE_ERRNO, CFuncPtr, _SimpleCData, dlopen, dlsym, get_errno

    class Long(_SimpleCData):  # type: ignore[type-arg] # it is generic only in typeshed
        _type_ = "l"

    class Char(_SimpleCData):  # type: ignore[type-arg]
        _type_ = "c"

    class Function(CFuncPtr):
        _flags_ = FUNCFLAG_CDECL | FUNCFLAG_USE_ERRNO
        _restype_ = Long

    program = dlopen(None, 0)  # type: ignore[arg-type] # None is the program itself, with its libraries
    return Char, Long, lambda name: Function(dlsym(program, name)), get_errno


def _public_ctypes() -> "C":
    import ctypes

    try:
        program = ctypes.CDLL(None, use_errno=True)
    except TypeError as error:  # Windows
        raise ImportError("this system cannot open the program itself as a library") from error

    def function(name: str) -> "Any":  # noqa: ANN401 - ctypes' own type is private
        found = program[name]
        found.restype = ctypes.c_long
        return found

    return ctypes.c_char, ctypes.c_long, function, ctypes.get_errno


def _signal() -> object:
    try:
        import _signal as signal  # type: ignore[import-not-found] # it is not in typeshed
    except ImportError:
        import signal
    return signal


def _socket() -> object:
    try:
        import _socket as socket
    except ImportError:
        import socket  # type: ignore[no-redef]
    return socket


def _hexdigest() -> object:
    try:
        from _blake2 import blake2b

        blake2b(digest_size=16)
        return lambda text: blake2b(text, digest_size=16).hexdigest()
    except (ImportError, ValueError):  # Red Hat's Python in FIPS mode raises ValueError, but permits SHAKE
        try:
            # Not hashlib: if another hash is missing, importing it writes a traceback to stderr.
            from _hashlib import openssl_shake_256 as shake_256
        except ImportError:
            from hashlib import shake_256
        return lambda text: shake_256(text).hexdigest(16)


def _sha256() -> object:
    try:
        from _hashlib import openssl_sha256 as sha256
    except ImportError:
        from hashlib import sha256
    return sha256


def _hmac_sha256() -> object:
    try:
        from _hashlib import hmac_digest
    except ImportError:
        from hmac import digest as hmac_digest  # type: ignore[assignment] # of more types
    return lambda key, text: hmac_digest(key, text, "sha256")


def _scan_json() -> object:
    class Options:  # the attributes of a JSONDecoder that the scanner reads
        strict = True
        object_hook = object_pairs_hook = None
        array_hook = None  # since CPython 3.15
        parse_float = parse_constant = float
        parse_int = int

    try:
        import _json

        return _json.make_scanner(Options)  # type: ignore[arg-type]
    except (ImportError, AttributeError, TypeError):
        import json

        return json.JSONDecoder().raw_decode


def _dump_json() -> object:
    def refuse(value: object) -> object:
        raise TypeError(f"JSON has no {type(value).__name__}")

    try:
        from _json import encode_basestring_ascii, make_encoder

        encode = make_encoder(None, refuse, encode_basestring_ascii, None, ": ", ", ", False, False, True)  # noqa: FBT003
    except (ImportError, AttributeError, TypeError):
        from json import dumps

        return dumps
    return lambda value: "".join(encode(value, 0))


def _tls_context() -> object:
    try:
        import _ssl

        new: Any = _ssl._SSLContext  # noqa: SLF001 - this is the module for such names
        client, oldest = _ssl.PROTOCOL_TLS_CLIENT, _ssl.PROTO_TLSv1_2
    except (ImportError, AttributeError):
        import ssl

        new, client, oldest = ssl.SSLContext, ssl.PROTOCOL_TLS_CLIENT, ssl.TLSVersion.TLSv1_2

    def context() -> object:
        found = new(client)
        found.minimum_version = oldest
        return found

    return context


_PARTS = {
    "signal": _signal,
    "socket": _socket,
    "hexdigest": _hexdigest,
    "sha256": _sha256,
    "hmac_sha256": _hmac_sha256,
    "scan_json": _scan_json,
    "dump_json": _dump_json,
    "tls_context": _tls_context,
}
