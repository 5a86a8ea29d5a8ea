"""Time limits on calls to third-party code, which may wait for input, for a window or for ever."""

import _thread
import os
import time

from docker_credential_ecrx.system.background import Background

ASKING_SECONDS = 9.0  # AWS's part of the 30 seconds that testcontainers-java gives a get
_A_PERSONS_SECONDS = 86400.0  # who may end the program
_LOOK_SECONDS = 1.0  # after which a wait looks whether its end has moved
_MIN_SECONDS = 3.0  # AWS has these even if the program itself took the rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


class TimeLimitError(TimeoutError):
    """A call did not end within so many ``seconds``; ``waiting_for`` is the host that it waited for, if known."""

    def __init__(self, seconds: float, waiting_for: str = "") -> None:
        super().__init__(f"did not respond within {seconds:g} seconds")
        self.seconds = seconds
        self.waiting_for = waiting_for


class LateStartError(Exception):
    """A call had too little time, because the program itself took ``seconds`` before it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Deadline:
    """The time limit on several calls together: ``seconds`` after it ``began`` (time.monotonic(), or else now).

    At least three seconds are left from now.
    Code that makes a request sets ``waiting_for`` to its host, and clears it after the response.
    """

    def __init__(self, seconds: float, began: float | None = None) -> None:
        now = time.monotonic()
        self._seconds = seconds
        self._late = 0.0 if began is None else now - began
        self.end = now + max(_MIN_SECONDS, seconds - self._late)
        self.waiting_for = ""

    def stopped(self) -> "_Stopped":
        """Return a context whose time does not count, because it waits for a person."""
        return _Stopped(self)

    def within(self, call: "Callable[[], T]") -> "T":
        """Return what ``call`` returns, or raise what it raises, or TimeoutError if it has not ended by then.

        Raises LateStartError instead if most of the time had passed before the call.
        Processes that the call has started and not waited for are killed.
        """
        threads: list[int] = []

        def recorded() -> "T":
            threads.append(_thread.get_native_id())
            return call()

        try:
            return _until(lambda: self.end - time.monotonic(), recorded)
        except TimeoutError as error:
            if self._late > self._seconds - _MIN_SECONDS:
                raise LateStartError(self._late) from error
            raise TimeLimitError(self._seconds, self.waiting_for) from error
        finally:
            for thread in threads:
                _kill_children(thread)


class _Stopped:
    """The time for which a deadline is stopped."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._left = 0.0

    def __enter__(self) -> None:
        self._left = self._deadline.end - time.monotonic()
        self._deadline.end += _A_PERSONS_SECONDS

    def __exit__(self, *_: object) -> None:
        self._deadline.end = time.monotonic() + self._left


class Patience:
    """A time limit on each call to one service; after one call has timed out, no further call is made."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, call: "Callable[[], T]") -> "T":
        """Return what ``call`` returns, or raise what it raises or TimeoutError."""
        if not self._seconds:
            raise TimeoutError("it did not respond to an earlier request")
        try:
            return within(self._seconds, call)
        except TimeoutError:
            self._seconds = 0.0
            raise


def within(seconds: float, call: "Callable[[], T]") -> "T":
    """Return what ``call`` returns, or raise what it raises; it runs in a thread that is abandoned after ``seconds``.

    Raises TimeoutError if it has not ended by then, and RuntimeError in place of what is not an Exception.
    """
    end = time.monotonic() + seconds
    return _until(lambda: end - time.monotonic(), call)


def _until(left: "Callable[[], float]", call: "Callable[[], T]") -> "T":
    """Do what ``within`` does, until no seconds are ``left``, of which there may be more or fewer in the meantime."""
    seconds = left()
    running = Background(call)
    while not running.ends_within(min(max(0.0, left()), _LOOK_SECONDS)):
        if left() <= 0:
            raise TimeLimitError(seconds)
    try:
        result: T = running.result()
    except Exception:
        raise
    except BaseException as error:
        # A SystemExit or a panic in third-party code must not end this program.
        raise RuntimeError(type(error).__name__) from error
    return result


def _kill_children(thread: int) -> None:
    """Kill the processes that a thread of this process started and has not waited for; only Linux can list them.

    They are found by their parents and not by a process group: a credential_process stays in this process's own group,
    so that Ctrl-C and its questions on the terminal work.
    """
    try:
        # A /proc of another PID namespace lists other processes under these numbers.
        if os.readlink("/proc/self") == str(os.getpid()):
            _kill(_children(f"/proc/self/task/{thread}"))
    except OSError:
        return


def _kill(processes: list[int]) -> None:
    for process in processes:
        from docker_credential_ecrx.system.fast_stdlib import signal

        try:
            os.kill(process, signal.SIGSTOP)  # so that it starts nothing more
            try:
                for thread in os.listdir(f"/proc/{process}/task"):
                    _kill(_children(f"/proc/{process}/task/{thread}"))
            finally:
                os.kill(process, signal.SIGKILL)
        except OSError:
            continue  # it has ended, or belongs to another user


def _children(thread: str) -> list[int]:
    with open(f"{thread}/children", encoding="utf-8") as file:
        return [int(process) for process in file.read().split()]
