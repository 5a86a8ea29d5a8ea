"""Asks a user for a line, again until it is valid: the number of what was listed, or something else."""

import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from typing import TypeVar

import click

from docker_credential_ecrx.cli import console
from docker_credential_ecrx.errors import EcrxError

_MOST_DIGITS = 4  # of a number in a list; an account has 12
_T = TypeVar("_T")

if isinstance(sys.stdin, TextIOWrapper):
    sys.stdin.reconfigure(errors="replace")  # bytes of another character set are a wrong answer, too


def choose(name: str, form: str, listed: Sequence[str], accept: Callable[[str], _T]) -> _T:
    """Return what ``accept`` returns for the one of ``listed`` whose number is typed, or for another line.

    If that raises EcrxError, what is wrong is printed, and the user is asked again.
    ``name`` says what is asked for, and ``form`` how it is written.
    If only one is listed, the Enter key alone means that one.
    Raises Abort if the user presses Ctrl-C, or if the input ends.
    """
    default = "1" if len(listed) == 1 else ""
    while True:
        try:
            return accept(_chosen(_line(f"{name} ({form})", default), listed))
        except EcrxError as error:
            refuse(name, error)


def refuse(name: str, error: EcrxError) -> None:
    """Print what is wrong with the answer to the question for ``name``."""
    console.finding(name, error.message, [error.remedy] if str(error.remedy) else [], ok=False)


def _chosen(typed: str, listed: Sequence[str]) -> str:
    if not typed:
        raise EcrxError("nothing was typed", "press Ctrl-C to leave everything as it is")
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= _MOST_DIGITS):
        return typed
    if not 1 <= int(typed) <= len(listed):
        raise EcrxError(f"there is no number {typed} in the list")
    return listed[int(typed) - 1]


def _line(question: str, default: str) -> str:
    try:
        return str(click.prompt(question, default=default, show_default=bool(default), err=True)).strip()
    except OSError as error:  # the terminal was closed
        raise click.Abort from error
