"""A keyring that is absent, locked, hung, full or broken: ``get`` answers all the same, and ``store`` loses nothing."""

import itertools
import os
import re
import signal
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
    LIMIT_SECONDS,
    MINT,
    PASSWORD,
    World,
    another_user,
    at_once,
    foreign_bus,
    herd,
    in_shell,
    link,
)

from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from standin import busses, faults
from support import kept, keyrings, need, trace
from support.forms import as_wheel
from support.home import HOST, NOT_FOUND, Home, Result

pytestmark = as_wheel
DEBUG = {"ECRX_LOG": "debug"}
OTHER = "registry.example"
SECCOMP = Path(__file__).parents[1] / "support" / "seccomp.py"
ELSEWHERE = HOST.replace("us-east-1", "eu-west-1")
ABSENT = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
# Fills an ordinary user's quota with keys of another program.
FULL = 'while keyctl padd user "other:$n" @u </etc/passwd >/dev/null 2>&1; do n=$((n+1)); done; exec "$get" get'
# What a hostile service answers the call of that number with.
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
    """Return what two gets say under ECRX_LOG=debug, which both answer in time with a token of their own."""
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
    """Stop the keyring daemon of that bus, which does not answer then."""
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
    """The keyring of a desktop, where the environment says so or the kernel has none."""

    env: Mapping[str, str] = {"ECRX_KEYRING": "secret-service"}

    @pytest.mark.parametrize("address", ["unix:path=/nonexistent", "nonsense"])
    def test_that_is_absent_keeps_nothing(self, world: World, address: str) -> None:
        said = uncached(world.home, {**self.env, "DBUS_SESSION_BUS_ADDRESS": address})

        assert "debug: going on without a keyring: the Secret Service is not available" in said

    def test_that_hangs_from_the_start_keeps_nothing(self, world: World, tmp_path: Path) -> None:
        with busses.hung(tmp_path / "bus") as bus:
            said = uncached(world.home, {**self.env, **bus})

        assert "debug: going on without a keyring: the Secret Service is not available" in said

    def test_whose_daemon_hangs_keeps_nothing(self, world: World, secret_service: dict[str, str]) -> None:
        with stopped(secret_service):
            said = uncached(world.home, {**self.env, **secret_service})

        assert "debug: going on without" in said

    def test_that_is_locked_keeps_nothing(self, world: World, tmp_path: Path) -> None:
        with keyrings.secret_service(tmp_path / "bus", unlocked=False) as bus:
            said = uncached(world.home, {**self.env, **bus})

        assert "debug: the token is not cached: the Secret Service is locked" in said

    def test_that_is_locked_refuses_a_password_in_a_clear_line(self, home: Home, tmp_path: Path) -> None:
        with keyrings.secret_service(tmp_path / "bus", unlocked=False) as bus:
            line = refused(home.store(OTHER, "me", PASSWORD, env=bus))
            found = home.run("get", stdin=OTHER, env=bus)

        assert line.startswith("docker-credential-ecrx: the Secret Service is locked; unlock it")
        assert Result(1, NOT_FOUND, "") == found

    @pytest.mark.parametrize("fault", ["absent", "hung", "stopped"])
    def test_that_fails_refuses_another_password_and_has_the_old_one_afterwards(
        self, home: Home, secret_service: dict[str, str], tmp_path: Path, fault: str
    ) -> None:
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

    def test_that_hangs_holds_no_other_verb_up(self, home: Home, secret_service: dict[str, str]) -> None:
        home.store(OTHER, "me", "old", env=secret_service)
        with stopped(secret_service):
            got, listed, erased = at_once(
                [partial(home.run, verb, stdin=OTHER, env=secret_service) for verb in ("get", "list", "erase")]
            )

        assert (1, 0, 0) == (got.result.status, listed.result.status, erased.result.status)
        assert max(got.seconds, listed.seconds, erased.seconds) < LIMIT_SECONDS
        assert "old" == home.run("get", stdin=OTHER, env=secret_service).secret


