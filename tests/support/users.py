"""Ordinary users that no other test has, so that their kernel keyrings and the quota of these are empty; by root alone.

Runs of the tests beside each other have keyrings of their own (tests/apart.py), but no users of their own: a user's
quota is one, /proc/keys lists the keys of all of them, and ``forget --all`` in a user namespace deletes these.
"""

import itertools
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import need
from support.home import Home

# Above what /etc/subuid gives away; the runs of two containers of a machine may have the same process ID.
_numbers = itertools.count(1_000_000_000 + secrets.randbelow(1_000_000) * 1000)
# Deletes all keys of a user, who may have no room for a session's keyring, which keyctl would need.
_CLEAR = """\
from contextlib import suppress
from docker_credential_ecrx.keyrings.keyctl import USER_KEYRING
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
keyring = KernelKeyring()
with suppress(OSError):  # there is none
    for key in keyring.keys.members(USER_KEYRING):
        keyring.keys.unlink(key, USER_KEYRING)
if keyring.ring != USER_KEYRING:
    keyring.keys.invalidate(keyring.ring)
"""


def ordinary_number() -> int:
    """Return the ID of an ordinary user."""
    if os.getuid() != 0:
        need.missing("root, to be another user,")
    return next(_numbers)


def prefix_of(number: int) -> list[str]:
    """Return the beginning of a command that this user runs."""
    return [need.command("setpriv"), f"--reuid={number}", f"--regid={number}", "--clear-groups"]


def plant(home: Home, name: str, script: str) -> Path:
    """Return a program of user 1000 in a sticky folder that is first on PATH, as a user's who may write to /tmp."""
    if os.getuid() != 0:
        need.missing("root, to be another user,")
    path = home.folder / "sticky" / name
    path.parent.mkdir()
    path.parent.chmod(0o1777)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    os.chown(path, 1000, 1000)
    home.env["PATH"] = f"{path.parent}:{home.env['PATH']}"
    return path


@contextmanager
def another_user(number: int | None = None) -> Iterator[list[str]]:
    """Yield the beginning of a command that an ordinary user runs, who may read what root may, as the tests' files."""
    user = prefix_of(ordinary_number() if number is None else number)
    user += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    try:
        yield user
    finally:
        subprocess.run([*user, sys.executable, "-c", _CLEAR], check=True)
