"""Where secrets are kept: one of the operating system's keyrings, or none.

An item has a name, a secret text and, where the keyring can, a life after which the keyring itself drops it.
"""

import sys

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from docker_credential_ecrx.keyrings.kernel import KernelKeyring

    class Keyring(Protocol):
        """What every keyring does; every method may raise KeyringError."""

        label: str

        def get(self, name: str) -> str | None:
            """Return the secret kept under ``name``, or None."""

        def set(self, name: str, secret: str, seconds: int | None) -> None:
            """Keep ``secret`` under ``name`` in place of what is there; for ``seconds`` where the keyring can."""

        def delete(self, name: str) -> None:
            """Forget what is kept under ``name``, if anything is."""

        def names(self) -> list[str]:
            """Return the names of all that is kept; none where the keyring cannot tell."""


# The same secret can be read with ``keyring.get_password(service_of(NAME), USERNAME)``.
USERNAME = "ecrx"
# So ends the remedy where a token may be kept elsewhere, and so where a password may not.
OR_ANOTHER = ", or set ECRX_KEYRING"
_OR_DOCKERS = (
    ", or have docker keep it: name ECR's registries in the credHelpers of its config.json"
    " (docker-credential-ecrx configure HOST), and remove credsStore there"
)

_KERNEL_CLASS = "docker_credential_ecrx.keyrings.kernel_backend.Keyring"
_SECRET_SERVICE_CLASS = "keyring.backends.SecretService.Keyring"  # noqa: S105 - a name


def service_of(name: str) -> str:
    """Return the item's service name, in the sense of the ``keyring`` library."""
    return f"docker-credential-ecrx:{name}"


def name_of(service: str) -> str | None:
    """Return the name of the item that has that service name, or None where it is not one of ours."""
    prefix = service_of("")
    return service.removeprefix(prefix) if service.startswith(prefix) else None


def for_tokens(keyring_name: str) -> "Keyring | None":
    """Return the keyring that keeps 12-hour tokens under ``keyring_name`` (ECRX_KEYRING's values), or None.

    Raises KeyringUnavailableError where the setting names one keyring and that is not to be had.
    """
    if keyring_name == "none":
        return None
    if keyring_name == "auto":
        return _first(["kernel", "secret-service"] if sys.platform == "linux" else ["system"])
    return _open(keyring_name)


def for_passwords(keyring_name: str) -> "Keyring":
    """Return the keyring that keeps other registries' passwords: one that survives a reboot.

    Raises KeyringUnavailableError where there is none.
    """
    if keyring_name == "none":
        raise KeyringUnavailableError(
            "there is no keyring, because ECRX_KEYRING or the configuration file says none",
            "choose a keyring: auto, secret-service or a keyring backend class" + _OR_DOCKERS,
        )
    if keyring_name in ("auto", "kernel", _KERNEL_CLASS):
        keyring_name = "secret-service" if sys.platform == "linux" else "system"
    try:
        return _open(keyring_name)
    except KeyringError as error:
        raise of_passwords(error) from error


def exposure_of(keyring: "Keyring | None") -> KeyringError | None:
    """Return what is to be told of ``keyring`` if it writes secrets to the disk as they are, or None."""
    if keyring is None or keyring.label != "secret-service":
        return None
    from docker_credential_ecrx.keyrings import secret_service

    try:
        file = keyring.plaintext_file() if isinstance(keyring, secret_service.SecretServiceKeyring) else None
    except KeyringError:
        return None
    return None if file is None else secret_service.plain_text(file)


def warn_of_plain_text(keyring: "Keyring") -> None:
    """Tell the user if ``keyring`` keeps secrets in plain text."""
    exposure = exposure_of(keyring)
    if exposure is not None:
        log.warn(str(exposure))


def of_passwords(error: KeyringError) -> KeyringError:
    """Return ``error`` with the remedy for a password, which only docker could keep elsewhere."""
    mend, found, _ = error.hint.partition(OR_ANOTHER)
    return type(error)(error.message, mend + _OR_DOCKERS) if found else error


def kernel_keyring() -> "KernelKeyring":
    """Return the Linux kernel's keyring; raise KeyringUnavailableError where there is none."""
    if sys.platform != "linux":
        # Elsewhere the same system calls are others, and Windows lacks what makes them.
        raise KeyringUnavailableError(
            f"the kernel keyring is Linux's alone, and this is {sys.platform}", "set ECRX_KEYRING=auto"
        )
    from docker_credential_ecrx.keyrings.kernel import KernelKeyring

    return KernelKeyring()


def _first(names: "list[str]") -> "Keyring | None":
    for name in names:
        try:
            return _open(name)
        except KeyringError as error:
            log.debug(f"trying the next keyring: {error}")
    return None


def _open(name: str) -> "Keyring":
    # Each keyring is imported only when it is opened: a cached get pays for one.
    if name in ("kernel", _KERNEL_CLASS):
        return kernel_keyring()
    # On Linux the class that ``keyring`` has for the Secret Service reads and writes the very items that ours does.
    if name == "secret-service" or (name == _SECRET_SERVICE_CLASS and sys.platform == "linux"):
        from docker_credential_ecrx.keyrings.secret_service import SecretServiceKeyring

        return SecretServiceKeyring()
    from docker_credential_ecrx.keyrings.keyring_library import SystemKeyring

    return SystemKeyring(None if name == "system" else name)
