"""The demonstration: what happens in a docker pull across accounts, step by step, against a fake AWS on loopback.

It runs the program as Docker does, in a temporary home.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from docker_credential_ecrx.demo.fake_aws import Call, FakeAws, Keys
from docker_credential_ecrx.errors import EcrxError, Remedy
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import index
from docker_credential_ecrx.system import programs

_SECONDARY = "222222222222"
_HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
_OTHER_HOST = "333333333333.dkr.ecr.us-east-1.amazonaws.com"
_USER = "base"
_ROLE = f"arn:aws:iam::{_SECONDARY}:role/puller"
_PROFILE = "secondary"
_RULE = ("[[registry]]", 'match = "*.dkr.ecr.us-east-1.amazonaws.com"', f'profile = "{_PROFILE}"')
# What leads to the user's own keyring; the demonstration passes on nothing else of the environment.
_PASSED_ON = ("PATH", "ECRX_KEYRING", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "LANG", "SYSTEMROOT")
# Where POSIX and Windows have the user's files.
_FOLDERS = ("HOME", "TMPDIR", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP")
_INTRODUCTION = f"""\
A cross-account docker pull, against a fake AWS on loopback: it needs no AWS account and no network, and changes none
of your files.

  the image's registry   {_HOST}   (the primary account)
  your AWS profile       {_PROFILE}: the role puller of account {_SECONDARY}, from the profile {_USER}
  ~/.docker/config.json  {{"credHelpers": {{"{_HOST}": "ecrx"}}}}
  config.toml            {_RULE[0]}
                         {_RULE[1]}
                         {_RULE[2]}
"""


class _Reply(NamedTuple):
    password: str
    seconds: float
    calls: Sequence[Call]

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"_Reply(seconds={self.seconds!r})"


class DemonstrationError(EcrxError):
    """A step of the demonstration failed."""


def run() -> int:
    """Print the demonstration; return the exit status."""
    program = programs.own_path(sys.argv[0], os.environ)
    try:
        if not os.access(program, os.X_OK):
            raise DemonstrationError(
                f"cannot run {sys.argv[0]} as Docker would", f"install the package and run {PROGRAM} demo"
            )
        with tempfile.TemporaryDirectory(prefix="ecrx-demo-", ignore_cleanup_errors=True) as folder, FakeAws() as aws:
            _Demonstration(Path(folder), program, aws).show()
    except EcrxError as error:
        print(f"{PROGRAM}: the demonstration failed: {error}", file=sys.stderr)
        return 1
    return 0


class _Demonstration:
    def __init__(self, home: Path, program: Path, aws: FakeAws) -> None:
        self._home = home
        self._aws = aws
        self._program = program
        settings = home / "config.toml"
        settings.touch(0o600)  # whatever the umask: the program refuses what others can write to
        settings.write_text("\n".join(_RULE))
        self._env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {
            **dict.fromkeys(_FOLDERS, str(home)),
            "ECRX_CONFIG": str(settings),
            "AWS_ENDPOINT_URL": aws.url,
        }
        keys = aws.add_user(_SECONDARY, _USER)
        aws.add_role(_ROLE, trusts=[f"arn:aws:iam::{_SECONDARY}:user/{_USER}"])
        _write_profiles(home, keys)

    def show(self) -> None:
        """Run and print each step."""
        print(_INTRODUCTION)
        print(f"1. Docker asks for the password of {_HOST}")
        first = self._get(_HOST)
        if first.password not in self._aws.issued:
            raise DemonstrationError(
                f"your keyring already has a token for {_HOST}",
                Remedy("delete it, and run the demonstration again", f"{PROGRAM} forget {_HOST}"),
            )
        try:
            self._steps(first)
        finally:
            self._run("erase", _HOST)

    def _steps(self, first: _Reply) -> None:
        entry = next(iter(index.read(self._env).values()), None)
        for call in first.calls:
            print(f"   call to AWS     {call.operation}, by {call.caller}")
        issued = self._aws.issued[first.password]
        until = datetime.fromtimestamp(issued.expires, UTC)
        print(
            f"   reply           user AWS, a password of {len(first.password):,} characters, after {_duration(first)}"
        )
        print(f"   issued to       {issued.principal}")
        print(f"   expires         {until:%Y-%m-%d %H:%M} UTC")
        print(f"   valid for       every registry in {issued.region} that permits the role")
        print(f"   stored in       {_place(entry)}\n")

        print("2. Docker asks again, as it does for every pull and push")
        second = self._get(_HOST)
        self._print_repeated(first, second, expected=entry is not None)

        print(f"3. Docker asks for the registry of another account, {_OTHER_HOST}")
        other = self._get(_OTHER_HOST)
        self._print_repeated(first, other, expected=entry is not None)

        print("4. Is the password in a file?")
        files = [path for path in self._home.rglob("*") if path.is_file() and not path.is_symlink()]
        if any(first.password[:64] in path.read_text(errors="replace") for path in files):
            raise DemonstrationError("the password is in a file", "do not use this build, and report it")
        print(f"   in none of the {len(files)} files in the demonstration's home\n")

    def _print_repeated(self, first: _Reply, again: _Reply, *, expected: bool) -> None:
        same = again.password == first.password
        if expected and (again.calls or not same):
            raise DemonstrationError(
                "a cached password was not returned again",
                f"report it, with the output of ECRX_LOG=debug {PROGRAM} get",
            )
        if again.calls:
            print(f"   calls to AWS    {', '.join(call.operation for call in again.calls)}: there is no keyring here")
        else:
            print("   calls to AWS    none")
        print(f"   reply           {'the same' if same else 'another'} password, after {_duration(again)}\n")

    def _get(self, host: str) -> _Reply:
        before, started = len(self._aws.calls), time.monotonic()
        stdout = self._run("get", host)
        seconds = time.monotonic() - started
        return _Reply(json.loads(stdout)["Secret"], seconds, self._aws.calls[before:])

    def _run(self, verb: str, host: str) -> str:
        done = subprocess.run(  # noqa: S603 - this very program
            [self._program, verb], input=host, env=self._env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise DemonstrationError(f"{verb} {host} failed: {done.stdout.strip()}")
        return done.stdout


def _write_profiles(home: Path, keys: Keys) -> None:
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text(
        f"[{_USER}]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n"
    )
    (home / ".aws" / "config").write_text(f"[profile {_PROFILE}]\nrole_arn = {_ROLE}\nsource_profile = {_USER}\n")


def _place(entry: Mapping[str, object] | None) -> str:
    """Return where a token is stored, in words."""
    if entry is None:
        return "no keyring: none is available, so every get calls AWS (see docs/keyrings.md)"
    names = {"kernel": "the kernel keyring: in memory, never on disk", "secret-service": "the Secret Service"}
    return names.get(str(entry["keyring"]), f"the keyring {entry['keyring']}")


def _duration(reply: _Reply) -> str:
    return f"{reply.seconds * 1000:.0f} ms"
