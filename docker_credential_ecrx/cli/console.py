"""Prints what commands output and ask; the replies to Docker and kubelet, and click's help, are printed elsewhere.

A command's result goes to stdout, everything else to stderr, with the program's name before it, no capital at the
start and no period at the end.
A sentence is one printable line, as ``third_party.line`` returns it.
In a document, characters that control a terminal are escaped.
Neither contains a secret that the process holds.
Colour is used only on a terminal, and never if NO_COLOR is set.
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
from docker_credential_ecrx.errors import EcrxError, Remedy
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.sanitizer import third_party

for _stream in (sys.stdout, sys.stderr):
    # A path may be any bytes, and the terminal's character set may lack some of a name's characters.
    if isinstance(_stream, TextIOWrapper):
        _stream.reconfigure(errors="backslashreplace")


class _SafeConsole(Console):
    """A console that escapes control characters in text; its own colours stay."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Yield the escaped segments."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=_safe(segment.text))


def _safe(text: str) -> str:
    return third_party.escaped(log.redacted(text))


# A pipe has no width, so lines are not wrapped there.
out = _SafeConsole(soft_wrap=True, highlight=False, markup=False, emoji=False)
err = _SafeConsole(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)

_SIGNS = {True: "✓", False: "✗", None: "–"}  # noqa: RUF001 - a dash
_ASCII_SIGNS = {True: "+", False: "x", None: "-"}


def say(text: str, style: str = "") -> None:
    """Print a message to stderr."""
    err.print(Text(f"{PROGRAM}: ").append(_sentence(text), style))


def fail(error: EcrxError) -> None:
    """Print what failed, and how to fix it."""
    say(str(error), "red")


def misuse(error: click.ClickException) -> None:
    """Print what is wrong with a command's arguments, in click's words."""
    said = StringIO()
    error.show(said)
    err.print(Text(said.getvalue()), end="")


def print_line(text: str) -> None:
    """Print one line of the result."""
    out.print(Text(_sentence(text)))


def heading(text: str) -> None:
    """Print the line that ``facts`` go under."""
    out.print(Text(_sentence(text), "bold"))


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Print a line for each name and value: 80 columns fit a host or an ARN, but the columns of a table would not."""
    rows = [(_sentence(name), _sentence(value)) for name, value in rows]
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        width_left = max(out.width - width - 4, 20) if out.is_terminal else sys.maxsize
        lines = textwrap.wrap(value, width_left, break_long_words=False, break_on_hyphens=False)
        for number, line in enumerate(lines or [""]):
            out.print(Text(f"  {'' if number else name:{width}}  ", "dim").append(line, "not dim"))


def finding(name: str, detail: str, remedies: Iterable[Remedy], *, ok: bool | None) -> None:
    """Print a check's result: whether it passed (None if it was skipped), and how to fix it."""
    style = {True: "green", False: "bold red", None: "dim"}[ok]
    signs = _SIGNS if _has_signs() else _ASCII_SIGNS
    indent = " " * (len(name) + 4)
    width_left = max(out.width - len(indent), 20) if out.is_terminal else sys.maxsize
    first, *more = textwrap.wrap(_sentence(detail), width_left, break_on_hyphens=False) or [""]
    detail_style = "dim" if ok is None else ""
    out.print(
        Text()
        .append(signs[ok], style)
        .append(f" {name}  ", "dim" if ok is None else "bold")
        .append(first, detail_style)
    )
    for line in more:
        out.print(Text(f"{indent}{line}", detail_style))
    arrow = "→" if signs is _SIGNS else "->"
    for remedy in remedies:
        for number, line in enumerate(_remedy_lines(remedy, out.width - 5 if out.is_terminal else sys.maxsize)):
            out.print(Text(f"  {'' if number else arrow:2} ").append(line, "yellow"))


def _remedy_lines(remedy: Remedy, width: int) -> list[str]:
    """Return lines of up to ``width`` columns: the text, and the command so that it runs when it is copied."""
    whole = _sentence(str(remedy))
    if len(whole) <= width:
        return [whole]
    text = _sentence(f"{remedy.text}:" if remedy.text and remedy.command else remedy.text)
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    parts = textwrap.wrap(_sentence(remedy.command), width - 4, break_long_words=False, break_on_hyphens=False)
    return [*lines, *(f"{part} \\" for part in parts[:-1]), *parts[-1:]]


def _has_signs() -> bool:
    """Return whether the locale's character set has the signs that are not ASCII."""
    locale = next((value for value in map(os.environ.get, ("LC_ALL", "LC_CTYPE", "LANG")) if value), "UTF-8")
    return out.encoding.startswith("utf") and "utf" in locale.lower()


def can_ask() -> bool:
    """Return whether stdin is a terminal, so that a user can be asked: a pipe's content never answers a question."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask_secretly(question: str) -> str:
    """Return what the user types, without showing it, even if stderr is redirected."""
    return getpass(f"{PROGRAM}: {_sentence(question)}: ")


def ask(question: str) -> bool:
    """Return whether the user agrees; the Enter key alone means no."""
    return click.confirm(f"{PROGRAM}: {_sentence(question)}", err=True)


def diff(before: str, after: str, old: str, new: str) -> None:
    """Print the unified diff from ``before`` to ``after``; ``old`` and ``new`` are the names of the files."""
    was, is_now = ([line for line in re.split(r"(?<=\n)", text) if line] for text in (before, after))
    for line in difflib.unified_diff(was, is_now, old, new):
        whole = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        if out.is_terminal:
            out.print(Text(whole, {"+": "green", "-": "red", "@": "cyan"}.get(line[0], "")), end="")
        else:
            out.file.write(_safe(whole))  # rich would expand tabs


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show ``text`` until the block ends, if stderr is a terminal."""
    if not err.is_terminal:
        yield
        return
    with err.status(Text(_sentence(text))):
        yield


def _sentence(text: str) -> str:
    """Return ``text`` as one printable line, without secrets; wrapping comes later, because it would split a secret."""
    return third_party.line(log.redacted(text))
