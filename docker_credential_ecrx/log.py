"""Writes lines to stderr: warnings, and with ECRX_LOG=debug what the program does; never a secret.

Code that reads a secret registers it with ``add_secret``; every line passes through ``redacted``.
"""

import os

_LONGEST = 2000  # characters; a client that never reads stderr blocks the program after 64 KiB
_secrets: list[str] = []


def add_secret(secret: str | None) -> None:
    """Redact ``secret``, unless it is None or empty, in every line that is written from now on."""
    if secret and isinstance(secret, str):  # a response may have anything in its place
        _secrets.append(secret)


def redacted(text: str) -> str:
    """Return ``text`` with "[secret]" instead of every registered secret."""
    if not _secrets:
        return text
    from docker_credential_ecrx.sanitizer import redaction  # a cached get that writes no line does not need it

    return redaction.redacted(text, _secrets)


def warn(text: str) -> None:
    """Write a warning for the user: clients show or log it, and do not parse it."""
    _write("", text)


def debug(text: str) -> None:
    """Write what the program does, if the user has set ECRX_LOG=debug."""
    if is_debugging():
        _write("debug: ", text)


def is_debugging() -> bool:
    """Return whether the user has set ECRX_LOG=debug."""
    return os.environ.get("ECRX_LOG", "").lower() == "debug"


def debug_origin(error: BaseException) -> None:
    """Write the file names and line numbers of the traceback: the message and the frames may contain a secret."""
    frame, places = error.__traceback__, []
    while frame is not None:
        places.append(f"{os.path.basename(frame.tb_frame.f_code.co_filename)}:{frame.tb_lineno}")
        frame = frame.tb_next
    debug(f"{type(error).__name__} at {' > '.join(places)}")


def _write(level: str, text: str) -> None:
    from docker_credential_ecrx.sanitizer import third_party

    line = f"docker-credential-ecrx: {level}{third_party.line(redacted(text), _LONGEST)}\n"
    try:
        os.write(2, line.encode("utf-8", "replace"))
    except OSError:
        pass  # the program works without stderr
