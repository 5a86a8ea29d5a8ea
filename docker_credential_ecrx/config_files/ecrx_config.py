"""Edits this program's config.toml as text: adds and removes the entries of ``configure``, and changes no other.

It is edited as text because a library such as tomlkit treats a comment above an entry as the end of the entry before,
and moves a table that is between two entries.
The result is parsed again, to check it.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Any

from docker_credential_ecrx.config_files.text_file import TextFile
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import FileError, SettingsError
from docker_credential_ecrx.identity import rules, toml_document, toml_subset
from docker_credential_ecrx.identity.rule_index import IndexedSettings, RuleIndex
from docker_credential_ecrx.identity.settings import Settings

_HEADER = re.compile(r"""^[ \t]*\[\[[ \t]*(?:registry|"registry"|'registry')[ \t]*\]\]""", re.MULTILINE)
_OWN_HEADER = "[[registry]] # by docker-credential-ecrx configure"
# To the next blank line, comment or table.
_OWN_ENTRY = re.compile(rf"^{re.escape(_OWN_HEADER)}[ \t]*\r?\n(?:[^\s#\[].*\n?)*", re.MULTILINE)
_LINE_END, _TWO_LINE_ENDS = re.compile(r"\r?\n"), re.compile(r"(?:\r?\n){2}\Z")
_BLANK_LINE = re.compile(r"(?<=\n)\r?\n\Z")
_USER = re.compile(r"([a-z][a-z0-9+.-]*://)[^\s\"']*@", re.IGNORECASE)
KEYS = ("profile", "role_arn", "source_profile", "external_id")
_WHERE = ("registry", "endpoint_url")
_COMPARED = (*KEYS, *_WHERE)


def set_entries(file: TextFile, keys_of: Mapping[str, Mapping[str, str]]) -> tuple[TextFile, list[str]]:
    """Return the file with an entry for each host of ``keys_of``, and the hosts that got one.

    A host's entry precedes every other entry that matches the host.
    A host gets none if the entry that applies already has these keys, or has their registry and endpoint if they name
    no identity; unless that entry is for another host of the same registry, such as its FIPS host: it may be removed
    without this one.
    """
    entries = _Entries(file)
    changed = [host for host, keys in keys_of.items() if entries.add(host, keys)]
    return (entries.checked() if changed else file), changed


def remove_entries(file: TextFile, hosts: Iterable[str]) -> TextFile:
    """Return the file without the entries for ``hosts`` that ``set_entries`` added, exactly as it was before that."""
    entries = _Entries(file)
    removed = [host for host in dict.fromkeys(hosts) if entries.remove(host)]
    return entries.checked() if removed else file


def added_hosts(file: TextFile) -> set[str]:
    """Return the hosts that have an entry which ``set_entries`` added."""
    return _Entries(file).own_hosts()


class _Entries:
    """The entries of a file, and its text in parts: what precedes the first entry, and each entry up to the next one.

    So many entries can be edited, with the file parsed once before that and once after it.
    """

    def __init__(self, file: TextFile) -> None:
        self._file, self._table = file, _table(file)
        self._entries = [*_entries(self._table, file)]
        self._index = RuleIndex(self._entries)
        starts = [found.start() for found in _HEADER.finditer(file.text)]
        self._parts = [file.text[start:end] for start, end in pairwise([0, *starts, len(file.text)])]
        self._line_end = "\r\n" if "\r\n" in file.text else "\n"

    def add(self, host: str, keys: Mapping[str, str]) -> bool:
        """Add an entry unless one with the same effect is there; return whether it was added."""
        place = self._first_for(host)
        if place is not None and _has_effect(self._entries[place], host, keys):
            return False
        if self.remove(host):
            place = self._first_for(host)
        entry = {"match": host, **keys}
        own = self._line_end.join([_OWN_HEADER, *(f"{key} = {_quoted(value)}" for key, value in entry.items())])
        if place is None:
            self._append(own)
        elif place + 1 < len(self._parts):  # otherwise it is an array in another form, and ``checked`` fails
            before = self._parts[place]
            at = _above_comments(before)
            self._parts[place : place + 1] = [before[:at], own + self._line_end * 2 + before[at:]]
        self._entries.insert(len(self._entries) if place is None else place, entry)
        self._index.add(entry)
        return True

    def remove(self, host: str) -> bool:
        """Remove the first entry for ``host`` that ``add`` added; return whether there was one."""
        places = (self._place(entry) for entry in self._index.named(host))
        place = min(filter(self._own, places), default=None)
        if place is None:
            return False
        self._index.remove(self._entries.pop(place))
        own = self._parts.pop(place + 1)
        rest = _OWN_ENTRY.sub("", own, count=1)
        blank = _LINE_END.match(rest)
        if not rest and place + 1 == len(self._parts):
            self._parts[place] = (_BLANK_LINE if own.endswith("\n") else _TWO_LINE_ENDS).sub("", self._parts[place])
        self._parts[place] += rest[blank.end() :] if blank else rest
        return True

    def own_hosts(self) -> set[str]:
        """Return the hosts that have an entry which ``add`` added."""
        found = (entry.get("match") for place, entry in enumerate(self._entries) if self._own(place))
        return {host for host in found if isinstance(host, str)}

    def checked(self) -> TextFile:
        """Return the edited file; raise FileError if its tables are not the same as before but for the entries."""
        changed = self._file._replace(text="".join(self._parts))
        with suppress(FileError):
            if {"registry": [], **_table(changed)} == {**self._table, "registry": self._entries}:
                return changed
        raise FileError(
            f"the entries of {self._file.path} are in a form that this command cannot edit",
            "begin each entry with [[registry]] on a line of its own, or edit the file by hand",
        )

    def _append(self, own: str) -> None:
        last = self._parts[-1]
        if last and not last.endswith("\n"):
            self._parts[-1] += self._line_end * 2
        else:
            self._parts[-1] += self._line_end if last else ""
            own += self._line_end
        self._parts.append(own)

    def _own(self, place: int) -> bool:
        """Return whether ``add`` added the entry at ``place``."""
        return place + 1 < len(self._parts) and _OWN_ENTRY.match(self._parts[place + 1]) is not None

    def _first_for(self, host: str) -> int | None:
        """Return the place of the entry that applies to ``host``, or None."""
        return min(map(self._place, self._index.matching(host, Registry.parse(host))), default=None)

    def _place(self, entry: Mapping[str, Any]) -> int:
        return next(place for place, each in enumerate(self._entries) if each is entry)


def _has_effect(entry: Mapping[str, Any], host: str, keys: Mapping[str, str]) -> bool:
    """Return whether ``entry``, which applies to ``host``, makes an entry with ``keys`` superfluous."""
    compared = _COMPARED if keys.keys() & {*KEYS} else _WHERE
    named = Registry.parse(str(entry.get("match", "")))
    is_own = named is None or named.host == host or "registry" in entry
    return is_own and all(entry.get(key) == keys.get(key) for key in compared)


def hosts(file: TextFile, find: Callable[[str], Registry | None]) -> list[str]:
    """Return the hosts that an entry names by their whole name, and that ``find`` finds in ECR."""
    named = (find(str(entry.get("match", ""))) for entry in _entries(_table(file), file))
    return [registry.host for registry in named if registry is not None]


def settings_of(file: TextFile) -> Settings:
    """Return the identities that the file's entries name, although it may not be written yet."""
    return IndexedSettings(Settings(None, "auto", rules.read(_table(file), file.path), None, file.path))


def without_secrets(file: TextFile) -> TextFile:
    """Return the file as it can be shown: without the user parts of URLs."""
    return file._replace(text=_USER.sub(r"\1...@", file.text))


def _quoted(value: str) -> str:
    """Return ``value``, which is printable, as a TOML string: for such text it is the same as JSON's."""
    return json.dumps(value, ensure_ascii=False)


def _above_comments(text: str) -> int:
    """Return the position of the comment lines at the end of ``text``: they describe what follows."""
    at = len(text)
    while at:
        line = text.rfind("\n", 0, at - 1) + 1
        if not text[line:at].lstrip().startswith("#"):
            break
        at = line
    return at


def _entries(table: Mapping[str, Any], file: TextFile) -> list[dict[str, Any]]:
    entries = table.get("registry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FileError(f"{file.path}: registry is not an array of tables", "begin each entry with [[registry]]")
    return entries


def _table(file: TextFile) -> dict[str, Any]:
    found = toml_subset.parse(file.text)  # takes a tenth of the time
    try:
        return toml_document.parse(file.text, file.path) if found is None else found
    except SettingsError as error:
        raise FileError(error.message, error.remedy) from error
