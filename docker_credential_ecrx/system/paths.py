"""The folders of a user's files."""

import os

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
