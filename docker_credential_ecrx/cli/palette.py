"""The colours of output, legible on a light and on a dark background, and its signs."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Console
from rich.theme import Theme

# Of the 256 colours that every terminal shows alike, those with a contrast of at least 3:1 on black, on white and on
# what Solarized has instead.
# https://www.w3.org/TR/WCAG21/#non-text-contrast
FIXED = {
    "good": "color(28)",
    "bad": "bold color(196)",
    "error": "color(196)",
    "warning": "color(166)",
    "place": "color(31)",
    "faint": "color(102)",
}
# A terminal with 16 colours has the user's own.
_NAMED = {"good": "green", "bad": "bold red", "error": "red", "warning": "yellow", "place": "cyan", "faint": "dim"}


def apply(console: Console) -> None:
    """Give the console these colours by their names."""
    console.push_theme(Theme(FIXED if console.color_system in ("256", "truecolor") else _NAMED))


class Signs(NamedTuple):
    """The sign of a check that passed (True), failed or was skipped (None), and the arrow before a remedy."""

    of: Mapping[bool | None, str]
    arrow: str


_SIGNS = Signs({True: "✓", False: "✗", None: "–"}, "→")  # noqa: RUF001 - a dash
_ASCII_SIGNS = Signs({True: "+", False: "x", None: "-"}, "->")


def signs(encoding: str) -> Signs:
    """Return the signs that the console's ``encoding`` and the locale's character set have."""
    locale = next((value for value in map(os.environ.get, ("LC_ALL", "LC_CTYPE", "LANG")) if value), "UTF-8")
    return _SIGNS if encoding.startswith("utf") and "utf" in locale.lower() else _ASCII_SIGNS
