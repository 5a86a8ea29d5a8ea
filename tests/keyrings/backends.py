"""Backends of the ``keyring`` library that fail as real ones do; each class is a keyring of its own."""

import threading
from typing import ClassVar

from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.compat import properties
from keyring.errors import KeyringError, PasswordDeleteError


class Memory(KeyringBackend):
    """Stores everything until the process ends."""

    priority = -1.0  # it is only chosen by name
    items: ClassVar[dict[tuple[str, str], str]] = {}
    reads: ClassVar[int] = 0

    def __init_subclass__(cls) -> None:
        cls.items = {}

    def reading(self) -> None:
        """Do what the keyring does before it reads or deletes."""

    def writing(self, password: str) -> None:
        """Do what the keyring does before it writes."""

    def get_password(self, service: str, username: str) -> str | None:
        self.reading()
        type(self).reads += 1
        return self.items.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.writing(password)
        self.items[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self.reading()
        if self.items.pop((service, username), None) is None:
            raise PasswordDeleteError(service)


class Windows(Memory):
    """Holds 1,280 of UTF-16's units a credential, and says so in Windows' own words (keyring#540)."""

    def writing(self, password: str) -> None:
        if len(password.encode("utf-16-le")) > 2560:
            raise OSError(1783, "The stub received bad data", "CredWrite")


class Full(Windows):
    """Has no room for a third credential."""

    def writing(self, password: str) -> None:
        super().writing(password)
        if len(self.items) >= 2:
            raise OSError(8, "Not enough memory resources are available to process this command", "CredWrite")


class OverSsh(Memory):
    """The macOS Keychain where it cannot ask anybody: errSecInteractionNotAllowed."""

    def reading(self) -> None:
        message = "Can't get password from keychain: (-25308, 'Unknown Error')"
        raise KeyringError(message)

    def writing(self, password: str) -> None:
        del password
        self.reading()


class Clinging(Memory):
    """Deletes nothing, and says what keyring's backend for macOS says of any failure: errSecAuthFailed."""

    def delete_password(self, service: str, username: str) -> None:
        message = f"Can't delete password in keychain: (-25293, {service!r}, {username!r})"
        raise PasswordDeleteError(message)


class Telltale(Memory):
    """Repeats what it was given when it fails."""

    def writing(self, password: str) -> None:
        message = f"cannot store {password}"
        raise RuntimeError(message, password)


class HungWhenWritten(Memory):
    """Waits for somebody to answer its question before it writes; ``asked`` counts how often."""

    answered: ClassVar[threading.Event] = threading.Event()
    asked: ClassVar[int] = 0

    def writing(self, password: str) -> None:
        del password
        type(self).asked += 1
        self.answered.wait()


class Hung(HungWhenWritten):
    """Waits for somebody to answer whatever it does."""

    def reading(self) -> None:
        self.writing("")


class PlaintextKeyring(Memory):
    """Named as that of keyrings.alt."""


class Renamed(PlaintextKeyring):
    """Still in plain text."""


class InsecureKeyringBackend(Memory):
    """Named as that of keyring-insecure-backend."""


class Unencrypted(Memory):
    """Says what it is."""


class Chain(ChainerBackend):
    """Ends in plain text."""

    priority = -1.0
    backends = (Memory(), Renamed())  # type: ignore[no-untyped-call]


class Unfit(Memory):
    """Does not work on this system."""

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805 - a class property
        message = "not on this system"
        raise RuntimeError(message)
