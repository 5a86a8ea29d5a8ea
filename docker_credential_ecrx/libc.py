"""Functions of the C library, for a cached ``get``.

``import ctypes`` takes 3 ms to define what they do not need, so this is built on the module beneath it.
"""

from _ctypes import FUNCFLAG_CDECL, FUNCFLAG_USE_ERRNO, CFuncPtr, _SimpleCData, dlopen, dlsym, get_errno

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Long(_SimpleCData):  # type: ignore[type-arg] # typeshed's is generic, Python's is not
    """C's long."""

    _type_ = "l"


class Char(_SimpleCData):  # type: ignore[type-arg]
    """C's char: ``(Char * n)()`` is a buffer."""

    _type_ = "c"


class _Function(CFuncPtr):
    _flags_ = FUNCFLAG_CDECL | FUNCFLAG_USE_ERRNO
    _restype_ = Long


_program = dlopen(None, 0)  # type: ignore[arg-type] # None is the program itself, with all that it is linked to


def call(name: str, *arguments: "Any") -> int:
    """Call the function ``name`` with whole numbers, bytes and buffers.

    Raises OSError with errno where it returns less than 0.
    """
    function = _Function(dlsym(_program, name))
    result: int = function(*(Long(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        import os

        number = get_errno()
        raise OSError(number, os.strerror(number))
    return result
