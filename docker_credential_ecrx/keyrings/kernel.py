"""The keyring in the Linux kernel: its keys are never on disk, and expire by themselves.

keyctl(2), add_key(2), persistent-keyring(7), user-keyring(7).
"""

import os

from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError, Remedy
from docker_credential_ecrx.keyrings import USERNAME, key_payload, service_of, with_alternative
from docker_credential_ecrx.keyrings.keyctl import BIG, PROCESS_KEYRING, USER, USER_KEYRING, Keyctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A key's possessor may do everything, its owner view, read and search it (from another login session), others nothing.
_PERMISSIONS = 0x3F0B0000
_ENOENT, _ENOKEY, _EKEYEXPIRED, _EKEYREVOKED, _EDQUOT = 2, 126, 127, 128, 122
MISSING = (_ENOENT, _ENOKEY, _EKEYEXPIRED, _EKEYREVOKED)
_PREFIX = service_of("").encode()
# Only these are looked for in other places than a key of the type ``user``: a cached get looks for others in vain.
_TOKEN_PREFIX = service_of("token:").encode()
_LONGEST_SECONDS = 3 * 24 * 3600  # the persistent keyring itself expires three days after its last use
# podman, buildah and skopeo set it in their user namespace (containers/storage, pkg/unshare/unshare_linux.go).
_CONTAINERS = "_CONTAINERS_USERNS_CONFIGURED"


