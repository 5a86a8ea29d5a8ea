"""Text files of the user's that commands edit: replaced in one step, by one process at a time."""

import errno
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from docker_credential_ecrx.config_files import file_place
from docker_credential_ecrx.config_files.file_draft import Draft, Version
from docker_credential_ecrx.config_files.file_leftovers import sweep, sweep_earlier
from docker_credential_ecrx.config_files.file_place import Place
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.system import file_lock, files
from docker_credential_ecrx.system.files import LARGEST_BYTES

_PATIENCE_SECONDS = 10.0
# Whether the system can say what the user may do as whom this process acts.
_EFFECTIVE = os.access in os.supports_effective_ids


class TextFile(NamedTuple):
    """A file's path and its text, with the line ends that it has; no file is an empty text."""

    path: str
    text: str


def read(path: str) -> TextFile:
    """Return the file at ``path``; raise FileError where it cannot be read or is no UTF-8 text."""
    with _explained("read", path):
        try:
            # Opening a device may already do something, so it is looked at before and after.
            if not stat.S_ISREG(Path(path).stat().st_mode):
                # To replace /dev/null, which some name here to have no file, would be the end of it.
                raise FileError(f"{path} is not a regular file", "move it away, or name another file")
            fd = files.open_regular(os.path.realpath(path))
        except FileNotFoundError:
            return TextFile(path, "")
        try:
            return TextFile(path, _decoded(path, files.read(fd, LARGEST_BYTES)))
        finally:
            os.close(fd)


@contextmanager
def locked(env: Mapping[str, str]) -> Iterator[None]:
    """Be the only process that edits files; where there is no place for a lock, go on without one."""
    lock = file_lock.lock(env, "configure.lock")
    if lock is None:
        yield
        return
    try:
        if not lock.acquire(_PATIENCE_SECONDS):
            raise FileError(
                f"another process has been editing files for {_PATIENCE_SECONDS:g} seconds",
                "wait for it to end, and try again",
            )
        yield
    finally:
        lock.close()


class EditedFile:
    """A file that is being edited: ``read`` it, ``prepare`` its new text, ``replace`` it, and ``close`` it in the end.

    Each raises FileError if it fails, and ChangedError if another program has changed the file since it was read.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._old: Version | None = None
        self._draft: Draft | None = None
        with _explained("read", path):
            self._place = file_place.find(path)

    def sweep(self) -> None:
        """Delete what a killed process left beside the file."""
        with self._acting("write"):
            if self._place.is_there:
                sweep(self._place.folder, self._place.name)

    def read(self) -> TextFile:
        """Return the file as it is now, after a ``sweep``."""
        self._drop()
        self.sweep()
        place = self._place
        with self._acting("read"):
            if place.is_there:
                self._old = Version.of(place.folder, place.name)
            if self._old is None:
                return TextFile(self._path, "")
            place.require_owner(self._old.status)
            return TextFile(self._path, _decoded(self._path, self._old.data))

    def prepare(self, text: str) -> None:
        """Write the new text to disk."""
        place = self._place
        with self._acting("write"):
            if self._old is not None:
                _require_writable(place, self._old.status)
            place.make_folders()
            self._draft = Draft(place.folder, place.name, self._old, text.encode())

    def replace(self) -> None:
        """Have the file be the new text, in one step."""
        if self._draft is not None:
            with self._acting("write"):
                self._draft.replace()

    def leftovers(self) -> list[str]:
        """Return the paths of what an earlier version of this program may have left beside the file."""
        with self._acting("read"):
            return sweep_earlier(self._place.folder, self._place.name) if self._place.is_there else []

    def close(self) -> None:
        """Let go of the file."""
        self._drop()
        self._place.folder.close()

    def _drop(self) -> None:
        with self._acting("write"):
            if self._draft is not None:
                self._draft.close()
            if self._old is not None:
                self._old.close()
        self._draft = self._old = None

    @contextmanager
    def _acting(self, verb: str) -> Iterator[None]:
        place = self._place
        with place.as_owner(), _explained(verb, f"{place.folder.path}/{place.name}"):
            yield


def _require_writable(place: Place, status: os.stat_result) -> None:
    """Raise OSError if the file is read-only, which a new file in its place would pass over; root is held to it too."""
    may = os.access(place.folder.at(place.name), os.W_OK, dir_fd=place.folder.fd, effective_ids=_EFFECTIVE)
    if not (may and status.st_mode & 0o222):
        raise PermissionError(errno.EACCES, "it is read-only")


def _decoded(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8 text", "save it as UTF-8") from error


@contextmanager
def _explained(verb: str, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror
        raise FileError(
            f"cannot read {path}: {reason}" if verb == "read" else f"cannot write {path}: {reason}",
            _remedy(error, Path(path)),
        ) from error


def _remedy(error: OSError, path: Path) -> str:
    """Return the command that fixes what is wrong with ``path`` or the folder that it is in, or shows it."""
    place = next(place for place in (path, *path.absolute().parents) if os.path.exists(place))  # noqa: PTH110 - raises
    if place == path and _may(place, os.R_OK | os.W_OK):
        place = path.absolute().parent
    # Where root acts as another user, who may swap the file, root is not told to change its mode or owner.
    is_own = sys.platform == "win32" or os.getuid() == os.geteuid()
    if error.errno in (errno.EACCES, errno.EPERM) and is_own:
        status = place.stat()
        if sys.platform == "win32" or status.st_uid == os.geteuid():
            return f"chmod u+{'rw' if place.is_file() else 'rwx'} {place}"
        if place.is_file() and status.st_nlink == 1:  # what sudo docker login leaves
            return f"sudo chown {os.geteuid()} {place}"
    return f"see ls -ld {place}"


def _may(path: Path, mode: int) -> bool:
    """Return whether the path's mode and its file system let it be used so; root, too, is held to the mode."""
    return bool(path.stat().st_mode & 0o222) and os.access(path, mode, effective_ids=_EFFECTIVE)
