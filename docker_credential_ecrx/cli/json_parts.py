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


def problem(message: str, remedy: Remedy) -> dict[str, Any]:
    """Return what is wrong, what to do in words, and the shell command in that, or None if there is none."""
    return {"message": text(message), "remedy": text(str(remedy)), "command": text(remedy.command)}


def error(failure: EcrxError | None) -> dict[str, Any] | None:
    """Return what failed, or None if nothing did."""
    return None if failure is None else problem(failure.message, failure.remedy)
