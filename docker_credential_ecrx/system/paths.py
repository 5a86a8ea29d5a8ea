"""The folders of a user's files."""

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def xdg_folder(variable: str, default: str, env: "Mapping[str, str]") -> str:
    """Return the folder that ``variable`` names, or else ``default`` in the home folder; empty if there is no home.

    The XDG specification says to ignore a relative path.
    """
    folder = env.get(variable, "")
    return folder if os.path.isabs(folder) else home(default, env)


def home(folder: str, env: "Mapping[str, str]") -> str:
    """Return ``folder`` in the user's home folder, or an empty path if there is no home."""
    base = env["HOME"] if "HOME" in env else os.path.expanduser("~")
    return base.rstrip("/") + folder if os.path.isabs(base) else ""


def exists(path: str) -> bool:
    """Return whether there is a file; there is none in a folder that this user may not search.

    There, ``Path.exists`` fails before Python 3.14.
    """
    return os.path.exists(path)


def has_link(path: str) -> bool:
    """Return whether a symlink is on the path; for a cached get, ``os.path.realpath`` takes three times as long."""
    path += "/"
    end = 0
    try:
        while (end := path.find("/", end + 1)) > 0:
            if stat.S_ISLNK(os.lstat(path[:end]).st_mode):
                return True
    except OSError:
        pass  # there is nothing below what does not exist
    return False


def is_out_of_reach(path: str) -> bool:
    """Return whether ``path`` is in another user's folder that this one may not search, as in /root if HOME names that.

    Whatever is in there is not this user's; a file that cannot be read, or a folder of their own, is another matter.
    """
    found = unsearchable_folder(path)
    return found is not None and not found[1]


def unsearchable_folder(path: str) -> "tuple[str, bool] | None":
    """Return the folder that keeps this user from ``path``, and whether it is their own; None if that is unknown."""
    try:
        folder = os.path.realpath(os.path.dirname(path) or ".")
        while True:
            try:
                status = os.stat(folder)
                break
            except PermissionError:  # the one that contains it is to blame
                folder = os.path.dirname(folder)
        if os.access(folder, os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            return None
    except OSError:
        return None
    return folder, os.name == "nt" or status.st_uid == os.geteuid()
