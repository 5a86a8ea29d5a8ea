"""Refuses a configuration file that another user can change, with the command that fixes it.

A cached get imports this only if another user owns the file or its folder, its group or others can write to it, or
this user cannot read it.
"""

import os
import shlex
import stat
from collections.abc import Mapping

from docker_credential_ecrx.errors import Remedy, SettingsError
from docker_credential_ecrx.system import files
from docker_credential_ecrx.system.paths import unsearchable_folder


def require(path: str, status: os.stat_result, env: Mapping[str, str]) -> None:
    """Raise SettingsError if another user owns the file or folder ``path``, or can write to it."""
    if not _is_owner_trusted(status, env):
        message = f"the configuration file is not used, because another user owns {path}"
        if os.geteuid() == 0:  # sudo may keep HOME
            raise SettingsError(message, "run the command without sudo, or set ECRX_CONFIG to a file that root owns")
        own = f"sudo chown {os.geteuid()} {shlex.quote(path)}"
        raise SettingsError(message, Remedy("set ECRX_CONFIG to a file of your own, or change the owner", own))
    if stat.S_ISLNK(status.st_mode):
        return  # its mode means nothing, and its folder is checked separately
    if is_writable_by_others(status):
        raise SettingsError(
            f"the configuration file is not used, because other users can write to {path}",
            Remedy("remove their access", f"chmod go-w {shlex.quote(path)}"),
        )


def unreadable(path: str, error: OSError | ValueError, *, is_missing: bool) -> SettingsError:
    """Return the failure to read the configuration file; ``path`` may be its content instead."""
    from docker_credential_ecrx.sanitizer import user_paths  # a cached get with a file that it can read needs none

    folder, is_own = unsearchable_folder(path) or ("", False)
    remedy = Remedy("fix the file or its permissions")
    if is_own:
        remedy = Remedy("let yourself search its folder", f"chmod u+x {shlex.quote(folder)}")
    path = user_paths.shown(path)
    if is_missing:
        return SettingsError(
            f"the configuration file {path} from ECRX_CONFIG does not exist", "create it, or unset ECRX_CONFIG"
        )
    reason = (error.strerror if isinstance(error, OSError) else None) or "it is not UTF-8 text"
    return SettingsError(f"cannot read the configuration file {path}: {reason}", remedy)


def is_writable_by_others(status: os.stat_result) -> bool:
    """Return whether its group or all users can write to a file, or replace the files in a folder."""
    # In a sticky folder, nobody can replace another user's file.
    is_sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    is_group = status.st_mode & stat.S_IWGRP and not is_private_group(status)
    return bool(status.st_mode & stat.S_IWOTH or is_group) and not is_sticky


def _is_owner_trusted(status: os.stat_result, env: Mapping[str, str]) -> bool:
    """Return whether the owner is this user or root, or, if this user is root, the owner of HOME.

    The owner of HOME can already make Docker run any program as root, with the config.json there.
    GitHub's job containers run as root in such a home folder.
    """
    if status.st_uid in (0, os.geteuid(), files.outer_root()):
        return True
    try:
        return os.geteuid() == 0 and os.stat(env["HOME"]).st_uid == status.st_uid
    except (OSError, KeyError):
        return False


def is_private_group(status: os.stat_result) -> bool:
    """Return whether the group has the owner's name and no other member: Ubuntu creates such a group for each user.

    Ubuntu's default umask lets the group write; Debian's and Ubuntu's ssh make the same exception.
    """
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(status.st_uid), grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    is_own = status.st_uid != 0 and (user.pw_gid, user.pw_name) == (group.gr_gid, group.gr_name)
    return is_own and set(group.gr_mem) <= {user.pw_name}
