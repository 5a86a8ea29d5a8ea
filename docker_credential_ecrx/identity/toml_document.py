"""Parses any TOML with tomllib, whose import takes 10 ms: for a file that ``toml_subset`` does not parse."""

import re
import tomllib

from docker_credential_ecrx.errors import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_NOT_CLOSED = "a string is not closed", "close it with the quotes that it begins with"
_NO_VALUE = "a key has no value", 'write KEY = "VALUE"'
_ARRAY = "an array has no ] at its end, or no comma between two of its items", "add it"
_TWICE = "a key or a table is defined twice", "delete one of them"
_ESCAPE = (
    "a string has a backslash that is not part of a valid escape",
    "write two backslashes for one, or use single quotes",
)
_CHARACTER = "there is a control character", "delete it"
_HEADER = "the name of a table is not followed by the brackets that close it", "write [TABLE] or [[TABLE]]"
# How tomllib's messages begin, what is wrong then, and what to do.
_REASONS = (
    ("Unterminated string", *_NOT_CLOSED),
    ("Expected \"'", *_NOT_CLOSED),  # the quotes at the end of a literal string
    (
        "Invalid value",
        "a value is not a string in quotes, a number, true or false",
        'write text in quotes, as in KEY = "VALUE"',
    ),
    ("Expected '='", "a key is not followed by = and a value", 'write KEY = "VALUE"'),
    (
        "Expected newline",
        "there is more text after a value or after the name of a table",
        "write text in quotes, and each key in a line of its own",
    ),
    ("Expected ']", *_HEADER),
    ("Unclosed array", *_ARRAY),
    ("Unclosed inline table", "an inline table has no } at its end, or no comma between two of its keys", "add it"),
    ("Cannot ", *_TWICE),
    ("Duplicate inline table key", *_TWICE),
    ("Invalid statement", "a line does not begin with a key, a table or #", "fix the line"),
    (
        "Invalid initial character for a key part",
        "a key or the name of a table is missing, or has to be in quotes",
        "fix it",
    ),
    ("Unescaped", *_ESCAPE),
    ("Invalid hex value", *_ESCAPE),
    ("Escaped character", *_ESCAPE),
    ("Illegal character", *_CHARACTER),
    ("Found invalid character", *_CHARACTER),
    ("Invalid date or datetime", "a date or a time is not valid", "fix it"),
)


def parse(document: str, path: str) -> "dict[str, Any]":
    """Return the tables of ``document``; raise SettingsError if the file ``path`` is not TOML."""
    try:
        return tomllib.loads(document)
    except (ValueError, RecursionError) as error:  # a number may be too long for Python
        if document.startswith("\ufeff"):
            raise SettingsError(
                f"the configuration file {path} begins with a byte-order mark", "save it as UTF-8 without one"
            ) from error
        reason, remedy = _explain(str(error), document)
        raise SettingsError(f"the configuration file {path} is not TOML: {reason}", remedy) from error


def _explain(message: str, document: str) -> tuple[str, str]:
    """Return where the document is wrong and why, without any text of it, which may be a secret; and what to do.

    tomllib's ``message`` may quote a key or a character of the document; it ends in the position.
    """
    place = _PLACE.search(message)
    if place is None:
        return "it is nested too deeply, or has a number with too many digits", "fix the file"
    where = place[0][len(" (at ") : -1]
    before, rest = _split(document, place)
    start, *found = next((each for each in _REASONS if message.startswith(each[0])), ("", "", "fix the file"))
    if found[0] == _CHARACTER[0] and not rest:
        found = [*_NOT_CLOSED]  # only a string may not contain the end of a line
    elif start == "Invalid value" and rest[:1] in ("", "#"):
        found = [*(_NO_VALUE if before.rstrip(" \t").endswith("=") else _ARRAY)]
    reason, remedy = found
    return f"{where}: {reason}" if reason else where, remedy


def _split(document: str, place: re.Match[str]) -> tuple[str, str]:
    """Return the line of the document at tomllib's position, before and from that position on."""
    lines = document.replace("\r\n", "\n").split("\n")
    line, column = (int(place[1]), int(place[2]) - 1) if place[1] else (len(lines), len(lines[-1]))
    return lines[line - 1][:column], lines[line - 1][column:]
