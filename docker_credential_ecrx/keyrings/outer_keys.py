"""The keys of the user in a user namespace, as that of rootless podman, that are in a keyring outside it.

Each user namespace has its own persistent and user keyrings (persistent-keyring(7), user_namespaces(7)).
But for the kernel the user is the same: the owner of a key may view and read it by its serial number wherever it is,
and /proc/keys lists it, in the IDs of the namespace.
Such a keyring cannot be searched or written to from inside.
"""

import os

from docker_credential_ecrx.keyrings import proc_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker_credential_ecrx.keyrings.kernel import KernelKeyring

_WHOLE_MAP = ["0", "0", "4294967295"]
_NOBODY = 65534  # to a user namespace, also the owner of every key whose owner it has no ID for; user_namespaces(7)


def find(ring: "KernelKeyring", prefix: bytes) -> "Iterator[tuple[int, bytes, bytes]]":
    """Yield serial number, type and description of each key outside that begins with ``prefix`` and is the user's own.

    There are none if the kernel has no user namespaces, or this is not one.
    """
    outer = _outer_user()
    for serial in _rings_of(outer) - {ring.ring} if outer is not None else ():
        try:
            keys = ring.keys.members(serial)
        except OSError:
            continue
        for key in keys:
            try:
                kind, owner, description = ring.keys.describe(key)
            except OSError:
                continue  # deleted in the meantime, or not readable
            if owner == os.geteuid() and description.startswith(prefix):
                yield key, kind, description


def payload_of(ring: "KernelKeyring", description: bytes) -> bytes:
    """Return the payload of the one key outside with that whole description; empty if there is none.

    It is also empty if there are several: a process of the user in another namespace, such as a container's root, can
    make keyrings of the same name.
    """
    payloads = []
    for key, _, found in find(ring, description):
        try:
            payloads += [ring.keys.read(key)] if found == description else []
        except OSError:
            continue  # deleted in the meantime
    return payloads[0] if len(payloads) == 1 else b""


def _outer_user() -> int | None:
    """Return this user's ID outside the user namespace; None if there is no namespace, or the ID is not known.

    It is also None for a user who cannot be told from those outside that have no ID here.
    """
    user = os.geteuid()
    if user == _NOBODY:
        return None
    try:
        with open("/proc/self/uid_map", encoding="utf-8") as file:
            lines = [line.split() for line in file]
    except OSError:
        return None
    if lines != [_WHOLE_MAP]:
        for inside, outside, count in lines:
            if int(inside) <= user < int(inside) + int(count):
                return user - int(inside) + int(outside)
    return None


def _rings_of(outer: int) -> set[int]:
    """Return the persistent and user keyrings of a user who has the ID ``outer`` outside, and is this one."""
    names = (f"_persistent.{outer}", f"_uid.{outer}")
    return {key.serial for key in proc_keys.own_keys() if key.kind == "keyring" and key.description in names}
