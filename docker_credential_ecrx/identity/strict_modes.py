"""Refuses a configuration file that somebody else can write, in words that say what fixes that.

A cached get imports it only if file or folder are another user's, or their group or others can write them.
"""

import os
import shlex
import stat
from collections.abc import Mapping

from docker_credential_ecrx.errors import SettingsError
from docker_credential_ecrx.system import files


def require(place: str, status: os.stat_result, env: Mapping[str, str]) -> None:
    """Raise SettingsError if another user owns the file or folder ``place`` or else can write it."""
    if not _is_owner_trusted(status, env):
        message = f"the configuration file is not used, because another user owns {place}"
        if os.geteuid() == 0:  # sudo may keep HOME
            raise SettingsError(message, "run it as that user, without sudo, or name a file of root's in ECRX_CONFIG")
        own = f"sudo chown {os.geteuid()} {shlex.quote(place)}"
        raise SettingsError(message, f"{own}, or name a file of your own in ECRX_CONFIG")
    if stat.S_ISLNK(status.st_mode):
        return  # whoever can write its folder can replace it, and that is looked at by itself
    if is_writable_by_others(status):
        raise SettingsError(
            f"the configuration file is not used, because other users can write {place}",
            f"chmod go-w {shlex.quote(place)}",
        )


def is_writable_by_others(status: os.stat_result) -> bool:
    """Return whether its group or all users can write a file, or replace the files of a folder."""
    # In a sticky folder nobody replaces another's file.
    is_sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    is_group = status.st_mode & stat.S_IWGRP and not is_private_group(status)
    return bool(status.st_mode & stat.S_IWOTH or is_group) and not is_sticky


def _is_owner_trusted(status: os.stat_result, env: Mapping[str, str]) -> bool:
    """Return whether the owner is this user or root, or for root the owner of HOME.

    That one can have Docker run any program as root already, by the config.json there. GitHub's job containers run as
    root in such a home.
    """
    if status.st_uid in (0, os.geteuid(), files.outer_root()):
        return True
    try:
        return os.geteuid() == 0 and os.stat(env["HOME"]).st_uid == status.st_uid
    except (OSError, KeyError):
        return False


def is_private_group(status: os.stat_result) -> bool:
    """Return whether the group has the owner's name and no other member, as Ubuntu makes one for each user.

    Its default umask lets the group write; Debian's and Ubuntu's ssh make the same exception.
    """
    import grp
    import pwd

    try:
        user, group = pwd.getpwuid(status.st_uid), grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    is_own = status.st_uid != 0 and (user.pw_gid, user.pw_name) == (group.gr_gid, group.gr_name)
    return is_own and set(group.gr_mem) <= {user.pw_name}
