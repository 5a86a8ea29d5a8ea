"""The mark that the user is deleting tokens, which no process may cache again; apart, since each first get reads it."""

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.store import cached_token, index

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from docker_credential_ecrx.keyrings import Keyring
    from docker_credential_ecrx.store.cached_token import ClockReading

_ERASURE, _ERASURE_SECONDS = "erased", 60  # a get takes 25 seconds at most


def mark(keyring: "Keyring | None", env: "Mapping[str, str]") -> None:
    """Write that the user is about to delete tokens, so that no process caches one that it is requesting now.

    It is also written to the kernel keyring, since another process may have another state folder, or none; it expires
    there, and in other keyrings it would not.
    """
    index.mark_erasure(env)
    if keyring is not None and keyring.label == "kernel":
        try:
            keyring.set(_ERASURE, cached_token.format_timestamp(cached_token.now()), _ERASURE_SECONDS)
        except KeyringError as error:
            log.debug(f"a process that is refreshing a token may cache it again: {error}")


def is_since(started: "ClockReading", keyring: "Keyring | None", env: "Mapping[str, str]") -> bool:
    """Return whether the user has deleted tokens since ``started``, by what ``mark`` wrote."""
    if index.is_erased_since(env, started):
        return True
    try:
        stamp = keyring.get(_ERASURE) if keyring is not None and keyring.label == "kernel" else None
    except KeyringError:
        return False
    return cached_token.is_between(started, stamp or "", cached_token.now())
