"""A checkout by Git for Windows, which by default converts the ends of lines; a shell in WSL may run what is in it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from support import need

pytestmark = pytest.mark.posix("a POSIX shell")

_ROOT = Path(__file__).parents[2]


def test_of_git_for_windows_has_scripts_that_run(tmp_path: Path) -> None:
    """A shell refuses a script whose lines end in a carriage return."""
    (tmp_path / "origin").mkdir()
    for path in (_ROOT / "install.sh", *_ROOT.glob(".gitattributes")):
        shutil.copy(path, tmp_path / "origin")

    def git(folder: str, *arguments: str) -> None:
        who = ["-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "core.autocrlf=true"]
        command = [need.command("git"), *who, *arguments]
        subprocess.run(command, cwd=tmp_path / folder, capture_output=True, check=True)

    git("origin", "init", "--quiet")
    git("origin", "add", "--all")
    git("origin", "commit", "--quiet", "-m", "all")
    git(".", "clone", "--quiet", "origin", "clone")

    command: list[str | Path] = [need.command("sh"), tmp_path / "clone" / "install.sh", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (0, "") == (done.returncode, done.stderr)
