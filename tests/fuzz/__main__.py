"""Fuzzes every target, each in a process of its own, and prints a line for each; exit status 1 where one fails."""

import argparse
import ast
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_HERE = Path(__file__).parent
# Ever longer inputs from the start; and who hangs, or takes all the memory there is, has failed.
_OPTIONS = ["-len_control=0", "-max_len=2048", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=0"]


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(
        prog="tests/fuzz/run", description="Lets coverage choose the inputs of each target."
    )
    parser.add_argument("--inputs", type=int, default=50_000, help="how many for each target (default: %(default)s)")
    parser.add_argument("--work", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("pattern", nargs="?", default="", help="a part of the targets' names (default: all)")
    arguments = parser.parse_args()
    whole = failed = 0
    for module, test in _targets():
        if arguments.pattern in f"{module}.{test}":
            found = _fuzz(module, test, arguments.inputs, arguments.work)
            whole += max(found, 0)
            failed += found < 0
    print(f"{whole:,} inputs, {failed} targets failed")
    return 1 if failed else 0


def _targets() -> Iterator[tuple[str, str]]:
    """Yield the module and the name of each target, without importing any: coverage is counted from an import on."""
    for path in sorted(_HERE.glob("test_*.py")):
        for part in ast.parse(path.read_text()).body:
            if isinstance(part, ast.FunctionDef) and part.name.startswith("test_"):
                yield f"fuzz.{path.stem}", part.name


def _fuzz(module: str, test: str, inputs: int, work: Path) -> int:
    """Print how the target fared; return the number of its inputs, or -1 where it failed."""
    corpus, counts = work / f"{module}.{test}", work / f"{module}.{test}.counts"
    corpus.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-m", "fuzz.one", module, test, str(counts)),
            *(f"-runs={inputs}", *_OPTIONS, f"-artifact_prefix={work}/", str(corpus)),
        ],
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode("utf-8", "replace")
    tried, whole = map(int, counts.read_text().split()) if counts.exists() else (0, 0)
    edges = re.findall(r"cov: (\d+)", said) or ["0"]
    outcome = "failed" if done.returncode else f"{edges[-1]} edges"
    print(f"{module[10:]}: {test[5:].replace('_', ' ')}: {tried:,} inputs, {whole:,} of them whole,", end=" ")
    print(f"{time.monotonic() - started:.0f} s, {outcome}", flush=True)
    if done.returncode:
        print(
            done.stdout.decode("utf-8", "replace")[-4000:],
            *re.findall(r" === Unc.*?\n==", said, re.DOTALL) or [said[-2000:]],
        )
        return -1
    return whole


sys.exit(main())
