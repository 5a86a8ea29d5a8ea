"""Several runs of the tests beside each other share them: each file, in one form of the program, is one run's."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from support import marks


def run(session: pytest.Session, folder: Path) -> None:
    """Run those of the session's tests that no other run has claimed in ``folder``, claiming them file by file."""
    folder.mkdir(exist_ok=True)
    items = claimed(session.items, folder)
    item = next(items, None)
    while item is not None:
        following = next(items, None)  # what it shares with this one stays set up
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following


def claimed(items: Sequence[pytest.Item], folder: Path) -> Iterator[pytest.Item]:
    """Yield each test that this run is the first to claim; the largest files first, so that all runs end together."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(_claim_of(item), []).append(item)
    for name, tests in sorted(files.items(), key=lambda file: -len(file[1])):
        try:
            (folder / name).touch(exist_ok=False)
        except FileExistsError:
            continue
        yield from tests


def _claim_of(item: pytest.Item) -> str:
    """Return the name of the claim: the test's file, and the form of the program that it tests."""
    return f"{item.path.parent.name}.{item.path.stem}.{marks.form(item)}"
