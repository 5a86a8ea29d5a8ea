"""The demonstration: what a docker pull across accounts sets off, step by step, against AWS's stand-in on loopback.

The program is run as docker runs it, in a home of its own that is gone in the end.
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

from docker_credential_ecrx.demo.fake_aws import Call, Keys, StandIn
from docker_credential_ecrx.errors import EcrxError
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import index
from docker_credential_ecrx.system import programs

_SECONDARY = "222222222222"
_HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
_OTHER_HOST = "333333333333.dkr.ecr.us-east-1.amazonaws.com"
_USER = "base"
_ROLE = f"arn:aws:iam::{_SECONDARY}:role/puller"
_PROFILE = "secondary"
# What leads to the user's own keyring; nothing else of the caller's environment reaches the demonstration.
_KEPT = ("PATH", "ECRX_KEYRING", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "LANG", "SYSTEMROOT")
_INTRODUCTION = f"""\
A docker pull across accounts, against an AWS stand-in on loopback: no account, no network, nothing of yours is touched.

  the image's registry   {_HOST}   (the primary account)
  your AWS profile       {_PROFILE}: the role puller of account {_SECONDARY}, from the profile {_USER}
  ~/.docker/config.json  {{"credHelpers": {{"{_HOST}": "ecrx-{_PROFILE}"}}}}
"""


class _Answer(NamedTuple):
    password: str
    seconds: float
    calls: Sequence[Call]

    def __repr__(self) -> str:
        """Leave the password out."""
        return f"_Answer(seconds={self.seconds!r})"


class DemonstrationError(EcrxError):
    """A step of the demonstration did not end as it should."""


def run() -> int:
    """Show the main job on stdout; return the exit status."""
    argv0 = sys.executable if getattr(sys, "frozen", False) else sys.argv[0]
    program = programs.own_path(argv0, os.environ.get("PATH", ""))
    try:
        if not os.access(program, os.X_OK):
            raise DemonstrationError(
                f"{sys.argv[0]} cannot be run as docker would run it", f"install the package and run {PROGRAM} demo"
            )
        with tempfile.TemporaryDirectory(prefix="ecrx-demo-", ignore_cleanup_errors=True) as folder, StandIn() as aws:
            _Demonstration(Path(folder), program, aws).show()
    except EcrxError as error:
        print(f"{PROGRAM}: the demonstration failed: {error}", file=sys.stderr)
        return 1
    return 0


class _Demonstration:
    def __init__(self, home: Path, program: Path, aws: StandIn) -> None:
        self._home = home
        self._aws = aws
        self._helper = home / f"{PROGRAM}-{_PROFILE}"
        self._helper.symlink_to(program)
        self._env = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
            "HOME": str(home),
            "TMPDIR": str(home),
            "AWS_ENDPOINT_URL": aws.url,
        }
        keys = aws.add_user(_SECONDARY, _USER)
        aws.add_role(_ROLE, trusts=[f"arn:aws:iam::{_SECONDARY}:user/{_USER}"])
        _write_profiles(home, keys)

    def show(self) -> None:
        """Print every step as it happens."""
        print(_INTRODUCTION)
        try:
            self._steps()
        finally:
            self._helper_answers("erase", _HOST)

    def _steps(self) -> None:
        print(f"1. docker asks for the password of {_HOST}")
        first = self._get(_HOST)
        entry = next(iter(index.read(self._env).values()), None)
        for call in first.calls:
            print(f"   AWS is asked    {call.operation}, by {call.caller}")
        issued = self._aws.issued[first.password]
        until = datetime.fromtimestamp(issued.expires, UTC)
        print(f"   the answer      user AWS, a password of {len(first.password):,} characters, after {_ms(first)}")
        print(f"   minted for      account {issued.account}, as {issued.principal}")
        print(f"   good until      {until:%Y-%m-%d %H:%M} UTC, in every registry of {issued.region} that permits it")
        print(f"   kept in         {_place(entry)}\n")

        print("2. docker asks again, as it does at every pull and push")
        second = self._get(_HOST)
        self._print_repeated(first, second, expected=entry is not None)

        print(f"3. docker asks for another account's registry, {_OTHER_HOST}")
        other = self._get(_OTHER_HOST)
        self._print_repeated(first, other, expected=entry is not None)

        print("4. Is the password in a file?")
        files = [path for path in self._home.rglob("*") if path.is_file() and not path.is_symlink()]
        if any(first.password[:64] in path.read_text(errors="replace") for path in files):
            raise DemonstrationError("the password is in a file", "do not use this build, and report it")
        print(f"   in none of the {len(files)} files in the demonstration's home\n")

    def _print_repeated(self, first: _Answer, again: _Answer, *, expected: bool) -> None:
        same = again.password == first.password
        if expected and (again.calls or not same):
            raise DemonstrationError(
                "a password that was kept was not served again",
                f"see what ECRX_LOG=debug {PROGRAM} get says, and report it",
            )
        if again.calls:
            print(f"   AWS is asked    {', '.join(call.operation for call in again.calls)}: there is no keyring here")
        else:
            print("   AWS is asked    nothing")
        print(f"   the answer      {'the same' if same else 'another'} password, after {_ms(again)}\n")

    def _get(self, host: str) -> _Answer:
        before, started = len(self._aws.calls), time.monotonic()
        stdout = self._helper_answers("get", host)
        seconds = time.monotonic() - started
        return _Answer(json.loads(stdout)["Secret"], seconds, self._aws.calls[before:])

    def _helper_answers(self, verb: str, host: str) -> str:
        done = subprocess.run(  # noqa: S603 - this very program
            [self._helper, verb], input=host, env=self._env, capture_output=True, text=True, check=False
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
    """Return where a token is kept, as a person would say it."""
    if entry is None:
        return "no keyring: this machine offers none, so every get asks AWS (see README.md, Keyrings)"
    names = {"kernel": "the kernel's keyring: in memory, never on disk", "secret-service": "the Secret Service"}
    return names.get(str(entry["keyring"]), f"the keyring {entry['keyring']}")


def _ms(answer: _Answer) -> str:
    return f"{answer.seconds * 1000:.0f} ms"
