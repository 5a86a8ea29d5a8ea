"""The programs that are measured, each in a home where it has what it needs and answers what it should."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import bars
from bench.aws import BUNDLE, DistantEndpoints
from bench.stopwatch import Case
from support import need
from support.home import HOST, Home

_LINK = "docker-credential-ecrx-secondary"
_LATENCY_SECONDS = 0.04
_ROLE_CALLS = 2  # AssumeRole and GetAuthorizationToken
_SERVER, _USER, _SECRET = "https://registry.example", "user", "s" * 2400


class Programs:
    """The programs at work: those that hit, which have a token, and those that are cold, which never have one.

    AWS gets its users when this is made, and is asked for the first time by ``hits`` and ``cold``.
    """

    def __init__(self, folder: Path, program: Path, awscli: Path, aws: DistantEndpoints) -> None:
        self._folder = folder
        self._awscli = awscli
        self._aws = aws
        self._linked, self._mapped, self._cold = (_home(folder / name, program, aws) for name in ("l", "m", "c"))
        self._mapped.configure('[[registry]]\nmatch = "111111111111.dkr.ecr.*.amazonaws.com"\nprofile = "secondary"\n')
        self._host = self._file("host", HOST)

    def hits(self, bus: Mapping[str, str]) -> list[Case]:
        """Return the cached gets, and what they are measured beside; ``bus`` leads to a Secret Service."""
        ours = [
            self._cached(bars.HIT, self._linked, _LINK, {}),
            self._cached(bars.HIT_MAPPED, self._mapped, "docker-credential-ecrx", {}),
            self._cached(bars.HIT_SECRET_SERVICE, self._linked, _LINK, {"ECRX_KEYRING": "secret-service", **bus}),
        ]
        python = self._case(bars.PYTHON, ["/usr/bin/python3", "-I", "-S", "-c", "pass"], {}, _nothing)
        theirs = [self._ecr_login(bars.ECR_LOGIN, 0.0), self._ecr_login(bars.ECR_LOGIN_LATE, _LATENCY_SECONDS)]
        return [*ours, *theirs, self._secretservice(bus), python]

    def counted(self) -> Case:
        """Return the hit whose instructions are counted.

        valgrind calls an executed program by its path, where a link's name is lost, so the environment has the profile.
        """
        return self._cached(bars.COUNTED, self._linked, "docker-credential-ecrx", {"AWS_PROFILE": "secondary"})

    def cold(self) -> list[Case]:
        """Return the get that finds nothing cached, and the command of AWS's own, which caches a role's session."""
        home = self._cold
        folders = [home.folder / ".local", home.folder / ".aws" / "cli"]

        def forget() -> None:
            erased = home.run("erase", stdin=HOST, argv0=_LINK)
            assert erased.status == 0, erased
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)

        command = [str(self._awscli), "ecr", "get-login-password", "--region", "us-east-1"]
        cases = [
            self._case(bars.COLD, [str(home.bin / _LINK), "get"], home.env, _helper_answer),
            self._case(bars.AWSCLI, command, home.env | {"AWS_PROFILE": "secondary"}, _password_line),
        ]
        return [self._asking(_ROLE_CALLS, case._replace(prepare=forget)) for case in cases]

    def _cached(self, name: str, home: Home, argv0: str, env: Mapping[str, str]) -> Case:
        first = home.run("get", stdin=HOST, argv0=argv0, env=env)
        assert first.status == 0, first
        case = self._case(name, [str(home.bin / argv0), "get"], home.env | dict(env), _helper_answer)
        return self._asking(0, case)

    def _ecr_login(self, name: str, latency: float) -> Case:
        home = self._linked
        env = {"HOME": str(home.folder), "PATH": home.env["PATH"], "AWS_PROFILE": "secondary"}
        case = self._case(name, [need.command("docker-credential-ecr-login"), "get"], env, _helper_answer)
        # It never hits with a role, and its cache grows with every get: each run finds none.
        cache = home.folder / ".ecr"
        case = case._replace(prepare=lambda: shutil.rmtree(cache, ignore_errors=True))
        return self._asking(_ROLE_CALLS, case, latency)

    def _secretservice(self, bus: Mapping[str, str]) -> Case:
        program = need.command("docker-credential-secretservice")
        env = {"HOME": str(self._folder), "PATH": os.defpath, **bus}
        credentials = json.dumps({"ServerURL": _SERVER, "Username": _USER, "Secret": _SECRET})
        subprocess.run([program, "store"], input=credentials, text=True, env=env, check=True)
        case = self._case(bars.SECRETSERVICE, [program, "get"], env, _stored)
        return case._replace(stdin=self._file("server", _SERVER))

    def _case(self, name: str, command: list[str], env: Mapping[str, str], check: Callable[[str], None]) -> Case:
        return Case(name, command, env, self._host, lambda: None, check)

    def _asking(self, calls: int, case: Case, latency: float = 0.0) -> Case:
        """Return ``case``, whose check also counts the calls to AWS, each of which takes ``latency`` seconds."""
        aws, before = self._aws, 0

        def prepare() -> None:
            nonlocal before
            case.prepare()
            aws.set_latency(latency)
            before = aws.requests

        def check(stdout: str) -> None:
            asked = aws.requests - before
            assert asked == calls, f"{case.name} asked AWS {asked} times, not {calls}"
            case.check(stdout)

        return case._replace(prepare=prepare, check=check)

    def _file(self, name: str, content: str) -> Path:
        path = self._folder / name
        path.write_text(content)
        return path


def _home(folder: Path, program: Path, aws: DistantEndpoints) -> Home:
    home = Home(folder, program, aws)
    home.link(_LINK)
    home.add_role_profile()
    del home.env["AWS_ENDPOINT_URL"]
    home.env |= {"AWS_CA_BUNDLE": BUNDLE, "ECRX_KEYRING": "kernel"}
    return home


def _helper_answer(stdout: str) -> None:
    answer = json.loads(stdout)
    assert answer["Username"] == "AWS", f"the user is {answer['Username']}"
    _password_line(answer["Secret"])


def _password_line(stdout: str) -> None:
    assert json.loads(base64.b64decode(stdout.strip()))["expiration"] > time.time(), "the password has expired"


def _stored(stdout: str) -> None:
    assert json.loads(stdout)["Secret"] == _SECRET, "the secret is not the one that was stored"


def _nothing(stdout: str) -> None:
    assert stdout == "", f"it says {stdout}"
