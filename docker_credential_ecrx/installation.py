"""What is installed where: this program, what it runs on, and every program of its name on PATH."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import botocore

from docker_credential_ecrx import __version__, programs
from docker_credential_ecrx.diagnosis import client_side
from docker_credential_ecrx.settings import PROGRAM


def document() -> dict[str, Any]:
    """Return it for JSON; what is not known is None.

    ``on_path`` is in the order in which docker looks for the program, which runs the first one alone.
    """
    search = os.environ.get("PATH", "")
    own = programs.own_path(sys.argv[0], search)
    paths = dict.fromkeys(programs.candidates(PROGRAM, search))
    return {
        "version": __version__,
        "path": str(own),
        "installed_as": "frozen" if programs.is_frozen() else "wheel",
        "python": platform.python_version(),
        "platform": {"system": platform.system().lower(), "machine": platform.machine(), "libc": _libc()},
        "packages": {"boto3": _version("boto3"), "botocore": botocore.__version__, "keyring": _version("keyring")},
        "on_path": [
            # One of a relative folder is neither run here nor by docker, which fails if it comes first.
            {"path": str(path), "version": client_side.version_of(path) or None if path.is_absolute() else None}
            for path in paths
        ],
    }


def _libc() -> str | None:
    """Return the C library: glibc with its version, musl, or None on a system with one of its own."""
    if sys.platform != "linux":
        return None
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")  # as "glibc 2.36"
    except (OSError, ValueError):  # musl has no such name
        return "musl"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
