"""Remarks of a command: each is printed to stderr when it is made, and is in the JSON object at the end."""

from typing import Any

from docker_credential_ecrx.cli import console, json_parts
from docker_credential_ecrx.errors import Remedy

_made: list[dict[str, Any]] = []  # by this process, which runs one command


def warn(detail: str, remedy: Remedy | None = None, *, prefix: str = "") -> None:
    """Make a remark that is a warning; what is printed begins with ``prefix``."""
    _make(detail, remedy, is_warning=True)
    console.say(f"{prefix}{_sentence(detail, remedy)}", "warning")


def say(detail: str) -> None:
    """Make a remark that is no warning."""
    _make(detail, None, is_warning=False)
    console.say(detail)


def note(detail: str, remedy: Remedy | None = None) -> None:
    """Make a remark that is no warning, and is not printed if the user wants only results."""
    _make(detail, remedy, is_warning=False)
    console.note(_sentence(detail, remedy))


def document() -> list[dict[str, Any]]:
    """Return all remarks for a JSON object."""
    return _made


def _make(detail: str, remedy: Remedy | None, *, is_warning: bool) -> None:
    _made.append(json_parts.problem(detail, remedy or Remedy()) | {"warning": is_warning})


def _sentence(detail: str, remedy: Remedy | None) -> str:
    return "; ".join(filter(None, (detail, str(remedy or ""))))
