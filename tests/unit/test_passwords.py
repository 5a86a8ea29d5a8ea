"""Passwords of other registries while other processes store and erase the same, or are killed."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from keyrings.backends import Memory

from docker_credential_ecrx import ledger, passwords
from docker_credential_ecrx.errors import KeyringError

SERVER = "registry.example"
NAME = f"password:{SERVER}"


class Shared(Memory):
    """Lets another process do something in the midst of a call: before what is stored or erased is."""

    meanwhile: ClassVar[list[Callable[[], None]]] = []

    def writing(self, password: str) -> None:
        del password
        for other in [self.meanwhile.pop() for _ in self.meanwhile]:
            other()

    def reading(self) -> None:
        self.writing("")


class Erased(Shared):
    """Lets another process do something once what is erased is gone."""

    def reading(self) -> None:
        pass

    def delete_password(self, service: str, username: str) -> None:
        if self.items.pop((service, username), None) is not None:
            self.writing("")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a home; the keyrings keep nothing."""
    for keyring in (Shared, Erased):
        keyring.items.clear()
    return {"HOME": str(tmp_path)}


def setting_of(keyring: type[Shared]) -> str:
    return f"{keyring.__module__}.{keyring.__name__}"


def test_one_that_is_stored_while_it_is_erased_is_listed(environ: dict[str, str]) -> None:
    setting = setting_of(Erased)
    passwords.store(SERVER, "me", "old", setting, environ)
    Shared.meanwhile.append(lambda: passwords.store(SERVER, "me", "new", setting, environ))

    passwords.erase(SERVER, setting, environ)

    assert ("me", "new") == passwords.get(SERVER, setting, environ)
    assert {SERVER: "me"} == passwords.users(setting, environ)


def test_one_that_is_erased_while_it_is_stored_is_listed(environ: dict[str, str]) -> None:
    setting = setting_of(Shared)
    Shared.meanwhile.append(lambda: passwords.erase(SERVER, setting, environ))

    passwords.store(SERVER, "me", "word", setting, environ)

    assert {SERVER: "me"} == passwords.users(setting, environ)


def test_one_that_is_stored_by_a_process_that_is_killed_then_is_listed(environ: dict[str, str]) -> None:
    setting = setting_of(Shared)
    seen: list[bool] = []
    Shared.meanwhile.append(lambda: seen.append(NAME in ledger.read(environ)))

    passwords.store(SERVER, "me", "word", setting, environ)

    assert [True] == seen


def test_one_that_is_erased_by_a_process_that_is_killed_then_is_listed(environ: dict[str, str]) -> None:
    setting = setting_of(Erased)
    passwords.store(SERVER, "me", "word", setting, environ)
    seen: list[bool] = []
    Shared.meanwhile.append(lambda: seen.append(NAME in ledger.read(environ)))

    passwords.erase(SERVER, setting, environ)

    assert ([True], {}) == (seen, ledger.read(environ))


def test_one_that_cannot_be_stored_or_erased_is_noted_as_before(environ: dict[str, str]) -> None:
    def fail() -> None:
        raise OSError

    setting = setting_of(Shared)
    Shared.meanwhile.append(fail)
    with pytest.raises(KeyringError, match="unlock it, or have docker keep it: "):
        passwords.store(SERVER, "me", "word", setting, environ)
    assert {} == ledger.read(environ)
    passwords.store(SERVER, "me", "word", setting, environ)
    noted = ledger.read(environ)

    calls: list[Callable[[], None]] = [
        lambda: passwords.store(SERVER, "other", "word", setting, environ),
        lambda: passwords.erase(SERVER, setting, environ),
    ]
    for call in calls:
        Shared.meanwhile.append(fail)
        with pytest.raises(KeyringError):
            call()

        assert noted == ledger.read(environ)
