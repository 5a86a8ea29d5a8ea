"""What a command tells a person, and asks: docker's and kubelet's answers do not come here, nor does click's own help.

What was asked for goes to stdout; everything else goes to stderr, with the program's name before it, no capital at its
beginning and no full stop at its end.
A sentence is one printable line, as ``third_party.line`` has it; a document stays as it is but for what a terminal
would obey, which is spelt out; and no secret that the process has is in either.
Colour is for terminals, and NO_COLOR is honoured.
"""

import difflib
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from getpass import getpass
from io import StringIO, TextIOWrapper

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import EcrxError
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.sanitizer import third_party

for _stream in (sys.stdout, sys.stderr):
    # A path may be any bytes, and a terminal's character set may lack what a name has.
    if isinstance(_stream, TextIOWrapper):
        _stream.reconfigure(errors="backslashreplace")


class _SafeConsole(Console):
    """Lets no text through that a terminal would obey, whoever gives it one; colours are not text."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Yield what is written, piece by piece."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=_safe(segment.text))


def _safe(text: str) -> str:
    return third_party.escaped(log.redacted(text))


# Lines stay whole where nobody looks: a pipe has no width.
out = _SafeConsole(soft_wrap=True, highlight=False, markup=False, emoji=False)
err = _SafeConsole(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)

_SIGNS = {True: "✓", False: "✗", None: "–"}  # noqa: RUF001 - a dash
_PROGRAMS = (PROGRAM, "aws", "chmod", "curl", "docker", "export", "getent", "ln")  # that remedies tell to run
_ASCII_SIGNS = {True: "+", False: "x", None: "-"}


def say(text: str, style: str = "") -> None:
    """Tell the person something that is not the answer."""
    err.print(Text(f"{PROGRAM}: ").append(_sentence(text), style))


def fail(error: EcrxError) -> None:
    """Tell what failed, and what mends it."""
    say(str(error), "red")


def misuse(error: click.ClickException) -> None:
    """Tell what is wrong with a command's arguments, in click's words."""
    said = StringIO()
    error.show(said)
    err.print(Text(said.getvalue()), end="")


def tell(text: str) -> None:
    """Print a line that was asked for."""
    out.print(Text(_sentence(text)))


def heading(text: str) -> None:
    """Print the line that ``facts`` go under."""
    out.print(Text(_sentence(text), "bold"))


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and values below each other: lines of 80 columns hold a host or an ARN, a table's columns do not."""
    rows = [(_sentence(name), _sentence(value)) for name, value in rows]
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        room = max(out.width - width - 4, 20) if out.is_terminal else sys.maxsize
        lines = textwrap.wrap(value, room, break_long_words=False, break_on_hyphens=False)
        for number, line in enumerate(lines or [""]):
            out.print(Text(f"  {'' if number else name:{width}}  ", "dim").append(line, "not dim"))


def finding(name: str, detail: str, remedy: str, *, ok: bool | None) -> None:
    """Print a line of what was looked at: whether it is well (None where it was not looked at), and what mends it."""
    style = {True: "green", False: "bold red", None: "dim"}[ok]
    signs = _SIGNS if _has_signs() else _ASCII_SIGNS
    indent = " " * (len(name) + 4)
    room = max(out.width - len(indent), 20) if out.is_terminal else sys.maxsize
    first, *more = textwrap.wrap(_sentence(detail), room, break_on_hyphens=False) or [""]
    words = "dim" if ok is None else ""
    out.print(
        Text().append(signs[ok], style).append(f" {name}  ", "dim" if ok is None else "bold").append(first, words)
    )
    for line in more:
        out.print(Text(f"{indent}{line}", words))
    for one in remedy.splitlines():
        arrow = "→" if signs is _SIGNS else "->"
        for number, line in enumerate(_remedy_lines(_sentence(one), out.width - 5 if out.is_terminal else sys.maxsize)):
            out.print(Text(f"  {'' if number else arrow:2} ").append(line, "yellow"))


def _remedy_lines(remedy: str, room: int) -> list[str]:
    """Return lines of ``room`` columns: words, and a command that runs as it is copied, line ends and all."""
    if len(remedy) <= room:
        return [remedy]
    words, colon, command = remedy.rpartition(": ")
    if command.split(" ")[0] not in _PROGRAMS:
        words, colon, command = remedy, "", ""
    lines = textwrap.wrap(f"{words}{colon}".rstrip(), room, break_long_words=False, break_on_hyphens=False)
    parts = textwrap.wrap(command, room - 4, break_long_words=False, break_on_hyphens=False)
    return [*lines, *(f"{part} \\" for part in parts[:-1]), *parts[-1:]]


def _has_signs() -> bool:
    """Return whether the signs that are not ASCII arrive: where the locale has another character set, they do not."""
    locale = next((value for value in map(os.environ.get, ("LC_ALL", "LC_CTYPE", "LANG")) if value), "UTF-8")
    return out.encoding.startswith("utf") and "utf" in locale.lower()


def can_ask() -> bool:
    """Return whether there is a person who can be asked: never is a question answered by what a pipe holds."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask_secretly(question: str) -> str:
    """Return what the person types, unseen, wherever stderr leads."""
    return getpass(f"{PROGRAM}: {_sentence(question)}: ")


def ask(question: str) -> bool:
    """Return whether the person agrees; just the Enter key does not."""
    return click.confirm(f"{PROGRAM}: {_sentence(question)}", err=True)


def diff(before: str, after: str, old: str, new: str) -> None:
    """Print what turns ``before`` into ``after``, as ``patch`` reads it; ``old`` and ``new`` are the files' names."""
    was, is_now = ([line for line in re.split(r"(?<=\n)", text) if line] for text in (before, after))
    for line in difflib.unified_diff(was, is_now, old, new):
        whole = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        if out.is_terminal:
            out.print(Text(whole, {"+": "green", "-": "red", "@": "cyan"}.get(line[0], "")), end="")
        else:
            out.file.write(_safe(whole))  # where tabs stay tabs


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show ``text`` while something goes on, on a terminal alone."""
    if not err.is_terminal:
        yield
        return
    with err.status(Text(_sentence(text))):
        yield


def _sentence(text: str) -> str:
    """Return ``text`` in one line, before it is wrapped: a secret is found in one piece."""
    return third_party.line(log.redacted(text))
