"""Every word that a person sees, but for Docker's protocol.

What was asked for goes to stdout; everything else goes to stderr, with the program's name before it, no capital at its
beginning and no full stop at its end.
Colour is for terminals, and NO_COLOR is honoured.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from docker_credential_ecrx.errors import EcrxError
from docker_credential_ecrx.settings import PROGRAM

# Lines stay whole where nobody looks: a pipe has no width.
out = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)


def say(text: str, style: str = "") -> None:
    """Tell the person something that is not the answer."""
    err.print(Text(f"{PROGRAM}: ").append(text, style))


def fail(error: EcrxError) -> None:
    """Tell what failed, and what mends it."""
    say(str(error), "red")


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show that something goes on; only a terminal shows it."""
    if not err.is_terminal:
        yield
        return
    with err.status(text):
        yield
