"""A part that is missing skips a test, and fails it where nothing may be skipped."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip the test because ``what`` is missing; under CI=true, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing, and under CI=true nothing may be skipped")
    pytest.skip(f"{what} is missing")


def command(name: str) -> str:
    """Return the path of a command that the test needs."""
    path = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    return path or missing(name)


def static_busybox() -> str:
    """Return the path of a busybox that runs where there is no C library."""
    path = command("busybox")
    # Its program headers name no interpreter, which is the C library's loader.
    if b"/ld-" in Path(path).read_bytes()[:4096]:
        missing("a static busybox (Debian: apt install busybox-static)")
    return path


def program() -> Path:
    """Return the frozen program, or the wheel's command where there is none: for tests to which both are one."""
    paths = (os.environ.get(f"ECRX_TEST_{form}", "") for form in ("FROZEN", "WHEEL"))
    found = next((Path(path) for path in paths if path and Path(path).exists()), None)
    return found or missing("the program (tests/run)")
