"""Runs work in a child process, so that if one of the two processes is killed, the other completes it or cleans up.

The work may also act as another user there, since that process has no other thread.
"""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from docker_credential_ecrx.errors import FileError, Remedy
from docker_credential_ecrx.system import installation

_DEFERRED = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]


T = TypeVar("T")


def run(work: Callable[[], T], *cleaning: Callable[[], object]) -> T:
    """Return what ``work`` returns, which must be JSON, or raise its error as a FileError.

    If its process is killed, other processes run each of ``cleaning``, and FileError is raised too.
    If this process is killed, the work is completed nevertheless; other signals wait until then.
    """
    if not hasattr(os, "fork"):
        return work()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _DEFERRED)
    try:
        answer = _forked(work)
        if answer is None:
            for clean in cleaning:
                _forked(clean)
            raise FileError("the process that edits the files was killed", "run the command again")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if "error" in answer:
        message, text, command = answer["error"]
        raise FileError(message, Remedy(text, command))
    result: T = answer["result"]
    return result


def _forked(work: Callable[[], object]) -> dict[str, Any] | None:
    """Return the result or the error of ``work`` in a child process, or None if that was killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _answer(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        text = file.read()
    with suppress(ChildProcessError):  # this process inherits SIGCHLD's setting, which may be to ignore it
        os.waitpid(child, 0)
    answer: dict[str, Any] | None = json.loads(text) if text else None
    return answer


def _answer(work: Callable[[], object], writer: int) -> None:
    """Write what ``work`` returns or raises, and end this process without its parent's streams and exit hooks."""
    try:
        try:
            answer = {"result": work()}
        except Exception as error:  # noqa: BLE001 - the parent reports it
            shown = installation.user_facing_error(error, "the edit")
            answer = {"error": [shown.message, shown.remedy.text, shown.remedy.command]}
        with os.fdopen(writer, "wb") as file:
            file.write(json.dumps(answer).encode())
    finally:
        os._exit(0)
