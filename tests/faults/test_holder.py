"""The process that calls AWS for all that wait: if it dies, hangs, is slow or fails, the others wait only briefly."""

import fcntl
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from faults.helpers import (
    ASSUME,
    FETCH,
    LIMIT_SECONDS,
    Held,
    World,
    herd,
    holds_lock,
    link,
    loads_botocore,
    result_of,
    running,
    timed,
    waits_for_lock,
)

from docker_credential_ecrx.system.deadline import ASKING_SECONDS
from fakes import faults
from support.forms import in_one_form
from support.home import BASE_USER, HOST, OTHER_HOST, ROLE, SECONDARY, Result

pytestmark = in_one_form
DEBUG = {"ECRX_LOG": "debug"}
ELSEWHERE = HOST.replace("us-east-1", "eu-west-1")
OTHER_ROLE = f"arn:aws:iam::{SECONDARY}:role/other"


class TestLockHolder:
    @pytest.fixture
    def held(self, world: World) -> Held:
        """Return the fault that blocks each request for a token until the test clears it."""
        held = Held(faults.forbidden)
        world.stack.callback(held.release)
        world.aws.fail(FETCH, held)
        return held

    def test_killed_lets_the_next_process_fetch_at_once(
        self, world: World, keyring: dict[str, str], held: Held
    ) -> None:
        with running(world.home, env=keyring) as holder:
            held.reached()
            holder.send_signal(signal.SIGKILL)
            holder.wait()
        world.aws.clear_faults()

        result, seconds = timed(lambda: world.home.get(env=keyring))

        assert result.secret
        assert seconds < ASKING_SECONDS  # a waiting process has longer

    def test_killed_lets_a_waiting_process_fetch(self, world: World, keyring: dict[str, str], held: Held) -> None:
        with running(world.home, env=keyring) as holder:
            held.reached()
            with running(world.home, env=keyring | DEBUG) as waiting:
                waits_for_lock(waiting)
                world.aws.clear_faults()
                holder.send_signal(signal.SIGKILL)

                result, seconds = timed(lambda: result_of(waiting))

        assert result.secret
        assert seconds < ASKING_SECONDS  # a waiting process has longer

    def test_slow_start_still_fails_for_all_waiting(self, world: World, kernel: dict[str, str]) -> None:
        """The holder's start takes a second longer than usual."""
        world.aws.fail(FETCH, faults.hanging)
        with ExitStack() as stack:
            holder = stack.enter_context(running(world.home, env=kernel))
            holds_lock(holder)
            holder.send_signal(signal.SIGSTOP)
            waiting = [stack.enter_context(running(world.home, env=kernel | DEBUG)) for _ in range(2)]
            for one in waiting:
                waits_for_lock(one)
            # A small machine takes that long to import boto3.
            threading.Event().wait(1)
            holder.send_signal(signal.SIGCONT)

            lines = [result_of(one).stdout for one in (holder, *waiting)]

        assert [lines[0]] * 3 == lines
        assert 1 == world.aws.count(ASSUME)

    def test_start_beyond_the_limit_still_calls_aws(self, world: World, kernel: dict[str, str]) -> None:
        """If the call then fails, the error says that the start took all the time."""
        env = kernel | DEBUG | {"ECRX_DIRECT": "off"}
        with running(world.home, env=env) as one, running(world.home, host=ELSEWHERE, env=env) as other:
            for holder in (one, other):
                loads_botocore(holder)
                holder.send_signal(signal.SIGSTOP)
            threading.Event().wait(10)
            other.send_signal(signal.SIGCONT)
            answer = result_of(other)
            world.aws.fail(FETCH, faults.hanging)
            one.send_signal(signal.SIGCONT)
            failure = result_of(one)

        assert answer.secret
        reason = r"loading the AWS SDK took \d\d seconds, which left too little time for the request; try again, "
        assert re.search(f"no token for {HOST} with profile secondary: {reason}", failure.stdout)

    def test_hang_with_aws_is_limited(self, world: World, kernel: dict[str, str], held: Held) -> None:
        """If holder and AWS hang, no process waits beyond a client's time limit."""
        with hanging(world, kernel, held):
            world.aws.fail(FETCH, faults.hanging)

            got = herd(world.home, 3, kernel)

        assert {1} == {one.result.status for one in got}
        assert 1 == len({one.result.stdout for one in got})
        assert 2 == world.aws.count(ASSUME)
        assert max(one.seconds for one in got) < LIMIT_SECONDS

    def test_hang_lets_a_waiting_process_fetch(self, world: World, kernel: dict[str, str], held: Held) -> None:
        with hanging(world, kernel, held):
            world.aws.clear_faults()

            got = herd(world.home, 10, kernel)

        assert 1 == len({one.result.secret for one in got})
        assert 2 == world.aws.count(FETCH)
        assert max(one.seconds for one in got) < LIMIT_SECONDS

    def test_hang_on_every_lock_is_survived(self, world: World, kernel: dict[str, str], held: Held) -> None:
        """AWS is slow at the same time."""
        with hanging(world, kernel, held):
            world.aws.clear_faults()
            world.aws.fail(FETCH, faults.late(2))
            world.aws.fail(ASSUME, faults.late(2))
            index = world.home.folder / ".local/state/ecrx/ledger.json.lock"
            fcntl.flock(world.stack.enter_context(index.open("a")), fcntl.LOCK_EX)

            result, seconds = timed(lambda: world.home.get(env=kernel))

        assert result.secret
        assert seconds < LIMIT_SECONDS

    @pytest.mark.parametrize("other", ["identity", "region", "service", "list"])
    def test_hang_does_not_block_other_items(
        self, world: World, kernel: dict[str, str], held: Held, other: str
    ) -> None:
        world.home.add_role_profile("other", OTHER_ROLE, "base2")
        wants = {
            "identity": lambda: world.home.get(profile="other", env=kernel),
            "region": lambda: world.home.get(ELSEWHERE, env=kernel),
            "service": lambda: world.home.get("public.ecr.aws", env=kernel),
            "list": lambda: world.home.run("list", env=kernel),
        }
        with hanging(world, kernel, held):
            world.aws.clear_faults()

            result, seconds = timed(wants[other])

        assert 0 == result.status
        assert seconds < ASKING_SECONDS  # a waiting process has longer

    @pytest.mark.parametrize("other", [OTHER_HOST, ELSEWHERE, "public.ecr.aws"], ids=["host", "region", "service"])
    def test_failure_names_the_registry_of_each_reader(
        self, world: World, kernel: dict[str, str], held: Held, other: str
    ) -> None:
        with running(world.home, env=kernel) as holder:
            held.reached()
            with running(world.home, host=other, env=kernel | DEBUG) as waiting:
                waits_for_lock(waiting)
                held.release()

                results = [result_of(one) for one in (holder, waiting)]

        # An anonymous pull from ECR Public goes on, and what failed is on stderr.
        shown = [f"{result.stdout}{result.stderr}" for result in results]
        assert [True, True] == [
            f"no token for {host} " in line for host, line in zip((HOST, other), shown, strict=True)
        ]
        assert f"no token for {other} " not in shown[0]


