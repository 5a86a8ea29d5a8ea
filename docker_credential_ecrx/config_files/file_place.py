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

from docker_credential_ecrx.config_files import file_remedy
from docker_credential_ecrx.errors import FileError, Remedy
from docker_credential_ecrx.system import files, path_trust
from docker_credential_ecrx.system.files import HAS_FOLDERS, Folder
from docker_credential_ecrx.system.path_trust import Step, Walk


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
            self.folder.enter(self._missing.pop(0), path_trust.PATH_ONLY)

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
    walk = Walk(path)
    try:
        for step in walk.steps():
            if step.target:
                _require_trust(step, step.target)
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


def _require_trust(link: Step, target: os.stat_result) -> None:
    """Raise FileError if anybody except root and the owner of ``target`` can control where the symlink points."""
    holder, owner = link.holder, link.status.st_uid
    is_open = path_trust.is_writable_by_others(holder)
    root = (0, files.outer_root())
    is_roots = owner in root and holder.st_uid in root
    is_own = owner == target.st_uid and holder.st_uid in (*root, owner)
    is_mine = owner == holder.st_uid == os.geteuid()
    if is_mine and not (is_open or is_roots or is_own) and target.st_uid in root and stat.S_ISREG(target.st_mode):
        remedy = file_remedy.replace_link(link.path, os.path.realpath(link.path))
        raise FileError(f"{link.path} is a symlink to a file that root owns", remedy)
    if is_open or not (is_roots or is_own):
        raise FileError(
            f"another user may control the symlink {link.path}",
            Remedy("check its target, and use the target's path instead", f"namei -l {shlex.quote(link.path)}"),
        )


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
