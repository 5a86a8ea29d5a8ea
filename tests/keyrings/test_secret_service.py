"""A real Secret Service: its items are those of the ``keyring`` library, and a failure opens no window."""

import gc
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import secretstorage
from jeepney import MatchRule, Message
from jeepney.bus_messages import Monitoring, message_bus
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection
from jeepney.low_level import HeaderFields
from keyring.backend import KeyringBackend
from keyring.core import load_keyring
from keyrings.contract import ALTERNATIVE, KeyringContract

from docker_credential_ecrx.errors import KeyringError, KeyringUnavailableError
from docker_credential_ecrx.keyrings import USERNAME, service_of, session_bus
from docker_credential_ecrx.keyrings.secret_service import SecretServiceKeyring
from docker_credential_ecrx.keyrings.secret_service_api import SecretService
from fakes import busses
from support import keyrings, need

NAME = "token:ecr:aws:us-east-1:0123"
SERVICE = service_of(NAME)
ATTRIBUTES = {"service": SERVICE, "username": USERNAME}
DAEMON = "org.freedesktop.secrets"
# The prompter opens windows: gnome-keyring calls it when a client asks for a prompt.
PROMPTER = "org.gnome.keyring.SystemPrompter"
# A ``get`` ends within 25 s, whatever hangs.
LIMIT_SECONDS = 25
RACES = 200
# Prints a secret and replaces it.
INSIDE = """\
import sys
from docker_credential_ecrx.errors import KeyringError
from docker_credential_ecrx.keyrings.secret_service import SecretServiceKeyring
try:
    keyring = SecretServiceKeyring()
    print(keyring.get(sys.argv[1]))
    keyring.set(sys.argv[1], "from inside", None)
    keyring.close()
except KeyringError as error:
    sys.exit(str(error))
"""
USES: list[Callable[[SecretServiceKeyring], object]] = [
    lambda ours: ours.get(NAME),
    lambda ours: ours.set(NAME, "word", 3600),
    lambda ours: ours.delete(NAME),
]
# The methods that a use calls, and the type of their replies.
CALLS = [
    ("SearchItems", "get", "aoao"),
    ("GetSecret", "get", "(oayays)"),
    ("OpenSession", "get", "vo"),
    ("Get", "set", "v of b"),
    ("CreateItem", "set", "oo"),
    ("Delete", "delete", "o"),
    ("Get", "names", "v of a{ss}"),
]
BODIES: dict[str, tuple[object, ...]] = {
    "": (),
    "s": ("/item",),
    "u": (1,),
    "ao": (["/item"],),
    "as": (["/item"],),
    "aoas": (["/item"], []),
    "oo": ("/item", "/item"),
    "ooo": ("/item", "/item", "/item"),
    "v": (("u", 1),),
    "vv": (("b", False), ("b", False)),
    "(oayays)s": (("/item", b"", b"word", "text"), "more"),
    "((oayays))": ((("/item", b"", b"word", "text"),),),
    "a{ss}": ({"service": "x"},),
}


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close what a process closes when it ends."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@contextmanager
def opened(env: dict[str, str]) -> Iterator[SecretServiceKeyring]:
    """Yield our keyring on that bus, which is the session bus meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in env.items():
            patch.setenv(variable, value)
        ours = SecretServiceKeyring(ALTERNATIVE)
        yield ours
        ours.close()


@pytest.fixture
def keyring(secret_service: dict[str, str]) -> Iterator[SecretServiceKeyring]:
    """Return our keyring, without an item."""
    with opened(secret_service) as ours:
        ours.delete(NAME)
        yield ours


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[SecretServiceKeyring]:
    """Return our keyring, with an item, on a daemon that the test may break."""
    with keyrings.secret_service(tmp_path / "bus") as env, opened(env) as ours:
        ours.set(NAME, "word", 3600)
        yield ours


@pytest.fixture
def name() -> str:
    """Return the name of the item that ``keyring`` lacks."""
    return NAME


@pytest.fixture
def failing(broken: SecretServiceKeyring) -> SecretServiceKeyring:
    """Return our keyring, whose daemon has ended."""
    end_daemon()
    return broken


@pytest.fixture
def unavailable(monkeypatch: pytest.MonkeyPatch) -> Callable[[], SecretServiceKeyring]:
    """Return what opens the keyring where there is no bus."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    return lambda: SecretServiceKeyring(ALTERNATIVE)


