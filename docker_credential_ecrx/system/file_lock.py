"""Locks between processes, in files of the state folder."""

import errno
import os
import stat
import sys
import time

from docker_credential_ecrx import log
from docker_credential_ecrx.system import files, state_folder
from docker_credential_ecrx.system.files import Folder

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

_POLL_SECONDS = 0.02
# Another process holds the lock. Any other error means that there are no locks there.
_HELD = (errno.EAGAIN, errno.EACCES)
_LOCKED_BYTE = 1 << 30  # Windows locks bytes, which nobody can read then, so this one is far behind the text
_PRIVATE = 0o600


def lock(env: "Mapping[str, str]", name: str) -> "FileLock | None":
    """Return the lock in the file ``name`` of the state folder, or None if there is no such folder."""
    base = state_folder.opened(env)
    if base is None:
        return None
    with base:
        return lock_in(base, name)


def lock_in(base: Folder, name: str) -> "FileLock | None":
    """Return the lock in the file ``name`` of ``base``, or None if that file cannot be used.

    Only this user can write to the folder, so a file that others may have open is from before that, and replaced.
    """
    try:
        status = base.status(name)
        if status is not None and not _is_private(base, name, status):
            log.debug(f"replacing {base.path}/{name}, which other users may have open")
            base.unlink(name)
        return FileLock(name, base)
    except OSError as error:
        log.debug(f"continuing without the lock {base.path}/{name}: {error.strerror}")
        return None


def _is_private(base: Folder, name: str, status: os.stat_result) -> bool:
    """Return whether the file is this user's, and no other user can have it open."""
    try:
        files.require_own(status)
    except OSError:
        return False
    if not files.HAS_FOLDERS or stat.S_IMODE(status.st_mode) == _PRIVATE:
        return True
    os.chmod(name, _PRIVATE, dir_fd=base.fd)
    now = base.status(name)
    # Some mounted file systems have one fixed mode for all files.
    return now is not None and now.st_mode == status.st_mode


class FileLock:
    """A lock between processes, in a file that stays; the kernel releases it when its holder ends.

    A holder may leave a few lines of text in the file for the next one.
    """

    def __init__(self, path: str, base: Folder | None = None) -> None:
        """Open the file, in the folder ``base`` if given; raise OSError if it is not a regular file of this user's."""
        place, descriptor = (base.at(path), base.fd) if base else (path, None)
        self._fd = files.open_own(place, os.O_RDWR | os.O_CREAT, dir_fd=descriptor)
        if files.HAS_FOLDERS:
            try:
                os.fchmod(self._fd, _PRIVATE)  # whatever the umask
            except OSError:
                os.close(self._fd)
                raise

    def acquire(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for the lock; return whether this process holds it now.

        A file system without locks, such as some NFS, never makes a process wait: each gets the lock.
        """
        deadline = time.monotonic() + seconds
        while not self._try():
            # Not where the error is handled: it would be behind each that is raised here, as if it were its cause.
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _try(self) -> bool:
        """Return False if another process holds the lock."""
        try:
            if sys.platform == "win32":
                os.lseek(self._fd, _LOCKED_BYTE, os.SEEK_SET)
                msvcrt.locking(self._fd, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # On Windows it can only be held: the state folder is on a local disk, which has locks. Wine sets no errno.
            return sys.platform != "win32" and error.errno not in _HELD
        return True

    def read(self) -> str:
        """Return the text that the last holder left."""
        os.lseek(self._fd, 0, os.SEEK_SET)
        return os.read(self._fd, 8192).decode("utf-8", "replace")

    def write(self, text: str) -> None:
        """Leave ``text`` for the next holder."""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, text.encode())

    def is_unused_since(self, utc: float) -> bool:
        """Return whether the file still exists, and no holder has written to it since ``utc`` (seconds since 1970)."""
        status = os.fstat(self._fd)
        return status.st_nlink > 0 and status.st_mtime < utc

    def __enter__(self) -> "Self":
        """Return the lock, which is held already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Release the lock."""
        self.close()

    def close(self) -> None:
        """Release the lock."""
        os.close(self._fd)