class TestPlainTextKeyring:
    """GNOME Keyring writes the secrets of a collection whose password is empty to the disk as they are."""

    @pytest.fixture
    def plain(self, tmp_path: Path) -> Iterator[dict[str, str]]:
        """Return the environment that leads to a keyring whose password is empty."""
        with keyrings.plain_secret_service(tmp_path / "plain") as env:
            yield env

    @pytest.fixture
    def line(self, plain: dict[str, str]) -> str:
        """Return what there is to say of it."""
        file = f"{plain['XDG_DATA_HOME']}/keyrings/login.keyring"
        reason = f"{file} is not encrypted, because the password of that keyring is empty"
        return f"{reason}; set a password in Passwords and Keys (seahorse), or set ECRX_KEYRING=kernel for tokens"

    def test_keeps_a_password_with_a_warning(self, home: Home, plain: dict[str, str], line: str) -> None:
        """Docker login must not break, and the user is told."""
        stored = home.store(OTHER, "me", PASSWORD, env=plain)

        assert (0, "", f"docker-credential-ecrx: {line}\n") == stored
        assert Result(0, home.run("get", stdin=OTHER, env=plain).stdout, "") == home.run("get", stdin=OTHER, env=plain)
        assert PASSWORD == home.run("get", stdin=OTHER, env=plain).secret

    def test_gets_no_token_and_get_says_so_if_it_is_chosen(
        self, world: World, plain: dict[str, str], line: str
    ) -> None:
        """A get asks AWS each time rather than write a token to the disk, and warns of that."""
        env = plain | {"ECRX_KEYRING": "secret-service"}

        one, other = (world.home.get(env=env) for _ in range(2))

        assert one.secret != other.secret
        assert [f"docker-credential-ecrx: {line}\n"] * 2 == [one.stderr, other.stderr]
        assert set() == keyrings.items(plain)

    def test_gets_no_token_of_docker_login(self, world: World, plain: dict[str, str], line: str) -> None:
        """The token that docker login brings is not written either, and docker login goes on."""
        env = plain | {"ECRX_KEYRING": "secret-service"}

        stored = world.home.store(HOST, "AWS", PASSWORD, env=env)

        assert (0, "") == stored[:2]
        first, second = stored.stderr.splitlines()
        assert f"the token for {HOST} is not kept, because the keyring secret-service does not take it" in first
        assert f"docker-credential-ecrx: {line}" == second
        assert set() == keyrings.items(plain)

    def test_gets_no_token_if_nobody_has_chosen_it(self, world: World, plain: dict[str, str], line: str) -> None:
        """Where the kernel has no keyring and nobody has chosen this one, there is no warning at each get."""
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
    def test_is_told_by_status(
        self, home: Home, plain: dict[str, str], line: str, keyring_name: str, tokens: str | None
    ) -> None:
        """The warning is one line on stderr, and an entry in JSON."""
        env = plain | {"ECRX_KEYRING": keyring_name}

        shown, document = (home.run("status", *options, env=env) for options in ((), ("--json",)))

        assert (0, f"docker-credential-ecrx: {line}\n") == (shown.status, shown.stderr)
        assert [line] == document.answer["warnings"]
        tokens = "kernel" if keyring_name == "auto" else None
        assert {"tokens": tokens, "passwords": "secret-service"} == document.answer["keyrings"]

    def test_is_told_by_status_where_no_token_goes_there(self, home: Home, plain: dict[str, str], line: str) -> None:
        """If only that keyring is there, and nobody has chosen it, status says that no token is kept."""
        home.env |= plain
        command: list[str | Path] = [sys.executable, SECCOMP, home.program, "status"]
        done = subprocess.run(command, capture_output=True, env=home.env, check=False)

        assert b"tokens go to     no keyring: every get asks AWS" in done.stdout
        assert f"docker-credential-ecrx: {line}\n" == done.stderr.decode()

    @pytest.mark.parametrize(("keyring_name", "sign"), [("auto", "\N{CHECK MARK}"), ("secret-service", "\N{BALLOT X}")])
    def test_is_told_by_doctor(
        self, world: World, plain: dict[str, str], line: str, keyring_name: str, sign: str
    ) -> None:
        """The keyring of tokens is not well if it is in plain text; of passwords' there is a warning."""
        env = plain | {"ECRX_KEYRING": keyring_name, "AWS_PROFILE": "secondary"}

        said = world.home.run("doctor", env=env).stdout

        reason, _, remedy = line.partition("; ")
        assert any(found.startswith(f"{sign} keyring") and reason in found for found in said.splitlines())
        assert f"  →  {remedy}\n" in said

    def test_of_another_daemon_is_not_looked_for(self, home: Home, plain: dict[str, str], tmp_path: Path) -> None:
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
    """DBUS_SESSION_BUS_ADDRESS names a socket at which another user listens."""

    @pytest.fixture(params=["path", "abstract"])
    def address(self, request: pytest.FixtureRequest) -> Iterator[str]:
        """Return the address of a socket in a folder in which everybody may create one."""
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            Path(folder).chmod(0o777)
            yield f"unix:{request.param}={folder}/bus"

    @pytest.mark.parametrize("keyring", ["auto", "secret-service"])
    def test_gets_not_a_byte_from_any_verb(self, world: World, address: str, keyring: str) -> None:
        """Get answers without that keyring, and store and erase keep and delete nothing there."""
        env = {"DBUS_SESSION_BUS_ADDRESS": address, "ECRX_KEYRING": keyring} | DEBUG
        with foreign_bus(address) as sent:
            got = [world.home.get(env=env) for _ in range(2)]
            line = refused_under_debug(world.home.store(OTHER, "me", PASSWORD, env=env))
            world.home.run("erase", stdin=OTHER, env=env)
            world.home.run("list", env=env)

            assert b"" == sent()
        assert (keyring == "auto") == (got[0].secret == got[1].secret)  # which has the kernel's, too
        assert re.search("the Secret Service is not available: user [1-9][0-9]* runs the session bus, ", line)
        assert (keyring == "auto") != ("runs the session bus" in got[0].stderr)

    @pytest.mark.parametrize("name", ["chainer.ChainerBackend", "kwallet.DBusKeyring", "libsecret.Keyring"])
    def test_gets_not_a_byte_from_the_keyring_library(self, world: World, address: str, name: str) -> None:
        """Its backends that use the session bus are not loaded if another user runs that."""
        env = {"DBUS_SESSION_BUS_ADDRESS": address, "ECRX_KEYRING": f"keyring.backends.{name}"}
        with foreign_bus(address) as sent:
            found = world.home.get(env=env)
            line = refused(world.home.store(OTHER, "me", PASSWORD, env=env))

            assert b"" == sent()
        assert found.secret
        assert re.search(f"the keyring keyring.backends.{name} is not available: user [1-9][0-9]* runs the", line)

    def test_is_named_by_status_and_doctor(self, world: World, address: str) -> None:
        """They say which user runs the bus, and what to do."""
        env = {"DBUS_SESSION_BUS_ADDRESS": address, "ECRX_KEYRING": "secret-service"}
        said = re.compile("user [1-9][0-9]* runs the session bus, .*unset DBUS_SESSION_BUS_ADDRESS", re.DOTALL)
        with foreign_bus(address) as sent:
            shown = [world.home.run(*command, env=env) for command in (("status",), ("doctor", HOST))]

            assert b"" == sent()
        assert [(1, True)] * 2 == [(one.status, bool(said.search(one.stdout))) for one in shown]

    def test_of_root_is_used_by_an_ordinary_user(self, world: World, tmp_path: Path) -> None:
        """A bus that root runs is no other user's."""
        with busses.answering(tmp_path / "bus", lambda *_: None) as bus, another_user() as prefix:
            world.home.env |= bus | DEBUG | {"ECRX_KEYRING": "secret-service"}
            found = in_shell(world.home, 'exec "$get" get', prefix=prefix)

        assert found.secret
        assert "debug: secret-service keeps it" in found.stderr


