"""Breaks text into lines for a terminal: at spaces alone, so that a host, an ARN or a path stays whole."""

import textwrap

from docker_credential_ecrx.errors import Remedy

_LEAST = 20  # columns of text beside a label
_INDENT_OF_REMEDY = 5
_LESS_INDENT = 4


def after_label(text: str, indent: int, width: int) -> list[str]:
    """Return ``text`` in lines of up to ``width`` columns, for a label that takes ``indent`` columns.

    The first line follows the label, and is empty if its first word does not fit there.
    Each other line begins with its indentation, which is smaller if the line would otherwise be too long.
    A word that is too long even for a whole line stays whole, too.
    """
    first, *more = _wrapped(text, max(width - indent, _LEAST)) or [""]
    if indent + len(first) > width and len(first) > _LEAST:
        first, more = "", [first, *more]
    return [first, *(_indented(line, indent, width) for line in more)]


def remedy(found: Remedy, text: str, width: int) -> list[str]:
    """Return the lines of a remedy after its arrow: its text, and its command so that it runs when it is copied.

    ``text`` is the whole remedy on one line.
    """
    if _INDENT_OF_REMEDY + len(text) <= width:
        return [text]
    words = f"{found.text}:" if found.text and found.command else found.text
    lines = after_label(words, _INDENT_OF_REMEDY, width) if words else []
    parts = _wrapped(found.command, width - _INDENT_OF_REMEDY - len(" \\"))
    for number, part in enumerate(parts):
        line = part if number == len(parts) - 1 else f"{part} \\"
        lines.append(_indented(line, _INDENT_OF_REMEDY, width) if lines else line)
    return lines


def _indented(line: str, indent: int, width: int) -> str:
    """Return the line with the largest of the indentations with which it fits."""
    fitting = (columns for columns in (indent, _LESS_INDENT) if columns + len(line) <= width)
    return f"{' ' * next(fitting, 0)}{line}"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
