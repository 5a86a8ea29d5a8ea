"""The locks of processes that refresh one token together."""

import itertools
import os
import stat
import sys
import time
from collections.abc import Mapping

from docker_credential_ecrx.system import state_folder
from docker_credential_ecrx.system.file_lock import FileLock, lock_in
from docker_credential_ecrx.system.files import Folder

# Longer than anybody waits for a lock, and than what its last holder left is of use.
_UNUSED_SECONDS = 3600.0
_MOST_SWEPT = 1000
_LOCK = ".lock"


def token_lock(env: Mapping[str, str], name: str, attempt: int) -> "FileLock | None":
    """Return the lock of those that miss the keyring's item ``name`` together, or None where there is no place for one.

    Every identity has a file of its own, so that nobody waits for another's token or reads its failure.
    """
    base = state_folder.opened(env)
    if base is None:
        return None
    with base:
        file = f"{name.replace(':', '.')}{f'.{attempt}' if attempt else ''}{_LOCK}"
        _sweep(base, file)
        return lock_in(base, file)


def _sweep(base: Folder, own: str) -> None:
    """Remove the tokens' locks that nobody used of late but ``own``: identities come and go, as CI's and pods' do."""
    long_ago = time.time() - _UNUSED_SECONDS
    try:
        with os.scandir(base.path if base.fd is None else base.fd) as entries:
            names = [entry.name for entry in itertools.islice(entries, _MOST_SWEPT)]
    except OSError:
        return
    for name in names:
        if name.startswith("token.") and name.endswith(_LOCK) and name != own:
            try:
                status = base.status(name)
                if status is not None and stat.S_ISREG(status.st_mode) and status.st_mtime < long_ago:
                    _remove(base, name, long_ago)
            except OSError:
                continue  # another process was quicker, or may and this one may not


def _remove(base: Folder, name: str, long_ago: float) -> None:
    """Remove a lock that nobody has and nobody used since ``long_ago``.

    Who opens it between the two is as if alone: AWS is asked once more.
    """
    if sys.platform == "win32":
        base.unlink(name)  # Windows refuses while anybody has it open
        return
    lock = FileLock(name, base)
    try:
        if lock.acquire(0.0) and lock.is_unused_since(long_ago):
            base.unlink(name)
    finally:
        lock.close()
