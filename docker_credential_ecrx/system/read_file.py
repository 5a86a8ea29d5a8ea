"""Reads a file of up to 16 MiB, and refuses a named pipe, whose writer may never open it."""

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# No configuration file is larger.
LARGEST_BYTES = 16 << 20
_NONBLOCKING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_file(path: str, check: "Callable[[os.stat_result], None]") -> bytes:
    """Return the content of the file at ``path``.

    ``check`` gets the status of the open file, and raises an error if the file must not be read.
    Raises OSError if the file cannot be read, is a named pipe, or is larger than LARGEST_BYTES.
    """
    fd = os.open(path, os.O_RDONLY | _NONBLOCKING)
    try:
        status = os.fstat(fd)
        if stat.S_ISFIFO(status.st_mode):
            raise OSError(0, "it is a named pipe")
        check(status)
        parts = []
        left = LARGEST_BYTES
        while part := os.read(fd, 1 << 16):
            parts.append(part)
            left -= len(part)
            if left < 0:
                raise OSError(0, "it is larger than 16 MiB")
    finally:
        os.close(fd)
    return b"".join(parts)


def require_regular(status: os.stat_result) -> None:
    """Raise OSError if the status is not that of a regular file."""
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "it is not a regular file")
