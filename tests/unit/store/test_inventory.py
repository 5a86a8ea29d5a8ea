"""Hundreds of items are read without their passwords, and deleted with one write of the index."""

from pathlib import Path

import pytest
from keyrings.backends import Clinging, Memory

from docker_credential_ecrx import log
from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.store import cached_token, index, inventory
from docker_credential_ecrx.system import files
from docker_credential_ecrx.system.files import Folder

KEYRING = f"{Memory.__module__}.{Memory.__qualname__}"
PASSWORD = "hunter2-hunter2-hunter2"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a home; the keyring is empty."""
    Memory.items.clear()
    return {"HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}


def store(env: dict[str, str], count: int) -> list[str]:
    """Store tokens, and return the names of their items."""
    keyring = inventory.in_use(KEYRING)
    assert keyring is not None
    names = [f"login:{number:012}.dkr.ecr.us-east-1.amazonaws.com" for number in range(count)]
    for name in names:
        cached_token.save(name, cached_token.new_token(PASSWORD, name, 43200.0, cached_token.now()), keyring)
        servers = [name.removeprefix("login:")]
        index.add(env, name, {"kind": "login", "servers": servers, "keyring": keyring.label})
    return names


def test_items_are_read_without_their_passwords(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise each line that status prints would be searched for all of them."""
    names = store(env, 2)
    secrets: list[str] = []
    monkeypatch.setattr(log, "_secrets", secrets)

    found = inventory.items(KEYRING, env, cached_token.now())

    assert [(name, "fresh") for name in names] == [(item.name, item.state) for item in found]
    assert ["", ""] == [item.token.password for item in found if item.token]
    assert secrets == []


@pytest.mark.parametrize("count", [1, 40])
def test_items_are_deleted_with_one_write_of_the_index(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    store(env, count)
    found = inventory.items(KEYRING, env, cached_token.now())
    written: list[bytes] = []

    def replace(folder: Folder, name: str, new: str, data: bytes) -> None:
        written.append(data)
        write(folder, name, new, data)

    write = files.replace
    monkeypatch.setattr(files, "replace", replace)

    assert {} == inventory.delete(found, env)
    assert ({}, {}, 1) == (index.read(env), Memory.items, len(written))


def test_undeleted_item_without_an_entry_is_reported(env: dict[str, str]) -> None:
    """The index may be lost, and the user must not believe that the password is deleted."""
    name, clinging = "password:registry.example", f"{Clinging.__module__}.{Clinging.__qualname__}"
    keyring = inventory.in_use(clinging)
    assert keyring is not None
    Clinging.items.clear()
    inventory.delete_all([name], keyring, clinging, env, cached_token.now())
    keyring.set(name, PASSWORD, None)

    with pytest.raises(KeyringError, match=r"cannot delete what is stored for registry\.example: cannot delete from"):
        inventory.delete_all([name], keyring, clinging, env, cached_token.now())
