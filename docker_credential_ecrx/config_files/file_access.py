"""Copies a file's owner, mode, ACL and other extended attributes, including the SELinux label, to another file."""

import errno
import os
import stat
from contextlib import suppress

from docker_credential_ecrx.system.files import HAS_FOLDERS

_ACL = "system.posix_acl_access"


def make_private(fd: int) -> None:
    """Let only its owner read and write a new file, regardless of the umask and the folder's default ACL."""
    if hasattr(os, "removexattr"):
        with suppress(OSError):  # it has none
            os.removexattr(fd, _ACL)
    if HAS_FOLDERS:
        with suppress(PermissionError):  # the file system has fixed modes, as vfat does
            os.fchmod(fd, 0o600)


def copy(old: int, new: int) -> None:
    """Copy owner, mode, ACL and other extended attributes from ``old`` to ``new``, which is private.

    If one of them cannot be copied, ``new`` stays private: another group must not read what the old one may read.
    """
    if not HAS_FOLDERS:
        return
    status, own = os.fstat(old), os.fstat(new)
    mode = stat.S_IMODE(status.st_mode) & 0o777
    try:
        if (status.st_uid, status.st_gid) != (own.st_uid, own.st_gid):
            os.fchown(new, status.st_uid, status.st_gid)
        if hasattr(os, "listxattr"):
            _copy_attributes(old, new)
        os.fchmod(new, mode)
    except OSError:
        os.fchmod(new, mode & 0o600)


def _copy_attributes(old: int, new: int) -> None:
    have = _attributes(new)
    for name, value in _attributes(old).items():
        if have.get(name) != value:
            os.setxattr(new, name, value)


def _attributes(fd: int) -> dict[str, bytes]:
    try:
        return {name: os.getxattr(fd, name) for name in os.listxattr(fd)}
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise
