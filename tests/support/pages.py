"""The pages under docs/, and what a reader would paste out of them."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def text(name: str) -> str:
    """Return a page."""
    return (FOLDER / name).read_text()


def blocks(name: str, language: str) -> list[str]:
    """Return what a page has to paste in ``language``."""
    return [block for kind, block in _BLOCK.findall(text(name)) if kind == language]


def table(name: str) -> list[list[str]]:
    """Return the cells of the rows of a page's tables, headings and rules among them."""
    rows = (line for line in text(name).splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