@pytest.fixture
def library(keyring: SecretServiceKeyring) -> KeyringBackend:  # noqa: ARG001 - leads to the bus
    """Return the keyring library's own backend, on the same bus."""
    return load_keyring("keyring.backends.SecretService.Keyring")


def items() -> list[tuple[str, dict[str, str], bytes, str]]:
    """Return label, stored attributes, secret and type of all items of that name."""
    with keyrings.collection(os.environ) as collection:
        found = collection.search_items(ATTRIBUTES)
        return [(i.get_label(), as_given(i), i.get_secret(), i.get_secret_content_type()) for i in found]


def as_given(item: secretstorage.Item) -> dict[str, str]:
    """Return the attributes that the item was stored with.

    gnome-keyring adds the schema of the item's type when it rereads its file, which it may do at any time (load_item
    in its gkm-secret-binary.c).
    """
    return {name: value for name, value in item.get_attributes().items() if name != "xdg:schema"}


def lock() -> None:
    with keyrings.collection(os.environ) as collection:
        collection.lock()


def daemon(bus: DBusConnection) -> int:
    (process,) = Proxy(message_bus, bus).GetConnectionUnixProcessID(DAEMON)
    return int(process)


def end_daemon() -> None:
    with open_dbus_connection("SESSION") as bus:
        os.kill(daemon(bus), signal.SIGTERM)
        while Proxy(message_bus, bus).NameHasOwner(DAEMON)[0]:
            pass


class Ordered(SecretService):
    """Finds items in the service's order, or in reverse."""

    def __init__(self, order: int) -> None:
        super().__init__(session_bus.addresses(), LIMIT_SECONDS)
        self._order = order

    def search(self, attributes: dict[str, str]) -> tuple[list[str], list[str]]:
        unlocked, locked = super().search(attributes)
        return unlocked[:: self._order], locked


@contextmanager
def windows() -> Iterator[deque[Message]]:
    """Replace the prompter; yield what was requested, in the end."""
    asked: deque[Message] = deque()
    with open_dbus_connection("SESSION") as bus, bus.filter(MatchRule(type="method_call"), queue=asked):
        Proxy(message_bus, bus).RequestName(PROMPTER)
        yield asked
        Proxy(message_bus, bus).GetId()  # every request comes before this reply


@contextmanager
def overheard() -> Iterator[list[str]]:
    """Yield the methods called on the daemon, and an empty one for each of its replies, in the end."""
    heard: list[str] = []
    with open_dbus_connection("SESSION") as bus, open_dbus_connection("SESSION") as marker:
        owner = Proxy(message_bus, bus).GetNameOwner(DAEMON)[0]
        rules = [f"type='method_call',destination='{DAEMON}'", f"type='method_return',sender='{owner}'"]
        ends = f"type='method_call',sender='{marker.unique_name}'"
        Proxy(Monitoring(), bus).BecomeMonitor([*rules, ends])
        bus.receive(timeout=LIMIT_SECONDS)  # that it has no name left
        yield heard
        Proxy(message_bus, marker).GetId()
        while (fields := bus.receive(timeout=LIMIT_SECONDS).header.fields).get(HeaderFields.member) != "GetId":
            heard.append(fields.get(HeaderFields.member, ""))


class TestContract(KeyringContract):
    """The Secret Service is a keyring."""


