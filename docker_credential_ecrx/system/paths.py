"""Where a user's files are."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def xdg_folder(variable: str, default: str, env: "Mapping[str, str]") -> str:
    """Return the folder that ``variable`` names, else ``default`` below the home; an empty path where there is none.

    The XDG specification has a relative path ignored.
    """
    folder = env.get(variable, "")
    return folder if os.path.isabs(folder) else home(default, env)


def home(folder: str, env: "Mapping[str, str]") -> str:
    """Return ``folder`` below the user's home, or an empty path where there is none."""
    base = env["HOME"] if "HOME" in env else os.path.expanduser("~")
    return base.rstrip("/") + folder if os.path.isabs(base) else ""
