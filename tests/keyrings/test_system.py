"""Any backend of the ``keyring`` library: small ones get chunks, broken ones do no harm, unsafe ones are rejected."""

from collections.abc import Callable, Iterator

import pytest
from keyring.backend import KeyringBackend
from keyring.core import load_keyring
from keyrings import backends
from keyrings.contract import ALTERNATIVE, SECRET, KeyringContract

from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError
from docker_credential_ecrx.keyrings import USERNAME, service_of
from docker_credential_ecrx.keyrings.keyring_library import SystemKeyring

NAME = "token:ecr:aws:us-east-1:0123"
HEAD = (service_of(NAME), USERNAME)
TOKEN = "ecrx1 1 43200 21600 - 0 00000000\n" + "0123456789" * 270
ALPHABETS = {"ASCII": "token", "16 bits": "Schlüssel€", "beyond": "🐳🔑", "mixed": "a🐳b"}
USES: dict[str, Callable[[SystemKeyring], object]] = {
    "get": lambda keyring: keyring.get(NAME),
    "set": lambda keyring: keyring.set(NAME, TOKEN, 3600),
    "delete": lambda keyring: keyring.delete(NAME),
}


def opened(backend: type[backends.Memory]) -> SystemKeyring:
    return SystemKeyring(f"keyrings.backends.{backend.__name__}", ALTERNATIVE)


@pytest.fixture(autouse=True)
def empty() -> Iterator[None]:
    """Empty all keyrings, and release the threads that still wait for them."""
    backends.HungWhenWritten.asked = backends.Hung.asked = 0
    backends.HungWhenWritten.answered.clear()
    yield
    backends.HungWhenWritten.answered.set()
    for backend in vars(backends).values():
        if isinstance(backend, type) and issubclass(backend, backends.Memory):
            backend.items.clear()


def text_of(length: int, alphabet: str) -> str:
    return (alphabet * length)[:length]


def in_chunks(secret: str) -> tuple[SystemKeyring, list[tuple[str, str]]]:
    """Return the keyring that stores ``secret``, and its chunks in order."""
    keyring = opened(backends.Windows)
    keyring.set(NAME, secret, 3600)
    return keyring, sorted(item for item in backends.Windows.items if item != HEAD)


class SystemContract(KeyringContract):
    """A backend of the ``keyring`` library is a keyring; it cannot list its items, and reads before it writes."""

    can_list, reads_first = False, True
    backend: type[backends.Memory]

    @pytest.fixture
    def keyring(self) -> SystemKeyring:
        return opened(self.backend)

    @pytest.fixture
    def name(self) -> str:
        return NAME

    @pytest.fixture
    def library(self) -> KeyringBackend:
        return load_keyring(f"keyrings.backends.{self.backend.__name__}")

    @pytest.fixture
    def failing(self) -> SystemKeyring:
        return opened(backends.OverSsh)

    @pytest.fixture
    def unavailable(self) -> Callable[[], SystemKeyring]:
        return lambda: SystemKeyring("keyrings.nowhere.Keyring", ALTERNATIVE)

    def test_that_fails_is_named(self, failing: SystemKeyring) -> None:
        for use in USES.values():
            with pytest.raises(KeyringError, match=r"cannot .* the keyring keyrings\.backends\.OverSsh"):
                use(failing)


class TestContract(SystemContract):
    """One that takes a secret of any length."""

    backend = backends.Memory


class TestContractInChunks(SystemContract):
    """One that takes short secrets only."""

    backend = backends.Windows


class TestItems:
    def test_are_those_of_the_keyring_library(self) -> None:
        opened(backends.Memory).set(NAME, TOKEN, 3600)

        assert {("docker-credential-ecrx:token:ecr:aws:us-east-1:0123", "ecrx"): TOKEN} == backends.Memory.items


