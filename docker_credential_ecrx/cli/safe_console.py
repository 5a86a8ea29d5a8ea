"""A console whose text controls no terminal, and contains no secret that the process holds."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from docker_credential_ecrx import log
from docker_credential_ecrx.sanitizer import third_party


class SafeConsole(Console):
    """A console that escapes control characters in text; its own colours and bold text stay, unless NO_COLOR is set."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Yield the escaped segments."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(safe(segment.text), None if self.no_color else segment.style)


def safe(text: str) -> str:
    """Return ``text`` with control characters escaped, and without secrets."""
    return third_party.escaped(log.redacted(text))
