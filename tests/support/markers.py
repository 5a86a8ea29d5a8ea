"""A marker that stands for a secret, and characters that a terminal obeys: planted in what others say, then looked for.

``Watch`` runs the program in a home and finds both nowhere: not in what it says, in no file that it made or changed
and in no process's arguments.
"""

import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from support.home import HOST, Home, Result
from support.secrets import shifts_of

# As long as no name is, with no word in it, like every secret of AWS's.
WORD = "Tq3v9XbK7mZr2LwYc8NfHs4dJpGu6AeVtRo1Ui5Qx0BnSkMyDzWhEjCaFl7g3P9z"
# What XML may hold: C1, bidirectional controls, what has no width, line separators, private use.
ODD = "odd\x85\x9b2J\u202e\u2066\u200f\u061c\u200b\u2028\u2029\ue000end"
# What JSON and files may hold beside that.
ODDER = f"odder\x1b]0;title\x07\x1b[2J\r\nforged: line\x7f\b{ODD}"
BOTH = f"{ODDER} {WORD}"
# Words that a person may choose as a password, and that no sanitizer can tell from others.
WORDS = "correct-horse-battery-staple"
_PIECE = 16
_POLL_SECONDS = 0.005


def has_marker(text: bytes, marker: str = WORD) -> bool:
    """Return whether ``text`` has a piece of the marker: in either case, with anything between, or in base64."""
    plain = _letters(text)
    word = _letters(marker.encode())
    pieces = [word[at : at + _PIECE] for at in range(len(word) - _PIECE + 1)]
    encoded = [form[:_PIECE] for form in shifts_of(marker.encode())]
    return any(piece in plain for piece in pieces) or any(form in text for form in encoded)


def _letters(text: bytes) -> bytes:
    return re.sub(rb"[^a-z0-9]", b"", text.lower())


def odd_characters(text: str) -> list[str]:
    """Return the characters in ``text`` that are for a terminal and not for a person."""
    return sorted({ascii(c) for c in text if not c.isprintable() and c not in "\n\t"})


class Watch:
    """Runs the program in ``home``, and looks for the marker in what it says and does."""

    def __init__(self, home: Home, marker: str = WORD) -> None:
        self.home = home
        self._marker = marker
        self._said: dict[str, str] = {}
        self._arguments: set[bytes] = set()
        self._before = _files(home.folder)

    def run(self, *arguments: str, stdin: str = "", argv0: str = "docker-credential-ecrx") -> Result:
        """Run the program once, with all that it can say."""
        found = self.home.run(*arguments, stdin=stdin, argv0=argv0, env={"ECRX_LOG": "debug"})
        self._said[" ".join([*arguments, str(len(self._said))])] = _without_what_is_given(found.stdout) + found.stderr
        return found

    def get(self, host: str = HOST) -> Result:
        """Ask for a host's credentials as the profile ``secondary``."""
        return self.run("get", stdin=host, argv0="docker-credential-ecrx-secondary")

    def run_all(self, *lines: str) -> Self:
        """Run the program by each of ``lines``; those that follow each other with ``&`` between them at once."""
        with self._looking():
            for line in lines:
                with ThreadPoolExecutor() as pool:
                    list(pool.map(self._typed, line.split(" & ")))
        return self

    def said(self, *beginnings: str) -> list[str]:
        """Return what was said by the lines that begin so."""
        return [said for line, said in self._said.items() if line.startswith(beginnings or "")]

    def _typed(self, line: str) -> Result:
        return self.get() if line == "get" else self.run(*line.split())

    def check(self, *, shown: bool = False) -> None:
        """Assert that it is nowhere; where the marker is ``shown`` rightfully, look for odd characters alone."""
        odd = {line: (odd_characters(said), said) for line, said in self._said.items() if odd_characters(said)}
        assert not odd, odd
        if shown:
            return
        told = {line: said for line, said in self._said.items() if has_marker(said.encode(), self._marker)}
        assert not told, told
        arguments = [arguments for arguments in self._arguments if has_marker(arguments, self._marker)]
        assert not arguments, arguments
        after = _files(self.home.folder)
        new = {path: content for path, content in after.items() if content != self._before.get(path)}
        left = {path: content for path, content in new.items() if has_marker(content, self._marker)}
        assert not left, left

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """Note the arguments of all processes meanwhile."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(_POLL_SECONDS):
                for process in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - as the next
                    with suppress(OSError), open(f"/proc/{process}/cmdline", "rb") as file:  # noqa: PTH123 - time
                        self._arguments.add(file.read())

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _files(folder: Path) -> Mapping[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}


def _without_what_is_given(said: str) -> str:
    """Return what is said without the password that a client asked for."""
    with suppress(ValueError):
        answer = json.loads(said)
        if isinstance(answer, dict) and not {"Secret", "auth"}.isdisjoint(answer):
            return json.dumps({key: value for key, value in answer.items() if key not in {"Secret", "auth"}})
    return said
