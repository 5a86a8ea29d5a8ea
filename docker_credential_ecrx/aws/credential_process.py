"""Runs a credential_process for a person: as long as it takes, with its questions shown, and once.

Some ask for a touch, a PIN or a code on stderr (aws-vault#160), and ``get`` can neither show that nor wait.
"""

import subprocess
from contextlib import nullcontext
from functools import partial
from typing import Any

from botocore import credentials

from docker_credential_ecrx.system.deadline import Deadline

_ProcessProvider = credentials.ProcessProvider
# What each command printed, which has secrets; a command that waits for a person must not run for each request.
_printed: dict[tuple[str, ...], bytes] = {}


def wait_for_person(deadline: Deadline | None) -> None:
    """Make the sessions of botocore that are opened from now on run programs like this; ``deadline`` stops for them."""
    provider: Any = partial(_ProcessProvider, popen=partial(_Process, deadline))
    credentials.ProcessProvider = provider  # type: ignore[misc] # botocore's builder of chains uses that name


class _Process:
    """A process that has ended, as ``subprocess.Popen`` has it; its stderr went to this program's."""

    def __init__(self, deadline: Deadline | None, command: list[str], **_: object) -> None:
        key = tuple(command)
        self.returncode = 0
        if key not in _printed:
            with nullcontext() if deadline is None else deadline.stopped():
                done = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603 - the user's own
            self.returncode = done.returncode
            if done.returncode == 0:
                _printed[key] = done.stdout
        self._stdout = _printed.get(key, b"")

    def communicate(self) -> tuple[bytes, bytes]:
        """Return what the process printed."""
        return self._stdout, b""
