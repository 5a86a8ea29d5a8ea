"""Who may do what with a file: its owner, mode, ACL and other extended attributes, the SELinux label among them."""

import errno
import os
import stat
from contextlib import suppress

from docker_credential_ecrx.system.files import HAS_FOLDERS

_ACL = "system.posix_acl_access"


def make_private(fd: int) -> None:
    """Let only its owner read and write a new file, whatever the umask and the folder's default ACL are."""
    if hasattr(os, "removexattr"):
        with suppress(OSError):  # it has none
            os.removexattr(fd, _ACL)
    if HAS_FOLDERS:
        with suppress(PermissionError):  # of a file system whose modes are fixed, as vfat's are
            os.fchmod(fd, 0o600)


def give(old: int, new: int) -> None:
    """Give a private file the owner, mode, ACL and other extended attributes of an old one.

    If one of them cannot be given, it stays private: what the old group might read is not for a new one.
    """
    if not HAS_FOLDERS:
        return
    status, own = os.fstat(old), os.fstat(new)
    mode = stat.S_IMODE(status.st_mode) & 0o777
    try:
        if (status.st_uid, status.st_gid) != (own.st_uid, own.st_gid):
            os.fchown(new, status.st_uid, status.st_gid)
        if hasattr(os, "listxattr"):
            _give_attributes(old, new)
        os.fchmod(new, mode)
    except OSError:
        os.fchmod(new, mode & 0o600)


def _give_attributes(old: int, new: int) -> None:
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
