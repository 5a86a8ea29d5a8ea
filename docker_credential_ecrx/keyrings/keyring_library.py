"""Every keyring that the ``keyring`` library has: the macOS Keychain, the Windows Credential Locker, others by name."""

import binascii
import os
import sys

import keyring.core
from keyring.backend import KeyringBackend
from keyring.backends import chainer
from keyring.errors import PasswordDeleteError

from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError
from docker_credential_ecrx.keyrings import OR_ANOTHER, USERNAME, service_of
from docker_credential_ecrx.system.deadline import Patience, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

_SECONDS = 4.0
_NATIVE = {"darwin": "keyring.backends.macOS.Keyring", "win32": "keyring.backends.Windows.WinVaultKeyring"}
# Windows keeps 2,560 bytes a credential and keyring writes UTF-16 (keyring#540).
_CHUNK = 1200
_CHUNKED = "ecrx-chunks"
# Secrets are some kilobytes; what a damaged or forged head announces must not cost more than 25 KB would.
_MOST_CHUNKS = 64
_HEXADECIMAL = frozenset("0123456789abcdef")
# Words in the names of the published classes that keep plain text: keyrings.alt's two, and keyring-insecure-backend's.
# What a class does that is not called so cannot be told from outside.
_PLAIN = ("plaintext", "insecure", "unencrypted")
# The modules of the backends that send something to the session bus as soon as they are loaded.
_ON_BUS = tuple(f"keyring.backends.{module}." for module in ("SecretService", "chainer", "kwallet", "libsecret"))


class SystemKeyring:
    """One backend of the ``keyring`` library; a secret that it finds too long is kept in chunks."""

    def __init__(self, class_name: str | None) -> None:
        """Open the backend of that dotted name, or the operating system's own.

        Raises KeyringUnavailableError where it is not to be had, and for one that is known to keep plain text.
        """
        self._patience = Patience(_SECONDS)
        self._backend = _load(class_name or _NATIVE.get(sys.platform))
        self.label = class_name or type(self._backend).__module__.rpartition(".")[2]

    def get(self, name: str) -> str | None:
        """Return the secret kept under ``name``, or None; chunks that do not belong together are None."""
        head = self._get(name)
        if head is None or not head.startswith(_CHUNKED):
            return head
        secret = "".join(self._get(chunk) or "" for chunk in _chunks_of(name, head))
        return secret if head.endswith(f" {_checksum(secret)}") else None

    def names(self) -> list[str]:
        """Return none: the ``keyring`` library cannot list what it keeps."""
        return []

    def set(self, name: str, secret: str, seconds: int | None) -> None:  # noqa: ARG002 - items do not expire
        """Keep ``secret`` under ``name``."""
        old = self._get(name)
        is_short = len(secret.encode("utf-16-le", "surrogatepass")) // 2 <= _CHUNK
        if secret.startswith(_CHUNKED) or (sys.platform == "win32" and not is_short):
            self._put_chunks(name, secret)
        else:
            try:
                self._set(name, secret)
            except KeyringUnavailableError:
                raise
            except KeyringError:  # as Windows, it may take only short secrets
                if is_short:
                    raise
                self._put_chunks(name, secret)
        self._drop_chunks(name, old)

    def delete(self, name: str) -> None:
        """Delete what is kept under ``name``, if anything is: the head last, since it alone leads to the chunks."""
        old = self._get(name)
        if old is not None:
            self._drop_chunks(name, old)
            self._delete(name)

    def _put_chunks(self, name: str, secret: str) -> None:
        """Write the chunks under names of their own, then the head that names them: a reader sees old or new."""
        generation = os.urandom(4).hex()
        # A character beyond 16 bits is two of UTF-16's units.
        step = _CHUNK if max(secret) <= "\uffff" else _CHUNK // 2
        chunks = [secret[at : at + step] for at in range(0, len(secret), step)]
        if len(chunks) > _MOST_CHUNKS:
            raise KeyringError(
                f"the keyring {self.label} does not take a secret of this length", f"store a shorter one{OR_ANOTHER}"
            )
        head = f"{_CHUNKED} {generation} {len(chunks)} {_checksum(secret)}"
        try:
            for number, chunk in enumerate(chunks):
                self._set(_chunk(name, generation, number), chunk)
            self._set(name, head)
        except KeyringError:
            self._drop_chunks(name, head)
            raise

    def _drop_chunks(self, name: str, head: str | None) -> None:
        """Delete the chunks that ``head`` leads to, also those that it does not count because it is damaged."""
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
                return None  # nothing of ours

        found = self._limited("read", read)
        return found if isinstance(found, str) else None  # a backend may return anything

    def _set(self, name: str, secret: str) -> None:
        self._limited("write to", lambda: self._backend.set_password(service_of(name), USERNAME, secret))

    def _delete(self, name: str) -> None:
        def delete() -> None:
            try:
                self._backend.delete_password(service_of(name), USERNAME)
            except PasswordDeleteError:
                pass  # it is gone, which is what was wanted

        self._limited("delete from", delete)

    def _limited(self, verb: str, call: "Callable[[], T]") -> "T":
        try:
            return self._patience(call)
        except TimeoutError as error:
            raise KeyringUnavailableError(
                f"the keyring {self.label} does not answer", f"unlock it{OR_ANOTHER}"
            ) from error
        except Exception as error:
            # The backend's own words are left out: one that quotes what it was given would tell the secret.
            raise KeyringError(
                f"cannot {verb} the keyring {self.label}: {type(error).__name__}", f"unlock it{OR_ANOTHER}"
            ) from error


