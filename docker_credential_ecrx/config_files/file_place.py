"""Where the path of a file to edit leads, and as which user the file is edited.

Whoever may write in a folder on the way can put a link there.
So a link is followed only if the user who made it owns what it leads to, or if root made it in a folder of root's; and
root edits a file in another user's folder as that user, who gains nothing by it.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.identity.strict_modes import is_private_group
from docker_credential_ecrx.system import files
from docker_credential_ecrx.system.files import HAS_FOLDERS, Folder

_MOST_LINKS = 40  # as many as Linux follows
# Linux opens a link itself with it, and a folder that may be passed through but not listed.
_PATH_ONLY = getattr(os, "O_PATH", 0)


class Place:
    """A file by its name in an open folder; ``missing`` are the folders between the two that do not exist yet."""

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

    def make_folders(self) -> None:
        """Create the folders that do not exist, for their owner alone."""
        while self._missing:
            with suppress(FileExistsError):  # another process was faster
                os.mkdir(self.folder.at(self._missing[0]), 0o700, dir_fd=self.folder.fd)
            self.folder.enter(self._missing.pop(0), _PATH_ONLY)

    @contextmanager
    def as_owner(self) -> Iterator[None]:
        """Act as the folder's owner, if this is root and the folder is another user's; else as the user that this is.

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
        """Raise OSError if root acts as the folder's owner, but the file is another user's or has a second name.

        Else a hard link and that user's groups could have us copy what the user may not read.
        """
        if self._owner and status.st_uid != self._owner.st_uid:
            raise OSError(errno.EACCES, "it belongs to another user than its folder")
        if self._owner and status.st_nlink != 1:
            raise OSError(errno.EMLINK, "it has a second name")


def find(path: str) -> Place:
    """Return where ``path`` leads.

    Raises FileError if a link on the way cannot be trusted, and OSError if the way cannot be followed.
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
    """Return the nearest parent of ``folder`` that exists, and the names from there on."""
    names: list[str] = []
    while not os.path.exists(folder):
        folder, name = os.path.split(folder)
        if not name:  # a drive that there is not
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        names.insert(0, name)
    return [folder, *names]


class _Link(NamedTuple):
    """A link on the way: its path, its owner, and the status of the folder that it is in."""

    path: str
    owner: int
    holder: os.stat_result

    def require_trust(self, target: os.stat_result) -> None:
        """Raise FileError if somebody else than the owner of ``target`` or root can have the link lead there."""
        mode = self.holder.st_mode
        # A group is its user's own by its name or, where users have no names, as in containers, by its number.
        is_numbered = self.holder.st_uid == self.holder.st_gid != 0
        is_group = mode & stat.S_IWGRP and not (is_numbered or is_private_group(self.holder))
        is_open = (mode & stat.S_IWOTH or is_group) and not mode & stat.S_ISVTX
        root = (0, files.outer_root())
        is_roots = self.owner in root and self.holder.st_uid in root
        is_own = self.owner == target.st_uid and self.holder.st_uid in (*root, self.owner)
        if is_open or not (is_roots or is_own):
            raise FileError(
                f"the link {self.path} may be under another user's control",
                f"name the file that it leads to instead, if that is right: namei -l {self.path}",
            )


class _Walk:
    """Follows a path name by name; ``names`` are those from the last folder on that exists, the file's at the end."""

    def __init__(self, path: str) -> None:
        self.folder = Folder("/" if path.startswith("/") else ".", _PATH_ONLY)
        self.names: list[str] = []
        self._todo: list[str | _Link] = _reversed(path)
        self._here = self.folder.own_status()  # of what the way has led to so far
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
            self._turn(name, status, target)

    def _turn(self, name: str, status: os.stat_result, target: str) -> None:
        """Follow a link, which is to be trusted once it is known what it leads to."""
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
    """Return the status of ``name``, or None if it does not exist, and what it says if it is a link."""
    if not _PATH_ONLY:
        status = folder.status(name)
        return status, os.readlink(name, dir_fd=folder.fd) if status and stat.S_ISLNK(status.st_mode) else None
    try:
        fd = os.open(name, _PATH_ONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder.fd)
    except FileNotFoundError:
        return None, None
    try:
        status = os.fstat(fd)  # of the very link that is read
        return status, os.readlink("", dir_fd=fd) if stat.S_ISLNK(status.st_mode) else None
    finally:
        os.close(fd)


def _become(owner: os.stat_result) -> None:
    """Take on the rights of the user who owns a folder with that status, for as long as this process wants."""
    import pwd

    gid = owner.st_gid
    groups = [gid]
    with suppress(KeyError):  # a user without a name has but the folder's group
        user = pwd.getpwuid(owner.st_uid)
        gid, groups = user.pw_gid, os.getgrouplist(user.pw_name, user.pw_gid)
    os.setgroups(groups)
    os.setegid(gid)
    os.seteuid(owner.st_uid)
