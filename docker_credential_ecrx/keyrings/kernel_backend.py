"""The kernel keyring as a backend of the ``keyring`` library, for other programs.

Every program that imports ``keyring`` loads this module, on every system.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from keyring import errors
from keyring.backend import KeyringBackend
from keyring.compat import properties

from docker_credential_ecrx import keyrings
from docker_credential_ecrx.errors import KeyringError


class Keyring(KeyringBackend):
    """The Linux kernel's persistent keyring, which is deleted at a reboot and three days after its last use.

    Choose it with ``PYTHON_KEYRING_BACKEND=docker_credential_ecrx.keyrings.kernel_backend.Keyring``.
    It is never the default, because nobody expects a password to vanish.
    """

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805 - a class property
        """Return less than keyring's ``fail`` backend does; raise RuntimeError if the kernel has no keys."""
        with _translated(RuntimeError):
            keyrings.kernel_keyring()
        return -0.5

    def get_password(self, service: str, username: str) -> str | None:
        """Return the password, or None."""
        with _translated(errors.KeyringError):
            return keyrings.kernel_keyring().get_key(_description_of(service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store the password for three days, or until the next reboot."""
        with _translated(errors.PasswordSetError):
            keyrings.kernel_keyring().set_key(_description_of(service, username), password, None)

    def delete_password(self, service: str, username: str) -> None:
        """Delete the password."""
        with _translated(errors.PasswordDeleteError):
            found = keyrings.kernel_keyring().delete_key(_description_of(service, username))
        if not found:
            raise errors.PasswordDeleteError("password not found")


@contextmanager
def _translated(kind: type[Exception]) -> Iterator[None]:
    """Raise ``kind``, an error of the library, if the keyring fails."""
    try:
        yield
    except KeyringError as error:
        raise kind(str(error)) from error


def _description_of(service: str, username: str) -> bytes:
    from docker_credential_ecrx.keyrings.kernel import description_of

    return description_of(service, username)