class TestHostileService:
    """Something on the user's own bus has the Secret Service's name, and answers what nobody asked for."""

    env: Mapping[str, str] = {"ECRX_KEYRING": "secret-service"}

    @pytest.mark.parametrize(
        ("method", "fault"),
        [
            *((method, "number") for method in ("ReadAlias", "OpenSession", "GetSecret", "Get", "CreateItem")),
            *(("SearchItems", fault) for fault in HOSTILE),
        ],
    )
    def test_does_not_keep_a_get_from_answering(self, world: World, tmp_path: Path, method: str, fault: str) -> None:
        """Get answers in time, without a cache, whatever one of the service's answers is."""

        def reply(called: str, serial: int) -> Iterable[bytes] | None:
            return HOSTILE[fault](serial) if called == method else None

        with busses.answering(tmp_path / "bus", reply) as bus:
            said = uncached(world.home, {**self.env, **bus})

        assert "debug: going on without" in said or "debug: the token is not cached" in said

    def test_that_always_has_another_item_is_given_up(self, home: Home, tmp_path: Path) -> None:
        """An item that is gone whenever it is asked for, while there is always another, is not looked for for ever."""
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
    def test_that_is_full_keeps_nothing_and_takes_nothing_from_others(self, world: World) -> None:
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
        """A get that is killed at any of its calls of the kernel's keys leaves no token that never expires."""
        world.home.get(env=kernel)
        (name,) = kept.entries(world.home)
        kept.age(world.home, hours=7)
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
    """A keyring that somebody else wrote."""

    @pytest.fixture
    def env(self, tmp_path: Path) -> dict[str, str]:
        """Return the environment in which the backends of these tests are installed."""
        return {
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "FAULTS_FILE": str(tmp_path / "kept"),
            "ECRX_KEYRING": "faults.backends.Kept",
        }

    @pytest.mark.parametrize(
        ("backend", "error"),
        [
            *(("Raising", error) for error in ERRORS),
            ("RaisingWhenOpened", "SystemExit"),
            ("RaisingWhenJudged", "SystemExit"),
        ],
    )
    def test_that_raises_anything_keeps_nothing(
        self, world: World, env: dict[str, str], backend: str, error: str
    ) -> None:
        said = uncached(world.home, env | {"ECRX_KEYRING": f"faults.backends.{backend}", "FAULTS_ERROR": error})

        assert "debug: going on without" in said
        assert f"faults.backends.{backend}" in said

    @pytest.mark.parametrize("error", ["SystemExit", "Speechless"])
    def test_that_raises_anything_refuses_a_password_in_a_clear_line(
        self, world: World, env: dict[str, str], error: str
    ) -> None:
        env |= {"ECRX_KEYRING": "faults.backends.Raising", "FAULTS_ERROR": error}

        line = refused(world.home.store(OTHER, "me", PASSWORD, env=env))

        assert "the keyring faults.backends.Raising" in line

    @pytest.mark.parametrize("value", ["bytes", "number", "list", "self", "surrogate"])
    def test_that_gives_no_text_has_nothing(self, world: World, env: dict[str, str], value: str) -> None:
        env |= {"ECRX_KEYRING": "faults.backends.Odd", "FAULTS_VALUE": value}

        assert world.home.get(env=env).secret
        assert "" == world.home.get(env=env).stderr

    def test_that_takes_only_short_secrets_keeps_a_token_all_the_same(self, world: World, env: dict[str, str]) -> None:
        env["ECRX_KEYRING"] = "faults.backends.Short"

        assert world.home.get(env=env).secret == world.home.get(env=env).secret
        assert [1, 1] == [world.aws.count(operation) for operation in (ASSUME, MINT)]

    def test_that_takes_hardly_anything_keeps_nothing_and_leaves_nothing(
        self, world: World, env: dict[str, str], tmp_path: Path
    ) -> None:
        said = uncached(world.home, env | {"ECRX_KEYRING": "faults.backends.VeryShort"})

        assert "debug: the token is not cached: " in said
        assert not (tmp_path / "kept").exists() or "{}" == (tmp_path / "kept").read_text()

    def test_that_takes_nothing_makes_nobody_wait_for_another(self, world: World, env: dict[str, str]) -> None:
        world.aws.fail(MINT, faults.late(4))

        got = herd(world.home, 6, env | {"ECRX_KEYRING": "faults.backends.VeryShort"})

        assert 6 == len({one.result.secret for one in got})
        assert max(one.seconds for one in got) < 6 * 4

    def test_that_fails_once_aws_has_answered_keeps_nothing(self, world: World, env: dict[str, str]) -> None:
        said = uncached(world.home, env | {"FAULTS_WRITING": "no"})

        assert "debug: the token is not cached: cannot write to the keyring faults.backends.Kept" in said
        assert [] == world.aws.told(said)

    def test_that_fails_to_replace_a_token_has_the_old_one_which_is_served_while_aws_is_down(
        self, world: World, env: dict[str, str]
    ) -> None:
        old = world.home.get(env=env).secret

        assert old == world.home.get(env=env | {"FAULTS_WRITING": "no"}).secret
        world.aws.fail(MINT, faults.hanging)
        assert old == world.home.get(env=env).secret

    def test_that_fails_refuses_another_password_and_has_the_old_one_afterwards(
        self, home: Home, env: dict[str, str]
    ) -> None:
        home.store(OTHER, "me", "old", env=env)

        line = refused(home.store(OTHER, "me", PASSWORD, env=env | {"FAULTS_WRITING": "no"}))

        assert "cannot write to the keyring faults.backends.Kept" in line
        assert "old" == home.run("get", stdin=OTHER, env=env).secret

    def test_that_is_not_the_one_in_use_keeps_a_password_whose_erasure_says_so_and_can_be_done_again(
        self, home: Home, env: dict[str, str], secret_service: dict[str, str]
    ) -> None:
        home.store(OTHER, "me", "old", env=env)

        found = home.run("erase", stdin=OTHER, env=secret_service)

        assert (0, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
        assert f"what is kept for {OTHER} cannot be dropped: it is in the keyring faults.backends.Kept" in found.stderr
        assert "old" == home.run("get", stdin=OTHER, env=env).secret
        assert (0, "", "") == home.run("erase", stdin=OTHER, env=env)
        assert (NOT_FOUND, {}) == (home.run("get", stdin=OTHER, env=env).stdout, kept.entries(home))

    def test_that_lets_nothing_go_keeps_noted_what_has_long_ended(self, world: World, env: dict[str, str]) -> None:
        env["ECRX_KEYRING"] = "faults.backends.Clinging"
        world.home.get(env=env)
        kept.let_days_pass(world.home, 8)

        assert world.home.get(ELSEWHERE, env=env).secret

        assert 2 == len(kept.entries(world.home))

    def test_that_talks_does_not_talk_into_the_answer(self, world: World, env: dict[str, str]) -> None:
        env["ECRX_KEYRING"] = "faults.backends.Chatty"

        got = [world.home.get(env=env) for _ in range(2)]

        assert [HOST, HOST] == [one.answer["ServerURL"] for one in got]
        assert got[0].secret == got[1].secret
