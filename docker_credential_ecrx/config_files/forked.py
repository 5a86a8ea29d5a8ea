"""Does a piece of work in a process of its own, so that a kill ends one of two: who is left completes or cleans up.

The work may also act as another user there, as no other thread is in that process.
"""

import json
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.system import installation

_DEFERRED = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]


T = TypeVar("T")


def run(work: Callable[[], T], *cleaning: Callable[[], object]) -> T:
    """Return what ``work`` returns, which JSON can hold, or raise a FileError that tells what it raises.

    If its process is killed, others do the ``cleaning``, each a part, and there is a FileError too.
    If this process is killed, the work is completed nevertheless; other signals wait until it is.
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
        raise FileError(*answer["error"])
    result: T = answer["result"]
    return result


def _forked(work: Callable[[], object]) -> dict[str, Any] | None:
    """Return what ``work`` returned in a process of its own, or its error, or None if that process was killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _answer(work, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        text = file.read()
    with suppress(ChildProcessError):  # a parent that ignores SIGCHLD has it ignored here, too
        os.waitpid(child, 0)
    answer: dict[str, Any] | None = json.loads(text) if text else None
    return answer


def _answer(work: Callable[[], object], writer: int) -> None:
    """Write what ``work`` returns or raises, and end this process: neither its streams nor its hooks are its own."""
    try:
        try:
            answer = {"result": work()}
        except Exception as error:  # noqa: BLE001 - told there, as it would be here
            told = installation.user_facing_error(error, "the edit")
            answer = {"error": [told.message, told.hint]}
        with os.fdopen(writer, "wb") as file:
            file.write(json.dumps(answer).encode())
    finally:
        os._exit(0)
