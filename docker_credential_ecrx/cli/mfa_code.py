"""The MFA code for ``login``: from its option, from standard input, or typed by the user."""

import os
import re
from contextlib import suppress

from docker_credential_ecrx import log
from docker_credential_ecrx.cli import console
from docker_credential_ecrx.errors import ArgumentError, EcrxError
from docker_credential_ecrx.identity.model import Identity

_CODE = re.compile(r"\d{6}", re.ASCII)
_LONGEST_LINE = 64  # bytes, though a code has six digits


def from_option(option: str) -> str:
    """Return the code that ``--mfa-code`` passes, or an empty string if the user is to be asked when AWS requires one.

    Raises EcrxError if it is not a code.
    """
    if not option or (option == "-" and console.can_ask()):
        return ""
    if option == "-":
        return _typed(_first_line())
    code = _checked(option)
    what = "other users can see the MFA code in the list of processes"
    console.say(f"{what}; pass it on standard input: --mfa-code -", "warning")
    return code


def ask(identity: Identity) -> str:
    """Return the code that the user types; raise EcrxError if it is not one."""
    return _typed(console.ask_secretly(f"MFA code for {identity}"))


def _first_line() -> str:
    """Return the first line of standard input, up to the length that matters."""
    line = b""
    with suppress(OSError):  # a folder, or a pipe that does not block
        while len(line) < _LONGEST_LINE and not line.endswith(b"\n") and (byte := os.read(0, 1)):
            line += byte
    return line.decode("ascii", "replace")


def _typed(code: str) -> str:
    try:
        return _checked(code)
    except ArgumentError as error:
        raise EcrxError(error.message, error.remedy) from error  # what is typed is not an argument


def _checked(code: str) -> str:
    code = "".join(code.split())
    if not _CODE.fullmatch(code):
        raise ArgumentError("an MFA code is six digits", "type the number that the device shows")
    log.add_secret(code)
    return code
