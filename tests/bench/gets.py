"""The cases of a ``get`` that asks AWS a known number of times."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bench.aws import BUNDLE, DistantEndpoints
from bench.stopwatch import Case
from support.home import HOST, Home

LINK = "docker-credential-ecrx-secondary"
ROLE_CALLS = 2  # AssumeRole and GetAuthorizationToken
_DROP_CACHES = Path("/proc/sys/vm/drop_caches")  # proc_sys_vm(5)


def make_home(folder: Path, program: Path, aws: DistantEndpoints) -> Home:
    """Return a home with a role's profile and the program, which trusts AWS at its names."""
    home = Home(folder, program, aws)
    home.link(LINK)
    home.add_role_profile()
    del home.env["AWS_ENDPOINT_URL"]
    home.env |= {"AWS_CA_BUNDLE": BUNDLE, "ECRX_KEYRING": "kernel"}
    return home


def forgetting(case: Case, home: Home, argv0: str) -> Case:
    """Return ``case`` without anything cached in ``home``, be it this program's or the AWS CLI's."""
    folders = [home.folder / ".local", home.folder / ".aws" / "cli"]

    def forget() -> None:
        erased = home.run("erase", stdin=HOST, argv0=argv0, env=case.env)
        assert erased.status == 0, erased
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)

    return _before(case, forget)


def ecr_login(name: str, program: str, home: Home, stdin: Path, profile: str = "secondary") -> Case:
    """Return a ``get`` of ecr-login in ``home``, which finds nothing cached."""
    env = {"AWS_PROFILE": profile} if (home.folder / ".aws" / "config").exists() else {}
    env |= {name: value for name, value in home.env.items() if not name.startswith("ECRX_")}
    # It never hits with a role, and its cache grows with every get: each run finds none.
    cache = home.folder / ".ecr"
    return Case(name, [program, "get"], env, stdin, lambda: shutil.rmtree(cache, ignore_errors=True), helper_answer)


def ecr_login_cached(name: str, program: str, home: Home, stdin: Path) -> Case:
    """Return a ``get`` of ecr-login with access keys, which finds what a first one, made here, has cached."""
    case = ecr_login(name, program, home, stdin, "base")
    with stdin.open() as request:
        subprocess.run(case.command, stdin=request, env=case.env, check=True, stdout=subprocess.DEVNULL)
    return case._replace(prepare=lambda: None)


def asking(aws: DistantEndpoints, calls: int, case: Case, *, is_far: bool = False) -> Case:
    """Return ``case``, whose check also counts the calls to AWS; if that ``is_far``, each round trip takes time."""
    before = 0

    def prepare() -> None:
        nonlocal before
        aws.set_far(is_far=is_far)
        before = aws.requests

    def check(stdout: str) -> None:
        asked = aws.requests - before
        assert asked == calls, f"{case.name} asked AWS {asked} times, not {calls}"
        case.check(stdout)

    return _before(case, prepare)._replace(check=check)


def from_disk(case: Case) -> Case:
    """Return ``case``, which finds no file in the page cache, as right after a machine has started."""

    def drop() -> None:
        os.sync()
        _DROP_CACHES.write_text("3\n")

    return _before(case, drop)


def _before(case: Case, prepare: Callable[[], None]) -> Case:
    def both() -> None:
        case.prepare()
        prepare()

    return case._replace(prepare=both)


def helper_answer(stdout: str) -> None:
    """Raise AssertionError if a credential helper's answer has no token that is good now."""
    answer = json.loads(stdout)
    assert answer["Username"] == "AWS", f"the user is {answer['Username']}"
    password_line(answer["Secret"])


def password_line(stdout: str) -> None:
    """Raise AssertionError if a line is no token that is good now."""
    assert json.loads(base64.b64decode(stdout.strip()))["expiration"] > time.time(), "the password has expired"
