"""Shows what a command waits for: on a terminal, and only if that takes longer than a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType

if TYPE_CHECKING:
    from rich.status import Status


class Progress:
    """The line on a terminal that says what a command waits for, after ``moment`` seconds."""

    def __init__(self, console: Console, moment: float = 0.5) -> None:
        self._console = console
        self._moment = moment
        self._now: tuple[Timer, Status] | None = None

    @contextmanager
    def shown(self, text: RenderableType) -> Iterator[None]:
        """Show ``text`` until the block ends, or a question is asked in it."""
        status = self._console.status(text, spinner_style="good")
        timer = Timer(self._moment, status.start)
        timer.daemon = True
        self._now = timer, status
        timer.start()
        try:
            yield
        finally:
            self.hide()

    def hide(self) -> None:
        """Delete the line, and show it no more: it would be drawn over a question."""
        if self._now is not None:
            timer, status = self._now
            self._now = None
            timer.cancel()
            timer.join()
            status.stop()
