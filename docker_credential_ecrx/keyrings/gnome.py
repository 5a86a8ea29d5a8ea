"""Finds out whether GNOME Keyring stores a collection in plain text, as it does if the collection's password is empty.

A desktop that logs in automatically often has such a collection.
gnome-keyring, pkcs11/secret-store/gkm-secret-textual.c and gkm-secret-binary.c
"""

import os

from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.keyrings.session_bus import unescaped
from docker_credential_ecrx.system.paths import home, xdg_folder

_PLAIN = b"[keyring]"  # an encrypted file begins with "GnomeKeyring\n\r\0\n"
_COLLECTIONS = "/org/freedesktop/secrets/collection/"
_IN_MEMORY = "session"  # this collection has no file
_DATA = "/.local/share"
_PROGRAM = "gnome-keyring-d"  # gnome-keyring-daemon: the kernel truncates the name to 15 characters


def plain_file(collection: str, process: int) -> str | None:
    """Return the file of the collection at that D-Bus path if it is, or may be, in plain text, else None.

    ``process`` is the service's; None if that is not GNOME Keyring.
    """
    program = _name_of(process)
    try:
        name = unescaped(collection.removeprefix(_COLLECTIONS), "_")
    except ValueError:
        return None
    if program not in ("", _PROGRAM) or not name or "/" in name:
        return None
    paths = [os.path.join(base, "keyrings", f"{name}.keyring") for base in _data_folders(process) if base]
    found = {path: is_plain for path in paths if (is_plain := _begins_plain(path)) is not None}
    if not found and program and name != _IN_MEMORY:
        return next(iter(paths), None)
    return next((path for path in found if found[path]), None)


def _name_of(process: int) -> str:
    """Return the name of a process, or an empty text if it cannot be read."""
    try:
        with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _data_folders(process: int) -> list[str]:
    """Return the folder of the daemon's data, by its environment; if that cannot be read, those that it may have."""
    try:
        with open(f"/proc/{process}/environ", "rb") as file:
            pairs = (os.fsdecode(pair).partition("=") for pair in file.read().split(b"\0"))
            env = {name: value for name, _, value in pairs}
        if env.get("HOME"):
            return [xdg_folder("XDG_DATA_HOME", _DATA, env)]
    except OSError:
        pass
    return [xdg_folder("XDG_DATA_HOME", _DATA, os.environ), home(_DATA, os.environ)]


def not_encrypted(file: str) -> KeyringError:
    """Return the error for a keyring's ``file`` that is in plain text."""
    remedy = "set a password in Passwords and Keys (seahorse), or set ECRX_KEYRING=kernel for tokens"
    if not os.path.exists(file):
        return KeyringError(
            f"{file} cannot be found, so GNOME Keyring may store it elsewhere and not encrypted", remedy
        )
    return KeyringError(f"{file} is not encrypted, because the password of that keyring is empty", remedy)


def _begins_plain(path: str) -> bool | None:
    """Return whether the file is one of GNOME Keyring's in plain text, or None if it is not there."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):  # a name may contain a NUL
        return None
    try:
        return os.read(fd, len(_PLAIN)) == _PLAIN
    except OSError:
        return None
    finally:
        os.close(fd)
