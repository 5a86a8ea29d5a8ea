"""Lines on stderr: warnings always, what the program did under ECRX_LOG=debug; never a secret.

Whoever gets to know a secret says so with ``add_secret``; whatever else is written passes ``redacted``.
"""

import os

_LONGEST = 2000  # characters; clients that never read stderr hang at 64 KiB
_secrets: list[str] = []


def add_secret(secret: str | None) -> None:
    """Have ``secret``, if it is one, in nothing that is written from now on but in the answer that it is for."""
    if secret:
        _secrets.append(secret)


def redacted(text: str) -> str:
    """Return ``text`` with "[secret]" in the place of every secret that the process has."""
    if not _secrets:
        return text
    from docker_credential_ecrx.sanitizer import redaction  # a cached get that says nothing needs none of it

    return redaction.redacted(text, _secrets)


def warn(text: str) -> None:
    """Tell the user in one line, which clients show or log but do not parse."""
    _write("", text)


def debug(text: str) -> None:
    """Tell what was done, where the user asked for it."""
    if is_debugging():
        _write("debug: ", text)


def is_debugging() -> bool:
    """Return whether the user asked to be told what is done."""
    return os.environ.get("ECRX_LOG", "").lower() == "debug"


def debug_origin(error: BaseException) -> None:
    """Tell where ``error`` was raised, in places alone: its message and the frames may hold a secret."""
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
        pass  # a closed stderr is no reason to fail
