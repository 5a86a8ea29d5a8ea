"""A process that holds secrets leaves no core dump, and no other process of the user can read its memory."""

import subprocess
import sys

import pytest

_SHOW = """
import ctypes, resource, sys
{}
from docker_credential_ecrx.system import hardening
hardening.forbid()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.parametrize(
    ("python", "said"),
    [("", "(0, 0) 0\n"), ("sys.modules['_ctypes'] = sys.modules['ctypes'] = None; ctypes_ = ctypes", "(0, 0) 1\n")],
    ids=["as it is", "without ctypes"],
)
@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_limit_and_memory_are_closed(python: str, said: str) -> None:
    """Without ctypes the limit remains."""
    command = [sys.executable, "-c", _SHOW.format(python)]

    assert said == subprocess.run(command, capture_output=True, text=True, check=True).stdout
