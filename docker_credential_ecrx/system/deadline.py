"""Time limits on calls to third-party code, which may wait for input, for a window or for ever."""

import _thread  # importing threading takes a millisecond of a cached get, and a lock with a time limit suffices
import os
import time

ASKING_SECONDS = 9.0  # AWS's part of the 30 seconds that testcontainers-java gives a get
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
            return within(max(0.0, self.end - time.monotonic()), recorded)
        except TimeoutError as error:
            if self._late > self._seconds - _MIN_SECONDS:
                raise LateStartError(self._late) from error
            raise TimeLimitError(self._seconds, self.waiting_for) from error
        finally:
            for thread in threads:
                _kill_children(thread)


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
    results: list[T] = []
    errors: list[BaseException] = []
    done = _thread.allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - third-party code may raise anything; it is raised again below
            errors.append(error)
        finally:
            done.release()

    _thread.start_new_thread(run, ())
    if not done.acquire(timeout=seconds):
        raise TimeLimitError(seconds)
    if not errors:
        return results[0]
    if not isinstance(errors[0], Exception):
        # A SystemExit or a panic in third-party code must not end this program.
        raise RuntimeError(type(errors[0]).__name__) from errors[0]  # noqa: TRY004
    raise errors[0]


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
    import signal

    for process in processes:
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
    with open(f"{thread}/children", encoding="ascii") as file:
        return [int(process) for process in file.read().split()]
