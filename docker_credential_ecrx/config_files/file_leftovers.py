"""Deletes what a killed process left next to a file that it edited: a new version, which may hold passwords."""

import os
import re
import shlex
import sys
import time
from contextlib import suppress

from docker_credential_ecrx.errors import FileError, Remedy
from docker_credential_ecrx.system import files
from docker_credential_ecrx.system.files import HAS_FOLDERS, Folder
from docker_credential_ecrx.system.read_file import LARGEST_BYTES

if sys.platform != "win32":
    import fcntl

_PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.02


def temporary_name(name: str) -> str:
    """Return the name of every new version of the file ``name`` until it replaces it."""
    return f".{name}.ecrx"


def sweep(folder: Folder, name: str) -> None:
    """Delete what a killed process left next to the file ``name``; wait for a process that is still editing it.

    Raises FileError if something else has that name, or if the other process takes too long.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while not _swept(folder, name):
        if time.monotonic() > end:
            path = f"{folder.path}/{name}"
            raise FileError(
                f"another process has been editing {path} for {_PATIENCE_SECONDS:g} seconds",
                "wait until it ends, and run the command again",
            )
        time.sleep(_POLL_SECONDS)


def _swept(folder: Folder, name: str) -> bool:
    temporary = temporary_name(name)
    try:
        fd = folder.open(temporary, os.O_RDWR)
    except FileNotFoundError:
        return True
    except OSError as error:
        raise _obstacle(folder, temporary) from error
    try:
        status = os.fstat(fd)
        # It has no link if another process has just replaced the file with it, or deleted it.
        if HAS_FOLDERS and (status.st_nlink > 1 or os.geteuid() not in (0, status.st_uid)):
            raise _obstacle(folder, temporary)
        if not (try_lock(fd) and _is_idle(folder, name)):
            return False
        there = folder.status(temporary)
        if there is not None and (there.st_dev, there.st_ino) == (status.st_dev, status.st_ino):
            os.ftruncate(fd, 0)  # so that nothing is left if this process is killed here
            if HAS_FOLDERS:
                folder.unlink(temporary)
    finally:
        os.close(fd)
    if not HAS_FOLDERS:
        folder.unlink(temporary)  # Windows deletes no open file
    return True


def _is_idle(folder: Folder, name: str) -> bool:
    """Return whether no process is exchanging the file ``name`` now: a new version is locked until that is done."""
    try:
        fd = folder.open(name)
    except OSError:
        return True
    try:
        return try_lock(fd)
    finally:
        os.close(fd)


def _obstacle(folder: Folder, name: str) -> FileError:
    path = f"{folder.path}/{name}"
    return FileError(f"{path} is in the way", Remedy("delete it", f"rm -r {shlex.quote(path)}"))


def sweep_earlier(folder: Folder, name: str) -> list[str]:
    """Delete what version 1.0.0 left next to the file ``name``, if the file has the same text now.

    Return the paths of the other files with such names: they may be the user's own.
    """
    pattern = re.compile(rf"\.{re.escape(name)}\.[a-z0-9_]{{8}}")  # tempfile.mkstemp's
    with suppress(OSError):
        found = sorted(filter(pattern.fullmatch, folder.names()))
        text = _text(folder, name) if found else b""
        return [f"{folder.path}/{one}" for one in found if not (text and _deleted(folder, one, text))]
    return []


def _text(folder: Folder, name: str) -> bytes:
    fd = files.open_own(folder.at(name), dir_fd=folder.fd)
    try:
        return files.read(fd, LARGEST_BYTES)
    finally:
        os.close(fd)


def _deleted(folder: Folder, name: str, text: bytes) -> bool:
    with suppress(OSError):
        if _text(folder, name) == text:
            folder.unlink(name)
            return True
    return False


def try_lock(fd: int) -> bool:
    """Lock the file; return False if another process has locked it. A file system without locks counts as unlocked."""
    if sys.platform != "win32":
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass
    return True
