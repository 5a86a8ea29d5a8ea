"""No program is run because it is in the current folder, whatever PATH and the configuration say."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support import aws_parts, terminals
from support.forms import in_one_form
from support.home import HOST, SECONDARY, Home

pytestmark = in_one_form

_HELPER = "docker-credential-ecrx"
# The programs that the program starts, and those that these may start.
_NAMES = (
    *("aws", _HELPER, f"{_HELPER}-secondary", "ecrx", "docker", "keys", "python", "python3", "sh", "env", "id"),
    *("readlink", "dirname", "ls", "true", "false"),
)
# Ways in which PATH may name the current folder, or one in it: first, last, and alone.
_WITH_OTHERS = [":{bin}:/usr/bin:/bin", "sub:{bin}:/usr/bin:/bin:."]
_ALONE = ["."]


@pytest.fixture(params=_WITH_OTHERS + _ALONE)
def trap(request: pytest.FixtureRequest, home: Home) -> Path:
    """Return a folder with programs that leave a trace, and that PATH names relative to it."""
    folder = home.folder / "trap"
    for place in (folder, folder / "sub"):
        place.mkdir()
        for name in _NAMES:
            (place / name).write_text(f'#!/bin/sh\necho "$0" "$@" >>{folder}/trace\n')
            (place / name).chmod(0o755)
    home.env["PATH"] = request.param.format(bin=home.bin)
    home.env["AWS_PROFILE"] = "secondary"
    (home.folder / ".docker").mkdir()
    (home.folder / ".docker" / "config.json").write_text(json.dumps({"credHelpers": {HOST: "ecrx"}}))
    return folder


def _trace(trap: Path) -> str:
    """Return which of the planted programs ran."""
    trace = trap / "trace"
    return trace.read_text() if trace.exists() else ""


@pytest.mark.parametrize(
    "command",
    [
        ("get",),
        ("login", HOST),
        ("doctor", HOST),
        ("policy", "show", "app"),
        ("configure", HOST),
        ("status",),
        ("demo",),
    ],
    ids=lambda command: command[0],
)
def test_runs_no_program_there(home: Home, trap: Path, command: tuple[str, ...]) -> None:
    """Neither the helper's own name nor a credential_process without a folder leads to the current folder."""
    home.add_profile("secondary", credential_process="keys --all", region="us-east-1")

    home.run(*command, stdin=HOST if command == ("get",) else "", cwd=trap)

    assert "" == _trace(trap)


@pytest.mark.parametrize("trap", [*_WITH_OTHERS, *_ALONE, ""], indirect=True)
def test_launcher_of_the_wheel_runs_none_there(home: Home, trap: Path) -> None:
    """The launcher is what install.sh writes; it finds Python beside the file that symlinks lead to."""
    install = (Path(__file__).parents[2] / "install.sh").read_text()
    found = re.search(r"/docker-credential-ecrx\" <<'END'\n(.*?\n)END\n", install, re.DOTALL)
    assert found is not None
    (home.folder / "env" / "bin").mkdir(parents=True)
    texts = {_HELPER: found[1], "bin/python": f'#!/bin/sh\nexec {sys.executable} "$@"\n'}
    for name, text in texts.items():
        (home.folder / "env" / name).write_text(text)
        (home.folder / "env" / name).chmod(0o755)
    link = home.folder / "a link"
    link.symlink_to(f"env/{_HELPER}")

    done = subprocess.run([link, "version"], env=home.env, cwd=trap, capture_output=True, text=True, check=False)

    assert (0, "", "") == (done.returncode, done.stderr, _trace(trap))
    assert done.stdout.startswith(f"{_HELPER} ")


@pytest.mark.parametrize("trap", _ALONE, indirect=True)
def test_ignores_helper_there(home: Home, trap: Path) -> None:
    """Configure says that the helper is not on PATH: Docker does not run it there either."""
    home.add_profile("secondary", region="us-east-1")

    said = home.run("configure", HOST, "--profile", "secondary", cwd=trap).stderr

    assert f"{_HELPER} is not on PATH; add its folder: export PATH={home.bin}:$PATH" in said


@pytest.mark.parametrize("trap", _WITH_OTHERS, indirect=True)
def test_runs_credential_process_elsewhere(home: Home, trap: Path) -> None:
    """A program in an absolute folder is run even if the current folder comes first on PATH."""
    keys = home.aws.add_user(SECONDARY, "base")
    answer = {"Version": 1, "AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
    (home.bin / "give-keys").write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    (home.bin / "give-keys").chmod(0o755)
    home.add_profile("secondary", credential_process="give-keys --all")

    found = home.run("get", stdin=HOST, cwd=trap)

    assert (found.secret in home.aws.issued, _trace(trap)) == (True, "")


def test_runs_no_aws_command_there(home: Home, trap: Path) -> None:
    """Neither the AWS CLI nor what it starts is run: a script has its interpreter looked up on PATH."""
    home.add_profile("secondary", sso_session="corp", sso_account_id=SECONDARY, sso_role_name="puller")
    with (home.folder / ".aws" / "config").open("a") as file:
        file.write("[sso-session corp]\nsso_start_url = https://corp\nsso_region = eu-west-1\n")
    aws_parts.sign_in_to_sso(home.folder, "corp", "bearer", aws_parts.EARLIER)
    (home.bin / "aws").write_text("#!/usr/bin/env sh\nexit 3\n")
    (home.bin / "aws").chmod(0o755)
    is_found = str(home.bin) in home.env["PATH"]
    line = f"cd {trap} && exec {shlex.quote(str(home.program))} login {HOST}"

    status, seen = terminals.run(["/bin/sh", "-c", line], home.env, [("[y/N]: ", "y\n")] if is_found else [])

    assert (1, "") == (status, _trace(trap)), seen
    assert is_found == (f"run {home.bin}/aws sso login --profile secondary?" in " ".join(seen.split("\n")))
