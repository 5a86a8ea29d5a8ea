"""Keyrings, which store secrets under names: the kernel's, the desktop's, or one of the ``keyring`` library.

Where the keyring can, it deletes an item itself at the end of the item's lifetime.
"""

import sys

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError, Remedy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from docker_credential_ecrx.keyrings.kernel import KernelKeyring

    class Keyring(Protocol):
        """What every keyring does; every method may raise KeyringError."""

        label: str

        def expect(self, names: Iterable[str]) -> None:
            """Prepare for a ``get`` of each of ``names``, the next things that are done."""

        def get(self, name: str) -> str | None:
            """Return the secret stored under ``name``, or None."""

        def set(self, name: str, secret: str, seconds: int | None, *, by_hand: bool = False) -> None:
            """Store ``secret`` under ``name``, replacing any other; for ``seconds`` if the keyring can expire it.

            If the keyring must delete other items to have room for it, those stored ``by_hand`` go last: only a person
            can store them again.
            """

        def delete(self, name: str) -> None:
            """Delete what is stored under ``name``, if anything is."""

        def names(self) -> list[str]:
            """Return the names of all items; none if the keyring cannot list them."""


# The same secret can be read with ``keyring.get_password(service_of(NAME), USERNAME)``.
USERNAME = "ecrx"
FOREIGN_BUS = Remedy("use your own session bus", "unset DBUS_SESSION_BUS_ADDRESS")
# What to do without a keyring that fails: for tokens, by the keyring's name, and for passwords.
_OTHER_KEYRING = {
    "kernel": "set ECRX_KEYRING to secret-service or none",
    "secret-service": "set ECRX_KEYRING to kernel or none",
}
_NO_KEYRING = "set ECRX_KEYRING to none"
_LET_DOCKER_STORE = (
    "let Docker store it: run docker-credential-ecrx configure HOST for each ECR registry,"
    " and delete credsStore from Docker's config.json"
)
# On Linux, the ``keyring`` library's class for the Secret Service reads and writes the same items as ours.
_OWN_NAMES = {"docker_credential_ecrx.keyrings.kernel_backend.Keyring": "kernel"} | (
    {"keyring.backends.SecretService.Keyring": "secret-service"} if sys.platform == "linux" else {}
)


def service_of(name: str) -> str:
    """Return the item's service name, in the sense of the ``keyring`` library."""
    return f"docker-credential-ecrx:{name}"


def name_of(service: str) -> str | None:
    """Return the name of the item that has that service name, or None if this program does not store such items."""
    prefix = service_of("")
    return service.removeprefix(prefix) if service.startswith(prefix) else None


def for_tokens(keyring_name: str) -> "Keyring | None":
    """Return the keyring that ``keyring_name`` (a value of ECRX_KEYRING) sets for 12-hour tokens, or None.

    Raises KeyringUnavailableError if it sets a keyring that is not available.
    """
    if keyring_name == "none":
        return None
    if keyring_name == "auto":
        return _first(["kernel", "secret-service"] if sys.platform == "linux" else ["system"])
    return _open_for_tokens(keyring_name)


def for_passwords(keyring_name: str) -> "Keyring":
    """Return the keyring that stores passwords for other registries: one that persists across reboots.

    Raises KeyringUnavailableError if there is none.
    """
    if keyring_name == "none":
        raise KeyringUnavailableError(
            "there is no keyring, because ECRX_KEYRING or the configuration file sets none",
            with_alternative(Remedy("choose auto, secret-service or a keyring backend class"), _LET_DOCKER_STORE),
        )
    name = _OWN_NAMES.get(keyring_name, keyring_name)
    if name in ("auto", "kernel"):
        name = "secret-service" if sys.platform == "linux" else "system"
    return _open(name, _LET_DOCKER_STORE)


def with_alternative(remedy: Remedy, alternative: str) -> Remedy:
    """Return ``remedy`` with what else the user can do; its command stays next to the text that it belongs to."""
    texts = (alternative, remedy.text) if remedy.command else (remedy.text, alternative)
    return Remedy(", or ".join(filter(None, texts)), remedy.command)


def exposure_of(keyring: "Keyring | None") -> KeyringError | None:
    """Return an error that warns of ``keyring`` if it stores secrets in plain text, or None."""
    if keyring is None or keyring.label != "secret-service":
        return None
    from docker_credential_ecrx.keyrings import gnome, secret_service

    try:
        file = keyring.plaintext_file() if isinstance(keyring, secret_service.SecretServiceKeyring) else None
    except KeyringError:
        return None
    return None if file is None else gnome.not_encrypted(file)


def warn_of_plain_text(keyring: "Keyring") -> None:
    """Warn the user if ``keyring`` stores secrets in plain text."""
    exposure = exposure_of(keyring)
    if exposure is not None:
        log.warn(str(exposure))


def kernel_keyring(alternative: str = "") -> "KernelKeyring":
    """Return the Linux kernel's keyring; raise KeyringUnavailableError if there is none."""
    if sys.platform != "linux":
        # Other systems have other system calls under the same numbers, and Windows cannot make them.
        raise KeyringUnavailableError(
            f"the kernel keyring exists only on Linux, and this is {sys.platform}", "set ECRX_KEYRING to auto"
        )
    from docker_credential_ecrx.keyrings.kernel import KernelKeyring

    return KernelKeyring(alternative)


def _first(names: "list[str]") -> "Keyring | None":
    for name in names:
        try:
            return _open_for_tokens(name)
        except KeyringError as error:
            log.debug(f"trying the next keyring: {error}")
    return None


def _open_for_tokens(keyring_name: str) -> "Keyring":
    name = _OWN_NAMES.get(keyring_name, keyring_name)
    return _open(name, _OTHER_KEYRING.get(name, _NO_KEYRING))


def _open(name: str, alternative: str) -> "Keyring":
    # Each keyring is imported only when it is opened: a cached get uses one.
    if name == "kernel":
        return kernel_keyring(alternative)
    if name == "secret-service":
        from docker_credential_ecrx.keyrings.secret_service import SecretServiceKeyring

        return SecretServiceKeyring(alternative)
    from docker_credential_ecrx.keyrings.keyring_library import SystemKeyring

    return SystemKeyring(None if name == "system" else name, alternative)
