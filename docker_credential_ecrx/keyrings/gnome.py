"""Whether GNOME Keyring keeps a collection in plain text, as it does if the collection's password is empty.

A desktop that logs in by itself often has one: there the file has the secrets as they are.
gnome-keyring, pkcs11/secret-store/gkm-secret-textual.c and gkm-secret-binary.c
"""

import os

from docker_credential_ecrx.system.paths import xdg_folder

_PLAIN = b"[keyring]"  # an encrypted file begins with "GnomeKeyring\n\r\0\n"
_COLLECTIONS = "/org/freedesktop/secrets/collection/"
_PROGRAM = "gnome-keyring-d"  # gnome-keyring-daemon, of which the kernel keeps 15 letters


def plain_file(collection: str) -> str | None:
    """Return the file of the collection at that D-Bus path if it is in plain text, else None."""
    name = _unescaped(collection.removeprefix(_COLLECTIONS))
    base = xdg_folder("XDG_DATA_HOME", "/.local/share", os.environ)
    path = os.path.join(base, "keyrings", f"{name}.keyring")
    return path if base and name and "/" not in name and _begins_plain(path) else None


def is_daemon(process: int) -> bool:
    """Return whether that process is GNOME Keyring, or may be, since its name cannot be read."""
    try:
        with open(f"/proc/{process}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip() == _PROGRAM
    except OSError:
        return True


def _begins_plain(path: str) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):  # a name may hold a NUL
        return False
    try:
        return os.read(fd, len(_PLAIN)) == _PLAIN
    except OSError:
        return False
    finally:
        os.close(fd)


def _unescaped(name: str) -> str:
    """Return the text that is part of a D-Bus path, in which ``_`` and two digits stand for a byte."""
    head, *rest = name.encode().split(b"_")
    try:
        return os.fsdecode(head + b"".join(bytes.fromhex(part[:2].decode()) + part[2:] for part in rest))
    except ValueError:
        return ""
