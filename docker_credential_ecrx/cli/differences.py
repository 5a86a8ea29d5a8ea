"""Prints the difference between a text as it is and as it will be."""

import difflib
import re

from rich.text import Text

from docker_credential_ecrx.cli import console
from docker_credential_ecrx.cli.safe_console import safe


def show(before: str, after: str, old: str, new: str) -> None:
    """Print the unified diff from ``before`` to ``after``; ``old`` and ``new`` are the names of the files."""
    was, is_now = ([line for line in re.split(r"(?<=\n)", text) if line] for text in (before, after))
    for line in difflib.unified_diff(was, is_now, old, new):
        whole = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        if console.out.is_terminal:
            console.out.print(Text(whole, {"+": "good", "-": "error", "@": "place"}.get(line[0], "")), end="")
        else:
            console.out.file.write(safe(whole))  # rich would expand tabs
