"""Finds out whether GNOME Keyring stores a collection in plain text, as it does if the collection's password is empty.

A desktop that logs in automatically often has such a collection.
gnome-keyring, pkcs11/secret-store/gkm-secret-textual.c and gkm-secret-binary.c
"""

import os

from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.keyrings.session_bus import unescaped
from docker_credential_ecrx.system.paths import xdg_folder

_PLAIN = b"[keyring]"  # an encrypted file begins with "GnomeKeyring\n\r\0\n"
_COLLECTIONS = "/org/freedesktop/secrets/collection/"
_PROGRAM = "gnome-keyring-d"  # gnome-keyring-daemon: the kernel truncates the name to 15 characters


def plain_file(collection: str) -> str | None:
    """Return the file of the collection at that D-Bus path if it is in plain text, else None."""
    try:
        name = unescaped(collection.removeprefix(_COLLECTIONS), "_")
    except ValueError:
        return None
    base = xdg_folder("XDG_DATA_HOME", "/.local/share", os.environ)
    path = os.path.join(base, "keyrings", f"{name}.keyring")
    return path if base and name and "/" not in name and _begins_plain(path) else None


def is_daemon(process: int) -> bool:
    """Return whether that process is GNOME Keyring; True also if its name cannot be read."""
    try:
        with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip() == _PROGRAM
    except OSError:
        return True


def not_encrypted(file: str) -> KeyringError:
    """Return the error for a keyring's ``file`` that is in plain text."""
    message = f"{file} is not encrypted, because the password of that keyring is empty"
    return KeyringError(
        message, "set a password in Passwords and Keys (seahorse), or set ECRX_KEYRING=kernel for tokens"
    )


def _begins_plain(path: str) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):  # a name may contain a NUL
        return False
    try:
        return os.read(fd, len(_PLAIN)) == _PLAIN
    except OSError:
        return False
    finally:
        os.close(fd)
