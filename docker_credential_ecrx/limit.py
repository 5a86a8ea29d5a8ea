"""A time limit on a call to a stranger that may ask a question, wait for a window or hang."""

import _thread  # threading costs a cached get a millisecond; a lock with a time limit is all that is needed
import time

ASKING_SECONDS = 9.0  # what AWS may take; testcontainers-java gives a get 30

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")


class Deadline:
    """The time limit, ``seconds`` from now, on all that is done to one end."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.end = time.monotonic() + seconds

    def within(self, call: "Callable[[], T]") -> "T":
        """Return what ``call`` returns, or raise what it raises, or TimeoutError where it has not ended by then."""
        try:
            return within(max(0.0, self.end - time.monotonic()), call)
        except TimeoutError as error:
            message = f"no answer within {self._seconds:g} seconds"
            raise TimeoutError(message) from error


class Patience:
    """A time limit on the calls to one stranger; once it has kept one waiting, no further call is made."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, call: "Callable[[], T]") -> "T":
        """Return what ``call`` returns, or raise what it raises or TimeoutError."""
        if not self._seconds:
            message = "it did not answer before"
            raise TimeoutError(message)
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
        message = f"no answer within {seconds:g} seconds"
        raise TimeoutError(message)
    if not errors:
        return results[0]
    if not isinstance(errors[0], Exception):
        # What a stranger ends a program with, SystemExit or a panic, does not end this one.
        raise RuntimeError(type(errors[0]).__name__) from errors[0]  # noqa: TRY004
    raise errors[0]
