"""A console whose text controls no terminal, and contains no secret that the process holds."""

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from docker_credential_ecrx import log
from docker_credential_ecrx.sanitizer import third_party


class SafeConsole(Console):
    """A console that escapes control characters in text; its own colours stay."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Yield the escaped segments."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=safe(segment.text))


def safe(text: str) -> str:
    """Return ``text`` with control characters escaped, and without secrets."""
    return third_party.escaped(log.redacted(text))
