"""Parses the simple subset of TOML that most configuration files use; importing tomllib takes 10 ms.

It parses that subset as tomllib does, and refuses everything else, which the caller leaves to tomllib.
"""

_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_DIGITS = frozenset("0123456789")
_USUAL_KEYS = frozenset(("match", "profile", "role_arn", "source_profile"))  # of which a file has thousands, or few
_PRINTABLE = bytes((*range(0x20, 0x7F), *b"\n\t"))
_MOST_DIGITS = 18  # TOML guarantees these, and Python parses far more

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def parse(document: str) -> "dict[str, Any] | None":
    """Return the tables of ``document``, or None if it is not in the subset.

    The subset is tables and arrays of tables with bare names, and bare keys with strings without escapes, integers,
    or arrays of such strings on one line.
    """
    text = document.replace("\r\n", "\n") if "\r" in document else document
    if not _is_printable(text):
        return None
    lines = text.split("\n")
    has_escapes = "\\" in text
    start = next((at for at, line in enumerate(lines) if line.startswith("[[")), len(lines))
    tables: dict[str, Any] = {}
    table = _add_lines(lines[:start], tables, tables, has_escapes=has_escapes)
    head = _head(lines[start]) if table is not None and start < len(lines) and not has_escapes else None
    if head is not None and head[0] not in tables:
        alike, start = _alike(lines, start)
        if alike:
            tables[head[0]] = alike
            table = alike[-1]
    is_whole = table is not None and _add_lines(lines[start:], tables, table, has_escapes=has_escapes) is not None
    return tables if is_whole else None


def _is_printable(text: str) -> bool:
    """Return whether ``text`` has printable characters, line ends and tabs only."""
    if text.isascii():  # nearly every file, and this takes a fifth of the time
        return not text.encode().translate(None, _PRINTABLE)
    return text.replace("\n", " ").replace("\t", " ").isprintable()


def _alike(lines: "list[str]", start: int) -> "tuple[list[dict[str, Any]], int]":
    """Return the tables of an array from the line ``start`` on, and where they end, if their lines are much alike.

    That is how a program writes hundreds of rules: with the same lines but for the values of the same usual keys.
    They are compared as columns, since a step of Python's for each line takes longer than all the rest of a ``get``.
    There are no tables if they are not so.
    """
    nothing: list[dict[str, Any]] = []
    if lines[start] not in lines[start + 1 :]:
        return nothing, start
    period = lines.index(lines[start], start + 1) - start
    heads = lines[start::period]
    count = next((number for number, head in enumerate(heads) if head != heads[0]), len(heads))
    end = min(start + count * period, len(lines))
    count = (end - start) // period  # the last one may be shorter
    end = start + count * period
    columns: dict[str, list[str]] = {}
    for at in range(start + 1, start + period):
        column = lines[at:end:period]
        if not any(map(str.strip, column)):
            continue
        before, _, _ = column[0].partition('"')
        name, equals, rest = before.partition("=")
        key = name.strip() if equals and not rest.strip() else ""
        joined = "\n".join(column)
        values = joined[len(before) + 1 : -1].split(f'"\n{before}"')
        # So each line is this key, and one value in quotes.
        is_alike = len(values) == count and joined.endswith('"') and joined.count('"') == 2 * count
        if not is_alike or key not in _USUAL_KEYS or key in columns:
            return nothing, start
        columns[key] = values
    if not columns:
        return nothing, start
    rows = zip(*columns.values(), strict=True)
    return [*map(dict, map(zip, [tuple(columns)] * count, rows))], end


def _add_lines(
    lines: "list[str]", tables: "dict[str, Any]", table: "dict[str, Any]", *, has_escapes: bool
) -> "dict[str, Any] | None":
    """Add what the lines say to ``tables``, of which ``table`` is the last one; return the last one then.

    Return None if a line is not in the subset.
    """
    arrays: dict[str, list[dict[str, Any]]] = {}  # by the lines that begin a table of one, all of which are alike
    for raw in lines:
        line = raw.strip()  # of spaces and tabs: no other white space is printable
        if not line or line[0] == "#":
            continue
        if line[0] != "[":
            key, _, value = line.partition(' = "')
            is_plain = value and value.find('"') == len(value) - 1 and not has_escapes
            # Many files have their values one below the other.
            if is_plain and (key in _USUAL_KEYS or (key := key.rstrip()) in _USUAL_KEYS) and key not in table:
                table[key] = value[:-1]
            elif not _add(line, table):
                return None
        elif line in arrays:
            table = {}
            arrays[line].append(table)
        else:
            name, is_in_array = _head(line) or ("", False)
            found = _begin(name, tables, is_in_array=is_in_array)
            if found is None:
                return None
            table = found
            if is_in_array:
                arrays[line] = tables[name]
    return table


def _head(line: str) -> "tuple[str, bool] | None":
    """Return the name of the table that the line begins, and whether it is one of an array.

    Return None if the line is not in the subset.
    """
    opening, closing = ("[[", "]]") if line.startswith("[[") else ("[", "]")
    name, found, rest = line[len(opening) :].partition(closing)
    name = name.strip(" \t")
    return (name, opening == "[[") if found and _is_bare(name) and _is_comment(rest) else None


def _begin(name: str, tables: "dict[str, Any]", *, is_in_array: bool) -> "dict[str, Any] | None":
    """Return a new table in ``tables``, or None if it cannot be there."""
    table: dict[str, Any] = {}
    if not is_in_array:
        return None if not name or name in tables else tables.setdefault(name, table)
    array = tables.get(name)
    if array is None:
        tables[name] = [table]
    elif isinstance(array, list) and array and isinstance(array[0], dict):
        array.append(table)
    else:
        return None  # a key has that name
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
