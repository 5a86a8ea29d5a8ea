"""A new version of a file: written where no other program sees it, and then exchanged for the old one atomically.

If the file system permits, it has no name until all of it is on disk.
Its temporary name is always the same, so that the next run finds and deletes what a killed run left behind.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from docker_credential_ecrx.config_files import file_access
from docker_credential_ecrx.config_files.file_leftovers import sweep, temporary_name, try_lock
from docker_credential_ecrx.system import files
from docker_credential_ecrx.system.files import HAS_FOLDERS, Folder
from docker_credential_ecrx.system.read_file import LARGEST_BYTES

# Flags of renameat2(2).
_NO_REPLACE, _EXCHANGE = 1, 2
# The kernel, the C library, the file system or the container lacks it.
_NO_RENAMEAT2 = (None, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


class ChangedError(Exception):
    """Another program has changed the file since it was read."""


class Version(NamedTuple):
    """A file as it was when it was read; ``fd`` is its descriptor, or -1 on Windows, which replaces no open file."""

    fd: int
    status: os.stat_result
    data: bytes

    @classmethod
    def of(cls, folder: Folder, name: str) -> "Version | None":
        """Return the file ``name`` as it is now, or None if it does not exist; raise OSError if it cannot be read."""
        try:
            fd = folder.open(name)
        except FileNotFoundError:
            return None
        try:
            version = cls(fd if HAS_FOLDERS else -1, os.fstat(fd), files.read(fd, LARGEST_BYTES))
        except BaseException:
            os.close(fd)
            raise
        if not HAS_FOLDERS:
            os.close(fd)
        return version

    def close(self) -> None:
        """Close the descriptor."""
        if self.fd >= 0:
            os.close(self.fd)

    def is_at(self, folder: Folder, name: str) -> bool:
        """Return whether ``name`` is this file, with the same owner, mode and content."""
        try:
            other = Version.of(folder, name)
        except OSError:
            return False
        if other is None:
            return False
        other.close()
        return (_marks(self.status), self.data) == (_marks(other.status), other.data)

    def has_same_access(self) -> bool:
        """Return whether the file's permissions, ACL included, have not changed since it was read."""
        return self.fd < 0 or os.fstat(self.fd).st_ctime_ns == self.status.st_ctime_ns


def _marks(status: os.stat_result) -> tuple[int, ...]:
    return (
        *(status.st_dev, status.st_ino, status.st_mode, status.st_uid, status.st_gid),
        *(status.st_size, status.st_mtime_ns),
    )


class Draft:
    """A new version of the file ``name``, which is to replace ``old``."""

    def __init__(self, folder: Folder, name: str, old: Version | None, data: bytes) -> None:
        """Write it to disk; raise OSError if that fails, and FileError if something else has its temporary name."""
        self._folder, self._name, self._old, self._data = folder, name, old, data
        self._temporary = temporary_name(name)
        self._has_name = False
        unnamed = self._unnamed()
        self._fd = self._named() if unnamed is None else unnamed
        self._fill()

    def close(self) -> None:
        """Delete the new version unless it has replaced the old one."""
        self._delete_name()
        self._close()

    def _fill(self) -> None:
        try:
            try_lock(self._fd)
            file_access.make_private(self._fd)
            files.write(self._fd, self._data)
            if self._old is not None:
                file_access.copy(self._old.fd, self._fd)
            os.fsync(self._fd)
        except BaseException:
            self.close()
            raise

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _delete_name(self) -> None:
        if self._has_name:
            if not HAS_FOLDERS:
                self._close()  # Windows cannot delete an open file
            self._folder.unlink(self._temporary)
            self._has_name = False

    def _unnamed(self) -> int | None:
        """Return a descriptor of a new file without a name, or None if the system cannot create one."""
        kind = getattr(os, "O_TMPFILE", 0)
        if not (HAS_FOLDERS and kind and os.path.isdir("/proc/self/fd")):
            return None
        with suppress(OSError):
            return os.open(".", kind | os.O_RDWR | os.O_CLOEXEC, 0o600, dir_fd=self._folder.fd)
        return None

    def _named(self) -> int:
        sweep(self._folder, self._name)
        fd = self._folder.open(self._temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        self._has_name = True
        return fd

    def _give_name(self) -> None:
        """Give the unnamed file the temporary name, or write it again if the file system cannot do that."""
        sweep(self._folder, self._name)
        try:
            os.link(f"/proc/self/fd/{self._fd}", self._temporary, dst_dir_fd=self._folder.fd)
            self._has_name = True
        except OSError:
            self._close()
            self._fd = self._named()
            self._fill()

    def replace(self) -> None:
        """Replace the old version, or create the file if there is none.

        Raises ChangedError if the file is no longer the old version, and OSError if it cannot be replaced.
        """
        if not self._has_name:
            self._give_name()
        if self._old is None:
            self._create()
        else:
            self._replace_old(self._old)
        self._folder.sync()

    def _create(self) -> None:
        with _changes():
            if _rename2(self._folder, self._temporary, self._name, _NO_REPLACE):
                self._has_name = False
                return
        if self._folder.status(self._name) is not None:
            raise ChangedError
        self._rename()

    def _replace_old(self, old: Version) -> None:
        if not (old.is_at(self._folder, self._name) and old.has_same_access()):
            raise ChangedError
        with _changes():
            if not self._exchange():
                self._rename()  # a change that another program makes at this moment is lost
            elif not old.is_at(self._folder, self._temporary):
                self._undo()
                raise ChangedError
            else:
                self._delete_name()

    def _undo(self) -> None:
        """Put back what another program has just written, unless it has been replaced again."""
        self._exchange()
        back, own = self._folder.status(self._temporary), os.fstat(self._fd)
        if back is None or (back.st_dev, back.st_ino) != (own.st_dev, own.st_ino):
            self._exchange()

    def _exchange(self) -> bool:
        return _rename2(self._folder, self._temporary, self._name, _EXCHANGE)

    def _rename(self) -> None:
        if not HAS_FOLDERS:
            self._close()  # Windows cannot rename an open file
        self._folder.rename(self._temporary, self._name)
        self._has_name = False


@contextmanager
def _changes() -> Iterator[None]:
    """Raise ChangedError if the file was created or deleted since it was read."""
    try:
        yield
    except (FileExistsError, FileNotFoundError) as error:
        raise ChangedError from error


def _rename2(folder: Folder, old: str, new: str, flag: int) -> bool:
    """Call renameat2(2); return False if it is not supported."""
    if sys.platform != "linux" or folder.fd is None:
        return False
    from docker_credential_ecrx.system.fast_stdlib import call_c

    try:
        call_c("renameat2", folder.fd, os.fsencode(old), folder.fd, os.fsencode(new), flag)
    except OSError as error:
        if error.errno in _NO_RENAMEAT2:
            return False
        raise
    return True
