"""The lock files of processes that refresh the same token."""

import itertools
import os
import stat
import sys
import time

from docker_credential_ecrx.system import state_folder
from docker_credential_ecrx.system.file_lock import FileLock, lock_in
from docker_credential_ecrx.system.files import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Longer than a process waits for a lock, and than its last outcome counts.
_UNUSED_SECONDS = 3600.0
_MAX_LISTED = 1000
_LOCK = ".lock"


def token_lock(env: "Mapping[str, str]", name: str, attempt: int) -> "FileLock | None":
    """Return the lock shared by processes refreshing the item ``name``, or None if there is no state folder.

    Every identity has its own file, so that no process waits for another identity's token or reports its failure.
    """
    base = state_folder.opened(env)
    if base is None:
        return None
    with base:
        file = f"{name.replace(':', '.')}{f'.{attempt}' if attempt else ''}{_LOCK}"
        _sweep(base, file)
        return lock_in(base, file)


def _sweep(base: Folder, own: str) -> None:
    """Delete the tokens' locks, except ``own``, that have not been used lately: CI jobs and pods come and go."""
    long_ago = time.time() - _UNUSED_SECONDS
    try:
        with os.scandir(base.path if base.fd is None else base.fd) as entries:
            names = [entry.name for entry in itertools.islice(entries, _MAX_LISTED)]
    except OSError:
        return
    for name in names:
        if name.startswith("token.") and name.endswith(_LOCK) and name != own:
            try:
                status = base.status(name)
                if status is not None and stat.S_ISREG(status.st_mode) and status.st_mtime < long_ago:
                    _delete(base, name, long_ago)
            except OSError:
                continue  # another process has deleted it, or this one may not


def _delete(base: Folder, name: str, long_ago: float) -> None:
    """Delete a lock that no process holds, and none has used since ``long_ago``.

    A process that opened it just before has a lock that no other process sees: AWS may be asked once more.
    """
    if sys.platform == "win32":
        base.unlink(name)  # fails if any process has it open
        return
    lock = FileLock(name, base)
    try:
        if lock.acquire(0.0) and lock.is_unused_since(long_ago):
            base.unlink(name)
    finally:
        lock.close()
