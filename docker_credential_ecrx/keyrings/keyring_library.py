"""The keyrings of the ``keyring`` library: the macOS Keychain, the Windows Credential Locker, and others by class."""

import binascii
import os
import sys

import keyring.core
from keyring.backend import KeyringBackend
from keyring.backends import chainer
from keyring.errors import PasswordDeleteError

from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError, Remedy
from docker_credential_ecrx.keyrings import FOREIGN_BUS, USERNAME, service_of, session_bus, with_alternative
from docker_credential_ecrx.system.deadline import Patience, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    T = TypeVar("T")

_SECONDS = 4.0
_NATIVE = {"darwin": "keyring.backends.macOS.Keyring", "win32": "keyring.backends.Windows.WinVaultKeyring"}
# Windows stores 2,560 bytes per credential, and keyring writes UTF-16 (keyring#540).
_CHUNK = 1200
_CHUNKED = "ecrx-chunks"
# Secrets have a few kilobytes; the count in a damaged or forged head must not cause more reads than 25 KB would.
_MOST_CHUNKS = 64
_HEXADECIMAL = frozenset("0123456789abcdef")
# Words in the names of the published classes that store plain text: keyrings.alt's two, and keyring-insecure-backend's.
# A class with another name cannot be recognised from outside.
_PLAIN = ("plaintext", "insecure", "unencrypted")
# The backends that send something to the session bus as soon as they are loaded.
_ON_BUS = tuple(f"keyring.backends.{module}." for module in ("SecretService", "chainer", "kwallet", "libsecret"))


class SystemKeyring:
    """One backend of the ``keyring`` library; a secret that is too long for it is stored in chunks."""

    def __init__(self, class_name: str | None, alternative: str = "") -> None:
        """Open the backend class, or the operating system's own; errors suggest ``alternative`` to do without it.

        Raises KeyringUnavailableError if it is not available, or is known to store plain text.
        """
        self._alternative = alternative
        self._patience = Patience(_SECONDS)
        self._backend = _load(class_name or _NATIVE.get(sys.platform), alternative)
        self.label = class_name or type(self._backend).__module__.rpartition(".")[2]

    def expect(self, names: "Iterable[str]") -> None:
        """Do nothing: the ``keyring`` library reads one item at a time."""

    def get(self, name: str) -> str | None:
        """Return the secret stored under ``name``, or None; also None if its chunks do not belong together."""
        head = self._get(name)
        if head is None or not head.startswith(_CHUNKED):
            return head
        secret = "".join(self._get(chunk) or "" for chunk in _chunks_of(name, head))
        return secret if head.endswith(f" {_checksum(secret)}") else None

    def names(self) -> list[str]:
        """Return no names: the ``keyring`` library cannot list its items."""
        return []

    def set(self, name: str, secret: str, seconds: int | None, *, by_hand: bool = False) -> None:  # noqa: ARG002 - its items do not expire, and none is evicted
        """Store ``secret`` under ``name``."""
        old = self._get(name)
        is_short = len(secret.encode("utf-16-le", "surrogatepass")) // 2 <= _CHUNK
        if secret.startswith(_CHUNKED) or (sys.platform == "win32" and not is_short):
            self._set_chunks(name, secret)
        else:
            try:
                self._set(name, secret)
            except KeyringUnavailableError:
                raise
            except KeyringError:  # like Windows, it may accept only short secrets
                if is_short:
                    raise
                self._set_chunks(name, secret)
        self._delete_chunks(name, old)

    def delete(self, name: str) -> None:
        """Delete what is stored under ``name``, if anything is: the head last, since only it leads to the chunks."""
        old = self._get(name)
        if old is not None:
            self._delete_chunks(name, old)
            self._delete(name)

    def _set_chunks(self, name: str, secret: str) -> None:
        """Write the chunks under new names, then the head that names them: a reader gets the old or the new secret."""
        generation = os.urandom(4).hex()
        # A character beyond 16 bits takes two units of UTF-16.
        step = _CHUNK if max(secret) <= "\uffff" else _CHUNK // 2
        chunks = [secret[at : at + step] for at in range(0, len(secret), step)]
        if len(chunks) > _MOST_CHUNKS:
            raise KeyringError(
                f"the keyring {self.label} cannot store a secret of this length", self._remedy("store a shorter one")
            )
        head = f"{_CHUNKED} {generation} {len(chunks)} {_checksum(secret)}"
        try:
            for number, chunk in enumerate(chunks):
                self._set(_chunk(name, generation, number), chunk)
            self._set(name, head)
        except KeyringError:
            self._delete_chunks(name, head)
            raise

    def _delete_chunks(self, name: str, head: str | None) -> None:
        """Delete the chunks that ``head`` leads to, including those that a damaged head does not count."""
        generation = _generation_of(head)
        if generation is None:
            return
        counted = _count_of(head)
        for number in range(_MOST_CHUNKS):
            chunk = _chunk(name, generation, number)
            if counted is not None and number >= counted and self._get(chunk) is None:
                break
            self._delete(chunk)

    def _get(self, name: str) -> str | None:
        def read() -> object:
            try:
                return self._backend.get_password(service_of(name), USERNAME)
            except UnicodeDecodeError:
                return None  # this program did not store it

        found = self._limited("read", read)
        return found if isinstance(found, str) else None  # a backend may return anything

    def _set(self, name: str, secret: str) -> None:
        self._limited("write to", lambda: self._backend.set_password(service_of(name), USERNAME, secret))

    def _delete(self, name: str) -> None:
        def delete() -> None:
            try:
                self._backend.delete_password(service_of(name), USERNAME)
            except PasswordDeleteError:
                # It does not exist; but the Keychain's backend raises this also if an item cannot be deleted.
                if self._backend.get_password(service_of(name), USERNAME) is not None:
                    raise

        self._limited("delete from", delete)

    def _limited(self, verb: str, call: "Callable[[], T]") -> "T":
        try:
            return self._patience(call)
        except TimeoutError as error:
            raise KeyringUnavailableError(
                f"the keyring {self.label} did not respond within {_SECONDS:g} seconds", self._remedy("unlock it")
            ) from error
        except Exception as error:
            # The backend's own message is left out: it may quote the secret.
            raise KeyringError(
                f"cannot {verb} the keyring {self.label}: {type(error).__name__}", self._remedy("unlock it")
            ) from error

    def _remedy(self, text: str) -> Remedy:
        return with_alternative(Remedy(text), self._alternative)


