"""The kernel's key system calls, without libkeyutils: add_key(2) and keyctl(2)."""

import os
import sys

from docker_credential_ecrx.system.fast_stdlib import c_buffer, call_c

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# add_key's and keyctl's numbers, by uname's machine (the kernel's syscall tables).
_NUMBERS = {
    "x86_64": (248, 250),
    "aarch64": (217, 219),
    "riscv64": (217, 219),
    "ppc64le": (269, 271),
    "s390x": (278, 280),
}
PROCESS_KEYRING, USER_KEYRING = -2, -4
_REVOKE, _SETPERM, _DESCRIBE, _LINK, _UNLINK = 3, 5, 6, 8, 9
_SEARCH, _READ, _SET_TIMEOUT, _INVALIDATE, _GET_PERSISTENT = 10, 11, 15, 21, 22
# A key of the type ``big_key`` is stored encrypted outside the quota, but for 16 bytes; not every kernel has them.
# Their permissions, expiry and revocation are those of any key: security/keys/big_key.c, keyctl(2).
USER, BIG = b"user", b"big_key"
# A token has about 2,600 bytes; a larger payload is read again into a buffer of its size.
_ROOM = 4096


class Keyctl:
    """The calls; each raises OSError with the kernel's error number."""

    def __init__(self) -> None:
        """Raise KeyError with the machine if its numbers are not known."""
        # A 32-bit program has other numbers, even on a 64-bit kernel.
        machine = os.uname().machine if sys.maxsize >> 32 else f"{os.uname().machine} in 32-bit mode"
        self._add_key, self._keyctl = _NUMBERS[machine]

    def persistent(self) -> int:
        """Link the user's persistent keyring to this process, which then possesses its keys; return the keyring."""
        return self._call(self._keyctl, _GET_PERSISTENT, -1, PROCESS_KEYRING)

    def link(self, key: int, ring: int) -> None:
        """Link ``key`` to ``ring``, atomically replacing a key with the same type and description."""
        self._call(self._keyctl, _LINK, key, ring)

    def unlink(self, key: int, ring: int) -> None:
        """Remove ``key`` from ``ring``."""
        self._call(self._keyctl, _UNLINK, key, ring)

    def search(self, ring: int, description: bytes, kind: bytes = USER) -> int:
        """Return the key with that type and description."""
        return self._call(self._keyctl, _SEARCH, ring, kind, description, 0)

    def add(self, description: bytes, payload: bytes, ring: int, kind: bytes = USER) -> int:
        """Add a key with that type and description to ``ring``, or update it, and return it; it has no expiry then."""
        return self._call(self._add_key, kind, description, payload, len(payload), ring)

    def revoke(self, key: int) -> None:
        """Free the payload of ``key`` and its part of the quota; nobody can read it any longer."""
        self._call(self._keyctl, _REVOKE, key)

    def invalidate(self, key: int) -> None:
        """Delete ``key`` for all who hold it; its owner may do that without possession, unlike ``revoke``."""
        self._call(self._keyctl, _INVALIDATE, key)

    def set_permissions(self, key: int, mask: int) -> None:
        """Set the permissions of ``key``."""
        self._call(self._keyctl, _SETPERM, key, mask)

    def set_timeout(self, key: int, seconds: int) -> None:
        """Let ``key`` expire after ``seconds``; 0 means never."""
        self._call(self._keyctl, _SET_TIMEOUT, key, seconds)

    def read(self, key: int) -> bytes:
        """Return the payload of ``key``, or the serial numbers in a keyring."""
        return self._text(_READ, key)

    def describe(self, key: int) -> tuple[bytes, int, bytes]:
        """Return the type of ``key``, the user who owns it, and its description."""
        kind, user, _, _, description = self._text(_DESCRIBE, key).rstrip(b"\0").split(b";", 4)
        return kind, int(user), description

    def members(self, ring: int) -> list[int]:
        """Return the keys in ``ring``."""
        serials = self.read(ring)
        return [int.from_bytes(serials[at : at + 4], sys.byteorder, signed=True) for at in range(0, len(serials), 4)]

    def _text(self, command: int, key: int) -> bytes:
        room = _ROOM
        while True:
            buffer = c_buffer(room)
            size = self._call(self._keyctl, command, key, buffer, room)
            if size <= room:
                return bytes(buffer)[:size]
            room = size

    def _call(self, *arguments: "Any") -> int:
        return call_c("syscall", *arguments)
