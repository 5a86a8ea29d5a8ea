"""Docker's clients and their like, run in a user's home and nothing else."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from support import need
from support.home import Home

_SECONDS = 120
_WORK = Path(__file__).parents[2] / ".work"


class Client:
    """A command with its first arguments; calling it runs it with more of them, and it has to succeed."""

    def __init__(self, home: Home, *command: str | Path) -> None:
        self.home = home
        self._command = command

    def __call__(self, *arguments: str | Path, stdin: str | bytes = "") -> str:
        """Return what it prints to stdout."""
        done = self._run(arguments, stdin)
        assert done.returncode == 0, (done.args, done.stdout, done.stderr)
        return done.stdout.decode()

    def fails(self, *arguments: str | Path, stdin: str | bytes = "") -> str:
        """Return all that it prints; it must not succeed."""
        done = self._run(arguments, stdin)
        assert done.returncode != 0, (done.args, done.stdout, done.stderr)
        return (done.stdout + done.stderr).decode()

    def tries(self, *arguments: str | Path) -> str:
        """Return all that it prints, whether it succeeds or not."""
        done = self._run(arguments, "")
        return (done.stdout + done.stderr).decode()

    def _run(self, arguments: tuple[str | Path, ...], stdin: str | bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*self._command, *arguments],
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True,
            env=self.home.env,
            cwd=self.home.folder,
            timeout=_SECONDS,
            check=False,
        )


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a client's configuration."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def docker_commands() -> list[str]:
    """Return each docker command of this machine, and those in .work: there may be Debian's beside newer ones."""
    own = sorted(_WORK.glob("docker-*"))
    places = (folder / "docker" for folder in (*own, Path("/usr/local/bin"), Path("/usr/bin")))
    found = {place.resolve(): str(place) for place in places if os.access(place, os.X_OK)}
    return list(found.values()) or ["docker"]


def asked_once(home: Home) -> bool:
    """Return whether AWS was asked for one session of the role and for one token, and for nothing else."""
    return [call.operation for call in home.aws.calls] == ["AssumeRole", "GetAuthorizationToken"]


def go_program(name: str) -> Path:
    """Return where ``tests/clients/build.sh`` puts a program."""
    return next((_WORK / "clients").glob(f"*/{name}"), _WORK / "clients" / name)


def go_client(home: Home, name: str, *arguments: str | Path) -> Client:
    """Return a client that ``tests/clients/build.sh`` builds, with its first arguments."""
    path = go_program(name)
    return Client(home, path if path.exists() else need.missing(f"{name} (tests/clients/build.sh)"), *arguments)


def go_plugin(home: Home, name: str, plugin: str) -> Client:
    """Return the docker command with a plugin, ``docker NAME``, both of which ``tests/clients/build.sh`` builds."""
    path = go_program(plugin)
    link = home.folder / ".docker" / "cli-plugins" / f"docker-{name}"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(path if path.exists() else need.missing(f"docker {name} (tests/clients/build.sh)"))
    return go_client(home, "docker", name)
