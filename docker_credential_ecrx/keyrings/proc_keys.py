"""What /proc/keys and /proc/key-users say about this user's keys in the kernel (proc(5))."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FLAGS, _TIMEOUT, _OWNER, _TYPE, _DESCRIPTION = 1, 3, 5, 7, 8  # fields of /proc/keys, after the serial number
_DELETED = frozenset("RDi")  # flags: revoked, dead, invalidated
_FIELDS = 5  # of /proc/key-users, at least
_DEFAULT_BYTES = 20_000


class ListedKey:
    """A key's serial number and type, its description, and what /proc/keys says about its payload.

    ``is_live`` is whether it is neither deleted nor expired: the kernel lists such a key for a while.
    """

    __slots__ = ("description", "is_live", "kind", "payload", "serial")

    def __init__(self, serial: int, kind: str, description: str, payload: str, *, is_live: bool) -> None:
        self.serial = serial
        self.kind = kind
        self.description = description
        self.payload = payload
        self.is_live = is_live


class Quota:
    """The number and the bytes of the user's keys that count, and how many of each the kernel permits."""

    __slots__ = ("keys", "limit", "most_keys", "used")

    def __init__(self, keys: int, most_keys: int, used: int, limit: int) -> None:
        self.keys = keys
        self.most_keys = most_keys
        self.used = used
        self.limit = limit


def own_keys() -> "Iterator[ListedKey]":
    """Yield the keys of this user, in this user namespace and outside it; none if the list cannot be read."""
    user = str(os.geteuid())
    try:
        with open("/proc/keys", encoding="utf-8", errors="replace") as file:
            lines = [line.split(maxsplit=_DESCRIPTION) for line in file]
    except OSError:
        return
    for line in lines:
        if len(line) > _DESCRIPTION and line[_OWNER] == user:
            description, _, payload = line[_DESCRIPTION].strip().rpartition(": ")
            is_live = _DELETED.isdisjoint(line[_FLAGS]) and line[_TIMEOUT] != "expd"
            yield ListedKey(int(line[0], 16), line[_TYPE], description, payload, is_live=is_live)


def quota() -> Quota | None:
    """Return the quota of this user, or None if the kernel does not show it.

    In a user namespace, it is that of the user outside, not that of root.
    """
    try:
        with open("/proc/key-users", encoding="utf-8") as file:
            for line in file:
                user, *rest = line.replace(":", " ", 1).replace("/", " ").split()
                if int(user) == os.geteuid() and len(rest) > _FIELDS:
                    return Quota(*map(int, rest[-4:]))
    except (OSError, ValueError):
        pass
    return None


def most_bytes() -> int:
    """Return the bytes that the kernel permits this user's keys to have."""
    found = quota()
    return found.limit if found else _DEFAULT_BYTES
