"""The program's own folder for what is no secret: the ledger, and the locks of those that ask AWS."""

import errno
import os
import sys
import time
from collections.abc import Mapping

from docker_credential_ecrx import log
from docker_credential_ecrx.settings import home

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_POLL_SECONDS = 0.02
# Longer than anybody waits for a lock, and than what its last holder left is of use.
_UNUSED_SECONDS = 3600.0
# What a lock that another has is answered with: Linux and macOS, Windows; anything else is no lock at all.
_HELD = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
_LOCK = ".lock"
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


def token_lock(environ: Mapping[str, str], name: str, attempt: int) -> "FileLock | None":
    """Return the lock of those that miss the keyring's item ``name`` together, or None where there is no place for one.

    Every identity has a file of its own, so that nobody waits for another's token or reads its failure.
    """
    base = folder(environ)
    if base is None:
        return None
    file = f"{name.replace(':', '.')}{f'.{attempt}' if attempt else ''}{_LOCK}"
    try:
        _sweep(base, file)
        return FileLock(os.path.join(base, file))
    except OSError as error:
        log.debug(f"going on without a lock: {error.strerror}")
        return None


def _sweep(base: str, own: str) -> None:
    """Remove the tokens' locks that nobody used of late but ``own``: identities come and go, as CI's and pods' do."""
    long_ago = time.time() - _UNUSED_SECONDS
    try:
        files = os.listdir(base)
    except OSError:
        return
    for file in files:
        path = os.path.join(base, file)
        try:
            if file.startswith("token.") and file.endswith(_LOCK) and file != own and os.stat(path).st_mtime < long_ago:
                _remove(path, long_ago)
        except OSError:
            continue  # another process was quicker, or may and this one may not


def _remove(path: str, long_ago: float) -> None:
    """Remove a lock that nobody has and nobody used since ``long_ago``.

    Who opens it between the two is as if alone: AWS is asked once more.
    """
    if sys.platform == "win32":
        os.unlink(path)  # Windows refuses while anybody has it open
        return
    lock = FileLock(path)
    try:
        if lock.acquire(0.0) and lock.is_unused_since(long_ago):
            os.unlink(path)
    finally:
        lock.close()


class FileLock:
    """A lock among processes, by a file that outlives them; the kernel lets go of a dead holder's.

    The file may hold a few lines of text from one holder to the next.
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

    def is_unused_since(self, moment: float) -> bool:
        """Return whether the file is still there, and no holder wrote to it since ``moment``."""
        found = os.fstat(self._fd)
        return found.st_nlink > 0 and found.st_mtime < moment

    def close(self) -> None:
        """Let the lock go."""
        os.close(self._fd)
