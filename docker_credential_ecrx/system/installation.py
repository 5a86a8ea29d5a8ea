"""Tells of a failure, and whether a part of the frozen program is missing, which may be why.

build/finish.py writes the list of the parts: on each line a size in bytes and a path.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docker_credential_ecrx.errors import EcrxError


def user_facing_error(error: Exception, word: str) -> "EcrxError":
    """Return ``error``, which the verb or command ``word`` met, as a user is told of it."""
    from docker_credential_ecrx import log  # here, since they may be what is missing
    from docker_credential_ecrx.errors import EcrxError, RequestError

    if isinstance(error, RequestError):
        return error
    loss = damage_behind(error)
    if loss:
        message = f"a part of the program is {loss}"
        hint = "install it again"
        if isinstance(error, EcrxError):
            return EcrxError(error.message, "; ".join(part for part in (error.hint, message, hint) if part))
        return EcrxError(message, hint)
    if isinstance(error, EcrxError):
        return error
    log.debug_origin(error)
    message = f"{word} met an unexpected {type(error).__name__}"
    return EcrxError(message, "see what ECRX_LOG=debug says, and report it")


def damage_behind(error: Exception) -> str | None:
    """Return which part of the program is missing or damaged, with that word before it, or None.

    Only the frozen program knows its parts; elsewhere that is the module that cannot be imported.
    """
    loss = _first_loss(getattr(sys, "_MEIPASS", ""))
    return f"missing: {error.name or error}" if loss is None and isinstance(error, ImportError) else loss


def _first_loss(folder: str) -> str | None:
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
