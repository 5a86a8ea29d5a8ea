"""Asks a user for a line, again until it is valid: the number of what was listed, or something else."""

import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from typing import TypeVar

from docker_credential_ecrx.cli import console
from docker_credential_ecrx.errors import EcrxError, Remedy

_MOST_DIGITS = 4  # of a number in a list; an account has 12
_T = TypeVar("_T")

if isinstance(sys.stdin, TextIOWrapper):
    sys.stdin.reconfigure(errors="replace")  # bytes of another character set are a wrong answer, too


class RefusedError(EcrxError):
    """A wrong answer, or ``what`` is wrong instead; the Enter key alone answers ``default`` next.

    ``alternative`` is another remedy than the error's.
    """

    def __init__(self, error: EcrxError, default: str, what: str = "", alternative: Remedy | None = None) -> None:
        super().__init__(error.message, error.remedy)
        self.default = default
        self.what = what
        self.alternative = alternative


def choose(name: str, form: str, listed: Sequence[str], accept: Callable[[str], _T], default: str | None = None) -> _T:
    """Return what ``accept`` returns for the one of ``listed`` whose number is typed, or for another line.

    If that raises EcrxError, what is wrong is printed, and the user is asked again.
    ``name`` says what is asked for, and ``form`` how it is written.
    The Enter key alone means ``default``, which may be empty for no answer, until that fails.
    If it is None, the Enter key means the one that is listed if it is the only one.
    Raises Abort if the user presses Ctrl-C, or if the input ends.
    """
    if default is None:
        default = "1" if len(listed) == 1 else ""
    while True:
        typed = console.ask_line(f"{name} ({form})", default)
        try:
            return accept(_chosen(typed, listed))
        except EcrxError as error:
            is_default = typed and default and _listed(typed, listed) == _listed(default, listed)
            default = refuse(name, error) or ("" if is_default else default)


def in_advance(name: str, typed: str | None, accept: Callable[[str], _T]) -> _T | None:
    """Return what ``accept`` returns for an argument, or None if there is none or it is wrong, which is printed."""
    if not typed:
        return None
    try:
        return accept(typed)
    except EcrxError as error:
        refuse(name, error)
        return None


def refuse(name: str, error: EcrxError) -> str:
    """Print what is wrong with the answer to the question for ``name``; return what the Enter key alone answers next.

    The text is empty if the error does not say that.
    """
    remedies = [error.remedy] if str(error.remedy) else []
    if not isinstance(error, RefusedError):
        console.finding(name, error.message, remedies, ok=False)
        return ""
    remedies += [error.alternative] if error.alternative else []
    console.finding(error.what or name, error.message, remedies, ok=False)
    return error.default


def _chosen(typed: str, listed: Sequence[str]) -> str:
    if not typed:
        raise EcrxError("nothing was typed", "press Ctrl-C to leave everything as it is")
    found = _listed(typed, listed)
    if found is None:
        raise EcrxError(f"there is no number {typed} in the list")
    return found


def _listed(typed: str, listed: Sequence[str]) -> str | None:
    """Return the one of ``listed`` whose number is typed, None if there is no such number, or else what is typed."""
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= _MOST_DIGITS):
        return typed
    return listed[int(typed) - 1] if 1 <= int(typed) <= len(listed) else None
