"""Measures, prints the table, and exits with status 1 where a bar is broken, 2 where nothing could be measured."""

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest

from bench import aws, bars, instructions, peak, report, stopwatch
from bench.cases import Programs
from bench.stopwatch import Case
from support import keyrings

_ROOT = Path(__file__).parents[2]
_DIST = _ROOT / "dist"
_PROGRAM = _DIST / "docker-credential-ecrx" / "docker-credential-ecrx"
_AWSCLI = _ROOT / ".work" / "bench-venv" / "bin" / "aws"
_ROUNDS = 60
_ROUNDS_PER_COLD_ROUND = 4
_PEAKS = 5


class Measured(NamedTuple):
    """Seconds of each run by the program's name, sizes by what they are, and the instructions of a hit."""

    seconds: Mapping[str, Sequence[float]]
    sizes: Mapping[str, float]
    instructions: int


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser("tests/bench/run", description="Measure the frozen program beside others.")
    parser.add_argument(
        "--rounds", type=int, default=_ROUNDS, help=f"runs of each program, a quarter of it cold; 8 or more ({_ROUNDS})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and not without putting everything back
    try:
        measured = _measure(max(options.rounds, 2 * _ROUNDS_PER_COLD_ROUND))
        medians = {name: median(runs) for name, runs in measured.seconds.items()}
        bars.assert_latency(medians)
    except (pytest.skip.Exception, pytest.fail.Exception, AssertionError) as error:
        sys.stderr.write(f"tests/bench/run: {error}\n")
        return 2
    lines = bars.judge(medians, measured.sizes)
    sys.stdout.write(report.table(lines, measured.seconds, measured.instructions))
    if options.json:
        options.json.write_text(report.document(lines, measured.seconds, measured.instructions))
    return int(any(line.is_broken for line in lines))


def _measure(rounds: int) -> Measured:
    with (
        tempfile.TemporaryDirectory() as name,
        aws.at_real_names(Path(name)) as endpoints,
        keyrings.kernel_keys_put_back(),
        keyrings.secret_service(Path(name) / "bus") as bus,
    ):
        folder = Path(name)
        programs = Programs(folder, _PROGRAM, _AWSCLI, endpoints)
        with endpoints.serving():
            cold = programs.cold()
            seconds = stopwatch.alternate(programs.hits(bus), rounds, folder)
            seconds |= stopwatch.alternate(cold, rounds // _ROUNDS_PER_COLD_ROUND, folder)
            counted = instructions.count(programs.counted(), folder)
            highest = max(_peak_mib(get) for get in cold[:1] * _PEAKS)
    return Measured(seconds, _sizes() | {bars.PEAK: highest}, counted)


def _peak_mib(case: Case) -> float:
    """Return the most memory that a run has at a time."""
    case.prepare()
    command = ["/usr/bin/python3", "-I", "-S", peak.__file__, *case.command]
    with case.stdin.open() as stdin:
        done = subprocess.run(command, stdin=stdin, env=case.env, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def _sizes() -> dict[str, float]:
    """Return what the program takes on a disk and in a download, in millions of bytes."""
    files = [path for path in _PROGRAM.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    (archive,) = _DIST.glob("docker-credential-ecrx-*.tar.gz")
    return {
        bars.BUNDLE: sum(path.stat().st_size for path in files) / 1e6,
        bars.ARCHIVE: archive.stat().st_size / 1e6,
    }


if __name__ == "__main__":
    sys.exit(main())
