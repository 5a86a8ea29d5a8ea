"""Progress is shown after a moment, and leaves the terminal as it was."""

import threading
import time
from io import StringIO

import pytest
from rich.console import Console

from docker_credential_ecrx.cli.progress import Progress


@pytest.fixture
def terminal() -> StringIO:
    """Return what is shown on a terminal."""
    return StringIO()


@pytest.fixture
def console(terminal: StringIO) -> Console:
    """Return a console that writes to the terminal."""
    return Console(file=terminal, force_terminal=True, width=60, color_system=None)


def _wait_for(text: str, terminal: StringIO) -> None:
    deadline = time.monotonic() + 30
    while text not in terminal.getvalue():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_is_shown_after_a_moment_and_deleted(terminal: StringIO, console: Console) -> None:
    with Progress(console, moment=0.0).shown("asking AWS"):
        _wait_for("asking AWS", terminal)

    assert "asking AWS" not in terminal.getvalue().rpartition("\x1b[2K")[2]


def test_is_not_shown_of_what_ends_at_once(terminal: StringIO, console: Console) -> None:
    with Progress(console, moment=60.0).shown("asking AWS"):
        pass

    assert "" == terminal.getvalue()


def test_waits_for_half_a_second(console: Console) -> None:
    """So that a quick command shows none."""
    before = threading.enumerate()
    with Progress(console).shown("asking AWS"):
        started = (thread for thread in threading.enumerate() if thread not in before)
        (timer,) = (thread for thread in started if isinstance(thread, threading.Timer))

    assert 0.5 == timer.interval


def test_is_deleted_before_a_question(terminal: StringIO, console: Console) -> None:
    """Otherwise its next picture would be drawn over the question."""
    progress = Progress(console, moment=0.0)

    with progress.shown("asking AWS"):
        _wait_for("asking AWS", terminal)
        progress.hide()
        before = terminal.getvalue()
        time.sleep(0.3)  # three pictures

        assert before == terminal.getvalue()


def test_is_not_shown_after_a_question(terminal: StringIO, console: Console) -> None:
    progress = Progress(console, moment=60.0)

    with progress.shown("asking AWS"):
        progress.hide()

        assert [] == [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert "" == terminal.getvalue()


def test_is_deleted_if_the_block_fails(terminal: StringIO, console: Console) -> None:
    def fail() -> None:
        with Progress(console, moment=0.0).shown("asking AWS"):
            _wait_for("asking AWS", terminal)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert "asking AWS" not in terminal.getvalue().rpartition("\x1b[2K")[2]