def _load(class_name: str | None, alternative: str) -> KeyringBackend:
    if sys.platform == "linux" and (class_name or "").startswith(_ON_BUS):
        _check_bus(class_name, alternative)
    try:
        backend = within(
            _SECONDS, lambda: keyring.core.load_keyring(class_name) if class_name else keyring.core.get_keyring()
        )
    except Exception as error:
        raise KeyringUnavailableError(
            f"the keyring {class_name or 'of this system'} is not available: {type(error).__name__}",
            with_alternative(Remedy("check the spelling of the class, and that its package is installed"), alternative),
        ) from error
    refused = _refusal(backend)
    if refused:
        raise KeyringUnavailableError(
            f"the keyring {class_name or type(backend).__qualname__} {refused}",
            with_alternative(Remedy("choose an encrypted keyring"), alternative),
        )
    return backend


def _check_bus(class_name: str | None, alternative: str) -> None:
    """Raise KeyringUnavailableError if another user runs the session bus, to which the backend would send secrets."""
    try:
        session_bus.check(_SECONDS)
    except PermissionError as error:
        raise KeyringUnavailableError(
            f"the keyring {class_name} is not available: {error.strerror}",
            with_alternative(FOREIGN_BUS, alternative),
        ) from error


def _refusal(backend: KeyringBackend) -> str:
    """Return why ``backend`` must not store a secret, or an empty string."""
    members = list(getattr(backend, "backends", [])) if isinstance(backend, chainer.ChainerBackend) else [backend]
    for kind in (base for member in members for base in type(member).__mro__):
        if any(word in kind.__name__.lower() for word in _PLAIN):
            return "stores secrets in plain text"
        if kind.__module__ in ("keyring.backends.null", "keyring.backends.fail"):
            return "stores nothing"
    return "" if members else "stores nothing"


def _chunk(name: str, generation: str, number: int) -> str:
    return f"{name}#{generation}.{number}"


def _chunks_of(name: str, head: str) -> list[str]:
    """Return the names of the chunks that ``head`` counts; none if it is damaged, or is not a head."""
    generation, count = _generation_of(head), _count_of(head)
    if generation is None or count is None:
        return []
    return [_chunk(name, generation, number) for number in range(count)]


def _generation_of(head: str | None) -> str | None:
    """Return the common part of the names of the chunks, or None if ``head`` is not a head."""
    words = (head or "").split()
    is_ours = len(words) > 1 and words[0] == _CHUNKED and _HEXADECIMAL.issuperset(words[1])
    return words[1] if is_ours else None


def _count_of(head: str | None) -> int | None:
    """Return the number of chunks, or None if ``head`` is damaged."""
    words = (head or "").split()
    if len(words) != len(["ecrx-chunks", "GENERATION", "COUNT", "CHECKSUM"]) or len(words[2]) > len(str(_MOST_CHUNKS)):
        return None
    count = int(words[2]) if words[2].isdecimal() else 0
    return count if 0 < count <= _MOST_CHUNKS else None


def _checksum(secret: str) -> str:
    return f"{binascii.crc32(secret.encode()):08x}"
