"""Measures, prints the table, and exits with status 1 where a bar is broken, 2 where nothing could be measured."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest

from bench import aws, bars, instructions, pages, peak, report, stopwatch
from bench.cases import Peers, Programs
from bench.stopwatch import Case
from support import keyrings

_ROOT = Path(__file__).parents[2]
_DIST = _ROOT / "dist"
_PROGRAM = _DIST / "docker-credential-ecrx" / "docker-credential-ecrx"
_AWSCLI = _ROOT / ".work" / "bench-venv" / "bin" / "aws"
_ROUNDS = 40
_ROUNDS_PER_FIRST_ROUND = 2  # a hit takes less time, so it varies more, and is run more often
_PEAKS = 5


class Measured(NamedTuple):
    """Seconds of each run by the program's name, sizes by what they are, and the instructions of a hit."""

    seconds: Mapping[str, Sequence[float]]
    sizes: Mapping[str, float]
    instructions: int


def main() -> int:
    """Run the benchmark; return the exit status."""
    parser = argparse.ArgumentParser("tests/bench/run", description="Measure the frozen program beside others.")
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help=f"runs of each cached get; 8 or more ({_ROUNDS})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--pages", action="store_true", help="write them into README.md and docs/performance.md")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and not without putting everything back
    peers = Peers(
        _existing(os.environ.get("ECRX_BENCH_ECR_LOGIN", "")),
        _existing(shutil.which("docker-credential-ecr-login")),
        _existing(_AWSCLI),
        _existing(shutil.which("docker-credential-secretservice")),
    )
    try:
        measured = _measure(max(options.rounds, 4 * _ROUNDS_PER_FIRST_ROUND), peers)
    except (pytest.skip.Exception, pytest.fail.Exception, AssertionError) as error:
        sys.stderr.write(f"tests/bench/run: {error}\n")
        return 2
    medians = {name: median(runs) for name, runs in measured.seconds.items()}
    lines = bars.judge(medians, measured.sizes)
    versions = _versions(peers)
    sys.stdout.write(report.table(lines, measured.seconds, measured.instructions, versions))
    if options.json:
        options.json.write_text(report.document(lines, measured.seconds, measured.instructions, versions))
    if options.pages:
        pages.fill(measured.seconds, measured.sizes, versions)
    return int(any(line.is_broken for line in lines))


def _measure(rounds: int, peers: Peers) -> Measured:
    firsts = rounds // _ROUNDS_PER_FIRST_ROUND
    with (
        tempfile.TemporaryDirectory() as name,
        aws.at_real_names(Path(name), may_be_far=True) as endpoints,
        keyrings.kernel_keys_put_back(),
        keyrings.secret_service(Path(name) / "bus") as bus,
    ):
        folder = Path(name)
        programs = Programs(folder, _PROGRAM, peers, endpoints)
        with endpoints.serving():
            endpoints.assert_latency()
            seconds: dict[str, Sequence[float]] = {}
            # Programs that are compared run by turns, and the others do not warm or cool the machine for them.
            for cases, runs in (
                (programs.hits(bus), rounds),
                (programs.hits_of_many(), rounds),
                (programs.firsts(), firsts),
                (programs.firsts_of_sources(), firsts),
                (programs.firsts_from_disk(), firsts),
            ):
                seconds |= stopwatch.alternate(cases, runs, folder)
            counted = instructions.count(programs.counted(), folder)
            highest = max(_peak_mib(programs.first(bars.PEAK)) for _ in range(_PEAKS))
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


def _versions(peers: Peers) -> dict[str, str]:
    """Return what each program says of its version."""
    commands = {"docker-credential-ecrx": [str(_PROGRAM), "version"]}
    if peers.ecr_login:
        commands["ecr-login"] = ["go", "version", "-m", str(peers.ecr_login)]
    if peers.debians_ecr_login:
        commands["Debian's ecr-login"] = ["dpkg-query", "--show", "amazon-ecr-credential-helper"]
    if peers.secretservice:
        commands["docker-credential-secretservice"] = ["dpkg-query", "--show", "golang-docker-credential-helpers"]
    if peers.awscli:
        commands["aws"] = [str(peers.awscli), "--version"]
    return {name: _said(command) for name, command in commands.items()}


def _said(command: Sequence[str]) -> str:
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    module = next((line for line in said if line.startswith("\tmod\t")), "")
    return " ".join((module or (said[0] if said else "unknown")).split()[:3])


def _existing(path: str | Path | None) -> Path | None:
    return Path(path) if path and Path(path).exists() else None


if __name__ == "__main__":
    sys.exit(main())
