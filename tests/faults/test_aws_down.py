"""If AWS is down or the clock is wrong, a valid token is returned and an expired one never."""

from pathlib import Path

import pytest
from faults.helpers import FETCH, World, age

from fakes import faults
from support import need
from support.forms import in_one_form
from support.home import HOST, OTHER_HOST, Result

pytestmark = in_one_form
FAILURES = {
    "denies": faults.forbidden,
    "hangs up": faults.closed,
    "hangs": faults.hanging,
    "gives an expired token": faults.expired_token,
}
failures = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
ANOTHER_BOOT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def cached(world: World, keyring: dict[str, str]) -> str:
    """Return the cached token; calls to AWS are counted from now on."""
    secret = world.home.get(env=keyring).secret
    world.aws.calls.clear()
    return secret


def refused(result: Result) -> str:
    """Return the line of a get that fails."""
    assert (1, result.stdout, 1) == (result.status, result.stderr, result.stdout.count("\n"))
    return result.stdout


class TestTokenThatNeedsRefresh:
    @failures
    def test_is_returned_with_a_warning_while_aws_is_down(
        self, world: World, kernel: dict[str, str], failure: faults.Fault
    ) -> None:
        cached = world.home.get(env=kernel).secret
        age(world.home, kernel, hours=11)
        world.aws.fail(FETCH, failure)

        found = world.home.get(env=kernel)

        assert cached == found.secret
        (line,) = found.stderr.splitlines()
        assert line.startswith("docker-credential-ecrx: serving a token that is due for refresh")
        assert f"{HOST} with profile secondary: " in line
        assert [] == world.aws.told(found.stderr)

    def test_is_returned_at_once_in_the_next_minute(self, world: World, keyring: dict[str, str], cached: str) -> None:
        age(world.home, keyring, hours=11)
        world.aws.fail(FETCH, faults.closed)
        world.home.get(env=keyring)
        world.aws.calls.clear()

        found = [world.home.get(host, env=keyring) for host in (HOST, OTHER_HOST)]

        assert [cached, cached] == [result.secret for result in found]
        assert [1, 1] == [result.stderr.count("serving a token that is due") for result in found]
        assert f"no token for {OTHER_HOST} with profile secondary" in found[1].stderr
        assert [] == world.aws.calls

    def test_is_refreshed_once_aws_is_back(self, world: World, keyring: dict[str, str], cached: str) -> None:
        age(world.home, keyring, hours=7)

        new = world.home.get(env=keyring)

        assert cached != new.secret
        assert "" == new.stderr
        assert new.secret == world.home.get(env=keyring).secret
        assert 1 == world.aws.count(FETCH)

    def test_is_returned_offline_before_half_of_its_lifetime(
        self, world: World, keyring: dict[str, str], cached: str
    ) -> None:
        age(world.home, keyring, hours=5)
        world.aws.fail(FETCH, faults.hanging)

        found = world.home.get(env=keyring)

        assert (cached, "", []) == (found.secret, found.stderr, world.aws.calls)


class TestExpiredToken:
    @pytest.mark.parametrize("paused", [0, 12.5], ids=["running", "paused"])
    def test_is_never_returned(self, world: World, keyring: dict[str, str], cached: str, paused: float) -> None:
        age(world.home, keyring, hours=13 - paused, paused=paused)
        world.aws.fail(FETCH, faults.closed)

        found = world.home.get(env=keyring)

        assert f"no token for {HOST} with profile secondary: " in refused(found)
        assert [] == world.aws.told(found.stdout, found.stderr)
        assert cached not in found.stdout

    @pytest.mark.parametrize("paused", [0, 12.5], ids=["running", "paused"])
    def test_is_replaced(self, world: World, keyring: dict[str, str], cached: str, paused: float) -> None:
        age(world.home, keyring, hours=13 - paused, paused=paused)

        assert cached != world.home.get(env=keyring).secret


class TestWrongClock:
    @pytest.fixture
    def keyring(self, kernel: dict[str, str]) -> dict[str, str]:
        """Return the environment for one of the keyrings, so that each test sees both clocks of a token."""
        return kernel

    @pytest.fixture(params=[30, -30])
    def hours(self, request: pytest.FixtureRequest) -> int:
        """Return by how many hours the wall clock is ahead."""
        hours: int = request.param
        return hours

    @pytest.fixture
    def clock(self, hours: int) -> dict[str, str]:
        """Return the environment that changes the program's wall clock, and no other clock."""
        folder = Path("/usr/lib")
        found = sorted(folder.glob("*/faketime/libfaketimeMT.so.1"))
        if not found:
            need.missing("libfaketime")
        return {"LD_PRELOAD": str(found[0]), "FAKETIME": f"{hours:+}h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    @pytest.mark.parametrize("hours", [-30, 3], indirect=True)
    def test_does_not_change_the_lifetime_of_a_token(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], cached: str
    ) -> None:
        found = world.home.get(env=keyring | clock)

        assert (cached, "", []) == (found.secret, found.stderr, world.aws.calls)

    @pytest.mark.parametrize("hours", [30], indirect=True)
    def test_checks_with_aws_before_a_token_expires_early(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], cached: str
    ) -> None:
        """If only the wrong clock says that a token has expired, AWS's time decides."""
        found = world.home.get(env=keyring | clock)

        assert cached == found.secret
        (line,) = found.stderr.splitlines()
        assert line.startswith("docker-credential-ecrx: serving a token that is due for refresh, because ")
        assert "the system clock is 30 h 0 min ahead of AWS's; set the clock: " in line

    def test_does_not_extend_an_expired_token(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], cached: str
    ) -> None:
        age(world.home, keyring, hours=13)
        world.aws.fail(FETCH, faults.closed)

        assert cached not in refused(world.home.get(env=keyring | clock))

    def test_is_reported_with_its_offset_if_aws_is_called(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], hours: int
    ) -> None:
        direction = "ahead of" if hours > 0 else "behind"
        line = refused(world.home.get(env=keyring | clock))

        assert f"the system clock is {abs(hours)} h 0 min {direction} AWS's; set the clock: " in line

    @pytest.mark.parametrize("hours", [30, -30, 3, -3], indirect=True)
    def test_after_restart_gives_valid_token_or_clear_error(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], cached: str
    ) -> None:
        age(world.home, keyring, hours=1, boot=ANOTHER_BOOT)

        found = world.home.get(env=keyring | clock)

        assert found.status == 1 or found.secret == cached
        assert found.status == 0 or "the system clock is " in refused(found)

    def test_after_restart_never_gives_an_expired_token(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], cached: str
    ) -> None:
        age(world.home, keyring, hours=43, boot=ANOTHER_BOOT)

        assert cached not in refused(world.home.get(env=keyring | clock))
