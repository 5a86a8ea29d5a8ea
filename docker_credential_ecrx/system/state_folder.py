"""The folder for files without secrets: the index and locks; used only if no other user can write to it."""

import errno
import os
import stat

from docker_credential_ecrx import log
from docker_credential_ecrx.system import files
from docker_credential_ecrx.system.files import Folder
from docker_credential_ecrx.system.paths import has_link, xdg_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_OTHERS, _WRITERS = 0o077, 0o022  # permissions of users other than the owner


class UnsafeFolderError(OSError):
    """The state folder must not be used: ``strerror`` says why, and ``remedy`` what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(errno.EPERM, reason)
        self.remedy = remedy


def opened(env: "Mapping[str, str]") -> Folder | None:
    """Return the state folder, created if necessary, or None if there is none that only this user can use."""
    path = _path(env)
    try:
        return _open_or_create(path) if path else None
    except OSError as error:
        log.debug(f"continuing without the state folder {path}: {error.strerror}")
        return None


def warn(env: "Mapping[str, str]") -> None:
    """Warn the user if the state folder must not be used, or contains a folder where only files belong."""
    path = _path(env)
    try:
        if path:
            with _open_existing(path) as folder:
                _warn_of_folders(folder)
    except UnsafeFolderError as error:
        log.warn(f"the state folder {path} is not used: {error.strerror}; {error.remedy}")
    except OSError:
        pass  # it does not exist yet, or cannot be created: neither is dangerous


def _warn_of_folders(folder: Folder) -> None:
    with os.scandir(folder.path if folder.fd is None else folder.fd) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                path = os.path.join(folder.path, entry.name)
                log.warn(f"{path} is a folder where only files belong; {_command('rm -r', path)}")
                return


def _path(env: "Mapping[str, str]") -> str:
    """Return the path of the state folder, or an empty one if there is no home folder."""
    base = env.get("LOCALAPPDATA", "") if os.name == "nt" else xdg_folder("XDG_STATE_HOME", "/.local/state", env)
    return os.path.join(base, "ecrx") if os.path.isabs(base) else ""


def _open_or_create(path: str) -> Folder:
    """Return the folder; raise OSError, which is an UnsafeFolderError if it must not be used."""
    try:
        return _open_existing(path)
    except FileNotFoundError:
        pass
    # The XDG specification requires this mode; a umask may also deny the owner access to its own new folders.
    before = os.umask(_OTHERS)
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    finally:
        os.umask(before)
    return _open_existing(path)


def _open_existing(path: str) -> Folder:
    """Return the folder if it exists; raise as ``_open_or_create`` does."""
    if not files.HAS_FOLDERS:
        os.stat(path)
        return Folder(path)
    _check_parents(path)
    folder = _open(path)
    try:
        _make_private(folder)
    except OSError:
        folder.close()
        raise
    return folder


def _check_parents(path: str) -> None:
    """Raise UnsafeFolderError if root would write to another user's home, as under a sudo that preserves HOME.

    That user could replace the folders above, and could not use the files that root creates there.
    """
    while os.geteuid() == 0 and path != os.path.dirname(path):
        path = os.path.dirname(path)
        try:
            user = os.stat(path).st_uid
        except OSError:
            continue
        if user not in {0, files.outer_root()}:
            raise UnsafeFolderError(f"{path} belongs to user {user}", "run it as that user, or with HOME=~root")


def _open(path: str) -> Folder:
    """Return the folder; only this user and root may control a link on its path."""
    if has_link(path):
        from docker_credential_ecrx.system import path_trust  # needed only if there is a link

        for place, status in path_trust.places(path):
            if place != path and not path_trust.is_safe(status):
                raise UnsafeFolderError(f"another user may control {place}", _command("namei -l", path))
    try:
        return Folder(path, os.O_NOFOLLOW)
    except FileNotFoundError:
        raise
    except OSError:
        status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode) and status.st_uid in {0, os.geteuid()} and os.path.isdir(path):
        return Folder(os.path.realpath(path), os.O_NOFOLLOW)
    if stat.S_ISDIR(status.st_mode):
        _check_owner(status, path)
        raise UnsafeFolderError("its mode denies this user access", _command("chmod 700", path))
    raise UnsafeFolderError("it is not a folder", _command("rm", path))


def _make_private(folder: Folder) -> None:
    """Remove other users' permissions; raise UnsafeFolderError if that fails and they can write to the folder."""
    if folder.fd is None:
        return
    status = os.fstat(folder.fd)
    _check_owner(status, folder.path)
    if status.st_mode & _OTHERS:
        try:
            os.fchmod(folder.fd, stat.S_IMODE(status.st_mode) & ~_OTHERS)
        except OSError as error:
            if status.st_mode & _WRITERS:  # if they can only read, a read-only file system is no danger
                raise UnsafeFolderError("other users can write to it", _command("chmod 700", folder.path)) from error


def _check_owner(status: os.stat_result, path: str) -> None:
    if status.st_uid != os.geteuid():
        command = _command(f"sudo chown -R {os.geteuid()}", path)
        raise UnsafeFolderError(f"it belongs to user {status.st_uid}", command)


def _command(command: str, path: str) -> str:
    import shlex

    return f"{command} {shlex.quote(path)}"
