"""A call in a thread of its own, whose result is taken later."""

import _thread  # importing threading takes a millisecond of a get, and a lock with a time limit suffices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Background:
    """A ``call`` that runs from now on; if it never ends, the thread ends with the process.

    Raises RuntimeError if there can be no more threads.
    """

    __slots__ = ("_call", "_done", "_error", "_result")

    def __init__(self, call: "Callable[[], object]") -> None:
        self._call = call
        self._result: object = None
        self._error: BaseException | None = None
        self._done = _thread.allocate_lock()
        self._done.acquire()
        _thread.start_new_thread(self._run, ())

    def _run(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:  # noqa: BLE001 - it may be anything; ``result`` raises it
            self._error = error
        finally:
            self._done.release()

    def ends_within(self, seconds: float) -> bool:
        """Return whether the call has ended, or ends within so many seconds."""
        if not self._done.acquire(timeout=seconds):
            return False
        self._done.release()
        return True

    def result(self) -> "Any":  # noqa: ANN401 - what the call returns
        """Return what the call returns, or raise what it raises, when it has ended."""
        with self._done:
            pass
        if self._error is not None:
            raise self._error
        return self._result