class TestItems:
    def test_match_items_of_the_keyring_library(self, keyring: SecretServiceKeyring, library: KeyringBackend) -> None:
        library.set_password(SERVICE, USERNAME, "word")
        theirs = items()
        library.delete_password(SERVICE, USERNAME)
        keyring.set(NAME, "word", 3600)

        assert theirs == items()

    def test_are_replaced_by_either_and_never_duplicated(
        self, keyring: SecretServiceKeyring, library: KeyringBackend
    ) -> None:
        for secret in ("first", "third"):
            keyring.set(NAME, secret, 3600)
            assert [secret.encode()] == [found for _, _, found, _ in items()]
            library.set_password(SERVICE, USERNAME, f"after the {secret}")
            assert [f"after the {secret}"] == [found.decode() for _, _, found, _ in items()]

    def test_deleted_between_search_and_call_are_none(self, keyring: SecretServiceKeyring) -> None:
        is_over = threading.Event()

        def store_and_delete(other: SecretServiceKeyring) -> None:
            while not is_over.is_set():
                other.set(NAME, "word", None)
                other.delete(NAME)

        with closing(SecretServiceKeyring()) as other, ThreadPoolExecutor(1) as pool:
            meanwhile = pool.submit(store_and_delete, other)
            try:
                for _ in range(RACES):
                    assert keyring.get(NAME) in {None, "word"}
                    keyring.delete(NAME)
                    assert set(keyring.names()) <= {NAME}
            finally:
                is_over.set()
            meanwhile.result()

    def test_store_a_secret_of_any_length(self, keyring: SecretServiceKeyring) -> None:
        keyring.set(NAME, "x€" * 50_000, 3600)

        assert "x€" * 50_000 == keyring.get(NAME)


class TestTwoCollections:
    """Each has an item of the name: the user changed the default, or another program chose the collection."""

    @pytest.fixture
    def old(self, broken: SecretServiceKeyring) -> str:
        """Return the collection with the old item, which is no longer the default."""
        assert "word" == broken.get(NAME)
        return keyrings.replace_default(os.environ)

    @pytest.mark.parametrize("order", [1, -1])
    def test_serve_the_newest_item(
        self, monkeypatch: pytest.MonkeyPatch, broken: SecretServiceKeyring, old: str, order: int
    ) -> None:
        """GNOME Keyring lists the newest item first, other services list them in any order."""
        library = load_keyring("keyring.backends.SecretService.Keyring")
        with closing(Ordered(order)) as service, monkeypatch.context() as patch:
            patch.setattr(broken, "_service", service)
            library.set_password(SERVICE, USERNAME, "newer")
            assert "newer" == broken.get(NAME)

            threading.Event().wait(1.1)  # the service counts seconds
            keyrings.set_default(os.environ, old)
            library.set_password(SERVICE, USERNAME, "newest")
            assert "newest" == broken.get(NAME)

    @pytest.mark.usefixtures("old")
    def test_hold_one_item_after_it_is_stored(self, broken: SecretServiceKeyring) -> None:
        broken.set(NAME, "newer", 3600)

        assert "newer" == broken.get(NAME)
        assert [NAME] == broken.names()

    @pytest.mark.usefixtures("old")
    def test_hold_no_item_after_it_is_deleted(self, broken: SecretServiceKeyring) -> None:
        load_keyring("keyring.backends.SecretService.Keyring").set_password(SERVICE, USERNAME, "newer")
        assert [NAME, NAME] == broken.names()

        broken.delete(NAME)

        assert [] == broken.names()

    @pytest.mark.usefixtures("old")
    def test_serve_no_old_item_for_a_locked_new_one(self, broken: SecretServiceKeyring) -> None:
        threading.Event().wait(1.1)
        load_keyring("keyring.backends.SecretService.Keyring").set_password(SERVICE, USERNAME, "newer")
        lock()

        with pytest.raises(KeyringUnavailableError, match="the Secret Service is locked"):
            broken.get(NAME)

    def test_serve_the_new_item_beside_a_locked_old_one(self, broken: SecretServiceKeyring, old: str) -> None:
        threading.Event().wait(1.1)
        load_keyring("keyring.backends.SecretService.Keyring").set_password(SERVICE, USERNAME, "newer")
        keyrings.lock(os.environ, old)

        assert "newer" == broken.get(NAME)
        with pytest.raises(KeyringUnavailableError, match="the Secret Service is locked"):
            broken.delete(NAME)
        assert [NAME] == broken.names()


