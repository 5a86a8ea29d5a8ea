"""Another program writes Docker's config.json while ``configure`` edits it: in the end both changes are there."""

import json
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from support import kills
from support.forms import in_one_form
from support.home import HOST, Home

BEFORE = json.dumps({"auths": {"registry.example": {"auth": "dTpv"}}}, indent="\t")
_PATIENCE_SECONDS = 60.0


@pytest.fixture
def home(home: Home) -> Home:
    """Return a home with credentials, which ``configure`` requires."""
    return home.add_default_keys()


def by_rename(config: Path) -> None:
    """Log in and switch the context as docker/cli's ConfigFile.Save does: a new file, and a rename."""
    document = json.loads(config.read_text())
    document["auths"] |= {"new.example": {"auth": "dTpu"}}
    document["currentContext"] = "new"
    new = config.with_name("config.json123456789")
    new.write_text(json.dumps(document, indent="\t"))
    new.replace(config)


def in_place(config: Path) -> None:
    """Change a password in the file itself, which keeps its size and its time."""
    status = config.stat()
    config.write_text(config.read_text().replace("dTpv", "dTpu"))
    os.utime(config, ns=(status.st_atime_ns, status.st_mtime_ns))


def for_its_owner_alone(config: Path) -> None:
    """Make the file private."""
    config.chmod(0o600)


def is_written(config: Path, change: Callable[[Path], None]) -> bool:
    """Return whether the file is as ``change`` left it, and has our entry too."""
    document = json.loads(config.read_text())
    if document.get("credHelpers") != {HOST: "ecrx"}:
        return False
    if change is for_its_owner_alone:
        return config.stat().st_mode & 0o777 == 0o600
    return "dTpu" in config.read_text() and (change is in_place or document.get("currentContext") == "new")


@pytest.fixture
def config(home: Home) -> Path:
    """Return the path of Docker's config.json."""
    path = home.folder / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_text(BEFORE)
    return path


@in_one_form
@pytest.mark.parametrize("change", [by_rename, in_place, for_its_owner_alone])
def test_other_programs_changes_survive(home: Home, config: Path, change: Callable[[Path], None]) -> None:
    """At each system call of configure that concerns the file, the other program rewrites it completely."""
    command: list[str | Path] = [home.bin / "docker-credential-ecrx", "configure", HOST]
    stopped = 0
    for point in kills.points(command, home.env, [config.parent]):
        config.write_text(BEFORE)
        config.chmod(0o644)
        status = kills.stopped_at(point, command, home.env, lambda: change(config))
        if status is not None:
            stopped += 1
            assert (0, True, [config]) == (status, is_written(config, change), list(config.parent.iterdir())), point
    assert stopped > 10


@in_one_form
def test_constantly_changing_file_is_reported(home: Home, config: Path) -> None:
    """After ten seconds there is an error, and what the other program wrote is there."""
    over = threading.Event()
    count = 0

    def write() -> None:
        nonlocal count
        new = config.with_name("config.json123456789")
        while not over.is_set():
            new.write_text(json.dumps({"auths": {}, "currentContext": str(count)}))
            new.replace(config)
            count += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        done = home.run("configure", HOST)
    finally:
        over.set()
        writer.join()

    assert (0 if done.stdout else 1) == done.status
    assert done.stdout or "another program kept changing the files" in done.stderr
    assert [config] == list(config.parent.iterdir())
    assert str(count - 1) == json.loads(config.read_text())["currentContext"]


@in_one_form
def test_users_who_edit_at_once_lose_nothing(home: Home, config: Path) -> None:
    """Each user has a separate lock, so only the file itself can prevent conflicts."""
    hosts = [f"{number:012}.dkr.ecr.us-east-1.amazonaws.com" for number in range(8)]
    runs = [
        subprocess.Popen(
            [home.program, "configure", host],
            env=home.env | {"XDG_STATE_HOME": str(home.folder / f"state{number}")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for number, host in enumerate(hosts)
    ]

    assert [(b"", 0)] * 8 == [(run.communicate(timeout=_PATIENCE_SECONDS)[1], run.returncode) for run in runs]
    assert set(hosts) == json.loads(config.read_text())["credHelpers"].keys()
    assert [config] == list(config.parent.iterdir())
