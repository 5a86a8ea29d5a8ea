"""Files that other users can reach: opened without following links, checked once open, replaced in one step.

A path may lead to another file at each use, so the descriptor is checked that is used afterwards, and names are
relative to an open folder.
Windows has no descriptors of folders, so there a folder is used by its path.
"""

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

HAS_FOLDERS = os.name != "nt"
_OVERFLOW_UID, _ALL_USERS = "/proc/sys/kernel/overflowuid", 4294967295
# Do not follow a link, do not block on a pipe or a device, do not pass the descriptor to other programs.
_SAFE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_SAFE |= getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)


class Folder:
    """An open folder: the names of its files stay valid even if its own path leads elsewhere in the meantime."""

    def __init__(self, path: str, flags: int = 0, within: "Folder | None" = None) -> None:
        """Open the folder ``path``, in ``within`` if given; raise OSError if it is not a folder or cannot be opened."""
        self.path: str = os.path.join(within.path, path) if within else path
        self.fd: int | None = None
        if HAS_FOLDERS:
            self.fd = os.open(path, _FOLDER | flags, dir_fd=within.fd if within else None)

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, kind: "type[BaseException] | None", error: object, trace: "TracebackType | None") -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def enter(self, name: str, flags: int = 0) -> None:
        """Open the folder ``name`` in this one, and become that folder; a link is not followed."""
        inner = Folder(name, flags | getattr(os, "O_NOFOLLOW", 0), self)
        self.close()
        self.path, self.fd = inner.path, inner.fd

    def own_status(self) -> os.stat_result:
        """Return the status of the folder itself."""
        return os.stat(self.path) if self.fd is None else os.fstat(self.fd)

    def at(self, name: str) -> str:
        """Return the path to open ``name`` by, together with ``dir_fd=self.fd``."""
        return name if HAS_FOLDERS else os.path.join(self.path, name)

    def status(self, name: str) -> "os.stat_result | None":
        """Return the status of ``name``, without following a link, or None if there is no such file."""
        try:
            return os.stat(self.at(name), dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """Return a descriptor of the regular file ``name``; see ``open_regular``."""
        return open_regular(self.at(name), flags, dir_fd=self.fd)

    def rename(self, old: str, new: str) -> None:
        """Rename ``old``, replacing ``new``."""
        os.replace(self.at(old), self.at(new), src_dir_fd=self.fd, dst_dir_fd=self.fd)

    def unlink(self, name: str) -> None:
        """Delete ``name``, if it exists."""
        try:
            os.unlink(self.at(name), dir_fd=self.fd)
        except FileNotFoundError:
            pass

    def names(self) -> list[str]:
        """Return the names in the folder; raise OSError if they cannot be listed."""
        with Folder(".", within=self) as readable:
            return os.listdir(self.path if readable.fd is None else readable.fd)

    def sync(self) -> None:
        """Write the folder's list of names to the disk, if the file system can do that."""
        try:
            with Folder(".", within=self) as readable:
                if readable.fd is not None:
                    os.fsync(readable.fd)
        except OSError:
            pass


def open_regular(path: str, flags: int = os.O_RDONLY, *, dir_fd: int | None = None) -> int:
    """Return a descriptor of the regular file ``path``; ``dir_fd`` is of the folder that a relative one is in.

    With O_CREAT, only its owner can read and write a new file.

    Raises OSError: if ``path`` is a link (ELOOP), or a folder, a pipe, a device or a socket (EINVAL).
    """
    return _opened(path, flags, dir_fd, _require_regular)


def open_own(path: str, flags: int = os.O_RDONLY, *, dir_fd: int | None = None) -> int:
    """Return a descriptor of the regular file ``path`` that this user owns and that has no other name.

    Raises OSError as ``open_regular`` does, and if it belongs to another user or has a second name (EPERM): what is
    written through a hard link would change another file.
    """
    return _opened(path, flags, dir_fd, require_own)


def _opened(path: str, flags: int, dir_fd: int | None, require: "Callable[[os.stat_result], None]") -> int:
    fd = os.open(path, flags | _SAFE, 0o600, dir_fd=dir_fd)
    try:
        require(os.fstat(fd))
    except OSError:
        os.close(fd)
        raise
    return fd


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")


def require_own(status: os.stat_result) -> None:
    """Raise OSError if it is not a regular file (EINVAL), is another user's, or has a second name (EPERM)."""
    _require_regular(status)
    if HAS_FOLDERS and status.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "owned by another user")
    if HAS_FOLDERS and status.st_nlink != 1:
        raise OSError(errno.EPERM, "it has more than one name")


def outer_root() -> int:
    """Return the user who owns /etc and /home, as this process sees it; outside of user namespaces that is 0.

    A user namespace, such as rootless podman's, maps some users and shows all others, root outside of it among them,
    as one.
    """
    if not _outer_root:
        _outer_root.append(_read_outer_root())
    return _outer_root[0]


_outer_root: "list[int]" = []  # read once: each file that is opened is compared with it


def _read_outer_root() -> int:
    try:
        with open("/proc/self/uid_map", encoding="utf-8") as mapped, open(_OVERFLOW_UID, encoding="utf-8") as overflow:
            return 0 if int(mapped.readline().split()[2]) == _ALL_USERS else int(overflow.read())
    except (OSError, ValueError, IndexError):
        return 0


def read(fd: int, limit: int) -> bytes:
    """Return the rest of the file; raise OSError (EFBIG) if that is more than ``limit`` bytes."""
    parts: list[bytes] = []
    left = limit + 1
    while left > 0 and (part := os.read(fd, min(left, 1 << 16))):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise OSError(errno.EFBIG, f"larger than {limit} bytes")
    return b"".join(parts)


def write(fd: int, data: bytes) -> None:
    """Write all of ``data``."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def replace(folder: Folder, name: str, temporary: str, data: bytes) -> None:
    """Replace the file ``name`` in one step with a new one that has ``data`` and that only its owner can read.

    The caller holds the lock of those that use the name ``temporary``, so a killed process left a file there.
    Raises OSError, and then ``name`` is as it was before.
    """
    folder.unlink(temporary)
    fd = folder.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        try:
            if HAS_FOLDERS:
                os.fchmod(fd, 0o600)  # whatever the umask
            write(fd, data)
        finally:
            os.close(fd)
        folder.rename(temporary, name)
    except OSError:
        folder.unlink(temporary)
        raise
