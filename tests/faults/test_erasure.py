"""A token that is erased while a process fetches it is not cached afterwards, by any process."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from faults.helpers import FETCH, Held, World, link, result_of, running, waits_for_lock

from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.store import cached_token
from fakes import faults
from support import need, stored_items
from support.forms import in_one_form
from support.home import HOST, OTHER_HOST, Home, Result
from support.keyrings import items

pytestmark = in_one_form
_STOPPED = re.compile(r"^(\d+) .*stopped by SIGSTOP", re.MULTILINE)
DEBUG = {"ECRX_LOG": "debug"}
PROFILE = "docker-credential-ecrx-secondary"
ERASURES = {
    "docker logout": lambda home, env: home.run("erase", stdin=HOST, argv0=PROFILE, env=env),
    "forget": lambda home, env: home.run("forget", HOST, env=env),
    "forget all": lambda home, env: home.run("forget", "--all", env=env),
}
# A token that is not cached yet, and one that needs refresh.
BEFORE = ["nothing", "due"]


@pytest.fixture(params=ERASURES)
def erase(request: pytest.FixtureRequest) -> "Erase":
    return Erase(request.param)


class Erase:
    """One way to erase a token deliberately."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, home: Home, env: dict[str, str]) -> None:
        found: Result = ERASURES[self._name](home, env)
        assert (0, "") == (found.status, found.stderr)


@pytest.fixture
def held(world: World) -> Held:
    """Return what delays AWS's response with a token."""
    link(world.home, "secondary")
    held = Held(faults.late(0))
    world.stack.callback(held.release)
    return held


def is_stored(world: World, env: dict[str, str]) -> bool:
    """Return whether anything is cached, in the keyring or the index."""
    listed = {name for name in stored_items.entries(world.home) if name.startswith("token:")}
    there = items(env) if "DBUS_SESSION_BUS_ADDRESS" in env else set(KernelKeyring().names()) - {"erased"}
    assert listed <= there
    return bool(there)


class TestErasureDuringFetch:
    @pytest.mark.parametrize("before", BEFORE)
    def test_token_is_returned_but_not_cached(
        self, world: World, keyring: dict[str, str], held: Held, erase: Erase, before: str
    ) -> None:
        """Only the process that called AWS before the erasure gets the token."""
        if before == "due":
            world.home.get(env=keyring)
            age(world, keyring)
        world.aws.fail(FETCH, held)
        with running(world.home, env=keyring) as get:
            held.reached()
            erase(world.home, keyring)
            held.release()
            found = result_of(get)

        assert found.secret in world.aws.issued
        assert "" == found.stderr
        assert not is_stored(world, keyring)
        assert found.secret != world.home.get(env=keyring).secret

    def test_waiting_processes_do_not_cache_it(
        self, world: World, keyring: dict[str, str], held: Held, erase: Erase
    ) -> None:
        """Processes that waited for the fetched token return it, and do not cache it either."""
        world.aws.fail(FETCH, held)
        with ExitStack() as stack:
            getting = [stack.enter_context(running(world.home, env=keyring))]
            held.reached()
            getting += [stack.enter_context(running(world.home, env=keyring | DEBUG)) for _ in range(3)]
            for waiting in getting[1:]:
                waits_for_lock(waiting)
            erase(world.home, keyring)
            held.release()
            found = [result_of(get) for get in getting]

        assert {one.secret for one in found} <= set(world.aws.issued)
        assert not is_stored(world, keyring)

    def test_token_is_not_cached_without_a_state_folder(
        self, world: World, kernel: dict[str, str], held: Held, erase: Erase
    ) -> None:
        """Without a state folder the kernel keyring records the erasure, and leaves no trace of it later."""
        env = kernel | {"XDG_STATE_HOME": "/proc"}
        world.aws.fail(FETCH, held)
        with running(world.home, env=env) as get:
            held.reached()
            erase(world.home, env)
            held.release()
            found = result_of(get)

        assert found.secret
        assert [] == [name for name in KernelKeyring().names() if name.startswith("token:")]

    @pytest.mark.parametrize("variable", ["XDG_STATE_HOME", "HOME"])
    def test_token_is_not_cached_with_another_state_folder(
        self, world: World, kernel: dict[str, str], held: Held, variable: str
    ) -> None:
        """The kernel keyring is the user's, whatever HOME cron, a service or sudo -E has."""
        other = world.home.folder / "other"
        other.mkdir()
        world.aws.fail(FETCH, held)
        with running(world.home, env=kernel) as get:
            held.reached()
            assert 0 == world.home.run("forget", "--all", env=kernel | {variable: str(other)}).status
            held.release()
            found = result_of(get)

        assert found.secret
        assert not is_stored(world, kernel)

    @pytest.mark.parametrize("call", ["add_key", "/rename"])
    def test_late_erasure_still_prevents_caching(
        self, world: World, kernel: dict[str, str], erase: Erase, call: str
    ) -> None:
        """An erasure right before the token is cached or added to the index counts as well."""
        with stopped_at(world.home, call, kernel) as get:
            erase(world.home, kernel)
            os.kill(get, signal.SIGCONT)

        assert not is_stored(world, kernel)

    def test_login_fails_and_stores_nothing(self, world: World, kernel: dict[str, str], held: Held) -> None:
        """A login fails in one line if its token was erased while AWS was called."""
        world.aws.fail(FETCH, held)
        command = [str(world.home.program), "login", HOST, "--profile", "secondary"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=world.home.env | kernel) as login:
            held.reached()
            world.home.run("forget", "--all", env=kernel)
            held.release()
            _, stderr = login.communicate()

        line = f"tokens were deleted while a new one was requested for {HOST}; run it again\n"
        assert (1, f"docker-credential-ecrx: {line}") == (login.returncode, stderr.decode())
        assert not is_stored(world, kernel)