class KernelKeyring:
    """Keys in the user's persistent keyring; if the kernel has none, in the user keyring.

    A key has the type ``user``; if the user's quota is full, a token's has the type ``big_key``.
    In a user namespace, the keys outside are read, too.
    """

    label = "kernel"

    def __init__(self, alternative: str = "") -> None:
        """Open the keyring; ``alternative`` is what its errors suggest to do without it.

        Raises KeyringUnavailableError if the kernel lacks or forbids keys (gVisor, Docker's seccomp profile).
        """
        self._alternative = alternative
        self.evicts = True  # whether other items are deleted if there is no room
        try:
            self.keys = Keyctl()
        except KeyError as error:
            raise KeyringUnavailableError(
                f"the kernel keyring is not supported on {error.args[0]}", alternative
            ) from error
        try:
            self.ring = self._open_ring()
        except OSError as error:
            raise KeyringUnavailableError(
                f"the kernel keyring is not available: {error.strerror}", alternative
            ) from error

    def expect(self, names: "Iterable[str]") -> None:
        """Do nothing: the kernel answers at once."""

    def get(self, name: str) -> str | None:
        """Return the secret stored under ``name``, or None."""
        return self.get_key(description_of(service_of(name), USERNAME))

    def set(self, name: str, secret: str, seconds: int | None, *, by_hand: bool = False) -> None:
        """Store ``secret`` under ``name`` for ``seconds``, three days at most.

        If the quota is full, it deletes tokens that can be fetched again, and for one ``by_hand`` also other ones.
        """
        self.set_key(description_of(service_of(name), USERNAME), secret, seconds, by_hand=by_hand)

    def delete(self, name: str) -> None:
        """Delete what is stored under ``name``, if anything is."""
        self.delete_key(description_of(service_of(name), USERNAME))

    def names(self) -> list[str]:
        """Return the names of all items."""
        from docker_credential_ecrx.keyrings import outer_keys

        try:
            found = {description for _, _, description in [*self.ours(), *outer_keys.find(self, _PREFIX)]}
        except OSError as error:
            raise self._failure(error, "list") from error
        return [name for description in found if (name := name_of_key(description)) is not None]

    def get_key(self, description: bytes) -> str | None:
        """Return the secret in the key with that whole description, or None."""
        try:
            try:
                payload = self.keys.read(self.keys.search(self.ring, description))
            except OSError as error:
                if error.errno not in MISSING:
                    raise
                if not description.startswith(_TOKEN_PREFIX) and _CONTAINERS not in os.environ:
                    return None
                payload = self._find_elsewhere(description)
        except OSError as error:
            raise self._failure(error, "read") from error
        return key_payload.unpack(payload)

    def set_key(self, description: bytes, secret: str, seconds: int | None, *, by_hand: bool = False) -> None:
        """Store ``secret`` in the key with that whole description."""
        lifetime = _LONGEST_SECONDS if seconds is None else min(max(1, seconds), _LONGEST_SECONDS)
        payload = key_payload.pack(secret, lifetime, by_hand=by_hand)
        try:
            try:
                self.add(description, payload, lifetime)
            except OSError as error:
                if error.errno != _EDQUOT:
                    raise
                from docker_credential_ecrx.keyrings import kernel_room

                kinds = (USER, BIG) if description.startswith(_TOKEN_PREFIX) else (USER,)
                kernel_room.add(self, kernel_room.NewKey(description, payload, lifetime, kinds))
            else:
                self.delete_kind(description, BIG)  # it would be found once this key has expired
        except OSError as error:
            raise self._failure(error, "write to") from error

    def delete_key(self, description: bytes) -> bool:
        """Delete the key with that whole description, for all who hold it; return whether there was one."""
        from docker_credential_ecrx.keyrings import outer_keys

        try:
            found = [self.delete_kind(description, kind) for kind in (USER, BIG)]
            for key, _, outer in outer_keys.find(self, _PREFIX):
                if outer == description:
                    self.keys.invalidate(key)
                    found.append(True)
        except OSError as error:
            raise self._failure(error, "delete from") from error
        return any(found)

    def delete_kind(self, description: bytes, kind: bytes) -> bool:
        """Delete the key of the type ``kind``; return whether there was one; raise OSError."""
        try:
            self.revoke(self.keys.search(self.ring, description, kind))
        except OSError as error:
            if error.errno not in MISSING:
                raise
            return False
        return True

    def add(self, description: bytes, payload: bytes, seconds: int, kind: bytes = USER) -> None:
        """Link a new key into the ring, replacing the old one with that type and description; raise OSError.

        The kernel creates a key without an expiry. Until it has one, only the process keyring holds it, so the key is
        deleted with the process if that is killed.
        """
        key = self.keys.add(description, payload, PROCESS_KEYRING, kind)
        try:
            self.keys.set_permissions(key, _PERMISSIONS)
            self.keys.set_timeout(key, seconds)
            self.keys.link(key, self.ring)
        finally:
            # Otherwise the next add with this description would update this key, which would remove its expiry.
            self.keys.unlink(key, PROCESS_KEYRING)

    def revoke(self, key: int) -> None:
        """Delete the key's payload, for all who hold the key, and unlink it; raise OSError."""
        try:
            self.keys.revoke(key)
        finally:
            self.keys.unlink(key, self.ring)

    def ours(self) -> "Iterator[tuple[int, bytes, bytes]]":
        """Yield serial number, type and description of each of our keys; raise OSError."""
        for key in self.keys.members(self.ring):
            try:
                kind, _, description = self.keys.describe(key)
            except OSError:
                continue  # deleted in the meantime
            if description.startswith(_PREFIX):
                yield key, kind, description

    def _failure(self, error: OSError, verb: str) -> KeyringError:
        remedy = with_alternative(
            Remedy("check the keys and their quota", "cat /proc/keys /proc/key-users"), self._alternative
        )
        return KeyringError(f"cannot {verb} the kernel keyring: {error.strerror}", remedy)

    def _open_ring(self) -> int:
        """Link the ring to this process, which then possesses its keys; return the ring's serial number."""
        try:
            return self.keys.persistent()
        except OSError:
            # The kernel has no persistent keyrings; the user keyring exists as long as the user has a process.
            self.keys.link(USER_KEYRING, PROCESS_KEYRING)
            return USER_KEYRING

    def _find_elsewhere(self, description: bytes) -> bytes:
        """Return the payload of the key of another type or outside this user namespace; empty if there is none."""
        try:
            return self.keys.read(self.keys.search(self.ring, description, BIG))
        except OSError as error:
            if error.errno not in MISSING:
                raise
        from docker_credential_ecrx.keyrings import outer_keys

        return outer_keys.payload_of(self, description)


def name_of_key(description: bytes) -> str | None:
    """Return the name of the item in the key with that whole description, or None if it is not one of ours."""
    end = description_of("", USERNAME)
    if not description.startswith(_PREFIX) or not description.endswith(end):
        return None
    return description.removeprefix(_PREFIX).removesuffix(end).decode("utf-8", "surrogateescape")


def description_of(service: str, username: str) -> bytes:
    """Return the description of the key for an item of the ``keyring`` library: the last colon separates the two."""
    # The name may contain a symlink's name, which may be any bytes.
    return f"{service}:{username.replace('%', '%25').replace(':', '%3A')}".encode("utf-8", "surrogateescape")
