"""Refuses a configuration file that another user can change, with the command that fixes it.

A cached get imports this only if another user owns the file or its folder, its group or others can write to it, this
user cannot read it, or a symlink leads to it.
"""

import os
import stat

from docker_credential_ecrx.errors import Remedy, SettingsError
from docker_credential_ecrx.system import files, path_trust
from docker_credential_ecrx.system.paths import unsearchable_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def require(path: str, status: os.stat_result, env: "Mapping[str, str]") -> None:
    """Raise SettingsError if another user owns the file or folder ``path``, or can write to it."""
    if not _is_owner_trusted(status, env):
        message = f"the configuration file is not used, because another user owns {path}"
        if os.geteuid() == 0:  # sudo may keep HOME
            raise SettingsError(message, "run the command without sudo, or set ECRX_CONFIG to a file that root owns")
        itself = "-h " if stat.S_ISLNK(status.st_mode) else ""
        own = f"sudo chown {itself}{os.geteuid()} {_quoted(path)}"
        raise SettingsError(message, Remedy("set ECRX_CONFIG to a file of your own, or change the owner", own))
    if path_trust.is_writable_by_others(status):
        raise SettingsError(
            f"the configuration file is not used, because other users can write to {path}",
            Remedy("remove their access", f"chmod go-w {_quoted(path)}"),
        )


def require_links(path: str, env: "Mapping[str, str]") -> None:
    """Raise SettingsError if another user can change a symlink on the path, or the folder of one or of the file."""
    for place, status in path_trust.places(path):
        require(place, status, env)


def unreadable(path: str, error: OSError | ValueError, *, is_missing: bool) -> SettingsError:
    """Return the failure to read the configuration file; ``path`` may be its content instead."""
    from docker_credential_ecrx.sanitizer import user_paths  # a cached get with a file that it can read needs none

    folder, is_own = unsearchable_folder(path) or ("", False)
    remedy = Remedy("fix the file or its permissions")
    if is_own:
        remedy = Remedy("let yourself search its folder", f"chmod u+x {_quoted(folder)}")
    path = user_paths.shown(path)
    if is_missing:
        return SettingsError(
            f"the configuration file {path} from ECRX_CONFIG does not exist", "create it, or unset ECRX_CONFIG"
        )
    reason = (error.strerror if isinstance(error, OSError) else None) or "it is not UTF-8 text"
    return SettingsError(f"cannot read the configuration file {path}: {reason}", remedy)


def _is_owner_trusted(status: os.stat_result, env: "Mapping[str, str]") -> bool:
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


def _quoted(path: str) -> str:
    import shlex  # a symlink that is safe does not need it

    return shlex.quote(path)
