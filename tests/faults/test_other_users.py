"""Folders in which somebody else may write: nothing of the user's who edits a file there gets into their hands."""

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from support import attacker, need
from support.home import HOST, Home

TRIES = 50
OTHER = 4_200_001  # who may write in the folder
GROUP = 4_200_002
ME = 4_200_003


@contextmanager
def attacked(folder: Path, victim: Path, gid: int, what: str) -> Iterator[None]:
    """Have another user swap files of ``folder`` for links to ``victim`` meanwhile."""
    command = [sys.executable, attacker.__file__, str(OTHER), str(gid), str(folder), str(victim), what]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline()
            yield
        finally:
            process.kill()


def owner_of(path: Path) -> tuple[int, int, int, bytes]:
    """Return who owns a file, who may read it and what it says."""
    status = path.stat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), path.read_bytes()


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a folder that everybody can reach, unlike the home."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


class Attack(NamedTuple):
    """Who edits ``config.json`` in a folder, who owns that, and what another user does there meanwhile."""

    prefix: list[str]
    editor: int
    uid: int
    gid: int
    mode: int
    what: str


def by_root(what: str) -> Attack:
    """Have root edit in another user's folder."""
    return Attack([], 0, OTHER, OTHER, 0o644, what)


def by_member(what: str) -> Attack:
    """Have a user edit in an own folder that a group may write in, too."""
    prefix = [need.command("setpriv"), f"--reuid={ME}", f"--regid={ME}", f"--groups={GROUP}"]
    # Python itself may be in root's home.
    prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return Attack(prefix, ME, ME, GROUP, 0o660, what)


@pytest.mark.parametrize("program", ["either"], indirect=True)
@pytest.mark.parametrize("what", ["new", "edited"])
@pytest.mark.parametrize("who", [by_root, by_member])
def test_a_race_gives_no_file_away(home: Home, place: Path, who: Callable[[str], Attack], what: str) -> None:
    """50 times another user swaps files for links to a private one: its owner, mode and text stay."""
    if os.getuid() != 0:
        need.missing("root, to be other users,")
    attack = who(what)
    private, folder = place / "private.json", place / "shared"
    private.write_text('{"private": true}')
    private.chmod(0o600)
    os.chown(private, attack.editor, attack.editor)
    before = owner_of(private)
    folder.mkdir()
    os.chown(folder, attack.uid, attack.gid)
    folder.chmod(0o770)
    config = folder / "config.json"
    command = [*attack.prefix, str(home.bin / "docker-credential-ecrx"), "configure", HOST]
    for _ in range(TRIES):
        config.unlink(missing_ok=True)
        config.write_text('{\n\t"auths": {}\n}')
        config.chmod(attack.mode)
        os.chown(config, attack.uid, attack.gid)
        with attacked(folder, private, attack.gid, what):
            env = home.env | {"DOCKER_CONFIG": str(folder)}
            subprocess.run(command, env=env, capture_output=True, check=False, timeout=60)
        assert before == owner_of(private)
