"""A keyring that is absent, locked, hanging, full or broken: ``get`` still answers, and ``store`` loses nothing."""

import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from faults.helpers import (
    ASSUME,
    FETCH,
    LIMIT_SECONDS,
    PASSWORD,
    World,
    at_once,
    foreign_bus,
    herd,
    in_shell,
    link,
    unshared,
)

from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from fakes import busses, faults
from support import keyrings, need, stored_items, trace
from support.forms import as_wheel
from support.home import HOST, NOT_FOUND, Home, Result
from support.users import another_user

pytestmark = as_wheel
DEBUG = {"ECRX_LOG": "debug"}
OTHER = "registry.example"
SECCOMP = Path(__file__).parents[1] / "support" / "seccomp.py"
ELSEWHERE = HOST.replace("us-east-1", "eu-west-1")
# The backends of the keyring library that connect to the session bus.
ON_BUS = ["chainer.ChainerBackend", "kwallet.DBusKeyring", "libsecret.Keyring"]
ABSENT = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
# Fills an ordinary user's quota with keys of another program.
FULL = 'while keyctl padd user "other:$n" @u </etc/passwd >/dev/null 2>&1; do n=$((n+1)); done; exec "$get" get'
# What a hostile service replies to the call with that serial number.
HOSTILE: dict[str, Callable[[int], Iterable[bytes]]] = {
    "number": lambda serial: [busses.raw(b"u", bytes(4), serial=serial)],
    "text": lambda serial: [busses.returned(serial, "s", ("text",))],
    "nothing": lambda serial: [busses.returned(serial, "", ())],
    "nested": lambda serial: [busses.raw(b"v", b"\1v\0" * 5000, serial=serial)],
    "long": lambda serial: [busses.raw(b"ao", b"\xff\xff\xff\x7f" + bytes(1 << 20), serial=serial)],
    "cut": lambda serial: [busses.raw(b"s", bytes(8), serial=serial, size=100)],
    "signals": lambda _: itertools.repeat(busses.raw(b"s", bytes(8), serial=9999)),
    "silence": lambda _: [],
}
ERRORS = ["RuntimeError", "KeyboardInterrupt", "SystemExit", "MemoryError", "Speechless", "Panic"]


def uncached(home: Home, env: Mapping[str, str]) -> str:
    """Return what two gets print under ECRX_LOG=debug, which both answer in time with different tokens."""
    link(home, "secondary")
    loud = partial(home.get, env={**env, **DEBUG})
    one, other, quiet = at_once([loud, loud, partial(home.get, env=env)])
    assert 3 == len({one.result.secret, other.result.secret, quiet.result.secret})
    assert max(one.seconds, other.seconds, quiet.seconds) < LIMIT_SECONDS
    assert "" == quiet.result.stderr
    return one.result.stderr


def refused(result: Result) -> str:
    """Return the one line of a verb that fails."""
    assert (1, result.stdout, 1) == (result.status, result.stderr, result.stdout.count("\n"))
    assert NOT_FOUND.strip() not in result.stdout
    assert PASSWORD not in result.stdout
    return result.stdout


def refused_under_debug(result: Result) -> str:
    """Return the one line of a verb that fails while it logs for debugging."""
    assert (1, 1) == (result.status, result.stdout.count("\n"))
    assert PASSWORD not in result.stdout + result.stderr
    return result.stdout


