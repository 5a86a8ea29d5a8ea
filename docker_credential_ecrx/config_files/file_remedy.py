"""What fixes a failure to read or write one of the user's files."""

import errno
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from docker_credential_ecrx.errors import Remedy
from docker_credential_ecrx.system import shell

# The variable that names another file, or its folder, by the file's name.
_VARIABLES = {"config.json": "DOCKER_CONFIG", "auth.json": "REGISTRY_AUTH_FILE", "config.toml": "ECRX_CONFIG"}
# The variables that lead to a file, and its path below what they name.
_LEADING = (
    *(("ECRX_CONFIG", ""), ("REGISTRY_AUTH_FILE", ""), ("DOCKER_CONFIG", "/config.json")),
    *(("XDG_CONFIG_HOME", "/ecrx/config.toml"), ("XDG_CONFIG_HOME", "/containers/auth.json")),
    ("XDG_RUNTIME_DIR", "/containers/auth.json"),
)
_DENIED = (errno.EACCES, errno.EPERM)
# Whether os.access can check the rights of the user as which this process acts.
EFFECTIVE = os.access in os.supports_effective_ids


def leading_variable(asked: str, env: Mapping[str, str]) -> str:
    """Return the variable that leads to the file ``asked``, if it is not there; empty if none does."""
    if os.path.exists(asked):
        return ""
    for variable, below in _LEADING:
        if env.get(variable) and os.path.normpath(env[variable] + below) == os.path.normpath(asked):
            return variable
    home = env.get("HOME", "")
    return "HOME" if home and not os.path.exists(home) and Path(home) in Path(asked).parents else ""


def remedy(error: OSError, path: str, asked: str) -> Remedy:
    """Return what fixes ``error``; ``path`` is what ``asked``, the path that the user knows, leads to."""
    try:
        existing = [place for place in (Path(path), *Path(path).absolute().parents) if os.path.exists(place)]
    except FileNotFoundError:
        return Remedy("the current folder is deleted: change to another one", "cd")
    place = existing[0]
    # If root acts as another user, who may swap the file, root must not be told to change its mode or owner.
    if sys.platform == "win32" or os.getuid() != os.geteuid():
        return _look_at(place) if error.errno in _DENIED else _look_at(place, "look at it")
    return _of_another_file(error, place, asked) or _of_access(error, place, path, asked)


def _of_another_file(error: OSError, place: Path, asked: str) -> Remedy | None:
    """Return what to use instead of a file that cannot be replaced where it is; None for an error of another kind."""
    if error.errno == errno.ENOTDIR:
        return _without_file(Path(asked).absolute())
    if error.errno == errno.ELOOP:
        return _without_loop(Path(asked).absolute())
    if error.errno == errno.EBUSY:
        return _use_copy(asked, "it is a mount point, which cannot be replaced: mount its folder instead")
    if error.errno in (*_DENIED, errno.EROFS):
        is_read_only = bool(os.statvfs(place).f_flag & os.ST_RDONLY)
        if os.path.islink(asked):
            return replace_link(asked, os.path.realpath(asked))
        if is_read_only:
            return _use_copy(asked, "its file system is mounted read-only: mount it writable")
    return None


def _of_access(error: OSError, place: Path, path: str, asked: str) -> Remedy:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Remedy("make room on its file system", f"df -h {shlex.quote(str(place))}")
    if error.errno not in _DENIED:
        return _look_at(place, "look at it")
    found = _change_access(place, path)
    variable = leading_variable(asked, os.environ)
    if variable not in ("", "HOME") and found.text == _look_at(place).text:
        return Remedy("name a folder in which you can write, or use the default", shell.unset(variable))
    return found


def _without_file(asked: Path) -> Remedy | None:
    """Return what to do about something else than a folder on the path."""
    for place in reversed(asked.parents):
        if os.path.exists(place) and not place.is_dir():
            variable = leading_variable(str(asked), os.environ)
            if variable == "DOCKER_CONFIG" and place.name == asked.name:
                what = f"DOCKER_CONFIG names the file {place}, not its folder"
                return Remedy(what, shell.export("DOCKER_CONFIG", place.parent))
            what = f"{place} is a file where a folder belongs"
            if variable not in ("", "HOME"):
                return Remedy(what, shell.unset(variable))
            if Path.home() not in place.parents:
                return Remedy(f"{what}: set HOME to your home folder")
            return Remedy(f"{what}: move it away", f"mv {shlex.quote(str(place))} {shlex.quote(_free_name(place))}")
    return None


def _free_name(place: Path) -> str:
    """Return a path next to ``place`` at which there is nothing."""
    name = f"{place}.old"
    while os.path.lexists(name):
        name += ".old"
    return name


def _without_loop(asked: Path) -> Remedy | None:
    """Return how to delete the symlink on the path that leads back to itself."""
    for place in (*reversed(asked.parents), asked):
        try:
            place.stat()
        except OSError as error:
            if error.errno == errno.ELOOP and place.is_symlink():
                what = f"{place} is a symlink that leads back to itself: delete it"
                return Remedy(what, f"rm {shlex.quote(str(place))}")
            break
    return None


def replace_link(asked: str, target: str) -> Remedy:
    """Return how to replace a symlink by a copy of its target that can be edited."""
    link = shlex.quote(asked)
    return Remedy(
        "change it where it is managed, or replace the symlink with a copy",
        f"cp --remove-destination {shlex.quote(target)} {link} && chmod u+w {link}",
    )


def _use_copy(asked: str, instead: str) -> Remedy:
    """Return how to use a copy of the file in this shell."""
    variable = _VARIABLES.get(Path(asked).name)
    if variable is None:
        return Remedy(instead)
    end = "" if variable == "DOCKER_CONFIG" else f"/{Path(asked).name}"
    copy = f'"${variable}"' if end else f'"${variable}/{Path(asked).name}"'
    command = f"export {variable}=$(mktemp -d){end}"
    if os.path.exists(asked):
        command += f" && cp {shlex.quote(asked)} {copy} && chmod u+w {copy}"
    return Remedy(f"{instead}, or use a copy in this shell", command)


def _change_access(place: Path, path: str) -> Remedy:
    user = os.geteuid()
    for folder in _roots_folders(place, user):  # what sudo docker login leaves
        return Remedy("change its owner", f"sudo chown -R {user} {shlex.quote(str(folder))}")
    if str(place) == path and _may(place, os.R_OK | os.W_OK):
        place = place.absolute().parent
    status = place.stat()
    if status.st_uid == user:
        mode = f"u+{'rw' if place.is_file() else 'rwx'}"
        return Remedy("change its permissions", f"chmod {mode} {shlex.quote(str(place))}")
    if place.is_file() and status.st_nlink == 1:
        return Remedy("change its owner", f"sudo chown {user} {shlex.quote(str(place))}")
    return _look_at(place)


def _roots_folders(place: Path, user: int) -> Iterator[Path]:
    """Yield the folder of root's in a folder of the user's that ``place`` is in, if there is one."""
    for folder in (place, *place.absolute().parents):
        with suppress(OSError):
            if user != 0 and folder.is_dir() and (folder.stat().st_uid, folder.parent.stat().st_uid) == (0, user):
                yield folder


def _look_at(place: Path, why: str = "check its permissions") -> Remedy:
    return Remedy(why, shell.show_access(place))


def _may(path: Path, mode: int) -> bool:
    """Return whether the path's mode and its file system permit the access; the mode applies to root too."""
    return bool(path.stat().st_mode & 0o222) and os.access(path, mode, effective_ids=EFFECTIVE)
