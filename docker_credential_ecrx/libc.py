"""Functions of the C library."""

import os

from docker_credential_ecrx import fast_stdlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def buffer(size: int) -> "Any":  # noqa: ANN401 - ctypes' own type
    """Return ``size`` bytes that a function can write to; ``bytes`` of it are what they hold."""
    return (fast_stdlib.c_char * size)()


def call(name: str, *arguments: "Any") -> int:
    """Call the function ``name`` with whole numbers, bytes and buffers.

    Raises OSError with errno if it returns less than 0, or ENOSYS if this system or this Python cannot call it.
    """
    try:
        function = fast_stdlib.c_function(name)
    except (ImportError, OSError, AttributeError) as error:
        import errno

        reason = "this Python has no ctypes" if isinstance(error, ImportError) else os.strerror(errno.ENOSYS)
        raise OSError(errno.ENOSYS, reason) from error
    result = function(*(fast_stdlib.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        number = fast_stdlib.get_errno()
        raise OSError(number, os.strerror(number))
    return result
