"""Prints what commands output and ask; the replies to Docker and kubelet, and click's help, are printed elsewhere.

A command's result goes to stdout, everything else to stderr, with the program's name before it, no capital at the
start and no period at the end.
A sentence is one printable line, as ``third_party.line`` returns it.
In a document, characters that control a terminal are escaped.
Neither contains a secret that the process holds.
Colour is used only on a terminal, and never if NO_COLOR or --no-color is set.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from getpass import getpass
from io import StringIO, TextIOWrapper
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from docker_credential_ecrx import log
from docker_credential_ecrx.cli import layout, palette
from docker_credential_ecrx.cli.progress import Progress
from docker_credential_ecrx.cli.safe_console import SafeConsole
from docker_credential_ecrx.errors import EcrxError, Remedy
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.sanitizer import third_party

for _stream in (sys.stdout, sys.stderr):
    # A path may be any bytes, and the terminal's character set may lack some of a name's characters.
    if isinstance(_stream, TextIOWrapper):
        _stream.reconfigure(errors="backslashreplace")


# A pipe has no width, so lines are not wrapped there.
out = SafeConsole(soft_wrap=True, highlight=False, markup=False, emoji=False)
err = SafeConsole(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
for _console in (out, err):
    palette.apply(_console)
_progress = Progress(err)
_is_quiet = False
_has_groups = False  # whether output has any

_SCHEMA_VERSION = 1  # of all JSON objects


def is_written() -> bool:
    """Return whether stdout has taken all that was printed; if not, a stream keeps it and fails again."""
    try:
        out.file.flush()
    except OSError:
        return False
    return True


def be_quiet() -> None:
    """Print from now on only results, warnings and errors: neither progress nor what a command has done."""
    global _is_quiet  # noqa: PLW0603 - the process has one terminal, as it has one stdout
    _is_quiet = True


def is_quiet() -> bool:
    """Return whether the user wants only results, warnings and errors."""
    return _is_quiet


def use_no_colour() -> None:
    """Print from now on without colours, as NO_COLOR does."""
    out.no_color = err.no_color = True


def say(text: str, style: str = "") -> None:
    """Print a message to stderr; the style is for the program's name, because not every colour is legible."""
    err.print(Text().append(f"{PROGRAM}: ", style).append(_sentence(text)))


def note(text: str) -> None:
    """Print a message that is no warning, unless the user wants only results."""
    if not _is_quiet:
        say(text)


def fail(error: EcrxError) -> None:
    """Print what failed, and how to fix it."""
    say(str(error), "error")


def misuse(error: click.ClickException) -> None:
    """Print what is wrong with a command's arguments, in click's words."""
    said = StringIO()
    error.show(said)
    err.print(Text(said.getvalue()), end="")


def report(text: str) -> None:
    """Print one sentence about what a command has done, unless the user wants only results."""
    if not _is_quiet:
        _print_lines(_wrapped(text))


def report_next(command: str) -> None:
    """Print the command to run next, in one line for copying, unless the user wants only results."""
    if not _is_quiet:
        print_line(f"next: {command}")


def print_line(text: str) -> None:
    """Print one line of the result."""
    out.print(Text(_sentence(text)))


def print_json(document: Mapping[str, Any]) -> None:
    """Print a command's JSON object; ``schema_version`` changes if the meaning of a key changes or one is removed."""
    out.print(json.dumps({"schema_version": _SCHEMA_VERSION, **document}, indent=2))


def heading(text: str) -> None:
    """Print what ``facts`` go under."""
    _print_lines(_wrapped(text), "bold")


