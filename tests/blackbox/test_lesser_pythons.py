"""A Python without one of the private C modules gets the same token, from the same item of the keyring."""

import subprocess
import sys

import pytest

from support.home import HOST, Home, Result

# What a Python built without libffi lacks, and Red Hat's in FIPS mode.
_RUN = """
import hashlib, logging, sys
sys.modules[sys.argv[1]] = None
sys.argv = ["docker-credential-ecrx-secondary", "get"]
from docker_credential_ecrx.__main__ import run
run()
"""


@pytest.mark.parametrize("module", ["_ctypes", "_blake2", "_json"])
def test_get_without_a_private_module(home: Home, secret_service: dict[str, str], module: str) -> None:
    """Both a first and a cached get work, and a full Python reads the token that the lesser one stored.

    A Python without BLAKE2 hashes item names differently, so it has tokens of its own.
    """
    home.add_role_profile()
    env = home.env | secret_service | {"ECRX_KEYRING": "secret-service"}

    def get() -> Result:
        command = [sys.executable, "-c", _RUN, module]
        done = subprocess.run(command, input=HOST.encode(), env=env, capture_output=True, timeout=60, check=False)
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    first, cached = get(), get()

    assert ("", "") == (first.stderr, cached.stderr)
    assert first.secret == cached.secret
    assert 1 == home.aws.count("GetAuthorizationToken")
    assert (module != "_blake2") == (home.get(env=env).secret == first.secret)
