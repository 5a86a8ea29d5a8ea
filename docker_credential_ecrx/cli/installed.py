"""Reports what is installed: this program, its platform and packages, and every program of its name on PATH."""

import os
import platform
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import botocore

from docker_credential_ecrx import __version__
from docker_credential_ecrx.doctor import check_docker
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.system import path_trust, programs


def document() -> dict[str, Any]:
    """Return the JSON object; a value that is unknown is None.

    ``on_path`` is in the order in which Docker looks for the program, each once; Docker uses only the first.
    Any other is run for its version only if no user but this one and root can write to it.
    Docker's is run too, unless another user put it into a folder such as /tmp.
    """
    own = programs.own_path(sys.argv[0], os.environ)
    found: dict[Path, Path] = {}
    for path in programs.candidates(PROGRAM, os.environ):
        found.setdefault(_place(path), path)
    paths = list(found.values())
    own_on_path = found.get(_place(own))
    # A program in a relative folder is not run: Docker also refuses to run it, and fails if it comes first.
    absolute = [path for path in paths if path.is_absolute() and path != own_on_path]
    run = [path for path in absolute if _is_trusted(path) or (path == paths[0] and not _is_planted(path))]
    with ThreadPoolExecutor(len(run) or 1) as pool:
        versions = dict(zip(run, pool.map(check_docker.version_of, run), strict=True)) | {own_on_path: __version__}
    return {
        "version": __version__,
        "path": str(own),
        "installed_as": "frozen" if programs.is_frozen() else "wheel",
        "commit": _commit(),
        "python": platform.python_version(),
        "openssl": ssl.OPENSSL_VERSION,
        "platform": {"system": platform.system().lower(), "machine": platform.machine(), "libc": _libc()},
        "packages": {"boto3": _version("boto3"), "botocore": botocore.__version__, "keyring": _version("keyring")},
        "on_path": [{"path": str(path), "version": versions.get(path) or None} for path in paths],
    }


def _place(path: Path) -> Path:
    """Return the path without links to folders: /bin may be one to /usr/bin."""
    return Path(os.path.realpath(path.parent), path.name) if path.is_absolute() else path


def _commit() -> str | None:
    """Return the commit that the program was built from; ``-modified`` after it says that the checkout was not clean.

    build/build.sh and build/commit_hook.py write it, if they run in a git repository.
    """
    folder = getattr(sys, "_MEIPASS", "") or Path(__file__).parents[1]
    try:
        return Path(folder, "commit.txt").read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def _is_trusted(path: Path) -> bool:
    """Return whether only this user and root can write to the program, and to everything on its path."""
    if os.name == "nt":
        return True  # its modes do not say
    try:
        return all(path_trust.is_safe(step.status) for step in path_trust.steps(str(path)))
    except OSError:
        return False


def _is_planted(path: Path) -> bool:
    """Return whether another user put the program where every user may."""
    weakness = programs.weakness(path)
    return weakness is not None and weakness.user is not None


def _libc() -> str | None:
    """Return the C library: glibc with its version, or musl; None on a system other than Linux."""
    if sys.platform != "linux":
        return None
    try:
        return os.confstr("CS_GNU_LIBC_VERSION")  # such as "glibc 2.36"
    except (OSError, ValueError):  # musl does not have this name
        return "musl"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
