"""A config.json that is no regular file, endless or broken: a quick error that shows nothing of its content."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.forms import in_one_form
from support.home import HOST, Home

SECRET = "hunter2-hunter2"
COMMANDS = [["configure", HOST], ["configure", HOST, "--dry-run"], ["configure", "--remove", HOST], ["doctor", HOST]]
TOO_LARGE = 17 << 20


def large(path: Path) -> None:
    """Make a file of blanks that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(TOO_LARGE)


ODD: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a folder": Path.mkdir,
    "too large": large,
}
# Text that Python's own messages would quote.
BROKEN = [f'{{"{SECRET}": }}', f'{{"a": "\\{SECRET}"}}', f'{{"a": {SECRET}}}', f'{{"auths": {{}}}} {SECRET}', SECRET]


@in_one_form
@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_odd_config_json_is_reported(home: Home, make: Callable[[Path], None], arguments: list[str]) -> None:
    """No command blocks on it, and none changes it."""
    path = home.folder / ".docker" / "config.json"
    path.parent.mkdir()
    make(path)
    before = path.lstat()

    done = home.run(*arguments)

    assert 1 == done.status
    assert f"{path}: larger than" in done.stderr + done.stdout or "not a regular file" in done.stderr + done.stdout
    assert (before.st_ino, before.st_mtime_ns) == (path.lstat().st_ino, path.lstat().st_mtime_ns)


@in_one_form
@pytest.mark.parametrize("text", BROKEN)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_broken_config_json_is_not_quoted(home: Home, text: str, arguments: list[str]) -> None:
    """The error names the line number, and shows nothing of the text."""
    path = home.folder / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_text(text)

    done = home.run(*arguments)

    assert 1 == done.status
    assert f"{path} is not JSON" in done.stderr + done.stdout
    assert SECRET not in done.stderr + done.stdout
