"""The Linux kernel's key retention service, by its system calls: never on disk, and keys expire by themselves.

keyctl(2), add_key(2), persistent-keyring(7), user-keyring(7).
"""

import binascii
import os
import sys
import time

from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError
from docker_credential_ecrx.keyrings import USERNAME, service_of
from docker_credential_ecrx.keyrings.keyctl import PROCESS_KEYRING, USER_KEYRING, Keyctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Its possessor may do all, its owner view, read and search (from another login session), nobody else anything.
_PERMISSIONS = 0x3F0B0000
_ENOENT, _ENOKEY, _EKEYEXPIRED, _EKEYREVOKED, _EDQUOT = 2, 126, 127, 128, 122
_GONE = (_ENOENT, _ENOKEY, _EKEYEXPIRED, _EKEYREVOKED)
_PREFIX = service_of("").encode()
_ROUNDS_OF_EVICTION = 2
_SWEEP_TRIES, _SWEEP_SECONDS = 20, 0.01
_DEFAULT_QUOTA = 20_000
_BASE64, _TEXT = b"b", b"t"
_LONGEST_SECONDS = 3 * 24 * 3600  # the persistent keyring itself expires three days after its last use


class KernelKeyring:
    """Keys of the type ``user`` in the user's persistent keyring, or where the kernel lacks it, user keyring."""

    label = "kernel"

    def __init__(self) -> None:
        """Raise KeyringUnavailableError where the kernel lacks or forbids keys (gVisor, Docker's seccomp profile)."""
        try:
            self._keys = Keyctl()
        except KeyError as error:
            raise KeyringUnavailableError(
                f"the kernel keyring is not known on {error.args[0]}", "set ECRX_KEYRING=secret-service"
            ) from error
        try:
            self._ring = self._open_ring()
        except OSError as error:
            raise KeyringUnavailableError(
                f"the kernel keyring is not available: {error.strerror}",
                "set ECRX_KEYRING=secret-service or ECRX_KEYRING=none",
            ) from error

    def get(self, name: str) -> str | None:
        """Return the secret kept under ``name``, or None."""
        return self.read(description_of(service_of(name), USERNAME))

    def set(self, name: str, secret: str, seconds: int | None) -> None:
        """Keep ``secret`` under ``name`` for ``seconds``, three days at most; if the quota is full, old tokens go."""
        self.write(description_of(service_of(name), USERNAME), secret, seconds)

    def delete(self, name: str) -> None:
        """Forget what is kept under ``name``, if anything is."""
        self.remove(description_of(service_of(name), USERNAME))

    def names(self) -> list[str]:
        """Return the names of all that is kept."""
        end = description_of("", USERNAME)
        try:
            found = [description for _, description in self._ours()]
        except OSError as error:
            raise _failed(error, "list") from error
        return [
            text.removeprefix(_PREFIX).removesuffix(end).decode("utf-8", "surrogateescape")
            for text in found
            if text.endswith(end)
        ]

    def read(self, description: bytes) -> str | None:
        """Return the secret kept under a key's whole description, or None."""
        try:
            return _unpack(self._keys.read(self._keys.search(self._ring, description)))
        except OSError as error:
            if error.errno in _GONE:
                return None
            raise _failed(error, "read") from error

    def write(self, description: bytes, secret: str, seconds: int | None) -> None:
        """Keep ``secret`` under a key's whole description."""
        lifetime = _LONGEST_SECONDS if seconds is None else min(max(1, seconds), _LONGEST_SECONDS)
        try:
            self._add_with_room(description, _pack(secret, lifetime), lifetime)
        except OSError as error:
            raise _failed(error, "write to") from error

    def remove(self, description: bytes) -> bool:
        """Delete the key of that description, for everyone who holds it; return whether there was one."""
        try:
            self._discard(self._keys.search(self._ring, description))
        except OSError as error:
            if error.errno in _GONE:
                return False
            raise _failed(error, "delete from") from error
        return True

    def _open_ring(self) -> int:
        """Return the ring's serial number, linked to this process, which thereby possesses its keys."""
        try:
            return self._keys.persistent()
        except OSError:
            # A kernel without persistent keyrings: the user keyring lasts as long as the user has a process.
            self._keys.link(USER_KEYRING, PROCESS_KEYRING)
            return USER_KEYRING

    def _add_with_room(self, description: bytes, payload: bytes, seconds: int) -> None:
        """Add the key; if the user's quota is full, drop first the key that it replaces, then the oldest of ours."""
        try:
            self._add(description, payload, seconds)
        except OSError as error:
            if error.errno != _EDQUOT or len(payload) + len(description) >= _quota():
                raise
            full = error
        else:
            return
        for make_room in (self.remove, *[self._make_room] * _ROUNDS_OF_EVICTION):
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
        """Link a new key into the keyring, in place of the old one of that description.

        The kernel creates a key without an expiry. Until it has one, only the process keyring holds it, so it ends
        with the process if that is killed.
        """
        key = self._keys.add(description, payload, PROCESS_KEYRING)
        try:
            self._keys.set_permissions(key, _PERMISSIONS)
            self._keys.set_timeout(key, seconds)
            self._keys.link(key, self._ring)
        finally:
            # Otherwise the next add of this description would update this key, which removes its expiry.
            self._keys.unlink(key, PROCESS_KEYRING)

    def _make_room(self, description: bytes) -> bool:
        """Drop the quarter of our keys that would expire first, and say whether there was any."""
        ours = []
        for key, found in self._ours():
            try:
                if found != description:
                    ours.append((_deadline(self._keys.read(key)), key))
            except OSError:
                continue  # gone meanwhile
        ours.sort()
        for _, key in ours[: (len(ours) + 3) // 4]:
            try:
                self._discard(key)
            except OSError:
                continue  # gone meanwhile, which makes room as well
        return bool(ours)

    def _discard(self, key: int) -> None:
        """Delete the key's payload at once, for everyone who holds the key, and then unlink it."""
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
                continue  # gone meanwhile
            if description.startswith(_PREFIX):
                yield key, description


def _quota() -> int:
    """Return how many bytes the kernel lets this user keep in keys."""
    name = "root_maxbytes" if os.geteuid() == 0 else "maxbytes"
    try:
        with open(f"/proc/sys/kernel/keys/{name}", encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return _DEFAULT_QUOTA


def description_of(service: str, username: str) -> bytes:
    """Return the description of the key that keeps a ``keyring`` item: the last colon parts the two."""
    # A link's name may be any bytes.
    return f"{service}:{username.replace('%', '%25').replace(':', '%3A')}".encode("utf-8", "surrogateescape")


def _pack(secret: str, seconds: int) -> bytes:
    """Return a key's payload: when it ends, and the secret, without the base64 of its last line.

    An unprivileged user may hold 20,000 bytes (/proc/sys/kernel/keys/maxbytes); the base64 of a token is a quarter.
    """
    deadline = b"%d" % (time.time() + seconds)
    head, newline, last = secret.rpartition("\n")
    try:
        decoded = binascii.a2b_base64(last, strict_mode=True)
    except ValueError:
        decoded = b""
    if decoded and "\0" not in head and binascii.b2a_base64(decoded, newline=False) == last.encode():
        return b"%b %b%b%b" % (deadline, _BASE64, f"{head}{newline}".encode(), b"\0" + decoded)
    return b"%b %b%b" % (deadline, _TEXT, secret.encode())


def _unpack(payload: bytes) -> str | None:
    """Return the secret in a key's payload, or None where it is not one of ours."""
    deadline, _, rest = payload.partition(b" ")
    form, text = rest[:1], rest[1:]
    if not deadline.isdigit():
        return None
    try:
        if form == _TEXT:
            return text.decode()
        if form == _BASE64 and b"\0" in text:
            head, _, decoded = text.partition(b"\0")
            return head.decode() + binascii.b2a_base64(decoded, newline=False).decode()
    except UnicodeDecodeError:
        pass
    return None


def _deadline(payload: bytes) -> int:
    try:
        return int(payload.partition(b" ")[0])
    except ValueError:
        return 0


def _failed(error: OSError, verb: str) -> KeyringError:
    message = f"cannot {verb} the kernel keyring: {error.strerror}"
    return KeyringError(message, "see cat /proc/keys /proc/key-users, or set ECRX_KEYRING")
