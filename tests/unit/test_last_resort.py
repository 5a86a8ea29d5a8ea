"""The line about an error that nothing else has reported."""

import errno
from pathlib import Path

import pytest

from docker_credential_ecrx import __main__


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.EIO, "Input/output error"), "the program failed with an unexpected OSError; report it"),
        (FileNotFoundError(errno.ENOENT, "No such file"), "the program failed with an unexpected FileNotFoundError"),
        (RuntimeError("something else"), "the program failed with an unexpected RuntimeError; report it"),
        (OSError(errno.EMFILE, "Too many open files"), "the process has no more file descriptors; raise its limit"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "the process has no more memory; raise its limit"),
        (RuntimeError("can't start new thread"), "the process has no more threads or processes; raise its limit"),
        (MemoryError(), "maybe for lack of memory, files or threads; raise the limits"),
    ],
)
def test_names_a_shortage_only_if_there_is_one(error: Exception, says: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert 1 == __main__.last_resort(error)

    found = capfd.readouterr()
    assert (found.out, 1) == (found.err, found.err.count("\n"))
    assert says in found.err


def test_words_are_those_of_the_frozen_programs_start() -> None:
    """It has a copy, because the package may be what is missing."""
    entry = (Path(__file__).parents[2] / "build" / "entry.py").read_text()
    for line in __main__.LAST_RESORT.decode().rstrip("\n").partition("; ")[::2]:
        assert line in entry
