"""Daemons of the tests' own: started, waited for, and ended."""

import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_POLL_SECONDS = 0.02
_START_SECONDS = 120.0
_END_SECONDS = 20.0


@contextmanager
def running(command: Sequence[str | Path], env: Mapping[str, str], log: Path, ready: str) -> Iterator[re.Match[str]]:
    """Run a daemon; yield the match of ``ready`` in what it logs, once it is there."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        yield _logged(process, log, ready)
    finally:
        process.terminate()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _logged(process: subprocess.Popen[bytes], log: Path, ready: str) -> re.Match[str]:
    pause, deadline = threading.Event(), time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(ready, log.read_text(errors="replace"))
        if found:
            return found
        pause.wait(_POLL_SECONDS)
    message = f"{process.args!r} is not ready: {log.read_text(errors='replace')[-2000:]}"
    raise AssertionError(message)