class TestChunks:
    @pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=ALPHABETS)
    @pytest.mark.parametrize("length", [0, 1, 640, 641, 1200, 1201, 1280, 1281, 2400, 2401, 2714, 20_000])
    def test_store_a_secret_of_any_length(self, length: int, alphabet: str) -> None:
        secret = text_of(length, alphabet)
        keyring = opened(backends.Windows)
        keyring.set(NAME, secret, 3600)

        assert secret == keyring.get(NAME)

    def test_have_separate_service_names(self) -> None:
        _, chunks = in_chunks(TOKEN)

        assert 3 == len(chunks) == len({service for service, _ in chunks} - {service_of(NAME)})

    @pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=ALPHABETS)
    @pytest.mark.parametrize(
        "lengths", [(10, 3000), (3000, 10), (1300, 5000, 1300), (3000, 3000), (0, 2500, 0)], ids=str
    )
    def test_of_a_replaced_secret_are_deleted(self, lengths: tuple[int, ...], alphabet: str) -> None:
        keyring = opened(backends.Windows)
        for length in lengths:
            keyring.set(NAME, text_of(length, alphabet), 3600)
            assert text_of(length, alphabet) == keyring.get(NAME)
        keyring.delete(NAME)

        assert {} == backends.Windows.items

    @pytest.mark.parametrize("number", [0, 1, 2])
    @pytest.mark.parametrize(
        "damage",
        [lambda text: "?" + text[1:], lambda text: text[:-1], lambda text: text + "0", lambda _: ""],
        ids=["changed", "short", "long", "emptied"],
    )
    def test_damaged_are_none(self, number: int, damage: Callable[[str], str]) -> None:
        keyring, chunks = in_chunks(TOKEN)
        backends.Windows.items[chunks[number]] = damage(backends.Windows.items[chunks[number]])

        assert keyring.get(NAME) is None

    @pytest.mark.parametrize("number", [0, 1, 2])
    def test_lost_are_none_and_can_be_rewritten(self, number: int) -> None:
        keyring, chunks = in_chunks(TOKEN)
        del backends.Windows.items[chunks[number]]

        assert keyring.get(NAME) is None
        keyring.set(NAME, TOKEN, 3600)
        assert TOKEN == keyring.get(NAME)

    def test_swapped_are_none(self) -> None:
        keyring, (one, other, _) = in_chunks(TOKEN)
        items = backends.Windows.items
        items[one], items[other] = items[other][::-1], items[one]

        assert keyring.get(NAME) is None

    @pytest.mark.parametrize("head", ["ecrx-chunks", "ecrx-chunks 0 x 0", "ecrx-chunks 0 -1 0", "ecrx-chunks 0 3 0 0"])
    def test_of_a_foreign_head_are_none(self, head: str) -> None:
        backends.Memory.items[HEAD] = head

        assert opened(backends.Memory).get(NAME) is None

    @pytest.mark.parametrize(
        "damage",
        [
            lambda head: head[:-1],
            lambda head: head + " more",
            lambda head: head.rpartition(" ")[0],
            lambda head: " ".join(head.split()[:2]),
            lambda head: head.replace(" 3 ", " 999999999 "),
            lambda head: head.replace(" 3 ", " -1 "),
            lambda head: head.replace(" 3 ", " 1 "),
            lambda head: head.replace(" 3 ", " 0 "),
            lambda head: head.replace(" 3 ", " x "),
            lambda head: head.replace(" 3 ", f" {'9' * 5000} "),
        ],
    )
    @pytest.mark.parametrize("act", ["delete", "set"])
    @pytest.mark.parametrize("lost", [None, 0, 1])
    def test_are_deleted_although_their_head_is_damaged(
        self, damage: Callable[[str], str], act: str, lost: int | None
    ) -> None:
        """Neither delete nor set leaves a chunk behind if the head is damaged and one chunk may be lost."""
        keyring, chunks = in_chunks(TOKEN)
        items = backends.Windows.items
        items[HEAD] = damage(items[HEAD])
        if lost is not None and " 1 " not in items[HEAD] and len(items[HEAD].split()) == 4:
            del items[chunks[lost]]

        USES[act](keyring)
        keyring.delete(NAME)

        assert {} == items

    @pytest.mark.parametrize("count", ["999999999", "65", "0x3", "٣", "9" * 5000, ""])
    def test_with_a_forged_count_are_none_and_not_read(self, count: str) -> None:
        """However many chunks a head announces, no more are read than a secret can have."""
        keyring, _ = in_chunks(TOKEN)
        head = backends.Windows.items[HEAD].replace(" 3 ", f" {count} ")
        backends.Windows.items[HEAD] = head
        backends.Windows.reads = 0

        assert (keyring.get(NAME) is None) == (count != "٣")
        assert backends.Windows.reads < 100

    def test_of_a_too_long_secret_are_not_written(self) -> None:
        """A secret that could not be read back is not written, and the old one stays."""
        keyring = opened(backends.Windows)
        keyring.set(NAME, TOKEN, 3600)

        with pytest.raises(KeyringError, match="cannot store a secret of this length"):
            keyring.set(NAME, "x" * 100_000, 3600)

        assert TOKEN == keyring.get(NAME)
        assert 4 == len(backends.Windows.items)

    def test_that_do_not_all_fit_leave_the_old_secret(self) -> None:
        keyring = opened(backends.Full)
        keyring.set(NAME, "old", 3600)

        with pytest.raises(KeyringError):
            keyring.set(NAME, TOKEN, 3600)

        assert {HEAD: "old"} == backends.Full.items


