"""Edits this program's config.toml as text: adds and removes the entries of ``configure``, and changes no other.

It is edited as text because a library such as tomlkit treats a comment above an entry as the end of the entry before,
and moves a table that is between two entries.
The result is checked with tomllib.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError
from docker_credential_ecrx.identity.host_pattern import is_for

_HEADER = re.compile(r"""^[ \t]*\[\[[ \t]*(?:registry|"registry"|'registry')[ \t]*\]\]""", re.MULTILINE)
_OWN_HEADER = "[[registry]] # by docker-credential-ecrx configure"
# To the next blank line, comment or table.
_OWN_ENTRY = re.compile(rf"^{re.escape(_OWN_HEADER)}[ \t]*\r?\n(?:[^\s#\[].*\n?)*", re.MULTILINE)
_LINE_END, _TWO_LINE_ENDS = re.compile(r"\r?\n"), re.compile(r"(?:\r?\n){2}\Z")
_BLANK_LINE = re.compile(r"(?<=\n)\r?\n\Z")
_PLACE = re.compile(r"line \d+, column \d+|end of document")
_USER = re.compile(r"([a-z][a-z0-9+.-]*://)[^\s\"']*@", re.IGNORECASE)
KEYS = ("profile", "role_arn", "source_profile", "external_id")


def set_entry(file: TextFile, host: str, keys: Mapping[str, str]) -> TextFile:
    """Return the file with an entry of ``keys`` for ``host``, before every other entry that matches it.

    The file does not change if the entry that applies already has these keys, unless that entry is for another host of
    the same registry, such as its FIPS host: it may be removed without this one.
    """
    current = _matching(_entries(file), host)
    if current is not None and all(current.get(key) == keys.get(key) for key in KEYS):
        named = Registry.parse(str(current.get("match", "")))
        if named is None or named.host == host:
            return file
    cleared = remove_entry(file, host)
    entries = _entries(cleared)
    current = _matching(entries, host)
    index = len(entries) if current is None else entries.index(current)
    entry = {"match": host, **keys}
    changed = cleared._replace(text=_inserted(cleared.text, index, entry, last=current is None))
    return _checked(cleared, changed, [*entries[:index], entry, *entries[index:]])


def remove_entry(file: TextFile, host: str) -> TextFile:
    """Return the file without the entry for ``host`` that ``set_entry`` added, exactly as it was before that."""
    entries = _entries(file)
    for found in _OWN_ENTRY.finditer(file.text):
        index = len(_HEADER.findall(file.text, 0, found.start()))
        if index < len(entries) and entries[index].get("match") == host:
            changed = file._replace(text=_cut(file.text, found.start(), found.end()))
            return _checked(file, changed, entries[:index] + entries[index + 1 :])
    return file


def without_secrets(file: TextFile) -> TextFile:
    """Return the file as it can be shown: without the user parts of URLs."""
    return file._replace(text=_USER.sub(r"\1...@", file.text))


def _inserted(text: str, index: int, entry: Mapping[str, str], *, last: bool) -> str:
    """Return ``text`` with ``entry`` before the entry ``index``, or at the end."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    own = line_end.join([_OWN_HEADER, *(f"{key} = {_quoted(value)}" for key, value in entry.items())])
    if last and text and not text.endswith("\n"):
        return text + line_end * 2 + own
    if last:
        return text + (line_end if text else "") + own + line_end
    headers = [found.start() for found in _HEADER.finditer(text)]
    if index >= len(headers):
        return text  # an array in another form: the caller finds that nothing changed
    at = _above_comments(text, headers[index])
    return text[:at] + own + line_end * 2 + text[at:]


def _quoted(value: str) -> str:
    """Return ``value``, which is printable, as a TOML string: for such text it is the same as JSON's."""
    return json.dumps(value, ensure_ascii=False)


def _above_comments(text: str, at: int) -> int:
    """Return the position of the comment lines directly above the line at ``at``: they describe what follows."""
    while at:
        line = text.rfind("\n", 0, at - 1) + 1
        if not text[line:at].lstrip().startswith("#"):
            break
        at = line
    return at


def _cut(text: str, start: int, end: int) -> str:
    """Return ``text`` without what ``_inserted`` added, and without the blank line next to it."""
    if blank := _LINE_END.match(text, end):
        return text[:start] + text[blank.end() :]
    if end < len(text):
        return text[:start] + text[end:]
    return (_BLANK_LINE if text.endswith("\n") else _TWO_LINE_ENDS).sub("", text[:start])


def _checked(file: TextFile, changed: TextFile, entries: list[dict[str, Any]]) -> TextFile:
    """Return ``changed`` if its entries are ``entries``, and everything else is the same as in ``file``."""
    with suppress(FileError):
        if _table(changed) | {"registry": _entries(changed)} == _table(file) | {"registry": entries}:
            return changed
    raise FileError(
        f"the entries of {file.path} are in a form that this command cannot edit",
        "begin each entry with [[registry]] on a line of its own, or edit the file by hand",
    )


def _matching(entries: list[dict[str, Any]], host: str) -> dict[str, Any] | None:
    registry = Registry.parse(host)
    return next((entry for entry in entries if registry is not None and is_for(entry, registry)), None)


def _entries(file: TextFile) -> list[dict[str, Any]]:
    entries = _table(file).get("registry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FileError(f"{file.path}: registry is not an array of tables", "begin each entry with [[registry]]")
    return entries


def _table(file: TextFile) -> dict[str, Any]:
    try:
        return tomllib.loads(file.text)
    except (ValueError, RecursionError) as error:  # a number may be too long for Python
        place = _PLACE.search(str(error))  # tomllib's own message quotes the text
        where = place[0] if place else "it is nested too deeply, or has a number with too many digits"
        raise FileError(f"{file.path} is not TOML: {where}", "fix the file") from error
