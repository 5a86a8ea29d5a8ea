"""Resolves the path of a file to edit, and determines as which user it is edited.

Anybody who can write to a folder on the path can create a symlink there.
Therefore a symlink is followed only if its owner also owns its target, or if root created it in a folder of root's; and
root edits a file in another user's folder as that user, who gains nothing by it.
"""

import errno
import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from docker_credential_ecrx.config_files import file_remedy
from docker_credential_ecrx.errors import FileError, Remedy
from docker_credential_ecrx.identity.strict_modes import is_private_group
from docker_credential_ecrx.system import files
from docker_credential_ecrx.system.files import HAS_FOLDERS, Folder

_MOST_LINKS = 40  # as in Linux
# With it, Linux opens a symlink itself, and a folder that this user may enter but not list.
_PATH_ONLY = getattr(os, "O_PATH", 0)


class Place:
    """A file's name in an open folder; ``missing`` are the folders between the two that do not exist yet."""

    def __init__(self, folder: Folder, missing: list[str], name: str) -> None:
        self.folder = folder
        self.name = name
        self._missing = missing
        status = folder.own_status()
        self._owner = status if HAS_FOLDERS and os.geteuid() == 0 != status.st_uid else None

    @property
    def is_there(self) -> bool:
        """Return whether the file's folder exists."""
        return not self._missing

    @property
    def path(self) -> str:
        """Return the path of the file, without links."""
        return os.path.join(self.folder.path, *self._missing, self.name).removeprefix("./")

    def make_folders(self) -> None:
        """Create the folders that do not exist, for their owner alone; raise OSError that names one that it cannot."""
        while self._missing:
            try:
                with suppress(FileExistsError):  # another process was faster
                    os.mkdir(self.folder.at(self._missing[0]), 0o700, dir_fd=self.folder.fd)
            except OSError as error:
                folder = os.path.join(self.folder.path, self._missing[0]).removeprefix("./")
                raise OSError(error.errno, f"cannot create {folder}: {error.strerror}") from error
            self.folder.enter(self._missing.pop(0), _PATH_ONLY)

    @contextmanager
    def as_owner(self) -> Iterator[None]:
        """Act as the folder's owner if this user is root and another user owns the folder.

        Raises FileError if that is not possible.
        """
        if self._owner is None:
            yield
            return
        group, groups = os.getegid(), os.getgroups()
        try:
            try:
                _become(self._owner)
            except OSError as error:
                raise FileError(
                    f"cannot act as user {self._owner.st_uid}, who owns {self.folder.path}: {error.strerror}",
                    "run the command as that user",
                ) from error
            yield
        finally:
            if os.geteuid() != 0:
                os.seteuid(0)
            if os.getegid() != group:
                os.setegid(group)
            if os.getgroups() != groups:
                os.setgroups(groups)

    def require_owner(self, status: os.stat_result) -> None:
        """Raise OSError if root acts as the folder's owner, but the file has another owner or a second hard link.

        Otherwise root could copy, through a hard link, a file that the folder's owner may not read.
        """
        if self._owner and status.st_uid != self._owner.st_uid:
            raise OSError(errno.EACCES, "its owner is not the owner of its folder")
        if self._owner and status.st_nlink != 1:
            raise OSError(errno.EMLINK, "it has a second hard link")


def find(path: str) -> Place:
    """Return the place of the file at ``path``.

    Raises FileError if a symlink on the path cannot be trusted, and OSError if the path cannot be resolved.
    """
    if not HAS_FOLDERS:
        folder, name = os.path.split(os.path.realpath(path))
        drive, *missing = _missing(folder)
        return Place(Folder(drive), missing, name)
    walk = _Walk(path)
    try:
        walk.run()
    except BaseException:
        walk.folder.close()
        raise
    return Place(walk.folder, walk.names[:-1], walk.names[-1])


def _missing(folder: str) -> list[str]:
    """Return the nearest parent of ``folder`` that exists, and the names of the folders below it."""
    names: list[str] = []
    while not os.path.exists(folder):
        folder, name = os.path.split(folder)
        if not name:  # the drive does not exist
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        names.insert(0, name)
    return [folder, *names]


