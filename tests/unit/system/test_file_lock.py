"""A lock between processes, and what is behind an error while a process waits for it."""

import signal
from pathlib import Path
from types import FrameType

import pytest

from docker_credential_ecrx.system import shortage
from docker_credential_ecrx.system.file_lock import FileLock


@pytest.fixture
def held(tmp_path: Path) -> FileLock:
    """Return a lock that another opening of its file holds."""
    file = str(tmp_path / "lock")
    holder = FileLock(file)
    assert holder.acquire(0)
    return FileLock(file)


class TestAcquire:
    def test_gives_up_while_another_holds_it(self, held: FileLock) -> None:
        assert not held.acquire(0)
        assert not held.acquire(0.05)

    @pytest.mark.posix("signals")
    def test_wait_is_not_behind_an_error_that_ends_it(self, held: FileLock) -> None:
        """The kernel says EAGAIN of a lock that is held, as it does of a process that may have no more threads."""

        def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as signal has it
            raise ValueError

        before = signal.signal(signal.SIGALRM, end)
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        try:
            with pytest.raises(ValueError) as caught:  # noqa: PT011 - ours, without words
                held.acquire(60)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

        assert shortage.behind(caught.value) is None