class TestErasureBeforeFetch:
    def test_token_fetched_afterwards_is_cached(self, world: World, keyring: dict[str, str], erase: Erase) -> None:
        """An erasure does not affect a later get."""
        link(world.home, "secondary")
        erase(world.home, keyring)

        assert world.home.get(env=keyring).secret == world.home.get(env=keyring).secret

    def test_erased_password_does_not_affect_tokens(
        self, world: World, secret_service: dict[str, str], held: Held
    ) -> None:
        """A docker logout from another registry does not prevent caching of a token that is being fetched."""
        world.home.store("registry.example", "me", "word", secret_service)
        world.aws.fail(FETCH, held)
        with running(world.home, env=secret_service) as get:
            held.reached()
            assert 0 == world.home.run("erase", stdin="registry.example", env=secret_service).status
            held.release()
            found = result_of(get)

        assert found.secret == world.home.get(env=secret_service).secret

    @pytest.mark.parametrize(
        "stamp",
        ["99999999999 - 0.0", "1 - 1", "nan - nan", "x", "", "99999999999 00000000-0000-4000-8000-000000000000 9e9"],
    )
    def test_stamp_of_another_time_is_ignored(self, world: World, kernel: dict[str, str], stamp: str) -> None:
        """A stamp of another boot, of the future or without a time does not prevent caching."""
        world.home.get(OTHER_HOST.replace("us-east-1", "eu-west-1"), env=kernel)
        index = world.home.folder / ".local/state/ecrx/ledger.json"
        index.write_text(index.read_text().replace("{", f'{{"erased": "{stamp}", ', 1))

        assert world.home.get(env=kernel).secret == world.home.get(env=kernel).secret
        assert cached_token.is_between(
            cached_token.now(), cached_token.format_timestamp(cached_token.now()), cached_token.now()
        )


def age(world: World, keyring: dict[str, str]) -> None:
    """Make the one cached token need refresh."""
    from faults.helpers import age as make_older

    make_older(world.home, keyring, 7)


@contextmanager
def stopped_at(home: Home, call: str, env: dict[str, str]) -> Iterator[int]:
    """Start a get that stops itself at its first system call of that kind; yield its process, and wait for its end."""
    trace = home.folder / "trace"
    strace = [need.command("strace"), "-f", "-qq", "-o", str(trace), "-e", f"trace={call}"]
    strace += ["-e", f"inject={call}:signal=STOP:when=1"]
    with running(home, prefix=strace, env=env) as tracer:
        pause = threading.Event()
        while not (found := _STOPPED.search(trace.read_text() if trace.exists() else "")):
            assert tracer.poll() is None
            pause.wait(0.01)
        yield int(found[1])
        assert result_of(tracer).secret