class _Link(NamedTuple):
    """A symlink on the path: its path, its owner, and the status of its folder."""

    path: str
    owner: int
    holder: os.stat_result

    def require_trust(self, target: os.stat_result) -> None:
        """Raise FileError if anybody except root and the owner of ``target`` can control where the symlink points."""
        mode = self.holder.st_mode
        # A private group has its user's name or, if users have no names, as in containers, its user's number.
        is_numbered = self.holder.st_uid == self.holder.st_gid != 0
        is_group = mode & stat.S_IWGRP and not (is_numbered or is_private_group(self.holder))
        is_open = (mode & stat.S_IWOTH or is_group) and not mode & stat.S_ISVTX
        root = (0, files.outer_root())
        is_roots = self.owner in root and self.holder.st_uid in root
        is_own = self.owner == target.st_uid and self.holder.st_uid in (*root, self.owner)
        is_mine = self.owner == self.holder.st_uid == os.geteuid()
        if is_mine and not (is_open or is_roots or is_own) and target.st_uid in root and stat.S_ISREG(target.st_mode):
            remedy = file_remedy.replace_link(self.path, os.path.realpath(self.path))
            raise FileError(f"{self.path} is a symlink to a file that root owns", remedy)
        if is_open or not (is_roots or is_own):
            raise FileError(
                f"another user may control the symlink {self.path}",
                Remedy("check its target, and use the target's path instead", f"namei -l {shlex.quote(self.path)}"),
            )


class _Walk:
    """Follows a path name by name; ``names`` are those below the last folder that exists, the file's name last."""

    def __init__(self, path: str) -> None:
        self.folder = Folder("/" if path.startswith("/") else ".", _PATH_ONLY)
        self.names: list[str] = []
        self._todo: list[str | _Link] = _reversed(path)
        self._here = self.folder.own_status()  # of what the path has led to so far
        self._links = 0

    def run(self) -> None:
        while self._todo:
            step = self._todo.pop()
            if isinstance(step, _Link):
                step.require_trust(self._here)
            elif self.names:  # below a folder that does not exist
                if ".." in (step, self.names[-1]):
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
                self.names.append(step)
            else:
                self._take(step)
        if not self.names or self.names[-1] == "..":
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))

    def _take(self, name: str) -> None:
        status, target = _look(self.folder, name)
        if status is None or (target is None and not any(isinstance(step, str) for step in self._todo)):
            self.names.append(name)
            self._here = status or self._here
        elif target is None:
            self.folder.enter(name, _PATH_ONLY)
            self._here = self.folder.own_status()
        else:
            self._follow(name, status, target)

    def _follow(self, name: str, status: os.stat_result, target: str) -> None:
        """Follow a symlink; whether it can be trusted is checked once its target is known."""
        self._links += 1
        holder = self.folder.own_status()
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        self._todo += [_Link(os.path.join(self.folder.path, name), status.st_uid, holder), *_reversed(target)]
        if target.startswith("/"):
            self.folder.enter("/", _PATH_ONLY)
        self._here = self.folder.own_status()


def _reversed(path: str) -> "list[str | _Link]":
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _look(folder: Folder, name: str) -> tuple[os.stat_result | None, str | None]:
    """Return the status of ``name``, or None if it does not exist, and its target if it is a symlink."""
    if not _PATH_ONLY:
        status = folder.status(name)
        return status, os.readlink(name, dir_fd=folder.fd) if status and stat.S_ISLNK(status.st_mode) else None
    try:
        fd = os.open(name, _PATH_ONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder.fd)
    except FileNotFoundError:
        return None, None
    try:
        status = os.fstat(fd)  # of the same symlink whose target is read
        return status, os.readlink("", dir_fd=fd) if stat.S_ISLNK(status.st_mode) else None
    finally:
        os.close(fd)


def _become(owner: os.stat_result) -> None:
    """Act as the user who owns a folder with that status."""
    import pwd

    gid = owner.st_gid
    groups = [gid]
    with suppress(KeyError):  # a user without a name has only the folder's group
        user = pwd.getpwuid(owner.st_uid)
        gid, groups = user.pw_gid, os.getgrouplist(user.pw_name, user.pw_gid)
    os.setgroups(groups)
    os.setegid(gid)
    os.seteuid(owner.st_uid)
