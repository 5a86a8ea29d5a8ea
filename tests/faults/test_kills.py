"""SIGKILL at every system call of ``configure`` that touches files: nothing is lost, and no secret is left lying."""

import base64
import json
from pathlib import Path

import pytest

from support import kills
from support.home import HOST, Home
from support.secrets import places_of

PASSWORD = base64.b64encode(b"me:a-password-of-another-registry").decode()
LOGINS = {"auths": {"registry.example": {"auth": PASSWORD}}}
BEFORE = json.dumps(LOGINS, indent="\t")
AFTER = json.dumps(LOGINS | {"credHelpers": {HOST: "ecrx"}}, indent="\t")
ENTRY = f'[[registry]] # by docker-credential-ecrx configure\nmatch = "{HOST}"\nprofile = "secondary"\n'
OWN = ("configure.lock", "ledger.json.lock")


class Files:
    """Docker's configuration and our own, and what a command makes of them."""

    def __init__(self, home: Home, before: tuple[str, str], after: tuple[str, str]) -> None:
        self.home, self.before, self.after = home, before, after
        self.paths = (home.folder / ".docker" / "config.json", home.folder / ".config" / "ecrx" / "config.toml")

    def prepare(self) -> None:
        """Put the files there as they are before the command."""
        for path, text in zip(self.paths, self.before, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def check(self) -> None:
        """Look at the files after a kill."""
        for path, *texts in zip(self.paths, self.before, self.after, strict=True):
            assert path.read_text() in texts
        assert [self.paths[0]] == places_of(PASSWORD, self.home.folder)

    def check_whole(self) -> None:
        """Look at the files after the command has ended."""
        assert self.after == tuple(path.read_text() for path in self.paths)
        for path in self.paths:
            assert [path] == list(path.parent.iterdir())


def files_below(folder: Path) -> list[Path]:
    """Return the folders of the files that are edited."""
    return [folder / ".docker", folder / ".config"]


@pytest.mark.parametrize("program", ["either"], indirect=True)
@pytest.mark.parametrize("removal", [False, True], ids=["configure", "remove"])
def test_a_kill_leaves_no_secret_and_loses_nothing(home: Home, *, removal: bool) -> None:
    """At any call: old or new files, no stray secret; the same command then completes."""
    arguments = ["--remove", HOST] if removal else [HOST, "--profile", "secondary"]
    command: list[str | Path] = [home.bin / "docker-credential-ecrx", "configure", *arguments]
    texts = (BEFORE, ""), (AFTER, ENTRY)
    files = Files(home, *(reversed(texts) if removal else texts))

    for _ in kills.at_each_call(command, home.env, files.prepare, files_below(home.folder)):
        files.check()
        assert 0 == home.run("configure", *arguments).status
        files.check_whole()
