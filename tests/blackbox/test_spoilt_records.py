"""A record in the keyring that is damaged, of another version or foreign is a miss, and is replaced silently."""

import base64
import binascii
import json
import os
import subprocess
from typing import NamedTuple

import pytest
from keyring.core import load_keyring

from docker_credential_ecrx.keyrings import USERNAME, service_of
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.store import index
from support import keyrings, need
from support.home import HOST, Home

_SECRET_SERVICE = "keyring.backends.SecretService.Keyring"
_LIFE = 12 * 3600


class Item(NamedTuple):
    """The item of the keyring that contains a token; ``record`` is its content, ``password`` the token."""

    keyring: str
    name: str
    record: str
    password: str

    def replace(self, secret: str) -> None:
        """Replace the record by ``secret``."""
        if self.keyring == "kernel":
            KernelKeyring().set(self.name, secret, _LIFE)
        else:
            load_keyring(_SECRET_SERVICE).set_password(service_of(self.name), USERNAME, secret)

    def replace_bytes(self, payload: bytes) -> None:
        """Replace the record by ``payload``, as another program of the user's would."""
        if self.keyring == "kernel":
            (serial,) = (s for s, description in keyrings.kernel_keys().items() if self.name in description)
            update = f"keyctl get_persistent @s || keyctl link @u @s; keyctl pupdate {serial}"
            command = [need.command("keyctl"), "session", "-", "sh", "-c", update]
            subprocess.run(command, input=payload, capture_output=True, check=True)
        else:
            with keyrings.collection(os.environ) as collection:
                (item,) = collection.search_items({"service": service_of(self.name)})
                item.set_secret(payload, "application/octet-stream")


