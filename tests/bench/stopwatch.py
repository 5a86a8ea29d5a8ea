"""Measures whole processes, from their start to their end, by turns."""

import os
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple


class Case(NamedTuple):
    """A program to measure: its command, its whole environment, and the file that is its stdin.

    ``prepare`` is called before each run, outside the time that is taken; ``check`` gets what a run wrote to stdout,
    and raises AssertionError where that is no right answer.
    """

    name: str
    command: list[str]
    env: Mapping[str, str]
    stdin: Path
    prepare: Callable[[], None]
    check: Callable[[str], None]


def alternate(cases: Sequence[Case], rounds: int, folder: Path) -> dict[str, list[float]]:
    """Return the seconds of ``rounds`` runs of each case, by its name; each round has an order of its own.

    A first run of each is not counted.
    The programs write into files in ``folder``.
    """
    seconds: dict[str, list[float]] = {case.name: [] for case in cases}
    for case in cases:
        once(case, folder)
    order, chance = list(cases), random.Random(0)  # noqa: S311 - the same orders each time, and no secret
    for _ in range(rounds):
        chance.shuffle(order)
        for case in order:
            seconds[case.name].append(once(case, folder))
    return seconds


def once(case: Case, folder: Path) -> float:
    """Return the seconds that one run takes; raise AssertionError where it fails or does not answer right."""
    stdout, stderr = folder / "stdout", folder / "stderr"
    files = [(os.POSIX_SPAWN_OPEN, 0, case.stdin, os.O_RDONLY, 0)]
    for number, path in (1, stdout), (2, stderr):
        files.append((os.POSIX_SPAWN_OPEN, number, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    case.prepare()
    started = perf_counter()
    pid = os.posix_spawn(case.command[0], case.command, case.env, file_actions=files)
    _, status, _ = os.wait4(pid, 0)
    seconds = perf_counter() - started
    assert status == 0, f"{case.name} failed: {stdout.read_text()}{stderr.read_text()}"
    case.check(stdout.read_text())
    return seconds
