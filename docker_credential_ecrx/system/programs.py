"""Finds programs in absolute folders of PATH, so that no program is run only because it is in the current folder.

Docker does the same: Go takes the first file of that name, and refuses to run it if its folder is relative.
https://pkg.go.dev/os/exec#hdr-Executables_in_the_current_directory
"""

import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import NamedTuple

from docker_credential_ecrx.system import path_trust

# PATHEXT's on Windows, where shutil.which would search the current folder first.
_SUFFIXES = (".com", ".exe", ".bat", ".cmd") if os.name == "nt" else ("",)
_SECONDS = 10.0  # for a slow disk; a program that tells its version takes less than one


def find(name: str, env: Mapping[str, str]) -> Path | None:
    """Return the path of the program ``name`` in the absolute folders of PATH in ``env``, or None."""
    return next((path for path in candidates(name, env) if path.is_absolute()), None)


def found_by_docker(name: str, env: Mapping[str, str]) -> Path | None:
    """Return the path that Docker finds for the program ``name``, or None; it refuses to run a relative one."""
    return next(candidates(name, env), None)


def is_run_by_docker(name: str, env: Mapping[str, str]) -> bool:
    """Return whether Docker finds the program and runs it: it runs none in a relative folder."""
    found = found_by_docker(name, env)
    return found is not None and found.is_absolute()


def own_path(argv0: str, env: Mapping[str, str]) -> Path:
    """Return the absolute path of this program, which was called as ``argv0``, the first word of its command."""
    if Path(argv0).name != argv0:
        path = Path(argv0).absolute()
        # The .exe that pip makes for a script on Windows runs it without that suffix.
        return path if os.name != "nt" or path.is_file() else path.with_name(f"{path.name}.exe")
    # A bare name was found by the caller in a folder of its PATH, which may be a relative one.
    this = sys.executable if is_frozen() else argv0
    return find(argv0, env) or Path(this).absolute()


def is_frozen() -> bool:
    """Return whether this is the frozen program: its loader sets this, but it leaves out what sets ``sys.frozen``."""
    return hasattr(sys, "_MEIPASS")


class Weakness(NamedTuple):
    """Why a program may be any user's: everybody can write to ``place``, or ``user`` owns it where everybody may."""

    place: Path
    user: int | None = None

    def __str__(self) -> str:
        """Return it as part of a message."""
        if self.user is None:
            return f"every user can write to {self.place}"
        return f"user {self.user} owns {self.place}, in a folder that every user can write to"


def weakness(path: Path) -> Weakness | None:
    """Return what is weak on the way to the program ``path``, or None."""
    if os.name == "nt":
        return None  # the mode does not say it there
    for step in path_trust.steps(str(path)):
        if path_trust.is_writable_by_all(step.status):
            return Weakness(Path(step.path))
        if path_trust.is_planted(step):
            return Weakness(Path(step.path), step.status.st_uid)
    return None


def remove_relative(env: MutableMapping[str, str]) -> None:
    """Remove relative folders from the PATH of ``env``, in which programs are looked up by name."""
    folders = env.get("PATH", "").split(os.pathsep)
    absolute = [folder for folder in folders if Path(folder).is_absolute()]
    if absolute:
        env["PATH"] = os.pathsep.join(absolute)
    else:
        env.pop("PATH", None)  # an empty PATH means the current folder


def environment() -> dict[str, str]:
    """Return this process's environment for a program that it starts."""
    env = dict(os.environ)
    remove_relative(env)
    return env


def output(path: Path, argument: str) -> tuple[bytes, bytes]:
    """Run the program at ``path`` with one argument, which asks for its version or the like; return stdout and stderr.

    Both are empty if it cannot be run, or does not end within 10 seconds.
    """
    import subprocess  # few callers run a program

    try:
        done = subprocess.run(  # noqa: S603 - what Docker runs, or was just run
            [path, argument],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return b"", b""
    return done.stdout, done.stderr


def candidates(name: str, env: Mapping[str, str]) -> Iterator[Path]:
    """Yield the paths of programs called ``name``; an empty folder is the current one, as in a shell."""
    search = env.get("PATH")
    for folder in search.split(os.pathsep) if search else []:
        for suffix in _SUFFIXES:
            path = Path(folder, f"{name}{suffix}")
            if os.path.isfile(path) and os.access(path, os.X_OK):
                yield path
