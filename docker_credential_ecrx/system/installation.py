"""Turns an exception into an error for the user, and checks whether the installation is damaged.

build/finish.py writes the list of the frozen program's files: a size in bytes and a path on each line.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.errors import EcrxError


def user_facing_error(error: Exception, word: str) -> "EcrxError":
    """Return ``error``, which the verb or command ``word`` raised, as an error for the user."""
    from docker_credential_ecrx import log  # here, since one of them may be missing
    from docker_credential_ecrx.errors import EcrxError, RequestError
    from docker_credential_ecrx.system import shortage

    if isinstance(error, RequestError):
        return error
    lacking = None if isinstance(error, EcrxError) else shortage.behind(error)
    if lacking:
        return EcrxError(f"{word} failed: {lacking[0]}", lacking[1])
    damage = damage_behind(error)
    if damage:
        message = f"a part of the program is {damage}"
        remedy = "install it again"
        if isinstance(error, EcrxError):
            return EcrxError(error.message, "; ".join(filter(None, (str(error.remedy), message, remedy))))
        return EcrxError(message, remedy)
    if isinstance(error, EcrxError):
        return error
    log.debug_origin(error)
    name = type(error).__name__
    return EcrxError(f"{word} failed with an unexpected {name}", "report it, with the output of ECRX_LOG=debug")


def damage_behind(error: Exception) -> str | None:
    """Return ``missing: FILE`` or ``damaged: FILE``, or None if the installation is complete.

    Only the frozen program has a list of its files; elsewhere it is the module that cannot be imported.
    """
    damage = _first_damage(getattr(sys, "_MEIPASS", ""))
    return f"missing: {error.name or error}" if damage is None and isinstance(error, ImportError) else damage


def _first_damage(folder: str) -> str | None:
    if not folder:
        return None
    try:
        with open(f"{folder}/parts.txt", encoding="utf-8") as parts:
            for line in parts:
                size, _, path = line.rstrip("\n").partition(" ")
                if not os.path.exists(f"{folder}/{path}"):
                    return f"missing: {path}"
                if os.path.getsize(f"{folder}/{path}") != int(size):
                    return f"damaged: {path}"
    except (OSError, ValueError):
        return "damaged: parts.txt"
    return None
