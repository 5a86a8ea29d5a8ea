"""Follows a path name by name, and decides whether another user may lead it elsewhere.

Whoever owns a symlink or a folder, or can write to a folder, decides where the paths through it lead.
"""

import errno
import os
import stat

from docker_credential_ecrx.system import files
from docker_credential_ecrx.system.files import Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_LINKS = 40  # as in Linux
# With it, Linux opens a symlink itself, and a folder that this user may enter but not list.
PATH_ONLY = getattr(os, "O_PATH", 0)
_private_groups: "dict[tuple[int, int], bool]" = {}  # each file and its folder mostly have the same


class Step:
    """A folder, symlink or file on a path: its own path without symlinks, its status, and that of its folder.

    ``target`` is the status of what a symlink leads to, in a second step for it, once that is known.
    """

    __slots__ = ("holder", "path", "status", "target")

    def __init__(self, folder: Folder, name: str, status: os.stat_result) -> None:
        self.path = os.path.join(folder.path, name)
        self.status = status
        self.holder = folder.own_status()
        self.target: os.stat_result | None = None

    @property
    def is_link(self) -> bool:
        """Return whether it is a symlink."""
        return stat.S_ISLNK(self.status.st_mode)


class Walk:
    """Follows a path name by name; ``names`` are those below the last folder that exists, the file's name last."""

    def __init__(self, path: str) -> None:
        self.folder = Folder("/" if path.startswith("/") else ".", PATH_ONLY)
        self.names: list[str] = []
        self._todo: list[str | Step] = _reversed(path)
        self._here = self.folder.own_status()  # of what the path has led to so far
        self._links = 0

    def steps(self) -> "Iterator[Step]":
        """Yield what is on the path; raise OSError if it cannot be followed."""
        yield Step(self.folder, "", self._here)
        while self._todo:
            step = self._todo.pop()
            if isinstance(step, Step):
                step.target = self._here
                yield step
            elif self.names:  # below a folder that does not exist
                if ".." in (step, self.names[-1]):
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
                self.names.append(step)
            else:
                yield from self._take(step)
        if not self.names or self.names[-1] == "..":
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))

    def _take(self, name: str) -> "Iterator[Step]":
        status, target = _look(self.folder, name)
        if status is None:
            self.names.append(name)
            return
        step = Step(self.folder, name, status)
        yield step
        if target is not None:
            self._follow(step, target)
        elif any(isinstance(each, str) for each in self._todo):
            self.folder.enter(name, PATH_ONLY)
            self.folder.path = os.path.normpath(self.folder.path)  # it has no symlinks, but may end with ..
            self._here = self.folder.own_status()
        else:
            self.names.append(name)
            self._here = status

    def _follow(self, link: Step, target: str) -> None:
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        self._todo += [link, *_reversed(target)]
        if target.startswith("/"):
            self.folder.enter("/", PATH_ONLY)
        self._here = self.folder.own_status()


def _reversed(path: str) -> "list[str | Step]":
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _look(folder: Folder, name: str) -> "tuple[os.stat_result | None, str | None]":
    """Return the status of ``name``, or None if it does not exist, and its target if it is a symlink."""
    if not PATH_ONLY:
        status = folder.status(name)
        return status, os.readlink(name, dir_fd=folder.fd) if status and stat.S_ISLNK(status.st_mode) else None
    try:
        fd = os.open(name, PATH_ONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder.fd)
    except FileNotFoundError:
        return None, None
    try:
        status = os.fstat(fd)  # of the same symlink whose target is read
        return status, os.readlink("", dir_fd=fd) if stat.S_ISLNK(status.st_mode) else None
    finally:
        os.close(fd)


def steps(path: str) -> "Iterator[Step]":
    """Yield what is on the path; raise OSError if it cannot be followed."""
    walk = Walk(path)
    try:
        yield from walk.steps()
    finally:
        walk.folder.close()


def places(path: str) -> "Iterator[tuple[str, os.stat_result]]":
    """Yield each symlink on the path, and the folders of these and of the file, with their status.

    If the path cannot be followed, the rest is left out.
    """
    try:
        for step in steps(path):
            if step.is_link:
                yield step.path, step.status
            if not stat.S_ISDIR(step.status.st_mode):
                yield os.path.dirname(step.path), step.holder
    except OSError:
        pass


def is_safe(status: os.stat_result) -> bool:
    """Return whether only this user and root can change a file or symlink, or replace the files in a folder."""
    return _is_owner_trusted(status) and not is_writable_by_others(status)


def is_writable_by_all(status: os.stat_result) -> bool:
    """Return whether every user can write to a file, or replace other users' files in a folder."""
    return _is_writable(status, stat.S_IWOTH)


def is_planted(step: Step) -> bool:
    """Return whether another user owns a file, folder or symlink where every user can create one, as in /tmp.

    The owner of any other folder may be another user: that folder is on PATH because somebody trusts it.
    """
    return bool(step.holder.st_mode & stat.S_IWOTH) and not _is_owner_trusted(step.status)


def is_writable_by_others(status: os.stat_result) -> bool:
    """Return whether its group or all users can write to a file, or replace other users' files in a folder."""
    return is_writable_by_all(status) or (_is_writable(status, stat.S_IWGRP) and not _is_private_group(status))


def _is_owner_trusted(status: os.stat_result) -> bool:
    return status.st_uid in (0, os.geteuid(), files.outer_root())


def _is_writable(status: os.stat_result, permission: int) -> bool:
    # A symlink's mode means nothing; in a sticky folder, such as /tmp, nobody can replace another user's file.
    mode = status.st_mode
    is_sticky = stat.S_ISDIR(mode) and mode & stat.S_ISVTX
    return bool(mode & permission) and not (is_sticky or stat.S_ISLNK(mode))


def _is_private_group(status: os.stat_result) -> bool:
    """Return whether the group has the owner's name and no other member: Ubuntu creates such a group for each user.

    Ubuntu's default umask lets the group write; Debian's and Ubuntu's ssh make the same exception.
    If the group has no name, as in containers, it is the owner's if it has the same number.
    """
    pair = status.st_uid, status.st_gid
    if pair not in _private_groups:
        _private_groups[pair] = pair[0] != 0 and _has_one_member(*pair)
    return _private_groups[pair]


def _has_one_member(uid: int, gid: int) -> bool:
    import grp
    import pwd

    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = ""
    try:
        group = grp.getgrgid(gid)
    except KeyError:
        is_own = uid == gid
    else:
        is_own = group.gr_name == name and {*group.gr_mem} <= {name}
    # A user is also a member of the primary group, which gr_mem does not list.
    return is_own and all(user.pw_uid == uid or user.pw_gid != gid for user in pwd.getpwall())