def _load(class_name: str | None) -> KeyringBackend:
    if sys.platform == "linux" and (class_name or "").startswith(_ON_BUS):
        _check_bus(class_name)
    try:
        backend = within(
            _SECONDS, lambda: keyring.core.load_keyring(class_name) if class_name else keyring.core.get_keyring()
        )
    except Exception as error:
        raise KeyringUnavailableError(
            f"the keyring {class_name or 'of this system'} is not available: {type(error).__name__}",
            "check the name's spelling and that it is installed",
        ) from error
    refused = _refusal(backend)
    if refused:
        raise KeyringUnavailableError(
            f"the keyring {class_name or type(backend).__qualname__} {refused}",
            f"choose an encrypted keyring{OR_ANOTHER}=none",
        )
    return backend


def _check_bus(class_name: str | None) -> None:
    """Raise KeyringUnavailableError if another user runs the session bus, to which the backend would send secrets."""
    from docker_credential_ecrx.keyrings import secret_service

    try:
        secret_service.check_bus()
    except PermissionError as error:
        raise KeyringUnavailableError(
            f"the keyring {class_name} is not available: {error.strerror}",
            f"unset DBUS_SESSION_BUS_ADDRESS{OR_ANOTHER}",
        ) from error


def _refusal(backend: KeyringBackend) -> str:
    """Return why ``backend`` may not keep a secret, or an empty text."""
    members = list(getattr(backend, "backends", [])) if isinstance(backend, chainer.ChainerBackend) else [backend]
    for kind in (base for member in members for base in type(member).__mro__):
        if any(word in kind.__name__.lower() for word in _PLAIN):
            return "keeps secrets in plain text"
        if kind.__module__ in ("keyring.backends.null", "keyring.backends.fail"):
            return "keeps nothing"
    return "" if members else "keeps nothing"


def _chunk(name: str, generation: str, number: int) -> str:
    return f"{name}#{generation}.{number}"


def _chunks_of(name: str, head: str) -> list[str]:
    """Return the names of the chunks that ``head`` speaks of; none if it is damaged, or no head of ours."""
    generation, count = _generation_of(head), _count_of(head)
    if generation is None or count is None:
        return []
    return [_chunk(name, generation, number) for number in range(count)]


def _generation_of(head: str | None) -> str | None:
    """Return what the names of the chunks have in common, or None if ``head`` is no head of ours."""
    words = (head or "").split()
    is_ours = len(words) > 1 and words[0] == _CHUNKED and _HEXADECIMAL.issuperset(words[1])
    return words[1] if is_ours else None


def _count_of(head: str | None) -> int | None:
    """Return how many chunks there are, or None if ``head`` is damaged."""
    words = (head or "").split()
    if len(words) != len(["ecrx-chunks", "GENERATION", "COUNT", "CHECKSUM"]) or len(words[2]) > len(str(_MOST_CHUNKS)):
        return None
    count = int(words[2]) if words[2].isdecimal() else 0
    return count if 0 < count <= _MOST_CHUNKS else None


def _checksum(secret: str) -> str:
    return f"{binascii.crc32(secret.encode()):08x}"
