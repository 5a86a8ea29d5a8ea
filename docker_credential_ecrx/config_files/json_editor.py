"""Edits a JSON object as text: an added member takes its whitespace and line ends from its neighbours.

json's own decoder finds where each value ends, so what is edited is what json reads.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from docker_credential_ecrx.system import go_json

_WHITESPACE = " \t\r\n"
_BLANK = re.compile(f"[{_WHITESPACE}]*")
_LAST_LINE_BREAK = re.compile(r"\r?\n[ \t]*\Z")
_STRING = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?')


class Member(NamedTuple):
    """A member of an object: its name and value, the whitespace before it and around its colon, and its positions."""

    name: str
    value: object
    gap: str
    colon: str
    at: int
    value_at: int
    end: int


class Object(NamedTuple):
    """The positions of an object's braces, its members, and the whitespace in it if it has none."""

    at: int
    end: int
    members: list[Member]
    inner: str

    def by_name(self) -> dict[str, list[Member]]:
        """Return the members with each name: a name may occur twice."""
        found: dict[str, list[Member]] = {}
        for member in self.members:
            found.setdefault(member.name, []).append(member)
        return found


def parse(text: str) -> Object:
    """Return the object that ``text`` consists of; raise ValueError if it is not one JSON object."""
    document, rest = go_json.decode(text)
    if rest or not isinstance(document, go_json.Object):
        raise ValueError("not one JSON object")
    return object_at(text, _skipped(text, 0))


def object_at(text: str, at: int) -> Object:
    """Return the object whose brace is at ``at``; ``text`` is valid JSON."""
    members: list[Member] = []
    end = at
    while text[end] != "}":
        name_at = _skipped(text, end + 1)
        if text[name_at] == "}":
            return Object(at, name_at, members, text[at + 1 : name_at])
        name, name_end = _DECODER.raw_decode(text, name_at)
        value_at = _skipped(text, _skipped(text, name_end) + 1)
        value, value_end = _DECODER.raw_decode(text, value_at)
        gap, colon = text[end + 1 : name_at], text[name_end:value_at]
        members.append(Member(name, value, gap, colon, name_at, value_at, value_end))
        end = _skipped(text, value_end)  # at a comma, or at the brace
    return Object(at, end, members, "")


def is_blank(text: str) -> bool:
    """Return whether ``text`` contains nothing except JSON's whitespace."""
    return not text.strip(_WHITESPACE)


def added(text: str, entries: Object, values: Mapping[str, object], like: Object) -> str:
    """Return ``text`` with more members at the end of ``entries``; ``like`` is the document's outermost object.

    A value that is an object has one member, and is on as many lines as the objects around it.
    """
    more = entries._replace(members=[*entries.members])
    parts = [text[: entries.members[-1].end if entries.members else entries.at + 1]]
    at = len(parts[0])
    for name, value in values.items():
        gap, colon = _gap(more, _gap(like, "\t").rpartition("\n")[2]), _colon(more.members or like.members)
        parts += ["," if more.members else "", gap, json.dumps(name), colon, written(value, gap, like)]
        more.members.append(Member(name, value, gap, colon, at, at, at))
    return "".join([*parts, text[at:]])


def written(value: object, gap: str, like: Object) -> str:
    """Return the text of ``value`` for a member with ``gap`` before it."""
    if not isinstance(value, dict):
        return json.dumps(value)
    ((name, inner),) = value.items()
    deeper = gap + gap.rpartition("\n")[2] if "\n" in gap else ""
    return f"{{{deeper}{json.dumps(name)}{_colon(like.members)}{json.dumps(inner)}{gap if deeper else ''}}}"


def removed(text: str, entries: Object, member: Member) -> str:
    """Return ``text`` without ``member``, exactly as it was before ``added`` added it."""
    index = entries.members.index(member)
    if len(entries.members) == 1:
        return replaced(text, entries.at + 1, member.end, "")
    if index == 0:
        return replaced(text, member.at, entries.members[1].at, "")
    return replaced(text, entries.members[index - 1].end, member.end, "")


def all_removed(text: str, entries: Object, names: Collection[str]) -> str:
    """Return ``text`` without the members called ``names``, as if each was removed; at least one member stays."""
    kept = [(index, member) for index, member in enumerate(entries.members) if member.name not in names]
    first = kept[0][1]
    parts = [text[: entries.members[0].at], text[first.at : first.end]]
    for index, member in kept[1:]:
        parts.append(text[entries.members[index - 1].end : member.end])
    return "".join([*parts, text[entries.members[-1].end :]])


def all_replaced(text: str, members: Iterable[Member], value: object, like: Object) -> str:
    """Return ``text`` with ``value`` as that of each of ``members``, which are in their order."""
    parts, end = [], 0
    for member in members:
        parts += [text[end : member.value_at], written(value, member.gap, like)]
        end = member.end
    return "".join([*parts, text[end:]])


def replaced(text: str, start: int, end: int, by: str) -> str:
    """Return ``text`` with ``by`` in place of its part from ``start`` to ``end``."""
    return text[:start] + by + text[end:]


def without_strings(text: str, shown: Callable[[str], str]) -> str:
    """Return ``text`` with each string value replaced with dots, and ``shown`` applied to each name."""
    return _STRING.sub(lambda found: (string(found[1], shown) if found[2] else '"..."') + (found[2] or ""), text)


def string(text: str, shown: Callable[[str], str]) -> str:
    """Return the JSON string ``text`` with ``shown`` applied to its value; unchanged if the value is."""
    value = json.loads(text)
    return text if shown(value) == value else json.dumps(shown(value))


# Numbers are decoded as floats, since an integer can have too many digits for Python.
_DECODER = json.JSONDecoder(parse_int=float)


def _skipped(text: str, at: int) -> int:
    """Return where the whitespace at ``at`` ends."""
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _gap(entries: Object, indent: str) -> str:
    """Return the whitespace before one more member; before a first one, ``indent`` more than before the brace."""
    if not entries.members:
        line = _LAST_LINE_BREAK.search(entries.inner)
        return line[0] + indent if line else entries.inner
    last = entries.members[-1]
    line = _LAST_LINE_BREAK.search(last.gap)
    if line or last.gap or len(entries.members) > 1:
        return line[0] if line else last.gap
    return " " if last.colon.endswith(" ") else ""


def _colon(members: list[Member]) -> str:
    return members[-1].colon if members else ": "