def group(name: str) -> None:
    """Print the line that ``finding``s go under, after an empty line unless it is the first."""
    global _has_groups  # noqa: PLW0603 - as above
    if _has_groups:
        out.print()
    _has_groups = True
    heading(name)


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Print a line for each name and value: 80 columns fit a host or an ARN, but the columns of a table would not."""
    rows = [(_sentence(name), _sentence(value)) for name, value in rows]
    indent = max((len(name) for name, _ in rows), default=0) + 4
    for name, value in rows:
        first, *more = layout.after_label(value, indent, _width())
        label = f"  {name:{indent - 4}}  "
        out.print(Text().append(label if first else label.rstrip(), "faint").append(first))
        _print_lines(more)


def finding(name: str, detail: str, remedies: Iterable[Remedy], *, ok: bool | None) -> None:
    """Print a check's result: whether it passed (None if it was skipped), and how to fix it."""
    first, *more = layout.after_label(_sentence(detail), len(name) + 4, _width())
    label_style = "faint" if ok is None else "bold"
    out.print(_sign(ok=ok).append(f" {name}  " if first else f" {name.rstrip()}", label_style).append(first))
    _print_lines(more)
    for remedy in remedies:
        first, *more = layout.remedy(_safe_remedy(remedy), _sentence(str(remedy)), _width())
        out.print(Text(f"  {palette.signs(out.encoding).arrow:2} {first}"))
        _print_lines(more)


def verdict(text: str, *, ok: bool) -> None:
    """Print the line at the end that says whether all is well."""
    if _has_groups:
        out.print()
    first, *more = layout.after_label(_sentence(text), 2, _width())
    out.print(_sign(ok=ok).append(f" {first}", "bold"))
    _print_lines(more)


def _print_lines(lines: Iterable[str], style: str = "") -> None:
    for line in lines:
        out.print(Text(line, style))


def _wrapped(text: str, console: Console | None = None) -> list[str]:
    return layout.after_label(_sentence(text), 0, _width(console))


def _safe_remedy(remedy: Remedy) -> Remedy:
    return Remedy(_sentence(remedy.text), _sentence(remedy.command))


def _width(console: Console | None = None) -> int:
    """Return the terminal's columns; a pipe has none, and its lines are not wrapped."""
    console = console or out
    return console.width if console.is_terminal else sys.maxsize


def _sign(*, ok: bool | None) -> Text:
    return Text().append(palette.signs(out.encoding).of[ok], {True: "good", False: "bad", None: "faint"}[ok])


def can_ask() -> bool:
    """Return whether stdin is a terminal, so that a user can be asked: a pipe's content never answers a question."""
    return sys.stdin is not None and sys.stdin.isatty()


def has_terminal() -> bool:
    """Return whether a user can be asked, and sees the question."""
    return can_ask() and err.is_terminal


def ask_secretly(question: str) -> str:
    """Return what the user types, without showing it, even if stderr is redirected."""
    _progress.hide()
    return getpass(f"{PROGRAM}: {_sentence(question)}: ")


def ask_line(question: str, default: str = "") -> str:
    """Return what the user types without spaces around it; the Enter key alone means ``default``.

    Raises Abort if the user presses Ctrl-C, or if the input ends.
    """
    _progress.hide()
    shown = _wrapped(f"{PROGRAM}: {question}{f' [{default}]' if default else ''}:", err)
    try:
        return str(click.prompt("\n".join(shown), default, show_default=False, prompt_suffix=" ", err=True)).strip()
    except OSError as error:  # the terminal was closed
        raise click.Abort from error


def ask(question: str) -> bool:
    """Return whether the user agrees; the Enter key alone means no."""
    while (typed := ask_line(f"{question} [y/N]").lower()) not in ("", "n", "no", "y", "yes"):
        say("type y or n")
    return typed.startswith("y")


def require_agreement(question: str, *, yes: bool, refused: str = "nothing was deleted") -> None:
    """Ask before something is deleted, unless ``yes`` says that the user agreed or there is no terminal.

    Says ``refused`` and ends the command with exit status 1 if the user does not agree.
    """
    if yes or not has_terminal() or ask(question):
        return
    say(refused)
    raise click.exceptions.Exit(1)


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show ``text`` on a terminal if the block takes longer than a moment, until it ends, unless that is unwanted."""
    if not err.is_terminal or _is_quiet or log.is_debugging():
        yield
        return
    with _progress.shown(Text(_sentence(text))):
        yield


def _sentence(text: str) -> str:
    """Return ``text`` as one printable line, without secrets; wrapping comes later, because it would split a secret."""
    return third_party.line(log.redacted(text))
