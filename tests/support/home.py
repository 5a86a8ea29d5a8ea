"""A user of the program: a home, AWS profiles, a bin folder with links, and nothing of the machine's environment."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from docker_credential_ecrx.demo.fake_aws import Keys
from fakes.aws import FakeAws

PRIMARY = "111111111111"
SECONDARY = "222222222222"
HOST = f"{PRIMARY}.dkr.ecr.us-east-1.amazonaws.com"
OTHER_HOST = "333333333333.dkr.ecr.us-east-1.amazonaws.com"
ROLE = f"arn:aws:iam::{SECONDARY}:role/puller"
BASE_USER = f"arn:aws:iam::{SECONDARY}:user/base"
NOT_FOUND = "credentials not found in native keychain\n"


class Result(NamedTuple):
    """How the program answered."""

    status: int
    stdout: str
    stderr: str

    @property
    def answer(self) -> Any:  # noqa: ANN401 - JSON
        """Return stdout as JSON."""
        return json.loads(self.stdout)

    @property
    def secret(self) -> str:
        """Return the password of a ``get`` that succeeded."""
        assert self.status == 0, self
        secret: str = self.answer["Secret"]
        return secret


class Home:
    """A home directory; ``env`` is the whole environment of what runs in it."""

    def __init__(self, folder: Path, program: Path, aws: FakeAws) -> None:
        self.folder = folder
        self.aws = aws
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        self.program = self.link("docker-credential-ecrx", program)
        self.env: dict[str, str] = {
            "HOME": str(folder),
            "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin",
            "TMPDIR": str(folder / "tmp"),
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if sys.platform == "win32":
            self.env |= _windows_env(folder, self.bin)
        (folder / "tmp").mkdir()
        (folder / ".aws").mkdir()

    def link(self, name: str, target: Path | None = None) -> Path:
        """Make a link ``name`` to the program in the bin folder."""
        path = self.bin / name
        if sys.platform == "win32":  # where a symlink needs a right
            path = path.with_name(f"{name}.exe")
            os.link(target or self.program, path)
            parts = (target or self.program).with_name("_internal")
            if parts.exists() and not (self.bin / "_internal").exists():  # the frozen program looks for them beside it
                shutil.copytree(parts, self.bin / "_internal", copy_function=os.link)
        else:
            path.symlink_to(target or self.program.readlink())
        return path

    def add_keys(self, profile: str, keys: Keys) -> None:
        """Add a profile with an access key to AWS's credentials file."""
        lines = [f"[{profile}]", f"aws_access_key_id = {keys.access_key_id}"]
        lines += [f"aws_secret_access_key = {keys.secret_access_key}"]
        lines += [f"aws_session_token = {keys.session_token}"] if keys.session_token else []
        with (self.folder / ".aws" / "credentials").open("a") as file:
            file.write("\n".join(lines) + "\n")

    def add_default_keys(self) -> "Home":
        """Add credentials for the default chain, which ``configure`` requires if no profile is named."""
        self.add_keys("default", self.aws.add_user(SECONDARY, "default"))
        return self

    def add_profile(self, profile: str, **settings: str) -> None:
        """Add a profile to AWS's config file, instead of an earlier one of that name."""
        path = self.folder / ".aws" / "config"
        earlier = path.read_text() if path.exists() else ""
        head = f"[profile {profile}]\n"
        others = re.sub(rf"^{re.escape(head)}(?:[^\[].*\n)*", "", earlier, flags=re.MULTILINE)
        path.write_text(others + head + "".join(f"{key} = {value}\n" for key, value in settings.items()))

    def add_role_profile(self, profile: str = "secondary", role: str = ROLE, base: str = "base") -> Keys:
        """Add the secondary account's profile, whose role the user ``base`` may assume."""
        keys = self.aws.add_user(role.split(":")[4], base)
        self.aws.add_role(role, trusts=[f"arn:aws:iam::{role.split(':')[4]}:user/{base}"])
        self.add_keys(base, keys)
        self.add_profile(profile, role_arn=role, source_profile=base)
        return keys

    def configure(self, text: str) -> None:
        """Write our own configuration file."""
        base = Path(self.env["APPDATA"]) if sys.platform == "win32" else self.folder / ".config"
        path = base / "ecrx" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(
        self,
        *arguments: str,
        stdin: str | bytes = "",
        argv0: str = "docker-credential-ecrx",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Result:
        """Run the program as a client would, and return what it answered."""
        done = subprocess.run(
            [self.bin / argv0, *arguments],
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True,
            env=self.env | dict(env or {}),
            cwd=cwd,
            timeout=180,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def get(
        self, host: str = HOST, *, profile: str | None = "secondary", env: Mapping[str, str] | None = None
    ) -> Result:
        """Ask for a host's credentials through the link of ``profile``."""
        name = "docker-credential-ecrx" + (f"-{profile}" if profile else "")
        if not (self.bin / name).is_symlink():
            self.link(name)
        return self.run("get", stdin=host, argv0=name, env=env)

    def store(self, server: str, user: str, secret: str, env: Mapping[str, str] | None = None) -> Result:
        """Store credentials as a client does."""
        request = json.dumps({"ServerURL": server, "Username": user, "Secret": secret})
        return self.run("store", stdin=request, env=env)


def _windows_env(folder: Path, bin_folder: Path) -> dict[str, str]:
    """Return what a program needs of the environment there: its home's places, and the system's."""
    system = os.environ["SYSTEMROOT"]
    return {
        "SYSTEMROOT": system,
        "USERPROFILE": str(folder),
        "APPDATA": str(folder / "AppData" / "Roaming"),
        "LOCALAPPDATA": str(folder / "AppData" / "Local"),
        "TEMP": str(folder / "tmp"),
        "TMP": str(folder / "tmp"),
        "PATH": f"{bin_folder};{system}\\System32",
    }
