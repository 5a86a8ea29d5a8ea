"""The parts that the JSON objects of several commands have: their texts are as safe as the lines for people."""

from datetime import UTC, datetime
from typing import Any

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import EcrxError, Remedy
from docker_credential_ecrx.sanitizer import third_party


def text(value: str | None) -> str | None:
    """Return the value as one printable line without secrets, or None if it is empty."""
    return third_party.line(log.redacted(value)) if value else None


def time(moment: float | None) -> str | None:
    """Return a time in seconds since 1970 in the format of RFC 3339."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def problem(detail: str, remedy: Remedy) -> dict[str, Any]:
    """Return what is wrong, what to do in words, and the shell command in that, if there is one."""
    command = text(remedy.command)
    return {"detail": text(detail) or "", "remedy": text(str(remedy)) or "", "command": [command] if command else []}


def error(failure: EcrxError) -> dict[str, Any]:
    """Return what failed."""
    return problem(failure.message, failure.remedy)
