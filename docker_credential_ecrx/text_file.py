"""Text files of the user's that commands edit: replaced in one step, by one process at a time."""

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from docker_credential_ecrx import state
from docker_credential_ecrx.errors import FileError

_PATIENCE_SECONDS = 10.0


class TextFile(NamedTuple):
    """A file's path and its text, with the line ends that it has; no file is an empty text."""

    path: str
    text: str


def read(path: str) -> TextFile:
    """Return the file at ``path``; raise FileError where it cannot be read or is no UTF-8 text."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            # To replace /dev/null, which some name here to have no file, would be the end of it.
            message = f"{path} is not a regular file"
            raise FileError(message, "move it away, or name another file")
        return TextFile(path, Path(path).read_bytes().decode("utf-8"))
    except FileNotFoundError:
        return TextFile(path, "")
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8 text"
        raise FileError(message, "save it as UTF-8") from error
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise FileError(message, _remedy(error, Path(path))) from error


def save(files: list[TextFile]) -> None:
    """Write ``files`` in their order; raise FileError, with none of them touched, where one cannot be written."""
    prepared: list[tuple[str, str]] = []
    try:
        for file in files:
            target = os.path.realpath(file.path)  # a link stays one
            with _explained(target):
                prepared.append((_temporary(target, file.text), target))
        for temporary, target in prepared:
            with _explained(target):
                Path(temporary).replace(target)
    finally:
        for temporary, _ in prepared:
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def locked(environ: Mapping[str, str]) -> Iterator[None]:
    """Be the only process that edits files; where there is no place for a lock, go on without one."""
    folder = state.folder(environ)
    try:
        lock = state.FileLock(str(Path(folder, "configure.lock"))) if folder else None
    except OSError:
        lock = None
    if lock is None:
        yield
        return
    try:
        if not lock.acquire(_PATIENCE_SECONDS):
            message = f"another process has been editing files for {_PATIENCE_SECONDS:g} seconds"
            raise FileError(message, "wait for it to end, and try again")
        yield
    finally:
        lock.close()


def _temporary(target: str, text: str) -> str:
    """Return the path of a new file beside ``target`` with ``text``, and the mode and owner of ``target``."""
    path = Path(target)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.stat() if path.exists() else None
    if status is not None and not _is_writable(path):
        raise PermissionError(errno.EACCES, "it is read-only")  # which a rename would pass over
    fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # with mode 0600
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(fd)
        if status is not None:
            _give(temporary, status)
    except OSError:
        Path(temporary).unlink()
        raise
    return temporary


def _give(temporary: str, status: os.stat_result) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if sys.platform != "win32":
        try:
            os.chown(temporary, status.st_uid, status.st_gid)
        except OSError:
            mode &= 0o700  # what the old group might read is not for the new one
    Path(temporary).chmod(mode)


@contextmanager
def _explained(target: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"cannot write {target}: {error.strerror}"
        raise FileError(message, _remedy(error, Path(target))) from error


def _remedy(error: OSError, path: Path) -> str:
    """Return the command that mends what is wrong with ``path`` or the folder that it is in, or shows it."""
    place = next(place for place in (path, *path.absolute().parents) if os.path.exists(place))  # noqa: PTH110 - raises
    if place == path and _is_writable(path) and os.access(path, os.R_OK):
        place = path.absolute().parent
    is_mine = sys.platform == "win32" or place.stat().st_uid == os.getuid()
    if error.errno not in (errno.EACCES, errno.EPERM) or not (is_mine or place.is_file()):
        return f"see ls -ld {place}"
    if not is_mine:  # what sudo docker login leaves
        return f"sudo chown {os.getuid()} {place}"
    return f"chmod u+{'rw' if place.is_file() else 'rwx'} {place}"


def _is_writable(path: Path) -> bool:
    """Return whether the path's mode and its file system let it be written; root, too, is held to the mode."""
    return bool(path.stat().st_mode & 0o222) and os.access(path, os.W_OK)
