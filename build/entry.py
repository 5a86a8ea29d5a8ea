"""Where the frozen program starts."""

import os
import sys


def start() -> None:
    """Run the program, which ends the process."""
    try:
        from docker_credential_ecrx.__main__ import run

        forget_loader()
        run()
    except Exception as error:
        loss = loss_behind(error)
        if loss is None:
            raise
        line = f"docker-credential-ecrx: a part of the program is {loss}; install it again\n"
        # As docker wants it told, and a person once.
        for stream in (2,) if os.path.sameopenfile(1, 2) else (1, 2):
            os.write(stream, line.encode())
        os._exit(1)


def forget_loader() -> None:
    """Give what the program starts the environment that it was given itself.

    PyInstaller's loader leads to the program's own libraries, and tells a further start of it that this is done.
    A credential_process is another program and has its own, and one that starts this program again starts it anew.
    """
    for name in [name for name in os.environ if name.startswith("_PYI_")]:
        del os.environ[name]
    if sys.platform == "linux":
        path = os.environ.pop("LD_LIBRARY_PATH_ORIG", "")
        os.environ.pop("LD_LIBRARY_PATH", None)
        if path:
            os.environ["LD_LIBRARY_PATH"] = path


def loss_behind(error: Exception) -> str | None:
    """Return which part of the program is missing or damaged, with that word before it, or None."""
    try:
        from docker_credential_ecrx import parts
    except ImportError as missing:  # with all of the package
        return f"missing: {missing.name}"
    return parts.loss_behind(error)


start()
