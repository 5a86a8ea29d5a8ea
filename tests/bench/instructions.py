"""Counts the instructions of a run, which vary by some thousandths where times vary by some tenths."""

import re
import subprocess
from pathlib import Path
from statistics import median

from bench.stopwatch import Case
from support import need

_RUNS = 3


def count(case: Case, folder: Path) -> int:
    """Return the instructions that a run takes in user mode, of all programs that it executes; the median of three."""
    return int(median(_count(case, folder / f"callgrind{number}") for number in range(_RUNS)))


def _count(case: Case, folder: Path) -> int:
    folder.mkdir()
    command = [need.command("valgrind"), "--tool=callgrind", "--trace-children=yes"]
    # What is counted until a program executes another (or, as PyInstaller's do, itself) would be lost with it.
    command += ["--dump-before=exec*", f"--callgrind-out-file={folder}/%p", f"--log-file={folder}/log.%p"]
    case.prepare()
    with case.stdin.open() as stdin:
        done = subprocess.run(
            [*command, *case.command], stdin=stdin, env=case.env, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, f"{case.name} failed under valgrind: {done.stdout}{done.stderr}"
    case.check(done.stdout)
    texts = [path.read_text() for path in folder.iterdir() if not path.name.startswith("log.")]
    return sum(int(total) for text in texts for total in re.findall(r"^totals: (\d+)$", text, re.MULTILINE))
