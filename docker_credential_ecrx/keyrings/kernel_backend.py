"""The kernel keyring as a backend of the ``keyring`` library, for other programs that choose it by name."""

from keyring.backend import KeyringBackend
from keyring.compat import properties
from keyring.errors import PasswordDeleteError, PasswordSetError

from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.keyrings.kernel import KernelKeyring, description_of

_THREE_DAYS = 3 * 24 * 3600


class Keyring(KeyringBackend):
    """The Linux kernel's persistent keyring: gone at a reboot, and three days after its last use.

    Choose it with ``PYTHON_KEYRING_BACKEND=docker_credential_ecrx.keyrings.kernel_backend.Keyring``.
    It is never chosen by itself, because a password that vanishes is a surprise.
    """

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805 - a class property
        """Return less than keyring's own ``fail`` backend has; raise where the kernel has no keys."""
        try:
            KernelKeyring()
        except KeyringError as error:
            raise RuntimeError(str(error)) from error
        return -0.5

    def get_password(self, service: str, username: str) -> str | None:
        """Return the password, or None."""
        return KernelKeyring().read(description_of(service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the password until the next reboot."""
        try:
            KernelKeyring().write(description_of(service, username), password, _THREE_DAYS)
        except KeyringError as error:
            raise PasswordSetError(str(error)) from error

    def delete_password(self, service: str, username: str) -> None:
        """Forget the password."""
        if not KernelKeyring().remove(description_of(service, username)):
            message = "password not found"
            raise PasswordDeleteError(message)
