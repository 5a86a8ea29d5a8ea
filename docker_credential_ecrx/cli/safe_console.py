"""A console whose text controls no terminal, and contains no secret that the process holds."""

import os
import re
from collections.abc import Iterator, Mapping

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from docker_credential_ecrx import log
from docker_credential_ecrx.sanitizer import third_party

# rich stops with a ValueError if a size is not a number that it can read, and prints nothing if the width is 0.
_SIZES = ("COLUMNS", "LINES")
_SIZE = re.compile("[1-9][0-9]{0,4}")
# With FORCE_COLOR and others, rich would wrap and colour lines in a pipe.
_READ = ("TERM", "COLORTERM", "NO_COLOR", *_SIZES)


class SafeConsole(Console):
    """A console that escapes control characters in text; its own colours and bold text stay, unless NO_COLOR is set."""

    _environ: Mapping[str, str] = {
        name: os.environ[name]
        for name in _READ
        if name in os.environ and (name not in _SIZES or _SIZE.fullmatch(os.environ[name]))
    }

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
