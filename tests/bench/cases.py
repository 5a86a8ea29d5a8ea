"""The programs that are measured, each in a home where it has what it needs and answers what it should."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from bench import bars, gets
from bench.aws import DistantEndpoints
from bench.bars import COLD_DISK, FAR, NEAR
from bench.gets import LINK
from bench.homes import Homes
from bench.stopwatch import Case
from support.home import HOST, Home

_PROGRAM = "docker-credential-ecrx"
_SERVER, _USER, _SECRET = "https://registry.example", "user", "s" * 2400
_SOURCE_CALLS = {"instance": 1, "container": 1, "web identity": 2}


class Peers(NamedTuple):
    """Other people's programs; a path is None where there is none."""

    ecr_login: Path | None
    debians_ecr_login: Path | None
    awscli: Path | None
    secretservice: Path | None


class Programs:
    """The programs at work.

    AWS gets its users when this is made, and is asked for the first time by one of the methods.
    """

    def __init__(self, folder: Path, program: Path, peers: Peers, aws: DistantEndpoints) -> None:
        self._folder = folder
        self._peers = peers
        self._aws = aws
        self._host = self._file("host", HOST)
        homes = Homes(folder, program, aws)
        self._first, self._linked, self._mapped = (homes.plain(name) for name in ("first", "linked", "mapped"))
        self._mapped.configure('[[registry]]\nmatch = "111111111111.dkr.ecr.*.amazonaws.com"\nprofile = "secondary"\n')
        self._many = homes.of_many()
        self._profiles = {name: homes.with_profiles(count) for count, name in bars.HIT_PROFILES.items()}
        self._rules = {name: homes.with_rules(count) for count, name in bars.HIT_RULES.items()}
        self._sources = homes.of_sources()

    def hits(self, bus: Mapping[str, str]) -> list[Case]:
        """Return the cached gets, and what they are measured beside; ``bus`` leads to a Secret Service."""
        cases = [
            self._cached(bars.HIT, self._linked, LINK),
            self._cached(bars.HIT_MAPPED, self._mapped, _PROGRAM),
            self._cached(bars.HIT_SECRET_SERVICE, self._linked, LINK, ECRX_KEYRING="secret-service", **bus),
            self._case(bars.PYTHON, ["/usr/bin/python3", "-I", "-S", "-c", "pass"], {}, _nothing),
        ]
        if self._peers.secretservice:
            cases.append(self._secretservice(self._peers.secretservice, bus))
        if self._peers.ecr_login:
            case = gets.ecr_login_cached(bars.ECR_LOGIN_CACHED, str(self._peers.ecr_login), self._mapped, self._host)
            cases.append(gets.asking(self._aws, 0, case))
        if self._peers.debians_ecr_login:
            case = gets.ecr_login(bars.DEBIANS_ECR_LOGIN, str(self._peers.debians_ecr_login), self._linked, self._host)
            cases.append(gets.asking(self._aws, gets.ROLE_CALLS, case))
        return cases

    def hits_of_many(self) -> list[Case]:
        """Return the cached gets with few and with many profiles, rules, registries and tokens."""
        cases = [self._cached(bars.HIT_OF_MANY, self._many, LINK)]
        cases += [self._cached(name, home, LINK) for name, home in self._profiles.items()]
        return cases + [self._cached(name, home, _PROGRAM) for name, home in self._rules.items()]

    def counted(self) -> Case:
        """Return the hit whose instructions are counted.

        valgrind calls an executed program by its path, where a link's name is lost, so the environment has the profile.
        """
        return self._cached(bars.COUNTED, self._linked, _PROGRAM, AWS_PROFILE="secondary")

    def firsts(self) -> list[Case]:
        """Return the first gets of a role's profile, of this program and its peers, near AWS and far from it."""
        cases = []
        for place in (NEAR, FAR):
            is_far = place == FAR
            cases.append(self.first(bars.FIRST[place], is_far=is_far))
            cases.append(self.first(bars.FIRST_BOTOCORE[place], is_far=is_far, ECRX_DIRECT="off"))
            cases += self._ecr_login(bars.ECR_LOGIN[place], self._first, gets.ROLE_CALLS, is_far=is_far)
        if self._peers.awscli:
            command = [str(self._peers.awscli), "ecr", "get-login-password", "--region", "us-east-1"]
            env = self._first.env | {"AWS_PROFILE": "secondary"}
            case = self._case(bars.AWSCLI, command, env, gets.password_line)
            cases.append(gets.asking(self._aws, gets.ROLE_CALLS, gets.forgetting(case, self._first, LINK)))
        return cases

    def firsts_of_sources(self) -> list[Case]:
        """Return the first gets of an instance, a container and a pod, far from AWS."""
        cases = []
        for source, home in self._sources.items():
            calls = _SOURCE_CALLS[source]
            case = self._case(bars.FIRST_OF[source], [str(home.bin / _PROGRAM), "get"], home.env, gets.helper_answer)
            cases.append(gets.asking(self._aws, calls, gets.forgetting(case, home, _PROGRAM), is_far=True))
            cases += self._ecr_login(bars.ECR_LOGIN_OF[source], home, calls, is_far=True)
        return cases

    def firsts_from_disk(self) -> list[Case]:
        """Return the first gets of this program and of ecr-login that find no file in the page cache."""
        cases = [self.first(bars.FIRST[COLD_DISK])]
        cases += self._ecr_login(bars.ECR_LOGIN[COLD_DISK], self._first, gets.ROLE_CALLS)
        return [*map(gets.from_disk, cases)]

    def first(self, name: str, *, is_far: bool = False, **env: str) -> Case:
        """Return a first get of the role's profile."""
        home = self._first
        case = self._case(name, [str(home.bin / LINK), "get"], home.env | env, gets.helper_answer)
        return gets.asking(self._aws, gets.ROLE_CALLS, gets.forgetting(case, home, LINK), is_far=is_far)

    def _cached(self, name: str, home: Home, argv0: str, **env: str) -> Case:
        first = home.run("get", stdin=HOST, argv0=argv0, env=env)
        assert first.status == 0, first
        case = self._case(name, [str(home.bin / argv0), "get"], home.env | env, gets.helper_answer)
        return gets.asking(self._aws, 0, case)

    def _ecr_login(self, name: str, home: Home, calls: int, *, is_far: bool = False) -> list[Case]:
        if self._peers.ecr_login is None:
            return []
        case = gets.ecr_login(name, str(self._peers.ecr_login), home, self._host)
        return [gets.asking(self._aws, calls, case, is_far=is_far)]

    def _secretservice(self, program: Path, bus: Mapping[str, str]) -> Case:
        env = {"HOME": str(self._folder), "PATH": os.defpath, **bus}
        credentials = json.dumps({"ServerURL": _SERVER, "Username": _USER, "Secret": _SECRET})
        subprocess.run([program, "store"], input=credentials, text=True, env=env, check=True)
        case = self._case(bars.SECRETSERVICE, [str(program), "get"], env, _stored)
        return case._replace(stdin=self._file("server", _SERVER))

    def _case(self, name: str, command: list[str], env: Mapping[str, str], check: Callable[[str], None]) -> Case:
        return Case(name, command, env, self._host, lambda: None, check)

    def _file(self, name: str, content: str) -> Path:
        path = self._folder / name
        path.write_text(content)
        return path


def _stored(stdout: str) -> None:
    assert json.loads(stdout)["Secret"] == _SECRET, "the secret is not the one that was stored"


def _nothing(stdout: str) -> None:
    assert stdout == "", f"it says {stdout}"
