"""HOME, and a folder of PATH, of another user: a container that runs as one still has those of root (kubectl#1200)."""

import os
import subprocess
from pathlib import Path

import pytest

from support import need, users
from support.forms import in_one_form
from support.home import HOST, Home, Result

pytestmark = in_one_form

# By which root enters every folder.
_CAPABILITIES = "-dac_override,-dac_read_search"


@pytest.fixture
def home(home: Home, tmp_path: Path) -> Home:
    """Return a home that its user may not search, except for Docker's and podman's files, which are elsewhere."""
    number = users.ordinary_number()
    home.add_default_keys()
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, number, number)
    home.env |= {"HOME": str(theirs), "DOCKER_CONFIG": str(tmp_path), "REGISTRY_AUTH_FILE": f"{tmp_path}/auth.json"}
    home.env["AWS_SHARED_CREDENTIALS_FILE"] = f"{home.folder}/.aws/credentials"
    home.env["PATH"] = f"{theirs}/bin{os.pathsep}{home.bin}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return home


def _run(home: Home, *arguments: str) -> Result:
    without = [need.command("setpriv"), f"--bounding-set={_CAPABILITIES}", f"--inh-caps={_CAPABILITIES}"]
    command = [*(without if os.getuid() == 0 else ()), home.program, *arguments]
    done = subprocess.run(command, env=home.env, capture_output=True, text=True, timeout=60, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "command", [["status"], ["status", "--json"], ["version", "--json"], ["which", HOST]], ids=" ".join
)
def test_has_no_file_of_the_users(home: Home, command: list[str]) -> None:
    done = _run(home, *command)

    assert 0 == done.status, done.stderr


@pytest.mark.parametrize("options", [[], ["--podman"], ["--dry-run"], ["--json"]], ids=" ".join)
def test_does_not_stop_configure(home: Home, options: list[str]) -> None:
    done = _run(home, "configure", HOST, *options)

    assert 0 == done.status, done.stderr


def test_does_not_stop_the_checks_of_doctor(home: Home) -> None:
    said = _run(home, "doctor", HOST).stdout

    assert f"program          {home.bin}/docker-credential-ecrx" in said
    assert "unexpected" not in said
