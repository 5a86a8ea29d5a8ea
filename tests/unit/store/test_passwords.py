"""Passwords for other registries while other processes store and erase the same, or are killed."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.errors import KeyringLocked
from keyrings.backends import Memory

from docker_credential_ecrx.errors import KeyringError, NotFoundError
from docker_credential_ecrx.store import index, passwords

SERVER = "registry.example"
NAME = f"password:{SERVER}"


class Shared(Memory):
    """Lets another process act in the middle of a call: right before an item is stored or deleted."""

    meanwhile: ClassVar[list[Callable[[], None]]] = []

    def writing(self, password: str) -> None:
        del password
        for other in [self.meanwhile.pop() for _ in self.meanwhile]:
            other()

    def reading(self) -> None:
        self.writing("")


class Erased(Shared):
    """Lets another process act right after an item was deleted."""

    def reading(self) -> None:
        pass

    def delete_password(self, service: str, username: str) -> None:
        if self.items.pop((service, username), None) is not None:
            self.writing("")


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a home; the keyrings are empty."""
    for keyring in (Shared, Erased):
        keyring.items.clear()
    return {"HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}


class OneUnreadable(Shared):
    """Cannot return one of the passwords, once that is so."""

    is_broken: ClassVar[bool] = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.is_broken and "broken.example" in service:
            raise KeyringLocked(service)
        return super().get_password(service, username)


def setting_of(keyring: type[Shared]) -> str:
    return f"{keyring.__module__}.{keyring.__name__}"


def test_password_stored_during_erase_is_listed(env: dict[str, str]) -> None:
    keyring_name = setting_of(Erased)
    passwords.store(SERVER, "me", "old", keyring_name, env)
    Shared.meanwhile.append(lambda: passwords.store(SERVER, "me", "new", keyring_name, env))

    passwords.erase(SERVER, keyring_name, env)

    assert ("me", "new") == passwords.get(SERVER, keyring_name, env)
    assert {SERVER: "me"} == passwords.users(keyring_name, env)


def test_password_erased_during_store_is_listed(env: dict[str, str]) -> None:
    keyring_name = setting_of(Shared)
    Shared.meanwhile.append(lambda: passwords.erase(SERVER, keyring_name, env))

    passwords.store(SERVER, "me", "word", keyring_name, env)

    assert {SERVER: "me"} == passwords.users(keyring_name, env)


def test_password_stored_by_a_killed_process_is_listed(env: dict[str, str]) -> None:
    keyring_name = setting_of(Shared)
    seen: list[bool] = []
    Shared.meanwhile.append(lambda: seen.append(NAME in index.read(env)))

    passwords.store(SERVER, "me", "word", keyring_name, env)

    assert [True] == seen


def test_password_erased_by_a_killed_process_is_listed(env: dict[str, str]) -> None:
    keyring_name = setting_of(Erased)
    passwords.store(SERVER, "me", "word", keyring_name, env)
    seen: list[bool] = []
    Shared.meanwhile.append(lambda: seen.append(NAME in index.read(env)))

    passwords.erase(SERVER, keyring_name, env)

    assert ([True], {}) == (seen, index.read(env))


def test_failed_store_or_erase_keeps_the_index_entry(env: dict[str, str]) -> None:
    def fail() -> None:
        raise OSError

    keyring_name = setting_of(Shared)
    Shared.meanwhile.append(fail)
    with pytest.raises(KeyringError, match="unlock it, or let Docker store it: "):
        passwords.store(SERVER, "me", "word", keyring_name, env)
    assert {} == index.read(env)
    passwords.store(SERVER, "me", "word", keyring_name, env)
    listed = index.read(env)

    calls: list[Callable[[], None]] = [
        lambda: passwords.store(SERVER, "other", "word", keyring_name, env),
        lambda: passwords.erase(SERVER, keyring_name, env),
    ]
    for call in calls:
        Shared.meanwhile.append(fail)
        with pytest.raises(KeyringError):
            call()

        assert listed == index.read(env)


# What clients and people write as a server's name, and lookalikes.
_PARTS = st.sampled_from(
    [
        *("https://", "http://", "HTTPS://", "user@", "user:word@", "kube", "Kube", "\u212aube", "KUBE", "\uff4bube"),
        *(
            ".example",
            ".EXAMPLE",
            "\uff0eexample",
            ".example.",
            "%2eexample",
            "\u0130",
            "i\u0307",
            "\u017f",
            "s",
            "\u00df",
        ),
        *(":443", ":0443", ":80", ":5000", ":", "/", "//", "/v1", "/V1", "?x", "#x", "\\", "[::1]", "::1", "1::2"),
    ]
)
_servers = st.lists(_PARTS, min_size=1, max_size=5).map("".join)


def same(server: str) -> str:
    """Return the form in which logins are compared: without scheme, port 443 and final slash, ASCII in lower case."""
    for scheme in ("https://", "http://"):
        if server[: len(scheme)].lower() == scheme:
            server = server[len(scheme) :]
            break
    host, slash, path = server.rstrip("/").partition("/")
    if host.endswith(":443") and (":" not in host[:-4] or host[:-4].endswith("]")):
        host = host[:-4]
    lower = "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in host)
    return f"{lower}{slash}{path}"


def test_unreadable_password_leaves_the_others_in_the_list(env: dict[str, str]) -> None:
    keyring_name = setting_of(OneUnreadable)
    for server in ("a.example", "broken.example", "c.example"):
        passwords.store(server, "me", "word", keyring_name, env)

    OneUnreadable.is_broken = True

    assert {"a.example": "me", "c.example": "me"} == passwords.users(keyring_name, env)


class TestServer:
    @given(_servers, _servers)
    def test_never_shares_an_item(self, one: str, other: str) -> None:
        """Two servers share an item only if docker logout erases both with one login."""
        assert (same(one) == same(other)) == (passwords._name(one) == passwords._name(other))  # noqa: SLF001

    @pytest.mark.parametrize(
        "other",
        [
            "\u212aube.example",
            "kube.example.",
            "\uff4bube.example",
            "kube\uff0eexample",
            "user@kube.example",
            "https://user:word@kube.example",
            "kube.example:0443",
            "kube.example:80",
            "kube%2eexample",
            "https://http://kube.example",
            "http://https://kube.example",
            "kube.example?",
            "kube.example#",
            "kube.example/v1",
            "//kube.example",
        ],
    )
    def test_lookalike_has_another_password(self, env: dict[str, str], other: str) -> None:
        keyring_name = setting_of(Shared)
        passwords.store("kube.example", "me", "word", keyring_name, env)

        with pytest.raises(NotFoundError):
            passwords.get(other, keyring_name, env)

    @pytest.mark.parametrize(
        "other",
        [
            *("https://kube.example", "http://kube.example/", "kube.example:443", "https://KUBE.example:443/"),
            *("Kube.Example", "HTTPS://kube.example", "Http://kube.example/", "HTTPS://KUBE.EXAMPLE:443"),
        ],
    )
    def test_same_server_has_the_same_password(self, env: dict[str, str], other: str) -> None:
        keyring_name = setting_of(Shared)
        passwords.store("kube.example", "me", "word", keyring_name, env)

        assert ("me", "word") == passwords.get(other, keyring_name, env)

    def test_in_another_script_has_its_own_password(self, env: dict[str, str]) -> None:
        keyring_name = setting_of(Shared)
        servers = ["kube.example", "\u212aube.example", "\u212a\u00dcBE.example", "\u212a\u00fcbe.example"]
        for server in servers:
            passwords.store(server, server, "word", keyring_name, env)

        assert servers == [passwords.get(server, keyring_name, env)[0] for server in servers]

    @pytest.mark.parametrize(("one", "other"), [("1::2:443", "1::2"), ("[1::2]:443", "1::2"), ("::443", ":")])
    def test_ipv6_address_without_brackets_has_no_port(self, one: str, other: str) -> None:
        assert passwords._name(one) != passwords._name(other)  # noqa: SLF001
