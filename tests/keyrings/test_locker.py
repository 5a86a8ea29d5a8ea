"""The Credential Locker of Windows, through keyring's WinVault; on other systems backends.Windows replaces it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import keyring
import pytest

from docker_credential_ecrx import keyrings
from docker_credential_ecrx.keyrings import USERNAME, service_of

if TYPE_CHECKING:
    from docker_credential_ecrx.keyrings import Keyring

NAME = "token:ecr:aws:us-east-1:0123456789abcdef0123456789abcdef"
SHORT = "hunter2hunter2"
TOKEN = "ecrx1 1 43200 21600 - 0 00000000\n" + "0123456789" * 270


@pytest.fixture
def locker() -> Iterator["Keyring"]:
    """Return the Credential Locker; after the test the item is gone."""
    found = keyrings.for_tokens("auto")
    assert found is not None
    yield found
    found.delete(NAME)


def test_locker_is_used_for_tokens_and_passwords(locker: "Keyring") -> None:
    assert ["Windows", "Windows"] == [locker.label, keyrings.for_passwords("auto").label]


@pytest.mark.parametrize("secret", [SHORT, TOKEN, "ä€🐳" * 900], ids=["short", "a token", "beyond 16 bits"])
def test_locker_returns_what_was_stored(locker: "Keyring", secret: str) -> None:
    """A token is longer than one Windows credential."""
    locker.set(NAME, "an older one" * 300, 3600)
    locker.set(NAME, secret, 3600)

    assert secret == locker.get(NAME)


def test_short_secret_is_one_item_of_the_keyring_library(locker: "Keyring") -> None:
    locker.set(NAME, SHORT, None)

    assert SHORT == keyring.get_password(service_of(NAME), USERNAME)


def test_deletion_leaves_nothing(locker: "Keyring") -> None:
    """Neither the head nor its chunks remain."""
    locker.set(NAME, TOKEN, 3600)
    head = keyring.get_password(service_of(NAME), USERNAME)
    assert head is not None
    chunk = service_of(f"{NAME}#{head.split()[1]}.0")
    assert keyring.get_password(chunk, USERNAME)

    locker.delete(NAME)

    assert locker.get(NAME) is None
    assert keyring.get_password(chunk, USERNAME) is None
