"""Where a user's files are."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def xdg_folder(variable: str, default: str, environ: "Mapping[str, str]") -> str:
    """Return the folder that ``variable`` names, else ``default`` below the home; an empty path where there is none.

    The XDG specification has a relative path ignored.
    """
    folder = environ.get(variable, "")
    return folder if os.path.isabs(folder) else home(default, environ)


def home(folder: str, environ: "Mapping[str, str]") -> str:
    """Return ``folder`` below the user's home, or an empty path where there is none."""
    base = environ["HOME"] if "HOME" in environ else os.path.expanduser("~")
    return base.rstrip("/") + folder if os.path.isabs(base) else ""
