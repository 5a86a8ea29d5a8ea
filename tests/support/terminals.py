"""A terminal, of 80 columns if nothing else is said, with a program on it, and a person who answers its questions."""

import os
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from support import need

if sys.platform != "win32":
    import fcntl
    import pty
    import termios

COLUMNS, ROWS = 80, 24
INTERRUPT, END = "\x03", "\x04"  # Ctrl-C and Ctrl-D
CLOSED = "closed"
_SECONDS, _MOMENT = 60.0, 0.2


def run(
    arguments: Sequence[str | Path],
    env: Mapping[str, str],
    answers: Sequence[tuple[str, str | Callable[[], None]]] = (),
    cwd: Path | None = None,
    columns: int = COLUMNS,
) -> tuple[int, str]:
    """Run a program on a terminal; return its exit status and all that the terminal was sent.

    Each of ``answers`` is typed once its question is on the screen; CLOSED closes the terminal instead, and a function
    is called instead.
    """
    person, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("4H", ROWS, columns, 0, 0))
    # setsid makes it the program's controlling terminal, /dev/tty.
    program = subprocess.Popen(
        [need.command("setsid"), "--ctty", *arguments],
        stdin=screen,
        stdout=screen,
        stderr=screen,
        env={"TERM": "xterm"} | dict(env),
        cwd=cwd,
    )
    os.close(screen)
    seen = ""
    try:
        for question, answer in answers:
            seen += _read_until(person, question)
            if callable(answer):
                answer()
                continue
            if answer == CLOSED:
                os.close(person)
                person = -1
                return program.wait(_SECONDS), seen.replace("\r\n", "\n")
            if answer == INTERRUPT:
                time.sleep(_MOMENT)  # no person presses it before the program reads, when Python misses the signal
            os.write(person, answer.encode(errors="surrogateescape"))
        seen += _read_until(person, None)
        return program.wait(_SECONDS), seen.replace("\r\n", "\n")
    finally:
        program.kill()
        program.wait()
        if person >= 0:
            os.close(person)


def _read_until(person: int, text: str | None) -> str:
    """Return what comes until ``text`` is there, on however many lines, or until the program ends."""
    seen, deadline = b"", time.monotonic() + _SECONDS
    while text is None or text.encode() not in seen.replace(b"\r\n", b" "):
        ready, _, _ = select.select([person], [], [], deadline - time.monotonic())
        assert ready, f"nothing more came after {seen!r}"
        try:
            part = os.read(person, 4096)
        except OSError:  # the program's end, in Linux's words
            part = b""
        if not part:
            assert text is None, f"the program ended after {seen!r}"
            break
        seen += part
    return seen.decode(errors="backslashreplace")
