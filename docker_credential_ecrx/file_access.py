"""Who may do what with a file: its owner, mode, ACL and other extended attributes, the SELinux label among them."""

import errno
import os
import stat

from docker_credential_ecrx.files import HAS_FOLDERS

_ACL = "system.posix_acl_access"


def give(old: int, new: int) -> None:
    """Give a new file the owner, mode, ACL and other extended attributes of an old one.

    If one of them cannot be given, the file is for its owner alone.
    """
    mode = stat.S_IMODE(os.fstat(old).st_mode) & 0o777
    if not HAS_FOLDERS:
        return
    try:
        status, own = os.fstat(old), os.fstat(new)
        if (status.st_uid, status.st_gid) != (own.st_uid, own.st_gid):
            os.fchown(new, status.st_uid, status.st_gid)
        if hasattr(os, "listxattr"):
            _give_attributes(old, new)
        os.fchmod(new, mode)
    except OSError:
        os.fchmod(new, mode & 0o600)


def _give_attributes(old: int, new: int) -> None:
    before, inherited = _attributes(old), _attributes(new)
    if _ACL in inherited and _ACL not in before:
        os.removexattr(new, _ACL)  # the folder's default ACL, which may let in more users than the old one did
    for name, value in before.items():
        if inherited.get(name) != value:
            os.setxattr(new, name, value)


def _attributes(fd: int) -> dict[str, bytes]:
    try:
        return {name: os.getxattr(fd, name) for name in os.listxattr(fd)}
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return {}
        raise