@pytest.fixture
def item(home: Home, keyring: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Item:
    """Return the item that a first ``get`` stores."""
    return first_get(home, keyring, monkeypatch)


def first_get(home: Home, keyring: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Item:
    """Run a first ``get``, and return the item that it stores in ``keyring``, which the test uses from now on."""
    for variable, value in keyring.items():
        monkeypatch.setenv(variable, value)
    home.add_role_profile()
    password = home.get(env=keyring).secret
    (name,) = index.read(home.env)
    record = fetch(keyring["ECRX_KEYRING"], name)
    assert record.endswith(f"\n{password}")
    return Item(keyring["ECRX_KEYRING"], name, record, password)


def fetch(keyring: str, name: str) -> str:
    """Return the record with that ``name``."""
    if keyring == "kernel":
        record = KernelKeyring().get(name)
    else:
        record = load_keyring(_SECRET_SERVICE).get_password(service_of(name), USERNAME)
    assert record is not None
    return record


def assert_repaired(home: Home, keyring: dict[str, str], item: Item) -> None:
    """Assert that the next ``get`` silently fetches a new token from AWS, and that the one after it is cached."""
    home.aws.calls.clear()
    found = home.get(env=keyring)
    assert (0, "") == (found.status, found.stderr)
    assert ["AssumeRole", "GetAuthorizationToken"] == [call.operation for call in home.aws.calls]
    assert found.secret in home.aws.issued
    assert item.password != found.secret

    home.aws.calls.clear()
    assert found == home.get(env=keyring)
    assert [] == home.aws.calls


def _signed(name: str, facts: str, password: str, magic: str = "ecrx1") -> str:
    """Return a record with a valid checksum, whatever its fields are."""
    return f"{magic} {facts} {binascii.crc32(f'{name} {facts} {password}'.encode()):08x}\n{password}"


class TestTruncatedRecord:
    @pytest.mark.parametrize("share", [0.0, 0.01, 0.03, 0.5, 0.99])
    def test_is_a_miss_at_every_length(self, home: Home, keyring: dict[str, str], item: Item, share: float) -> None:
        item.replace(item.record[: max(1, int(len(item.record) * share))])

        assert_repaired(home, keyring, item)

    def test_without_last_character_is_a_miss(self, home: Home, keyring: dict[str, str], item: Item) -> None:
        item.replace(item.record[:-1])

        assert_repaired(home, keyring, item)

    def test_without_password_is_a_miss(self, home: Home, keyring: dict[str, str], item: Item) -> None:
        item.replace(item.record.partition("\n")[0] + "\n")

        assert_repaired(home, keyring, item)

    def test_without_first_line_is_a_miss(self, home: Home, keyring: dict[str, str], item: Item) -> None:
        item.replace(item.password)

        assert_repaired(home, keyring, item)


class TestRecordOfAnotherVersion:
    @pytest.mark.parametrize("magic", ["ecrx0", "ecrx2", "ecrx10", "ecrx", "ECRX1"])
    def test_is_a_miss(self, home: Home, keyring: dict[str, str], item: Item, magic: str) -> None:
        item.replace(item.record.replace("ecrx1 ", f"{magic} ", 1))

        assert_repaired(home, keyring, item)

    @pytest.mark.parametrize("magic", ["ecrx1", "ecrx2"])
    def test_with_other_field_count_is_a_miss(
        self, home: Home, keyring: dict[str, str], item: Item, magic: str
    ) -> None:
        """The checksum of the record is valid."""
        facts = " ".join(item.record.partition("\n")[0].split()[1:-1])
        for other in (f"{facts} 7", facts.rpartition(" ")[0], ""):
            item.replace(_signed(item.name, other, item.password, magic))

            assert_repaired(home, keyring, item)

    @pytest.mark.parametrize("lifetime", ["x", "", "12h"])
    def test_with_invalid_lifetime_is_a_miss(
        self, home: Home, keyring: dict[str, str], item: Item, lifetime: str
    ) -> None:
        """The checksum of the record is valid."""
        facts = item.record.partition("\n")[0].split()[2:-1]
        item.replace(_signed(item.name, " ".join([lifetime, *facts]), item.password))

        assert_repaired(home, keyring, item)


class TestForeignRecord:
    @pytest.mark.parametrize(
        "secret",
        [
            "word",
            "\n",
            "AWS:word",
            '{"Username":"AWS","Secret":"word"}',
            base64.b64encode(bytes(range(256))).decode(),
            "ecrx1 " * 7 + "\nword",
            "ecrx1 1 2 3 4 5 6\nword",
            "ecrx-chunks 01234567 2 89abcdef",
            "pä💥\0\x1b[31m",
            "x" * 8000,
        ],
        ids=["word", "newline", "pair", "json", "base64", "words", "numbers", "chunks", "unprintable", "long"],
    )
    def test_is_a_miss(self, home: Home, keyring: dict[str, str], item: Item, secret: str) -> None:
        item.replace(secret)

        assert_repaired(home, keyring, item)

    @pytest.mark.parametrize("payload", [b"\xff\xfe\0", b"\0", b"1 b\xff\0\xff", b"9999999999 tword", b" "])
    def test_that_is_no_text_is_a_miss(self, home: Home, keyring: dict[str, str], item: Item, payload: bytes) -> None:
        item.replace_bytes(payload)

        assert_repaired(home, keyring, item)

    def test_of_another_region_is_a_miss(self, home: Home, keyring: dict[str, str], item: Item) -> None:
        home.get(HOST.replace("us-east-1", "eu-west-1"), env=keyring)
        (other,) = index.read(home.env).keys() - {item.name}
        item.replace(fetch(item.keyring, other))

        assert_repaired(home, keyring, item)

    def test_with_one_changed_character_is_a_miss(self, home: Home, keyring: dict[str, str], item: Item) -> None:
        at = len(item.record) - 100
        item.replace(item.record[:at] + ("A" if item.record[at] != "A" else "B") + item.record[at + 1 :])

        assert_repaired(home, keyring, item)


class TestForeignItem:
    """The Secret Service may have several items with one name; the kernel keyring has one."""

    @pytest.mark.parametrize("number", [1, 20])
    def test_with_the_same_name_is_ignored(
        self, home: Home, secret_service: dict[str, str], number: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keyring = {"ECRX_KEYRING": "secret-service"} | secret_service
        item = first_get(home, keyring, monkeypatch)
        attributes = {"service": service_of(item.name), "username": USERNAME}
        with keyrings.collection(secret_service) as collection:
            for each in list(collection.search_items(attributes)):
                each.delete()
            for colour in map(str, range(number)):
                collection.create_item("another program's", attributes | {"colour": colour}, b"word")

        assert_repaired(home, keyring, item)


class TestDockerLogin:
    def test_damaged_token_is_a_miss(self, home: Home, keyring: dict[str, str], item: Item) -> None:
        later = base64.b64encode(json.dumps({"payload": "p", "expiration": 4_102_444_800}).encode()).decode()
        home.store(HOST, "AWS", later, env=keyring)
        (name,) = index.read(home.env).keys() - {item.name}
        assert later == home.get(env=keyring).secret

        item._replace(name=name).replace("ecrx1 word")

        assert item.password == home.get(env=keyring).secret
        assert "" == home.get(env=keyring).stderr
