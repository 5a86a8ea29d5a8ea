"""Work in a separate process: if either of the two processes is killed, the other one finishes or cleans up."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.posix("fork and signals")

BEGIN = """\
import os, pathlib, signal, sys
from docker_credential_ecrx.config_files import forked
from docker_credential_ecrx.errors import EcrxError
done, cleaned = map(pathlib.Path, sys.argv[1:])
def run(work):
    try:
        print(forked.run(work, cleaned.touch))
    except EcrxError as error:
        print(error)
"""


class Outcome:
    """How a program that does ``work`` ended, what it printed, and what it did."""

    def __init__(self, folder: Path, work: str) -> None:
        done, cleaned = folder / "done", folder / "cleaned"
        command = [sys.executable, "-c", f"{BEGIN}{work}", str(done), str(cleaned)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        self.status, self.said = ended.returncode, ended.stdout.rstrip("\n")
        self.is_done, self.is_cleaned = done.exists(), cleaned.exists()


def test_returns_the_result_of_the_work(tmp_path: Path) -> None:
    """The result may be anything that JSON can represent."""
    assert "[['\\udcff'], []]" == Outcome(tmp_path, r"run(lambda: [['\udcff'], []])").said


def test_forwards_an_error_with_its_hint(tmp_path: Path) -> None:
    work = "def work(): raise EcrxError('no disk', 'buy one')\nrun(work)"

    assert "no disk; buy one" == Outcome(tmp_path, work).said


def test_hides_the_text_of_an_unexpected_error(tmp_path: Path) -> None:
    """The text may contain a secret."""
    said = Outcome(tmp_path, "def work(): raise KeyError('hunter2')\nrun(work)").said

    assert "the edit failed with an unexpected KeyError" in said
    assert "hunter2" not in said


def test_cleans_up_after_killed_work(tmp_path: Path) -> None:
    """The error says that it was killed."""
    found = Outcome(tmp_path, "run(lambda: os.kill(os.getpid(), signal.SIGKILL))")

    assert "the process that edits the files was killed; run the command again" == found.said
    assert found.is_cleaned


def test_completes_the_work_if_the_caller_is_killed(tmp_path: Path) -> None:
    """No other process is left to do it."""
    found = Outcome(tmp_path, "run(lambda: (os.kill(os.getppid(), signal.SIGKILL), done.touch()) and None)")

    assert (-signal.SIGKILL, True, False) == (found.status, found.is_done, found.is_cleaned)


def test_signal_waits_for_the_end_of_the_work(tmp_path: Path) -> None:
    """Ctrl-C reaches both processes."""
    kill = "os.kill(os.getppid(), signal.SIGTERM), os.kill(os.getpid(), signal.SIGTERM)"
    found = Outcome(tmp_path, f"run(lambda: ({kill}, done.touch()) and None)")

    assert (-signal.SIGTERM, True, "") == (found.status, found.is_done, found.said)
