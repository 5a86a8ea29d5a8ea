"""The keyring in the Linux kernel: its keys are never on disk, and expire by themselves.

keyctl(2), add_key(2), persistent-keyring(7), user-keyring(7).
"""

import os
import sys
import time

from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError, Remedy
from docker_credential_ecrx.keyrings import USERNAME, key_payload, service_of, with_alternative
from docker_credential_ecrx.keyrings.keyctl import PROCESS_KEYRING, USER_KEYRING, Keyctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# A key's possessor may do everything, its owner view, read and search it (from another login session), others nothing.
_PERMISSIONS = 0x3F0B0000
_ENOENT, _ENOKEY, _EKEYEXPIRED, _EKEYREVOKED, _EDQUOT = 2, 126, 127, 128, 122
_MISSING = (_ENOENT, _ENOKEY, _EKEYEXPIRED, _EKEYREVOKED)
_PREFIX = service_of("").encode()
_ROUNDS_OF_EVICTION = 2
_SWEEP_TRIES, _SWEEP_SECONDS = 20, 0.01
_DEFAULT_QUOTA = 20_000
_LONGEST_SECONDS = 3 * 24 * 3600  # the persistent keyring itself expires three days after its last use


class KernelKeyring:
    """Keys of the type ``user`` in the user's persistent keyring; if the kernel has none, in the user keyring."""

    label = "kernel"

    def __init__(self, alternative: str = "") -> None:
        """Open the keyring; ``alternative`` is what its errors suggest to do without it.

        Raises KeyringUnavailableError if the kernel lacks or forbids keys (gVisor, Docker's seccomp profile).
        """
        self._alternative = alternative
        try:
            self._keys = Keyctl()
        except KeyError as error:
            raise KeyringUnavailableError(
                f"the kernel keyring is not supported on {error.args[0]}", alternative
            ) from error
        try:
            self._ring = self._open_ring()
        except OSError as error:
            raise KeyringUnavailableError(
                f"the kernel keyring is not available: {error.strerror}", alternative
            ) from error

    def get(self, name: str) -> str | None:
        """Return the secret stored under ``name``, or None."""
        return self.get_key(description_of(service_of(name), USERNAME))

    def set(self, name: str, secret: str, seconds: int | None) -> None:
        """Store ``secret`` under ``name`` for ``seconds``, three days at most.

        If the quota is full, the tokens that expire first are deleted.
        """
        self.set_key(description_of(service_of(name), USERNAME), secret, seconds)

    def delete(self, name: str) -> None:
        """Delete what is stored under ``name``, if anything is."""
        self.delete_key(description_of(service_of(name), USERNAME))

    def names(self) -> list[str]:
        """Return the names of all items."""
        end = description_of("", USERNAME)
        try:
            found = [description for _, description in self._ours()]
        except OSError as error:
            raise self._failure(error, "list") from error
        return [
            text.removeprefix(_PREFIX).removesuffix(end).decode("utf-8", "surrogateescape")
            for text in found
            if text.endswith(end)
        ]

    def get_key(self, description: bytes) -> str | None:
        """Return the secret in the key with that whole description, or None."""
        try:
            return key_payload.unpack(self._keys.read(self._keys.search(self._ring, description)))
        except OSError as error:
            if error.errno in _MISSING:
                return None
            raise self._failure(error, "read") from error

    def set_key(self, description: bytes, secret: str, seconds: int | None) -> None:
        """Store ``secret`` in the key with that whole description."""
        lifetime = _LONGEST_SECONDS if seconds is None else min(max(1, seconds), _LONGEST_SECONDS)
        try:
            self._add_with_room(description, key_payload.pack(secret, lifetime), lifetime)
        except OSError as error:
            raise self._failure(error, "write to") from error

    def delete_key(self, description: bytes) -> bool:
        """Delete the key with that whole description, for all who hold it; return whether there was one."""
        try:
            self._revoke(self._keys.search(self._ring, description))
        except OSError as error:
            if error.errno in _MISSING:
                return False
            raise self._failure(error, "delete from") from error
        return True

    def _failure(self, error: OSError, verb: str) -> KeyringError:
        remedy = with_alternative(
            Remedy("check the keys and their quota", "cat /proc/keys /proc/key-users"), self._alternative
        )
        return KeyringError(f"cannot {verb} the kernel keyring: {error.strerror}", remedy)

    def _open_ring(self) -> int:
        """Link the ring to this process, which then possesses its keys; return the ring's serial number."""
        try:
            return self._keys.persistent()
        except OSError:
            # The kernel has no persistent keyrings; the user keyring exists as long as the user has a process.
            self._keys.link(USER_KEYRING, PROCESS_KEYRING)
            return USER_KEYRING

    def _add_with_room(self, description: bytes, payload: bytes, seconds: int) -> None:
        """Add the key; if the user's quota is full, delete the key that it replaces, then those that expire first."""
        try:
            self._add(description, payload, seconds)
        except OSError as error:
            if error.errno != _EDQUOT or len(payload) + len(description) >= _quota():
                raise
            full = error
        else:
            return
        for make_room in (self.delete_key, *[self._make_room] * _ROUNDS_OF_EVICTION):
            for _ in range(_SWEEP_TRIES if make_room(description) else 0):
                try:
                    self._add(description, payload, seconds)
                except OSError as error:
                    full = error
                else:
                    return
                time.sleep(_SWEEP_SECONDS)  # an unlinked key counts until the kernel's next garbage collection
        raise full

    def _add(self, description: bytes, payload: bytes, seconds: int) -> None:
        """Link a new key into the ring, replacing the old one with that description.

        The kernel creates a key without an expiry. Until it has one, only the process keyring holds it, so the key is
        deleted with the process if that is killed.
        """
        key = self._keys.add(description, payload, PROCESS_KEYRING)
        try:
            self._keys.set_permissions(key, _PERMISSIONS)
            self._keys.set_timeout(key, seconds)
            self._keys.link(key, self._ring)
        finally:
            # Otherwise the next add with this description would update this key, which would remove its expiry.
            self._keys.unlink(key, PROCESS_KEYRING)

    def _make_room(self, description: bytes) -> bool:
        """Delete the quarter of our other keys that expires first; return whether there was any."""
        ours = []
        for key, found in self._ours():
            try:
                if found != description:
                    ours.append((key_payload.expiry_of(self._keys.read(key)), key))
            except OSError:
                continue  # deleted in the meantime
        ours.sort()
        for _, key in ours[: (len(ours) + 3) // 4]:
            try:
                self._revoke(key)
            except OSError:
                continue  # deleted in the meantime, which makes room as well
        return bool(ours)

    def _revoke(self, key: int) -> None:
        """Delete the key's payload, for all who hold the key, and unlink it."""
        try:
            self._keys.revoke(key)
        finally:
            self._keys.unlink(key, self._ring)

    def _ours(self) -> "Iterator[tuple[int, bytes]]":
        """Yield serial number and description of each of our keys."""
        serials = self._keys.read(self._ring)
        for at in range(0, len(serials), 4):
            key = int.from_bytes(serials[at : at + 4], sys.byteorder, signed=True)
            try:
                description = self._keys.describe(key)
            except OSError:
                continue  # deleted in the meantime
            if description.startswith(_PREFIX):
                yield key, description


def _quota() -> int:
    """Return the size in bytes that the kernel permits this user's keys to have."""
    name = "root_maxbytes" if os.geteuid() == 0 else "maxbytes"
    try:
        with open(f"/proc/sys/kernel/keys/{name}", encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return _DEFAULT_QUOTA


def description_of(service: str, username: str) -> bytes:
    """Return the description of the key for an item of the ``keyring`` library: the last colon separates the two."""
    # The name may contain a symlink's name, which may be any bytes.
    return f"{service}:{username.replace('%', '%25').replace(':', '%3A')}".encode("utf-8", "surrogateescape")