class TestFailingBackend:
    @pytest.mark.parametrize(
        ("use", "backend"),
        [("get", backends.Hung), ("set", backends.HungWhenWritten), ("delete", backends.Hung)],
    )
    def test_hanging_is_called_once_and_given_up(self, use: str, backend: type[backends.HungWhenWritten]) -> None:
        with pytest.raises(KeyringError, match="did not respond within 4 seconds"):
            USES[use](opened(backend))

        assert 1 == backend.asked

    @pytest.mark.parametrize("secret", [SECRET, "ecrx-chunks"])
    def test_that_deletes_nothing_is_an_error(self, secret: str) -> None:
        """The library has one error for an item that does not exist and, on macOS, for any other failure to delete."""
        keyring = opened(backends.Clinging)
        keyring.set(NAME, secret, 3600)

        with pytest.raises(KeyringError, match=r"cannot delete from the keyring .*Clinging: PasswordDeleteError"):
            keyring.delete(NAME)

        assert secret == keyring.get(NAME)

    @pytest.mark.parametrize("secret", [SECRET, SECRET * 200])
    def test_error_does_not_repeat_the_secret(self, secret: str) -> None:
        with pytest.raises(KeyringError) as raised:
            opened(backends.Telltale).set(NAME, secret, 3600)

        error = raised.value
        assert SECRET not in f"{error} {error!r} {error.message} {error.remedy} {error.args}"


class TestRefusedBackend:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("keyrings.backends.PlaintextKeyring", "stores secrets in plain text"),
            ("keyrings.backends.Renamed", "stores secrets in plain text"),
            ("keyrings.backends.InsecureKeyringBackend", "stores secrets in plain text"),
            ("keyrings.backends.Unencrypted", "stores secrets in plain text"),
            ("keyrings.backends.Chain", "stores secrets in plain text"),
            ("keyring.backends.null.Keyring", "stores nothing"),
            ("keyring.backends.fail.Keyring", "stores nothing"),
            ("keyrings.backends.Unfit", "is not available"),
            ("keyrings.backends.Unknown", "is not available"),
            ("keyrings.nowhere.Keyring", "is not available"),
            ("keyring.backends.null", "is not available"),
            ("os.path.join", "is not available"),
            ("builtins.object", "is not available"),
            ("Kernel", "is not available"),
            (".", "is not available"),
            ("ke yring\n.X", "is not available"),
        ],
    )
    def test_error_says_why(self, name: str, reason: str) -> None:
        with pytest.raises(KeyringUnavailableError) as refused:
            SystemKeyring(name)

        assert f"the keyring {name} {reason}" in refused.value.message
        assert 1 == len(str(refused.value).splitlines())