class TestLockedCollection:
    @pytest.mark.parametrize("use", USES, ids=["get", "set", "delete"])
    def test_is_unavailable_and_opens_no_window(
        self, broken: SecretServiceKeyring, use: Callable[[SecretServiceKeyring], object]
    ) -> None:
        lock()

        with windows() as asked, pytest.raises(KeyringUnavailableError, match="the Secret Service is locked"):
            use(broken)

        assert [] == list(asked)

    def test_never_unlocked_is_unavailable(self, tmp_path: Path) -> None:
        with keyrings.secret_service(tmp_path / "bus", unlocked=False) as env, opened(env) as ours, windows() as asked:
            assert ours.get(NAME) is None
            with pytest.raises(KeyringUnavailableError, match="the Secret Service is locked"):
                ours.set(NAME, "word", 3600)

        assert [] == list(asked)


class TestBus:
    @pytest.mark.parametrize(
        "address",
        [
            "unix:path=/nonexistent",
            "unix:path=/dev/null",
            "unix:path=",
            "unix:",
            "tcp:host=::1,port=1",
            "autolaunch:",
            "x",
        ],
    )
    def test_absent_is_unavailable(self, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)

        with pytest.raises(KeyringUnavailableError, match="the Secret Service is not available"):
            SecretServiceKeyring()

    def test_hanging_times_out(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        started = time.monotonic()
        with busses.hung(tmp_path / "bus") as env:
            monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", env["DBUS_SESSION_BUS_ADDRESS"])
            with pytest.raises(KeyringUnavailableError, match="the Secret Service is not available"):
                SecretServiceKeyring()

        assert time.monotonic() - started < LIMIT_SECONDS

    def test_defaults_to_the_users_bus(self, secret_service: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        address = secret_service["DBUS_SESSION_BUS_ADDRESS"]
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)

        with opened({"XDG_RUNTIME_DIR": address.removeprefix("unix:path=").removesuffix("/bus")}) as ours:
            ours.set(NAME, "word", 3600)
            assert "word" == ours.get(NAME)


class TestUserNamespace:
    """Inside, the user has another ID than outside, as root in those of podman and buildah."""

    @pytest.mark.parametrize("user", [0, 1000, 65534])
    def test_has_the_same_items(self, keyring: SecretServiceKeyring, user: int) -> None:
        keyring.set(NAME, "from outside", None)
        namespace = [need.command("unshare"), "--user", f"--map-user={user}", f"--map-group={user}"]

        done = subprocess.run([*namespace, sys.executable, "-c", INSIDE, NAME], capture_output=True, check=False)

        if user == 65534:  # this is also what other users look like inside
            assert b"user 65534 runs the session bus" in done.stderr
        else:
            assert (b"from outside\n", b"") == (done.stdout, done.stderr)
            assert "from inside" == keyring.get(NAME)


class TestReply:
    """Each reply of the service has the type that its method returns, or is an error."""

    @pytest.mark.parametrize(
        ("method", "use", "signature", "body"),
        [
            (method, use, signature, body)
            for method, use, returns in CALLS
            for signature, body in BODIES.items()
            if signature != returns
        ],
    )
    def test_of_wrong_type_is_an_error(
        self, tmp_path: Path, method: str, use: str, signature: str, body: tuple[object, ...]
    ) -> None:
        """A reply of another type is never taken for what was asked for."""
        uses = {"get": USES[0], "set": USES[1], "delete": USES[2], "names": SecretServiceKeyring.names}

        def reply(called: str, serial: int) -> list[bytes] | None:
            return [busses.returned(serial, signature, body)] if called == method else None

        with (
            busses.answering(tmp_path / "bus", reply) as env,
            opened(env) as ours,
            pytest.raises(KeyringError, match=f"the Secret Service: it replied to {method} "),
        ):
            uses[use](ours)

    @pytest.mark.parametrize("signature", ["", "s", "oo", "ao"])
    def test_of_wrong_type_to_first_call_is_an_error(self, tmp_path: Path, signature: str) -> None:
        """The keyring is then unavailable."""

        def reply(_method: str, serial: int) -> list[bytes]:
            return [busses.returned(serial, signature, BODIES[signature])]

        with (
            busses.answering(tmp_path / "bus", reply) as env,
            pytest.raises(KeyringUnavailableError, match="not available: it replied to ReadAlias"),
            opened(env),
        ):
            pass


class TestPromptOfService:
    """KeePassXC asks before it deletes, and this program never opens a window."""

    @staticmethod
    def reply(method: str, serial: int) -> list[bytes] | None:
        if method == "SearchItems":
            return [busses.returned(serial, "aoao", (["/item", "/other"], []))]
        return [busses.returned(serial, "o", ("/prompt",))] if method == "Delete" else None

    def test_before_deletion_is_an_error(self, tmp_path: Path) -> None:
        with (
            busses.answering(tmp_path / "bus", self.reply) as env,
            opened(env) as ours,
            pytest.raises(KeyringUnavailableError, match="the Secret Service prompts before it deletes"),
        ):
            ours.delete("NAME")

    def test_before_deletion_of_older_item_does_not_prevent_writing(self, tmp_path: Path) -> None:
        """The new item is stored, and of several the newest is read."""
        with busses.answering(tmp_path / "bus", self.reply) as env, opened(env) as ours:
            ours.set("NAME", "new", None)


class TestSession:
    def test_refused_is_reported_at_each_use_without_waiting(self, tmp_path: Path) -> None:
        with busses.refusing(tmp_path / "bus") as env, opened(env) as ours:
            for use in (*USES[:2], *USES[:2]):
                with pytest.raises(KeyringError, match=re.escape(busses.REFUSAL)):
                    use(ours)

    def test_is_opened_only_for_a_secret(self, keyring: SecretServiceKeyring) -> None:
        keyring.set(NAME, "word", 3600)
        with overheard() as calls, closing(SecretServiceKeyring()) as another:
            another.names()
            another.delete(NAME)

        assert {"ReadAlias", "SearchItems", "Get", "Delete"} == {call for call in calls if call}


class TestDaemon:
    def test_must_answer_before_a_session_is_opened(self, keyring: SecretServiceKeyring) -> None:
        keyring.set(NAME, "word", 3600)
        with overheard() as calls, closing(SecretServiceKeyring()) as another:
            another.get(NAME)

        assert ["ReadAlias", "", "OpenSession"] == calls[:3]
        assert ["GetSecret", "SearchItems"] == sorted(call for call in calls[3:] if call)

    def test_hanging_times_out_once_per_process(self, broken: SecretServiceKeyring) -> None:
        with open_dbus_connection("SESSION") as bus:
            process = daemon(bus)
        started = time.monotonic()
        os.kill(process, signal.SIGSTOP)
        try:
            with pytest.raises(KeyringError, match="cannot read the Secret Service"):
                broken.get(NAME)
        finally:
            os.kill(process, signal.SIGCONT)

        assert time.monotonic() - started < LIMIT_SECONDS
        with pytest.raises(KeyringError, match="did not respond to an earlier request"):
            broken.get(NAME)
        with closing(SecretServiceKeyring()) as another:
            assert "word" == another.get(NAME)

    def test_gone_is_unavailable(self, broken: SecretServiceKeyring) -> None:
        end_daemon()

        with pytest.raises(KeyringError, match="cannot read the Secret Service"):
            broken.get(NAME)
        with pytest.raises(KeyringUnavailableError, match="the Secret Service is not available"):
            SecretServiceKeyring()
