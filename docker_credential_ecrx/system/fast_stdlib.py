"""Parts of the standard library by the private C modules beneath them, which load in a fraction of the time.

``signal``, ``socket`` and ``ctypes`` cost a cached ``get`` 2 to 3 ms each, ``hashlib`` loads OpenSSL, and ``json``
compiles regular expressions.
A private module is CPython's own affair: if this Python lacks one, or a name in it, the public module does the same.
Each part is imported when its name is first asked for, so a cached ``get`` loads only what it uses.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signal  # noqa: PLC0414 - so that mypy lets others import it from here
    import socket as socket  # noqa: PLC0414
    from collections.abc import Callable
    from typing import Any

    # Returns 32 hexadecimal digits that stand for the bytes.
    hexdigest: Callable[[bytes], str]
    # Returns the document that begins at an index, and the index of its end.
    scan_json: Callable[[str, int], tuple[object, int]]
    # The types char and long, what finds a function by its name, and what returns the last call's errno.
    C = tuple[Any, Any, Callable[[str], Any], Callable[[], int]]


def __getattr__(name: str) -> object:
    """Import the part that is called ``name`` (PEP 562)."""
    load = _PARTS.get(name)
    if load is None:
        raise AttributeError(name)
    part = globals()[name] = load()
    return part


def call_c(name: str, *arguments: "Any") -> int:
    """Call the C library's function ``name`` with whole numbers, bytes and buffers.

    Raises OSError with errno if it returns less than 0, or ENOSYS if this system or this Python cannot call it, and
    ImportError if the frozen program has lost its ctypes, which is then named as the part that is missing.
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
    if result < 0:
        number = errno_of_call()
        raise OSError(number, os.strerror(number))
    return result


def c_buffer(size: int) -> "Any":  # noqa: ANN401 - ctypes' own type
    """Return ``size`` bytes that a C function can write to; ``bytes`` of it are what they hold."""
    return (_loaded_ctypes()[0] * size)()


_c: "C | None" = None


def _loaded_ctypes() -> "C":
    """Raise ImportError if this Python has no ctypes, or this system no library that is the program itself."""
    global _c  # noqa: PLW0603 - once
    if _c is None:
        try:
            _c = _private_ctypes()
        except (ImportError, AttributeError, TypeError):
            _c = _public_ctypes()
    return _c


def _private_ctypes() -> "C":
    from _ctypes import FUNCFLAG_CDECL, FUNCFLAG_USE_ERRNO, CFuncPtr, _SimpleCData, dlopen, dlsym, get_errno

    class Long(_SimpleCData):  # type: ignore[type-arg] # typeshed's is generic, Python's is not
        _type_ = "l"

    class Char(_SimpleCData):  # type: ignore[type-arg]
        _type_ = "c"

    class Function(CFuncPtr):
        _flags_ = FUNCFLAG_CDECL | FUNCFLAG_USE_ERRNO
        _restype_ = Long

    program = dlopen(None, 0)  # type: ignore[arg-type] # None is the program itself, with all that it is linked with
    return Char, Long, lambda name: Function(dlsym(program, name)), get_errno


def _public_ctypes() -> "C":
    import ctypes

    try:
        program = ctypes.CDLL(None, use_errno=True)
    except TypeError as error:  # Windows has none
        raise ImportError("this system has no library that is the program itself") from error

    def function(name: str) -> "Any":  # noqa: ANN401 - ctypes' own type is private, too
        found = program[name]
        found.restype = ctypes.c_long
        return found

    return ctypes.c_char, ctypes.c_long, function, ctypes.get_errno


def _signal() -> object:
    try:
        import _signal as signal  # type: ignore[import-not-found] # typeshed has none
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
    except (ImportError, ValueError):  # the latter from Red Hat's Python in FIPS mode, which permits SHAKE
        try:
            # Where a hash is missing, hashlib writes a traceback to stderr.
            from _hashlib import openssl_shake_256 as shake_256
        except ImportError:
            from hashlib import shake_256
        return lambda text: shake_256(text).hexdigest(16)


def _json() -> object:
    class Options:  # what the scanner reads of its decoder
        strict = True
        object_hook = object_pairs_hook = None
        array_hook = None  # read from CPython 3.15 on
        parse_float = parse_constant = float
        parse_int = int

    try:
        import _json

        return _json.make_scanner(Options)  # type: ignore[arg-type]
    except (ImportError, AttributeError, TypeError):
        import json

        return json.JSONDecoder().raw_decode


_PARTS = {"signal": _signal, "socket": _socket, "hexdigest": _hexdigest, "scan_json": _json}
