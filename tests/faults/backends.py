"""Keyrings that fail in ways that nobody expects, for the program to choose by name.

What they store is in the file that FAULTS_FILE names, so that it outlives the process.
FAULTS_WRITING=no lets none write.
"""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.compat import properties
from keyring.errors import PasswordDeleteError


class Working(KeyringBackend):
    """Works."""

    priority = -1.0  # it is only chosen by name

    def get_password(self, service: str, username: str) -> str | None:
        return self._items().get(f"{service} {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        if os.environ.get("FAULTS_WRITING") == "no":
            message = f"cannot store {password}"
            raise RuntimeError(message)
        self._write(self._items() | {f"{service} {username}": password})

    def delete_password(self, service: str, username: str) -> None:
        items = self._items()
        if items.pop(f"{service} {username}", None) is None:
            raise PasswordDeleteError(service)
        self._write(items)

    def _items(self) -> dict[str, str]:
        path = Path(os.environ["FAULTS_FILE"])
        items: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        return items

    def _write(self, items: dict[str, str]) -> None:
        Path(os.environ["FAULTS_FILE"]).write_text(json.dumps(items))


class Short(Working):
    """Takes what Windows takes, 1,280 characters, and fails with Windows' words (keyring#540)."""

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password) > 1280:
            raise OSError(1783, "The stub received bad data", "CredWrite")
        super().set_password(service, username, password)


class VeryShort(Working):
    """Takes hardly anything."""

    def set_password(self, service: str, username: str, password: str) -> None:
        if len(password) > 100:
            message = "too long"
            raise ValueError(message)
        super().set_password(service, username, password)


class Clinging(Working):
    """Lets nothing go."""

    def delete_password(self, service: str, username: str) -> None:
        raise RuntimeError(service, username)


class Speechless(Exception):  # noqa: N818 - what it is
    """Cannot say what it is."""

    def __str__(self) -> str:
        message = "no words"
        raise RuntimeError(message)

    __repr__ = __str__


class Panic(BaseException):
    """What a library in Rust raises (pyo3's PanicException is no Exception)."""


class Raising(Working):
    """Raises what FAULTS_ERROR names, whatever it is asked."""

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002
        raise _errors()[os.environ["FAULTS_ERROR"]]

    def set_password(self, service: str, username: str, password: str) -> None:  # noqa: ARG002
        raise _errors()[os.environ["FAULTS_ERROR"]]


class RaisingWhenOpened(Working):
    """Raises what FAULTS_ERROR names before it is asked anything."""

    def __init__(self) -> None:
        raise _errors()[os.environ["FAULTS_ERROR"]]


class RaisingWhenJudged(Working):
    """Raises what FAULTS_ERROR names when it is asked how good it is."""

    @properties.classproperty
    def priority(cls) -> float:  # noqa: N805 - a class property
        raise _errors()[os.environ["FAULTS_ERROR"]]


class Odd(Working):
    """Gives what is no text."""

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002
        odd: dict[str, object] = {"bytes": b"x", "number": 7, "list": ["x"], "self": self, "surrogate": "\udcff"}
        return odd[os.environ["FAULTS_VALUE"]]  # type: ignore[return-value]


class Chatty(Working):
    """Says what it does, where the answer goes."""

    def get_password(self, service: str, username: str) -> str | None:
        print("Please unlock your keyring")  # noqa: T201
        os.write(1, b"Please do\n")
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        print("Thank you for", len(password), "characters")  # noqa: T201
        super().set_password(service, username, password)


def _errors() -> dict[str, BaseException]:
    return {
        "RuntimeError": RuntimeError("anything"),
        "KeyboardInterrupt": KeyboardInterrupt(),
        "SystemExit": SystemExit(0),
        "MemoryError": MemoryError(),
        "Speechless": Speechless(),
        "Panic": Panic("anything"),
    }
