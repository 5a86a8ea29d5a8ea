"""Parts of the standard library by the private C modules beneath them, which load in a fraction of the time.

``signal``, ``socket`` and ``ctypes`` cost a cached ``get`` 2 to 3 ms each, ``hashlib`` loads OpenSSL, and ``json``
compiles regular expressions.
A private module is CPython's own affair: if this Python lacks one, or a name in it, the public module does the same.
Each part is imported when its name is first asked for, so a cached ``get`` loads only what it uses.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as signal  # noqa: PLC0414 - so that mypy lets others import it from here
    import socket as socket  # noqa: PLC0414
    from collections.abc import Callable
    from hashlib import blake2b as blake2b  # noqa: PLC0414
    from typing import Any

    c_char: Any  # ``(c_char * size)()`` is a buffer
    c_long: Any
    c_function: Callable[[str], Callable[..., int]]  # a function of the C library that returns a long and sets errno
    get_errno: Callable[[], int]
    # Returns the document that begins at an index, and the index of its end.
    scan_json: Callable[[str, int], tuple[object, int]]


def __getattr__(name: str) -> object:
    """Import the part that ``name`` is of (PEP 562); raise ImportError if this Python has it in neither form."""
    load = _PARTS.get(name)
    if load is None:
        raise AttributeError(name)
    globals().update(load())
    return globals()[name]


def _signal() -> "dict[str, object]":
    try:
        import _signal as signal  # type: ignore[import-not-found] # typeshed has none
    except ImportError:
        import signal
    return {"signal": signal}


def _socket() -> "dict[str, object]":
    try:
        import _socket as socket
    except ImportError:
        import socket  # type: ignore[no-redef]
    return {"socket": socket}


def _blake2b() -> "dict[str, object]":
    # Without this module hashlib has no BLAKE2b either, or OpenSSL's, which has no digest_size.
    try:
        from _blake2 import blake2b

        blake2b(digest_size=16)
    except (ImportError, ValueError):  # what Red Hat's Python says in FIPS mode
        from docker_credential_ecrx.blake2 import blake2b  # type: ignore[assignment]
    return {"blake2b": blake2b}


class _JsonOptions:
    """What the scanner reads of its decoder."""

    strict = True
    object_hook = object_pairs_hook = None
    array_hook = None  # read from CPython 3.15 on
    parse_float = parse_constant = float
    parse_int = int


def _json() -> "dict[str, object]":
    try:
        import _json

        scan: Callable[[str, int], tuple[object, int]] = _json.make_scanner(_JsonOptions)  # type: ignore[arg-type]
    except (ImportError, AttributeError, TypeError):
        import json

        scan = json.JSONDecoder().raw_decode
    return {"scan_json": scan}


def _ctypes() -> "dict[str, object]":
    try:
        return _private_ctypes()
    except (ImportError, AttributeError, TypeError):
        import ctypes

    try:
        program = ctypes.CDLL(None, use_errno=True)
    except TypeError as error:  # Windows has no library that is the program itself
        message = "this system has no C library to call"
        raise ImportError(message) from error

    def function(name: str) -> "Any":  # noqa: ANN401 - ctypes' own type is private, too
        found = program[name]
        found.restype = ctypes.c_long
        return found

    return {"c_char": ctypes.c_char, "c_long": ctypes.c_long, "c_function": function, "get_errno": ctypes.get_errno}


def _private_ctypes() -> "dict[str, object]":
    from _ctypes import FUNCFLAG_CDECL, FUNCFLAG_USE_ERRNO, CFuncPtr, _SimpleCData, dlopen, dlsym, get_errno

    class Long(_SimpleCData):  # type: ignore[type-arg] # typeshed's is generic, Python's is not
        _type_ = "l"

    class Char(_SimpleCData):  # type: ignore[type-arg]
        _type_ = "c"

    class Function(CFuncPtr):
        _flags_ = FUNCFLAG_CDECL | FUNCFLAG_USE_ERRNO
        _restype_ = Long

    program = dlopen(None, 0)  # type: ignore[arg-type] # None is the program itself, with all that it is linked with

    def function(name: str) -> "Any":  # noqa: ANN401
        return Function(dlsym(program, name))

    return {"c_char": Char, "c_long": Long, "c_function": function, "get_errno": get_errno}


_PARTS = {
    "signal": _signal,
    "socket": _socket,
    "blake2b": _blake2b,
    "scan_json": _json,
    "c_char": _ctypes,
    "c_long": _ctypes,
    "c_function": _ctypes,
    "get_errno": _ctypes,
}
