"""The user's text files that commands edit: replaced atomically, by one process at a time."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from docker_credential_ecrx.config_files import file_place, file_remedy
from docker_credential_ecrx.config_files.file_draft import Draft, Version
from docker_credential_ecrx.config_files.file_leftovers import sweep, sweep_earlier
from docker_credential_ecrx.config_files.file_place import Place
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.sanitizer import user_paths
from docker_credential_ecrx.system import file_lock, files
from docker_credential_ecrx.system.read_file import LARGEST_BYTES

_PATIENCE_SECONDS = 10.0


class TextFile(NamedTuple):
    """A file's path and its text, with its own line ends; a missing file is an empty text."""

    path: str
    text: str


def checked(path: str, variable: str) -> str:
    """Return ``path``, which ``variable`` names or would change; raise FileError if it is text that is no path."""
    if not user_paths.may_be_path(path):
        raise FileError(f"{variable} names {user_paths.shown(path)}", f"set {variable} to a path, or unset it")
    return path


def read(path: str) -> TextFile:
    """Return the file at ``path``; raise FileError if it cannot be read or is not UTF-8."""
    with _explained("read", path, path):
        try:
            # Opening a device may have an effect, so the file is checked before and after it is opened.
            if not stat.S_ISREG(Path(path).stat().st_mode):
                # Some users name /dev/null to have no file, and an edit would replace it.
                raise FileError(f"{path} is not a regular file", "move it away, or use another file")
            fd = files.open_regular(os.path.realpath(path))
        except FileNotFoundError:
            return TextFile(path, "")
        try:
            return TextFile(path, _decoded(path, files.read(fd, LARGEST_BYTES)))
        finally:
            os.close(fd)


@contextmanager
def locked(env: Mapping[str, str]) -> Iterator[None]:
    """Be the only process that edits files; without a lock if there is no folder for one."""
    lock = file_lock.lock(env, "configure.lock")
    if lock is None:
        yield
        return
    try:
        if not lock.acquire(_PATIENCE_SECONDS):
            raise FileError(
                f"another process has been editing files for {_PATIENCE_SECONDS:g} seconds",
                "wait until it ends, and run the command again",
            )
        yield
    finally:
        lock.close()


class EditedFile:
    """A file that is being edited: ``read`` it, ``prepare`` its new text, ``replace`` it, and finally ``close`` it.

    Each raises FileError if it fails, and ChangedError if another program has changed the file since it was read.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._old: Version | None = None
        self._draft: Draft | None = None
        with _explained("read", path, path):
            self._place = file_place.find(path)

    def sweep(self) -> None:
        """Delete what a killed process left next to the file."""
        with self._acting("write"):
            if self._place.is_there:
                sweep(self._place.folder, self._place.name)

    def read(self) -> TextFile:
        """Return the file as it is now, after a ``sweep``."""
        self._discard()
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
        """Replace the file's text with the new one, atomically."""
        if self._draft is not None:
            with self._acting("write"):
                self._draft.replace()

    def leftovers(self) -> list[str]:
        """Return the paths of what an earlier version of this program may have left next to the file."""
        with self._acting("read"):
            return sweep_earlier(self._place.folder, self._place.name) if self._place.is_there else []

    def close(self) -> None:
        """Close the file."""
        self._discard()
        self._place.folder.close()

    def _discard(self) -> None:
        with self._acting("write"):
            if self._draft is not None:
                self._draft.close()
            if self._old is not None:
                self._old.close()
        self._draft = self._old = None

    @contextmanager
    def _acting(self, verb: str) -> Iterator[None]:
        place = self._place
        with place.as_owner(), _explained(verb, place.path, self._path):
            yield


def _require_writable(place: Place, status: os.stat_result) -> None:
    """Raise OSError if the file is read-only, since replacing it would ignore that; this applies to root too."""
    may = os.access(place.folder.at(place.name), os.W_OK, dir_fd=place.folder.fd, effective_ids=file_remedy.EFFECTIVE)
    if not (may and status.st_mode & 0o222):
        raise PermissionError(errno.EACCES, "it is read-only")


def _decoded(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8 text", "save it as UTF-8") from error


@contextmanager
def _explained(verb: str, path: str, asked: str) -> Iterator[None]:
    """Raise FileError for an OSError; ``path`` is what ``asked``, the path that the user knows, leads to."""
    try:
        yield
    except OSError as error:
        variable = file_remedy.leading_variable(asked, os.environ)
        reason = f"{error.strerror} ({variable} leads there)" if variable else error.strerror
        raise FileError(
            f"cannot read {path}: {reason}" if verb == "read" else f"cannot write {path}: {reason}",
            file_remedy.remedy(error, path, asked),
        ) from error
