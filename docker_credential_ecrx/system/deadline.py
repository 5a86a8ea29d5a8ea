"""A time limit on a call to a stranger that may ask a question, wait for a window or hang."""

import _thread  # threading costs a cached get a millisecond; a lock with a time limit is all that is needed
import os
import time

ASKING_SECONDS = 9.0  # what AWS may take; testcontainers-java gives a get 30
_LEAST_SECONDS = 3.0  # and has even where the program itself took the rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


class TimeLimitError(TimeoutError):
    """A call did not end within so many ``seconds``; ``waiting_for`` is the host that it waited for, if known."""

    def __init__(self, seconds: float, waiting_for: str = "") -> None:
        super().__init__(f"no answer within {seconds:g} seconds")
        self.seconds = seconds
        self.waiting_for = waiting_for


class LateStartError(Exception):
    """A call had little time, because the program took ``seconds`` before it could make it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Deadline:
    """The time limit, ``seconds`` from when it ``began`` (time.monotonic()), on all that is done to one end.

    It is three seconds from now at least.
    Code that makes a request sets ``waiting_for`` to its host, and clears it after the response.
    """

    def __init__(self, seconds: float, began: float | None = None) -> None:
        now = time.monotonic()
        self._seconds = seconds
        self._late = 0.0 if began is None else now - began
        self.end = now + max(_LEAST_SECONDS, seconds - self._late)
        self.waiting_for = ""

    def within(self, call: "Callable[[], T]") -> "T":
        """Return what ``call`` returns, or raise what it raises, or TimeoutError where it has not ended by then.

        Raises LateStartError in its place where most of the time was over before.
        What the call has started by then is ended, too.
        """
        threads: list[int] = []

        def known() -> "T":
            threads.append(_thread.get_native_id())
            return call()

        try:
            return within(max(0.0, self.end - time.monotonic()), known)
        except TimeoutError as error:
            if self._late > self._seconds - _LEAST_SECONDS:
                raise LateStartError(self._late) from error
            raise TimeLimitError(self._seconds, self.waiting_for) from error
        finally:
            for thread in threads:
                _end_children(thread)


class Patience:
    """A time limit on the calls to one stranger; once it has kept one waiting, no further call is made."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, call: "Callable[[], T]") -> "T":
        """Return what ``call`` returns, or raise what it raises or TimeoutError."""
        if not self._seconds:
            raise TimeoutError("it did not answer before")
        try:
            return within(self._seconds, call)
        except TimeoutError:
            self._seconds = 0.0
            raise


def within(seconds: float, call: "Callable[[], T]") -> "T":
    """Return what ``call`` returns, or raise what it raises; it runs in a thread that is given up after ``seconds``.

    Raises TimeoutError where it has not ended by then, and RuntimeError for what is no Exception.
    """
    results: list[T] = []
    errors: list[BaseException] = []
    done = _thread.allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - a stranger may raise anything; the caller translates it
            errors.append(error)
        finally:
            done.release()

    _thread.start_new_thread(run, ())
    if not done.acquire(timeout=seconds):
        raise TimeLimitError(seconds)
    if not errors:
        return results[0]
    if not isinstance(errors[0], Exception):
        # What a stranger ends a program with, SystemExit or a panic, does not end this one.
        raise RuntimeError(type(errors[0]).__name__) from errors[0]  # noqa: TRY004
    raise errors[0]


def _end_children(thread: int) -> None:
    """End what a thread of this process started and has not waited for; Linux alone tells what that is.

    A credential_process is left in this process' own group, for Ctrl-C and its questions on the terminal, so it is
    told by its descent.
    """
    try:
        # In another namespace than this process' own the numbers mean others.
        if os.readlink("/proc/self") == str(os.getpid()):
            _end(_children(f"/proc/self/task/{thread}"))
    except OSError:
        return


def _end(processes: list[int]) -> None:
    import signal

    for process in processes:
        try:
            os.kill(process, signal.SIGSTOP)  # it starts nothing more
            try:
                for thread in os.listdir(f"/proc/{process}/task"):
                    _end(_children(f"/proc/{process}/task/{thread}"))
            finally:
                os.kill(process, signal.SIGKILL)
        except OSError:
            continue  # it has ended, or is another user's


def _children(thread: str) -> list[int]:
    with open(f"{thread}/children", encoding="ascii") as file:
        return [int(process) for process in file.read().split()]