class TestProfileChangeMeanwhile:
    """Another program writes AWS's files while this one waits for a lock or for AWS."""

    @pytest.fixture
    def held(self, world: World) -> Held:
        """Return what delays the response with a token."""
        world.aws.add_role(OTHER_ROLE, trusts=[BASE_USER])
        return world.hold_token()

    def test_never_caches_under_old_identity_after_waiting(
        self, world: World, keyring: dict[str, str], held: Held
    ) -> None:
        """A token fetched after the wait for a lock is cached under the identity of that time only."""
        with running(world.home, env=keyring) as holder:
            held.reached()
            with running(world.home, env=keyring | DEBUG) as waiting:
                waits_for_lock(waiting)
                world.set_profile(role_arn=OTHER_ROLE, source_profile="base")
                world.aws.clear_faults()
                holder.send_signal(signal.SIGKILL)

                waited = result_of(waiting)
        world.set_profile(role_arn=ROLE, source_profile="base")
        later = world.home.get(env=keyring)

        assert ["other", "puller"] == [role_of(world, result) for result in (waited, later)]

    def test_never_shares_the_token_fetched_meanwhile(self, world: World, keyring: dict[str, str], held: Held) -> None:
        with running(world.home, env=keyring) as holder:
            held.reached()
            with running(world.home, env=keyring | DEBUG) as waiting:
                waits_for_lock(waiting)
                world.set_profile(role_arn=OTHER_ROLE, source_profile="base")
                held.release()

                found, waited = result_of(holder), result_of(waiting)
        changed = world.home.get(env=keyring)
        world.set_profile(role_arn=ROLE, source_profile="base")
        later = world.home.get(env=keyring)

        got = [found, waited, changed, later]
        assert ["puller", "other", "other", "puller"] == [role_of(world, result) for result in got]
        assert found.secret != later.secret

    def test_makes_login_fail_and_store_nothing(self, world: World, kernel: dict[str, str], held: Held) -> None:
        command = [str(world.home.program), "login", HOST, "--profile", "secondary"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, env=world.home.env | kernel) as login:
            held.reached()
            world.set_profile(role_arn=OTHER_ROLE, source_profile="base")
            held.release()
            _, stderr = login.communicate()

        link(world.home, "secondary")
        line = (
            "docker-credential-ecrx: the AWS configuration of profile secondary changed in the meantime; run it again\n"
        )
        assert (1, line) == (login.returncode, stderr.decode())
        assert "{}\n" == world.home.run("list", argv0="docker-credential-ecrx-secondary", env=kernel).stdout


@contextmanager
def hanging(world: World, env: dict[str, str], held: Held) -> Iterator[None]:
    """Make a ``get`` hang while it fetches a token from AWS."""
    with running(world.home, env=env) as holder:
        held.reached()
        holder.send_signal(signal.SIGSTOP)
        yield


def role_of(world: World, result: Result) -> str:
    """Return the name of the role whose token a get returned."""
    return world.aws.issued[result.secret].principal.split("/")[1]