@contextmanager
def stopped(bus: Mapping[str, str]) -> Iterator[None]:
    """Stop the keyring daemon of that bus, so that it does not respond."""
    (daemon,) = (
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/environ")
        if _is_daemon(path, bus["DBUS_SESSION_BUS_ADDRESS"])
    )
    os.kill(daemon, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(daemon, signal.SIGCONT)


def _is_daemon(env: Path, address: str) -> bool:
    try:
        name = (env.parent / "comm").read_text()
        return name.startswith("gnome-keyring") and address.encode() in env.read_bytes()
    except OSError:
        return False


class TestSecretService:
    """The keyring of a desktop: used if the environment selects it, or if there is no kernel keyring."""

    env: Mapping[str, str] = {"ECRX_KEYRING": "secret-service"}

    @pytest.mark.parametrize("address", ["unix:path=/nonexistent", "nonsense"])
    def test_absent_caches_nothing(self, world: World, address: str) -> None:
        said = uncached(world.home, {**self.env, "DBUS_SESSION_BUS_ADDRESS": address})

        assert "debug: continuing without a keyring: the Secret Service is not available" in said

    def test_hanging_from_the_start_caches_nothing(self, world: World, tmp_path: Path) -> None:
        with busses.hung(tmp_path / "bus") as bus:
            said = uncached(world.home, {**self.env, **bus})

        assert "debug: continuing without a keyring: the Secret Service is not available" in said

    def test_hanging_daemon_caches_nothing(self, world: World, secret_service: dict[str, str]) -> None:
        with stopped(secret_service):
            said = uncached(world.home, {**self.env, **secret_service})

        assert "debug: continuing without" in said

    def test_locked_caches_nothing(self, world: World, tmp_path: Path) -> None:
        with keyrings.secret_service(tmp_path / "bus", unlocked=False) as bus:
            said = uncached(world.home, {**self.env, **bus})

        assert "debug: the token is not cached: the Secret Service is locked" in said

    def test_locked_rejects_a_password_clearly(self, home: Home, tmp_path: Path) -> None:
        with keyrings.secret_service(tmp_path / "bus", unlocked=False) as bus:
            line = refused(home.store(OTHER, "me", PASSWORD, env=bus))
            found = home.run("get", stdin=OTHER, env=bus)

        assert line.startswith("docker-credential-ecrx: the Secret Service is locked; unlock it")
        assert Result(1, NOT_FOUND, "") == found

    @pytest.mark.parametrize("fault", ["absent", "hung", "stopped"])
    def test_failure_keeps_the_old_password(
        self, home: Home, secret_service: dict[str, str], tmp_path: Path, fault: str
    ) -> None:
        """A new password is rejected, and the old one is still there."""
        home.store(OTHER, "me", "old", env=secret_service)
        before = home.run("list", env=secret_service)

        if fault == "absent":
            line = refused(
                home.store(OTHER, "me", PASSWORD, env={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"})
            )
        elif fault == "hung":
            with busses.hung(tmp_path / "bus") as bus:
                line = refused(home.store(OTHER, "me", PASSWORD, env=bus))
        else:
            with stopped(secret_service):
                line = refused(home.store(OTHER, "me", PASSWORD, env=secret_service))

        assert "the Secret Service" in line
        assert "old" == home.run("get", stdin=OTHER, env=secret_service).secret
        assert before == home.run("list", env=secret_service)

    def test_hanging_does_not_block_other_verbs(self, home: Home, secret_service: dict[str, str]) -> None:
        home.store(OTHER, "me", "old", env=secret_service)
        with stopped(secret_service):
            got, listed, erased = at_once(
                [partial(home.run, verb, stdin=OTHER, env=secret_service) for verb in ("get", "list", "erase")]
            )

        assert (1, 0, 0) == (got.result.status, listed.result.status, erased.result.status)
        assert max(got.seconds, listed.seconds, erased.seconds) < LIMIT_SECONDS
        assert "old" == home.run("get", stdin=OTHER, env=secret_service).secret


class TestPlainTextKeyring:
    """GNOME Keyring writes a collection with an empty password to the disk in plain text."""

    @pytest.fixture
    def plain(self, tmp_path: Path) -> Iterator[dict[str, str]]:
        """Return the environment of a keyring with an empty password."""
        with keyrings.plain_secret_service(tmp_path / "plain") as env:
            yield env

    @pytest.fixture
    def line(self, plain: dict[str, str]) -> str:
        """Return the warning about it."""
        file = f"{plain['XDG_DATA_HOME']}/keyrings/login.keyring"
        reason = f"{file} is not encrypted, because the password of that keyring is empty"
        return f"{reason}; set a password in Passwords and Keys (seahorse), or set ECRX_KEYRING=kernel for tokens"

    def test_stores_a_password_with_a_warning(self, home: Home, plain: dict[str, str], line: str) -> None:
        """Docker login must not break, and the user gets a warning."""
        stored = home.store(OTHER, "me", PASSWORD, env=plain)

        assert (0, "", f"docker-credential-ecrx: {line}\n") == stored
        assert Result(0, home.run("get", stdin=OTHER, env=plain).stdout, "") == home.run("get", stdin=OTHER, env=plain)
        assert PASSWORD == home.run("get", stdin=OTHER, env=plain).secret

    def test_if_chosen_gets_no_token_and_get_warns(self, world: World, plain: dict[str, str], line: str) -> None:
        """Get fetches a token each time rather than write one to the disk."""
        env = plain | {"ECRX_KEYRING": "secret-service"}

        one, other = (world.home.get(env=env) for _ in range(2))

        assert one.secret != other.secret
        assert [f"docker-credential-ecrx: {line}\n"] * 2 == [one.stderr, other.stderr]
        assert set() == keyrings.items(plain)

    def test_is_found_from_a_terminal_with_other_folders(self, world: World, plain: dict[str, str], line: str) -> None:
        """A snap's terminal has an XDG_DATA_HOME of its own; the daemon writes to the session's."""
        env = plain | {"XDG_DATA_HOME": str(world.home.folder / "snap")}

        stored = world.home.store(OTHER, "me", PASSWORD, env=env)
        one, other = (world.home.get(env=env | {"ECRX_KEYRING": "secret-service"}) for _ in range(2))

        assert {f"docker-credential-ecrx: {line}\n"} == {stored.stderr, one.stderr, other.stderr}
        assert one.secret != other.secret

    def test_gets_no_token_of_docker_login(self, world: World, plain: dict[str, str], line: str) -> None:
        """The token from docker login is not written either, and docker login succeeds."""
        env = plain | {"ECRX_KEYRING": "secret-service"}

        stored = world.home.store(HOST, "AWS", PASSWORD, env=env)

        assert (0, "") == stored[:2]
        first, second = stored.stderr.splitlines()
        assert f"the token for {HOST} is not stored, because the keyring secret-service does not accept it" in first
        assert f"docker-credential-ecrx: {line}" == second
        assert set() == keyrings.items(plain)

    def test_if_not_chosen_gets_no_token_silently(self, world: World, plain: dict[str, str], line: str) -> None:
        """If there is no kernel keyring and nobody chose this one, get does not warn each time."""
        world.home.env |= plain
        prefix: list[str | Path] = [sys.executable, SECCOMP]

        one, other = (in_shell(world.home, 'exec "$get" get', prefix=prefix) for _ in range(2))
        world.home.env |= DEBUG
        loud = in_shell(world.home, 'exec "$get" get', prefix=prefix)

        assert 3 == len({one.secret, other.secret, loud.secret})
        assert ["", ""] == [one.stderr, other.stderr]
        assert f"debug: the token is not cached: {line}\n" in loud.stderr
        assert set() == keyrings.items(plain)

    @pytest.mark.parametrize(("keyring_name", "tokens"), [("auto", "kernel"), ("secret-service", None)])
    def test_status_warns(
        self, home: Home, plain: dict[str, str], line: str, keyring_name: str, tokens: str | None
    ) -> None:
        """The warning is one line on stderr and an entry in JSON."""
        env = plain | {"ECRX_KEYRING": keyring_name}

        shown, document = (home.run("status", *options, env=env) for options in ((), ("--json",)))

        assert (0, f"docker-credential-ecrx: {line}\n") == (shown.status, shown.stderr)
        assert [line] == document.answer["warnings"]
        tokens = "kernel" if keyring_name == "auto" else None
        assert {"tokens": tokens, "passwords": "secret-service"} == document.answer["keyrings"]

    def test_status_says_that_no_token_is_cached(self, home: Home, plain: dict[str, str], line: str) -> None:
        """It says so if there is no other keyring and nobody chose this one."""
        home.env |= plain
        command: list[str | Path] = [sys.executable, SECCOMP, home.program, "status"]
        done = subprocess.run(command, capture_output=True, env=home.env, check=False)

        assert b"keyring for tokens     none; every get asks AWS for a token" in done.stdout
        assert f"docker-credential-ecrx: {line}\n" == done.stderr.decode()

    @pytest.mark.parametrize(("keyring_name", "sign"), [("auto", "\N{CHECK MARK}"), ("secret-service", "\N{BALLOT X}")])
    def test_doctor_reports_it(
        self, world: World, plain: dict[str, str], line: str, keyring_name: str, sign: str
    ) -> None:
        """A plain text keyring of tokens fails the check; one of passwords gives a warning."""
        env = plain | {"ECRX_KEYRING": keyring_name, "AWS_PROFILE": "secondary"}

        said = world.home.run("doctor", env=env).stdout

        reason, _, remedy = line.partition("; ")
        assert any(found.startswith(f"{sign} keyring") and reason in found for found in said.splitlines())
        assert f"  →  {remedy}\n" in said

    def test_is_not_assumed_of_another_daemon(self, home: Home, plain: dict[str, str], tmp_path: Path) -> None:
        """A file that GNOME Keyring once left says nothing about another daemon's collection of that name."""
        home.store(OTHER, "me", PASSWORD, env=plain)
        answers = {
            "ReadAlias": ("o", ("/org/freedesktop/secrets/collection/login",)),
            "GetConnectionUnixProcessID": ("u", (os.getpid(),)),
        }

        def reply(method: str, serial: int) -> list[bytes] | None:
            return [busses.returned(serial, *answers[method])] if method in answers else None

        with busses.answering(tmp_path / "bus", reply) as bus:
            assert (0, "", "") == home.store(OTHER, "me", PASSWORD, env=plain | bus)


class TestForeignBus:
    """DBUS_SESSION_BUS_ADDRESS names a socket on which another user listens."""

    @pytest.fixture(params=["path", "abstract"])
    def address(self, request: pytest.FixtureRequest) -> Iterator[str]:
        """Return the address of a socket in a folder in which every user may create one."""
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            Path(folder).chmod(0o777)
            yield f"unix:{request.param}={folder}/bus"

    @pytest.mark.parametrize("keyring", ["auto", "secret-service"])
    def test_receives_nothing_from_any_verb(self, world: World, address: str, keyring: str) -> None:
        """Get works without that keyring, and store and erase do not use it."""
        env = {"DBUS_SESSION_BUS_ADDRESS": address, "ECRX_KEYRING": keyring} | DEBUG
        with foreign_bus(address) as sent:
            got = [world.home.get(env=env) for _ in range(2)]
            line = refused_under_debug(world.home.store(OTHER, "me", PASSWORD, env=env))
            world.home.run("erase", stdin=OTHER, env=env)
            world.home.run("list", env=env)

            assert b"" == sent()
        assert (keyring == "auto") == (got[0].secret == got[1].secret)  # which also has the kernel keyring's backend
        assert re.search("the Secret Service is not available: user [1-9][0-9]* runs the session bus, ", line)
        assert (keyring == "auto") != ("runs the session bus" in got[0].stderr)

    def test_is_passed_over_for_the_users_own(
        self, home: Home, address: str, secret_service: dict[str, str], tmp_path: Path
    ) -> None:
        """Each of several addresses is checked, and the first bus of the user's own is used."""
        own = secret_service["DBUS_SESSION_BUS_ADDRESS"]
        missing = f"unix:path={tmp_path}/missing"
        with foreign_bus(address) as sent:
            env = {"DBUS_SESSION_BUS_ADDRESS": f"{missing};{address};{own}"}
            stored = home.store(OTHER, "me", PASSWORD, env=env)
            assert b"" == sent()

        assert (0, "", "") == stored
        assert PASSWORD == home.run("get", stdin=OTHER, env=secret_service).secret

    def test_is_not_mistaken_for_own_in_a_namespace(self, home: Home, address: str) -> None:
        """In a user namespace that maps nobody, every user has the same ID."""
        env = home.env | {"DBUS_SESSION_BUS_ADDRESS": address, "ECRX_KEYRING": "secret-service"}
        with foreign_bus(address) as sent:
            done = subprocess.run(
                [*unshared("--user"), home.program, "status"], env=env, capture_output=True, check=False
            )

            assert b"" == sent()
        assert b"user 65534 runs the session bus" in done.stdout

    @pytest.mark.parametrize("name", ON_BUS)
    def test_receives_nothing_from_the_keyring_library(self, world: World, address: str, name: str) -> None:
        """Its backends that use the session bus are not loaded if another user runs the bus."""
        env = {"DBUS_SESSION_BUS_ADDRESS": address, "ECRX_KEYRING": f"keyring.backends.{name}"}
        with foreign_bus(address) as sent:
            found = world.home.get(env=env)
            line = refused(world.home.store(OTHER, "me", PASSWORD, env=env))

            assert b"" == sent()
        assert found.secret
        assert re.search(f"the keyring keyring.backends.{name} is not available: user [1-9][0-9]* runs the", line)

    @pytest.mark.parametrize("name", ON_BUS)
    def test_by_tcp_receives_nothing(self, home: Home, name: str) -> None:
        """The kernel does not say which user listens there; dbus-python and GLib would connect."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.setblocking(False)  # noqa: FBT003 - it takes no name
            address = f"tcp:host=127.0.0.1,port={listener.getsockname()[1]}"
            env = {"DBUS_SESSION_BUS_ADDRESS": address, "ECRX_KEYRING": f"keyring.backends.{name}"}
            line = refused(home.store(OTHER, "me", PASSWORD, env=env))

            with pytest.raises(BlockingIOError):
                listener.accept()
        assert f"the keyring keyring.backends.{name} is not available: the session bus is not one local socket" in line

    def test_is_reported_by_status_and_doctor(self, world: World, address: str) -> None:
        """They say which user runs the bus, and what to do."""
        env = {"DBUS_SESSION_BUS_ADDRESS": address, "ECRX_KEYRING": "secret-service"}
        said = re.compile("user [1-9][0-9]* runs the session bus, .*unset DBUS_SESSION_BUS_ADDRESS", re.DOTALL)
        with foreign_bus(address) as sent:
            shown = [world.home.run(*command, env=env) for command in (("status",), ("doctor", HOST))]

            assert b"" == sent()
        assert [(1, True)] * 2 == [(one.status, bool(said.search(one.stdout))) for one in shown]

    def test_run_by_root_is_accepted(self, world: World, tmp_path: Path) -> None:
        """For an ordinary user, a bus of root's is not another user's."""
        with busses.answering(tmp_path / "bus", lambda *_: None) as bus, another_user() as prefix:
            world.home.env |= bus | DEBUG | {"ECRX_KEYRING": "secret-service"}
            found = in_shell(world.home, 'exec "$get" get', prefix=prefix)

        assert found.secret
        assert "debug: cached in the keyring secret-service" in found.stderr


class TestHostileService:
    """A service on the user's own bus has the Secret Service's name and sends wrong answers."""

    env: Mapping[str, str] = {"ECRX_KEYRING": "secret-service"}

    @pytest.mark.parametrize(
        ("method", "fault"),
        [
            *((method, "number") for method in ("ReadAlias", "OpenSession", "GetSecret", "Get", "CreateItem")),
            *(("SearchItems", fault) for fault in HOSTILE),
        ],
    )
    def test_does_not_prevent_get(self, world: World, tmp_path: Path, method: str, fault: str) -> None:
        """Get answers in time, without a cache, whichever of the service's answers is wrong."""

        def reply(called: str, serial: int) -> Iterable[bytes] | None:
            return HOSTILE[fault](serial) if called == method else None

        with busses.answering(tmp_path / "bus", reply) as bus:
            said = uncached(world.home, {**self.env, **bus})

        assert "debug: continuing without" in said or "debug: the token is not cached" in said

    def test_endless_items_are_given_up(self, home: Home, tmp_path: Path) -> None:
        """If each item is gone when it is read and there is always another, the search ends."""
        numbers = itertools.count()

        def reply(method: str, serial: int) -> Iterable[bytes] | None:
            if method == "SearchItems":
                return [busses.returned(serial, "aoao", ([f"/item/{next(numbers)}"], []))]
            return [busses.refused(serial)] if method in {"GetSecret", "Delete"} else None

        with busses.answering(tmp_path / "bus", reply) as bus:
            got, erased = at_once([partial(home.run, verb, stdin=OTHER, env=bus) for verb in ("get", "erase")])

        assert (1, NOT_FOUND) == got.result[:2]
        assert 0 == erased.result.status
        assert max(got.seconds, erased.seconds) < LIMIT_SECONDS


class TestKernelKeyring:
    def test_full_caches_nothing_and_evicts_no_foreign_keys(self, world: World) -> None:
        need.command("keyctl")
        world.home.env |= DEBUG | {"ECRX_KEYRING": "kernel"}
        with another_user() as prefix:
            one, other = (in_shell(world.home, f"n=0; {FULL}", prefix=prefix) for _ in range(2))
            left = in_shell(world.home, "keyctl rlist @u | wc -w", prefix=prefix).stdout

        assert one.secret != other.secret
        assert "debug: the token is not cached: cannot write to the kernel keyring: Disk quota exceeded" in one.stderr
        assert int(left) > 1

    @pytest.mark.parametrize("before", ["nothing", "due"])
    def test_killed_get_leaves_no_key_without_expiry(self, world: World, kernel: dict[str, str], before: str) -> None:
        """The kill may come at any system call that handles kernel keys."""
        world.home.get(env=kernel)
        (name,) = stored_items.entries(world.home)
        stored_items.age(world.home, hours=7)
        ring = KernelKeyring()
        due = ring.get(name)
        assert due is not None

        def get(strace: list[str]) -> "subprocess.CompletedProcess[bytes]":
            if before == "due":
                ring.set(name, due, 3600)
            else:
                ring.delete(name)
            command = [*strace, str(link(world.home, "secondary")), "get"]
            env = world.home.env | kernel
            return subprocess.run(command, input=HOST.encode(), capture_output=True, env=env, check=False)

        killed = [call for call in trace.kills(get, "add_key", "keyctl") if keyrings.perpetual(name)]

        assert [] == killed
        assert ring.get(name) not in {None, due}


class TestKeyringLibrary:
    """A third-party keyring backend."""

    @pytest.fixture
    def env(self, tmp_path: Path) -> dict[str, str]:
        """Return the environment in which the backends of these tests are installed."""
        return {
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "FAULTS_FILE": str(tmp_path / "backend.json"),
            "ECRX_KEYRING": "faults.backends.Working",
        }

    @pytest.mark.parametrize(
        ("backend", "error"),
        [
            *(("Raising", error) for error in ERRORS),
            ("RaisingWhenOpened", "SystemExit"),
            ("RaisingWhenJudged", "SystemExit"),
        ],
    )
    def test_any_exception_caches_nothing(self, world: World, env: dict[str, str], backend: str, error: str) -> None:
        said = uncached(world.home, env | {"ECRX_KEYRING": f"faults.backends.{backend}", "FAULTS_ERROR": error})

        assert "debug: continuing without" in said
        assert f"faults.backends.{backend}" in said

    @pytest.mark.parametrize("error", ["SystemExit", "Speechless"])
    def test_any_exception_rejects_a_password_clearly(self, world: World, env: dict[str, str], error: str) -> None:
        env |= {"ECRX_KEYRING": "faults.backends.Raising", "FAULTS_ERROR": error}

        line = refused(world.home.store(OTHER, "me", PASSWORD, env=env))

        assert "the keyring faults.backends.Raising" in line

    @pytest.mark.parametrize("value", ["bytes", "number", "list", "self", "surrogate"])
    def test_value_that_is_no_text_is_ignored(self, world: World, env: dict[str, str], value: str) -> None:
        env |= {"ECRX_KEYRING": "faults.backends.Odd", "FAULTS_VALUE": value}

        assert world.home.get(env=env).secret
        assert "" == world.home.get(env=env).stderr

    def test_short_secret_limit_still_caches_a_token(self, world: World, env: dict[str, str]) -> None:
        env["ECRX_KEYRING"] = "faults.backends.Short"

        assert world.home.get(env=env).secret == world.home.get(env=env).secret
        assert [1, 1] == [world.aws.count(operation) for operation in (ASSUME, FETCH)]

    def test_tiny_secret_limit_stores_nothing(self, world: World, env: dict[str, str], tmp_path: Path) -> None:
        said = uncached(world.home, env | {"ECRX_KEYRING": "faults.backends.VeryShort"})

        assert "debug: the token is not cached: " in said
        assert not (tmp_path / "backend.json").exists() or "{}" == (tmp_path / "backend.json").read_text()

    def test_rejecting_everything_makes_nobody_wait(self, world: World, env: dict[str, str]) -> None:
        world.aws.fail(FETCH, faults.late(4))

        got = herd(world.home, 6, env | {"ECRX_KEYRING": "faults.backends.VeryShort"})

        assert 6 == len({one.result.secret for one in got})
        assert max(one.seconds for one in got) < 6 * 4

    def test_failure_after_the_fetch_caches_nothing(self, world: World, env: dict[str, str]) -> None:
        said = uncached(world.home, env | {"FAULTS_WRITING": "no"})

        assert "debug: the token is not cached: cannot write to the keyring faults.backends.Working" in said
        assert [] == world.aws.told(said)

    def test_failed_replacement_keeps_the_old_token(self, world: World, env: dict[str, str]) -> None:
        """The old token is returned while AWS is down."""
        old = world.home.get(env=env).secret

        assert old == world.home.get(env=env | {"FAULTS_WRITING": "no"}).secret
        world.aws.fail(FETCH, faults.hanging)
        assert old == world.home.get(env=env).secret

    def test_failure_keeps_the_old_password(self, home: Home, env: dict[str, str]) -> None:
        """A new password is rejected, and the old one is still there."""
        home.store(OTHER, "me", "old", env=env)

        line = refused(home.store(OTHER, "me", PASSWORD, env=env | {"FAULTS_WRITING": "no"}))

        assert "cannot write to the keyring faults.backends.Working" in line
        assert "old" == home.run("get", stdin=OTHER, env=env).secret

    def test_failed_erase_in_unused_keyring_can_be_repeated(
        self, home: Home, env: dict[str, str], secret_service: dict[str, str]
    ) -> None:
        """Erase says that the password remains, and succeeds later."""
        home.store(OTHER, "me", "old", env=env)

        found = home.run("erase", stdin=OTHER, env=secret_service)

        assert (0, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
        assert f"cannot delete what is stored for {OTHER}: it is in the keyring faults.backends.Working" in found.stderr
        assert "old" == home.run("get", stdin=OTHER, env=env).secret
        assert (0, "", "") == home.run("erase", stdin=OTHER, env=env)
        assert (NOT_FOUND, {}) == (home.run("get", stdin=OTHER, env=env).stdout, stored_items.entries(home))

    def test_failed_deletion_keeps_the_index_entry(self, world: World, env: dict[str, str]) -> None:
        env["ECRX_KEYRING"] = "faults.backends.Clinging"
        world.home.get(env=env)
        stored_items.let_days_pass(world.home, 8)

        assert world.home.get(ELSEWHERE, env=env).secret

        assert 2 == len(stored_items.entries(world.home))

    def test_output_of_backend_stays_out_of_the_reply(self, world: World, env: dict[str, str]) -> None:
        env["ECRX_KEYRING"] = "faults.backends.Chatty"

        got = [world.home.get(env=env) for _ in range(2)]

        assert [HOST, HOST] == [one.answer["ServerURL"] for one in got]
        assert got[0].secret == got[1].secret
