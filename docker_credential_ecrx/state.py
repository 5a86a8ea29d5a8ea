"""The program's own folder for what is no secret: the ledger, and the locks of those that ask AWS."""

import errno
import os
import sys
import time
from collections.abc import Mapping

from docker_credential_ecrx.settings import home

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_POLL_SECONDS = 0.02
# What a lock that another has is answered with: Linux and macOS, Windows; anything else is no lock at all.
_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
_LOCKED_BYTE = 1 << 30  # Windows locks bytes, and a locked one cannot be read: one far beyond the text


def folder(environ: Mapping[str, str]) -> str | None:
    """Return the state folder, made if need be, or None where there is no place for one."""
    if os.name == "nt":
        base = environ.get("LOCALAPPDATA", "")
    else:
        base = environ.get("XDG_STATE_HOME", "")
        if not os.path.isabs(base):  # as the XDG specification says
            base = home("/.local/state", environ)
    if not os.path.isabs(base):
        return None
    path = os.path.join(base, "ecrx")
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError:
        return None
    return path


class FileLock:
    """A lock among processes, by a file that outlives them; the kernel lets go of a dead holder's.

    The file may hold a line of text from one holder to the next.
    """

    def __init__(self, path: str) -> None:
        """Open the file; raise OSError where that cannot be."""
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)

    def acquire(self, patience: float) -> bool:
        """Wait up to ``patience`` seconds for the lock; return whether it is held now.

        A file system without locks, as NFS may be, holds nobody up: each is as if alone.
        """
        deadline = time.monotonic() + patience
        while True:
            try:
                self._try()
            except OSError as error:
                if error.errno not in _HELD:
                    return True
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_POLL_SECONDS)
            else:
                return True

    def _try(self) -> None:
        if sys.platform == "win32":
            os.lseek(self._fd, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(self._fd, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def read(self) -> str:
        """Return the text that a holder left."""
        os.lseek(self._fd, 0, os.SEEK_SET)
        return os.read(self._fd, 8192).decode("utf-8", "replace")

    def write(self, text: str) -> None:
        """Leave ``text`` for the next holder."""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, text.encode())

    def close(self) -> None:
        """Let the lock go."""
        os.close(self._fd)
