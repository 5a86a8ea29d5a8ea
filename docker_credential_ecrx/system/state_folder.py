"""The folder for what is no secret: found, created, and used only if it is this user's alone."""

import errno
import os
import stat
from collections.abc import Mapping

from docker_credential_ecrx import log
from docker_credential_ecrx.system import files
from docker_credential_ecrx.system.files import Folder
from docker_credential_ecrx.system.paths import xdg_folder

_OTHERS, _WRITERS = 0o077, 0o022  # the rights of those who are not its owner


class UnsafeFolderError(OSError):
    """The state folder must not be used: ``strerror`` says why, and ``remedy`` what to do."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(errno.EPERM, reason)
        self.remedy = remedy


def opened(env: Mapping[str, str]) -> Folder | None:
    """Return the state folder, made if need be, or None if there is none that only this user can use."""
    path = _path(env)
    try:
        return _made(path) if path else None
    except OSError as error:
        log.debug(f"going on without the state folder {path}: {error.strerror}")
        return None


def warn(env: Mapping[str, str]) -> None:
    """Tell the user if the state folder must not be used, or has a folder in it where only files belong."""
    path = _path(env)
    try:
        if path:
            with _existing(path) as found:
                _warn_of_folders(found)
    except UnsafeFolderError as error:
        log.warn(f"the state folder {path} is not used: {error.strerror}; {error.remedy}")
    except OSError:
        pass  # it may be created yet, or there is no place for one, which is no danger


def _warn_of_folders(found: Folder) -> None:
    with os.scandir(found.path if found.fd is None else found.fd) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                path = os.path.join(found.path, entry.name)
                log.warn(f"{path} is a folder where only files belong; {_command('rm -r', path)}")
                return


def _path(env: Mapping[str, str]) -> str:
    """Return where the state folder is, or an empty path if there is no place for one."""
    base = env.get("LOCALAPPDATA", "") if os.name == "nt" else xdg_folder("XDG_STATE_HOME", "/.local/state", env)
    return os.path.join(base, "ecrx") if os.path.isabs(base) else ""


def _made(path: str) -> Folder:
    """Return the folder, made if need be; raise OSError, which is an UnsafeFolderError if it must not be used."""
    try:
        return _existing(path)
    except FileNotFoundError:
        pass
    # A umask that takes the owner's own rights away would make folders of no use; XDG wants these modes.
    before = os.umask(_OTHERS)
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    finally:
        os.umask(before)
    return _existing(path)


def _existing(path: str) -> Folder:
    """Return the folder that is there already; raise as ``_made`` does."""
    if not files.HAS_FOLDERS:
        os.stat(path)
        return Folder(path)
    _check_place(path)
    found = _entered(path)
    try:
        _make_private(found)
    except OSError:
        found.close()
        raise
    return found


def _check_place(path: str) -> None:
    """Raise UnsafeFolderError if root would write into another user's home, as sudo has it that keeps HOME.

    That user could exchange the folders above, and could not use what root leaves there.
    """
    while os.geteuid() == 0 and path != os.path.dirname(path):
        path = os.path.dirname(path)
        try:
            user = os.stat(path).st_uid
        except OSError:
            continue
        if user not in {0, files.outer_root()}:
            reason = f"{path} belongs to user {user}"
            raise UnsafeFolderError(reason, "run it as that user, or with HOME=~root")


def _entered(path: str) -> Folder:
    """Return the folder; a link to it must be of this user or of root."""
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
        reason = "its mode keeps this user out"
        raise UnsafeFolderError(reason, _command("chmod 700", path))
    reason = "it is not a folder"
    raise UnsafeFolderError(reason, _command("rm", path))


def _make_private(found: Folder) -> None:
    """Raise UnsafeFolderError unless this user alone can write in the folder, which is tightened for that."""
    if found.fd is None:
        return
    status = os.fstat(found.fd)
    _check_owner(status, found.path)
    if status.st_mode & _OTHERS:
        try:
            os.fchmod(found.fd, stat.S_IMODE(status.st_mode) & ~_OTHERS)
        except OSError as error:
            if status.st_mode & _WRITERS:  # else it is a read-only file system, on which nobody writes
                reason = "other users can write in it"
                raise UnsafeFolderError(reason, _command("chmod 700", found.path)) from error


def _check_owner(status: os.stat_result, path: str) -> None:
    if status.st_uid != os.geteuid():
        reason = f"it belongs to user {status.st_uid}"
        raise UnsafeFolderError(reason, _command(f"sudo chown -R {os.geteuid()}", path))


def _command(command: str, path: str) -> str:
    import shlex

    return f"{command} {shlex.quote(path)}"
