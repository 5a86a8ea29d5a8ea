"""Lines on stderr: warnings always, what the program did under ECRX_LOG=debug; never a secret."""

import os

from docker_credential_ecrx.errors import one_line


def warn(text: str) -> None:
    """Tell the user in one line, which clients show or log but do not parse."""
    _write(f"docker-credential-ecrx: {one_line(text)}\n")


def debug(text: str) -> None:
    """Tell what was done, where the user asked for it."""
    if is_debugging():
        _write(f"docker-credential-ecrx: debug: {one_line(text)}\n")


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


def _write(line: str) -> None:
    try:
        os.write(2, line.encode("utf-8", "replace"))
    except OSError:
        pass  # a closed stderr is no reason to fail
