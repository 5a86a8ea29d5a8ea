"""tests/reach: what counts as a pass in a place, and places that are built at the same time."""

import os
import re
import runpy
import subprocess
from pathlib import Path

import pytest
import yaml

from support import need

pytestmark = pytest.mark.posix("a POSIX shell")

_ROOT = Path(__file__).parents[2]
_SUCCEEDED = """Linux 6.1.0-50-arm64 aarch64\r
reach: demo ok\r
============ 41 passed, 1 skipped, 60 deselected in 91.02s (0:01:31) ===========\r
reach: pytest ended with 0\r
"""


def _sh(script: str, *arguments: str | Path) -> "subprocess.Popen[str]":
    """Start a script with the functions of tests/reach, as tests/reach/run has them."""
    sources = "set -eu; . tests/reach/roots.sh; . tests/reach/checks.sh; . tests/reach/pythons.sh\n"
    command: list[str | Path] = [need.command("sh"), "-c", sources + script, "sh", *arguments]
    return subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_every_place_has_a_job() -> None:
    """The weekly workflow runs every place that tests/reach/run has."""
    (places,) = re.findall(r"^ *0\) main (.*) ;;$", (_ROOT / "tests" / "reach" / "run").read_text(), re.MULTILINE)
    workflow = yaml.safe_load((_ROOT / ".github" / "workflows" / "reach.yml").read_text())

    assert places.split() == workflow["jobs"]["place"]["strategy"]["matrix"]["place"]


def test_list_of_exceptions_names_existing_tests() -> None:
    """Each test that may be skipped under emulation exists under that name."""
    gone = []
    for name in runpy.run_path(str(_ROOT / "tests" / "reach" / "lacking.py"))["TRACED"]:
        file, *parts = name.split("::")
        text = (_ROOT / file).read_text()
        gone += [name for part in parts if not re.search(rf"^ *(class|def) {part}\b", text, re.MULTILINE)]

    assert [] == gone


def test_closing_lines_of_shared_tests_are_added(tmp_path: Path) -> None:
    """The seconds are those of the longest run."""
    log = tmp_path / "log"
    log.write_text(
        "=== 1 failed, 40 passed, 60 deselected in 91.02s (0:01:31) ===\n"
        "E  said: 7 passed in 3.00s\n"
        "=== 8 passed, 2 skipped, 91 deselected, 1 error in 100.90s (0:01:40) ===\n"
    )

    said, _ = _sh('closing_line "$1"', log).communicate()

    assert "48 passed, 1 failed, 1 error, 2 skipped in 101 s\n" == said


class TestMachine:
    """The arm64 machine, of which only the log is available."""

    @pytest.fixture
    def log(self, tmp_path: Path) -> Path:
        """Return the log of a machine on which everything passed."""
        path = tmp_path / "log"
        path.write_text(_SUCCEEDED, newline="")
        return path

    def _judged(self, log: Path) -> tuple[int, str]:
        shell = _sh('status=0; of_machine "$1" || status=1; echo "$demo; $closing"; exit "$status"', log)
        said, _ = shell.communicate()
        return shell.returncode, said.splitlines()[-1]

    def test_passes_with_all_tests_run(self, log: Path) -> None:
        """The line of result has the tests that were skipped."""
        assert (0, "ok; 41 passed, 1 skipped in 91 s") == self._judged(log)

    def test_names_the_first_failure(self, log: Path) -> None:
        log.write_text(_SUCCEEDED.replace("demo ok", "demo ok at the second try"))

        status, said = self._judged(log)

        assert (0, "ok at the second try") == (status, said.partition(";")[0])

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("reach: pytest ended with 0", "reach: pytest ended with 3"),
            ("reach: pytest ended with 0", ""),
            ("41 passed, 1 skipped, ", ""),
            ("41 passed, 1 skipped, ", "2 skipped, "),
            ("41 passed", "1 failed, 40 passed"),
            ("reach: demo ok", "reach: demo failed"),
            ("reach: demo ok", ""),
            (_SUCCEEDED, ""),
        ],
    )
    def test_fails_if_tests_did_not_run(self, log: Path, old: str, new: str) -> None:
        """A crash, a missing line, and tests that were all deselected or skipped are failures."""
        ended = "0" if "failed, " not in new else "1"
        log.write_text(_SUCCEEDED.replace(old, new).replace("ended with 0", f"ended with {ended}"))

        assert 1 == self._judged(log)[0]


class TestCache:
    """Folders that are cached under a key made from their inputs."""

    _MAKE = """cache=$1 made=$1/made
make() {
    [ ! -e "$folder/begun" ]
    : >"$folder/begun"
    echo "$2" >>"$made"
    [ "$2" != wait ] || read -r _ <"$cache/pipe"
    $3
}
cached system "$2" make "$2" "$3" "${4:-true}" >&2
echo "$folder"
"""

    def _make(self, cache: Path, *arguments: str) -> "subprocess.Popen[str]":
        need.command("flock")
        return _sh(self._MAKE, cache, *arguments)

    def test_two_at_once_build_once(self, tmp_path: Path) -> None:
        """The second waits for the first and does not touch its folder."""
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        writing = os.open(pipe, os.O_RDWR)
        shells = [self._make(tmp_path, "key", "wait") for _ in range(2)]

        os.write(writing, b"go on\ngo on\n")
        folders = [shell.communicate()[0] for shell in shells]
        os.close(writing)

        assert [0, 0] == [shell.returncode for shell in shells]
        assert 1 == len(set(folders))
        assert "wait\n" == (tmp_path / "made").read_text()

    def test_leaves_the_folder_of_another_key(self, tmp_path: Path) -> None:
        """Another place that runs at the same time may use it."""
        folders = [Path(self._make(tmp_path, key, "at once").communicate()[0].strip()) for key in ("one", "two")]

        assert folders[0] != folders[1]
        assert all((folder / "begun").exists() for folder in folders)

    def test_restarts_after_a_failure(self, tmp_path: Path) -> None:
        failed = self._make(tmp_path, "key", "at once", "false")
        assert "" == failed.communicate()[0]
        complete = self._make(tmp_path, "key", "at once")
        folder, _ = complete.communicate()

        assert (1, 0) == (failed.returncode, complete.returncode)
        assert Path(folder.strip(), ".complete").exists()
