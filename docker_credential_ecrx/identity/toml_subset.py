"""Parses the simple subset of TOML that most configuration files use; importing tomllib takes 10 ms.

It parses that subset as tomllib does, and refuses everything else, which the caller leaves to tomllib.
"""

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_DIGITS = frozenset("0123456789")
_MOST_DIGITS = 18  # TOML guarantees these, and Python parses far more

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def parse(document: str) -> "dict[str, Any] | None":
    """Return the tables of ``document``, or None if it is not in the subset.

    The subset is tables and arrays of tables with bare names, and bare keys with strings without escapes, integers,
    or arrays of such strings on one line.
    """
    tables: dict[str, Any] = {}
    table = tables
    for raw in document.replace("\r\n", "\n").split("\n"):
        line = raw.strip(" \t")
        if not line.replace("\t", " ").isprintable():
            return None
        if not line or line[0] == "#":
            continue
        found = _header(line, tables) if line[0] == "[" else table
        if found is None or (found is table and not _add(line, table)):
            return None
        table = found
    return tables


def _header(line: str, tables: "dict[str, Any]") -> "dict[str, Any] | None":
    """Return the new table that the line begins, or None if the line is not in the subset."""
    opening, closing = ("[[", "]]") if line.startswith("[[") else ("[", "]")
    name, found, rest = line[len(opening) :].partition(closing)
    name = name.strip(" \t")
    if not found or not _is_bare(name) or not _is_comment(rest):
        return None
    table: dict[str, Any] = {}
    if opening == "[":
        return None if name in tables else tables.setdefault(name, table)
    array = tables.setdefault(name, [])
    if not isinstance(array, list):
        return None
    array.append(table)
    return table


def _add(line: str, table: "dict[str, Any]") -> bool:
    """Add the line's key to ``table``; return False if the line is not in the subset, or the key is not new."""
    key, equals, value = line.partition("=")
    key, value = key.strip(" \t"), value.strip(" \t")
    if not equals or not _is_bare(key) or key in table or not value:
        return False
    if value[0] in "\"'[":
        found, rest = _array(value[1:]) if value[0] == "[" else _string(value)
        if found is None or not _is_comment(rest):
            return False
        table[key] = found
        return True
    number = value.partition("#")[0].strip(" \t")
    if (
        not number
        or not _DIGITS.issuperset(number)
        or (number[0] == "0" and number != "0")
        or len(number) > _MOST_DIGITS
    ):
        return False
    table[key] = int(number)
    return True


def _string(text: str) -> "tuple[str | None, str]":
    """Return the string that ``text`` begins with, or None if it is not in the subset, and the text after it."""
    quote = text[:1]
    found, closing, rest = text[1:].partition(quote) if quote and quote in "\"'" else ("", "", "")
    is_simple = closing and not (quote == '"' and "\\" in found)
    return (found if is_simple else None), rest


def _array(text: str) -> "tuple[list[str] | None, str]":
    """Return the strings of the array after whose bracket ``text`` begins, or None, and the text after it."""
    items: list[str] = []
    rest = text.lstrip(" \t")
    while not rest.startswith("]"):
        item, rest = _string(rest)
        rest = rest.lstrip(" \t")
        if item is None or rest[:1] not in (",", "]"):
            return None, rest
        items.append(item)
        rest = rest.removeprefix(",").lstrip(" \t")
    return items, rest[1:]


def _is_bare(name: str) -> bool:
    return bool(name) and _BARE.issuperset(name)


def _is_comment(rest: str) -> bool:
    """Return whether ``rest`` is empty or a comment."""
    return rest.strip(" \t")[:1] in ("", "#")
