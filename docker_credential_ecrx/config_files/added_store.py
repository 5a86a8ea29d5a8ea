"""Remembers, in the state folder, which ``credsStore`` ``configure`` added to which config.json.

Docker rewrites that file in its own order and without what it does not know, so no mark in it would last.
Without a state folder nothing is remembered, and ``configure --remove`` then leaves ``credsStore``.
"""

import hashlib
import os
from collections.abc import Mapping

from docker_credential_ecrx import log
from docker_credential_ecrx.system import files, state_folder

_LONGEST = 64  # bytes; the names of Docker's own stores have up to 13


def name(path: str, env: Mapping[str, str]) -> str:
    """Return the name of the store that was added to the file at ``path``, or an empty string."""
    folder = state_folder.opened(env)
    if folder is None:
        return ""
    with folder:
        try:
            fd = files.open_own(folder.at(_mark(path)), dir_fd=folder.fd)
            try:
                return files.read(fd, _LONGEST).decode("ascii", "replace")
            finally:
                os.close(fd)
        except OSError:  # it was not added, or another user's file is there
            return ""


def remember(path: str, added: str, env: Mapping[str, str]) -> None:
    """Write that the store ``added`` was added to the file at ``path``; the caller holds the lock for edits."""
    _replace(path, added, env)


def forget(path: str, env: Mapping[str, str]) -> None:
    """Write that the file at ``path`` has no store that was added; the caller holds the lock for edits."""
    if name(path, env):
        _replace(path, "", env)


def _replace(path: str, added: str, env: Mapping[str, str]) -> None:
    folder = state_folder.opened(env)
    if folder is None:
        return
    with folder:
        try:
            if added:
                files.replace(folder, _mark(path), f"{_mark(path)}.new", added.encode())
            else:
                folder.unlink(_mark(path))
        except OSError as error:
            log.debug(f"cannot write {folder.path}/{_mark(path)}: {error.strerror}")


def _mark(path: str) -> str:
    return f"added-store-{hashlib.sha256(os.path.realpath(path).encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"
