"""What is installed where: this program, what it runs on, and every program of its name on PATH."""

import errno
import os
import platform
import stat
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import botocore

from docker_credential_ecrx import __version__
from docker_credential_ecrx.doctor import check_docker
from docker_credential_ecrx.identity import strict_modes
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.system import files, programs

_MOST_LINKS = 40  # as many as Linux follows


def document() -> dict[str, Any]:
    """Return it for JSON; what is not known is None.

    ``on_path`` is in the order in which docker looks for the program, which runs the first one alone.
    Of the others none is run that another user than root may change.
    """
    search = os.environ.get("PATH", "")
    own = programs.own_path(sys.argv[0], search)
    paths = list(dict.fromkeys(programs.candidates(PROGRAM, search)))
    # One of a relative folder is neither run here nor by docker, which fails if it comes first.
    run = [path for path in paths if path.is_absolute() and path != own and (path == paths[0] or _is_trusted(path))]
    with ThreadPoolExecutor(len(run) or 1) as pool:
        versions = dict(zip(run, pool.map(check_docker.version_of, run), strict=True)) | {own: __version__}
    return {
        "version": __version__,
        "path": str(own),
        "installed_as": "frozen" if programs.is_frozen() else "wheel",
        "python": platform.python_version(),
        "platform": {"system": platform.system().lower(), "machine": platform.machine(), "libc": _libc()},
        "packages": {"boto3": _version("boto3"), "botocore": botocore.__version__, "keyring": _version("keyring")},
        "on_path": [{"path": str(path), "version": versions.get(path) or None} for path in paths],
    }


def _is_trusted(path: Path) -> bool:
    """Return whether this user and root alone may change the program, and what its path leads to."""
    if os.name == "nt":
        return True  # where modes say nothing of that
    try:
        return all(_is_safe(place.lstat()) for place in _places(path))
    except (OSError, RuntimeError):  # a loop of links is the one or the other
        return False


def _is_safe(status: os.stat_result) -> bool:
    is_open = not stat.S_ISLNK(status.st_mode) and strict_modes.is_writable_by_others(status)
    return status.st_uid in (0, os.geteuid(), files.outer_root()) and not is_open


def _places(path: Path) -> Iterator[Path]:
    """Yield the program, the links that lead to it one after the other, and the folders above each of them."""
    for _ in range(_MOST_LINKS):
        for form in (path, path.parent.resolve() / path.name):
            yield from (form, *form.parents)
        if not path.is_symlink():
            return
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


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
