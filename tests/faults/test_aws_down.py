"""AWS cannot be asked, or the clock is wrong: a live token is served, an expired one never."""

from pathlib import Path

import pytest
from faults.helpers import MINT, World, age

from standin import faults
from support import need
from support.forms import in_one_form
from support.home import HOST, OTHER_HOST, Result

pytestmark = in_one_form
FAILURES = {
    "denies": faults.forbidden,
    "hangs up": faults.dropped,
    "hangs": faults.hanging,
    "gives a token that is over": faults.expired_token,
}
failures = pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
ANOTHER_BOOT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def minted(world: World, keyring: dict[str, str]) -> str:
    """Return the token that is kept; the calls to AWS are counted from now on."""
    secret = world.home.get(env=keyring).secret
    world.aws.calls.clear()
    return secret


def refused(result: Result) -> str:
    """Return the line of a get that fails."""
    assert (1, result.stdout, 1) == (result.status, result.stderr, result.stdout.count("\n"))
    return result.stdout


class TestTokenPastItsHalfLife:
    @failures
    def test_is_served_with_one_line_on_stderr_while_aws_cannot_be_asked(
        self, world: World, kernel: dict[str, str], failure: faults.Fault
    ) -> None:
        minted = world.home.get(env=kernel).secret
        age(world.home, kernel, hours=11)
        world.aws.fail(MINT, failure)

        found = world.home.get(env=kernel)

        assert minted == found.secret
        (line,) = found.stderr.splitlines()
        assert line.startswith("docker-credential-ecrx: serving a token that is due for refresh")
        assert f"{HOST} with profile secondary: " in line
        assert [] == world.aws.told(found.stderr)

    def test_is_served_at_once_to_those_that_come_in_the_minute_after(
        self, world: World, keyring: dict[str, str], minted: str
    ) -> None:
        age(world.home, keyring, hours=11)
        world.aws.fail(MINT, faults.dropped)
        world.home.get(env=keyring)
        world.aws.calls.clear()

        found = [world.home.get(host, env=keyring) for host in (HOST, OTHER_HOST)]

        assert [minted, minted] == [result.secret for result in found]
        assert [1, 1] == [result.stderr.count("serving a token that is due") for result in found]
        assert f"no token for {OTHER_HOST} with profile secondary" in found[1].stderr
        assert [] == world.aws.calls

    def test_is_renewed_once_aws_can_be_asked_again(self, world: World, keyring: dict[str, str], minted: str) -> None:
        age(world.home, keyring, hours=7)

        new = world.home.get(env=keyring)

        assert minted != new.secret
        assert "" == new.stderr
        assert new.secret == world.home.get(env=keyring).secret
        assert 1 == world.aws.count(MINT)

    def test_is_served_without_aws_before_that(self, world: World, keyring: dict[str, str], minted: str) -> None:
        age(world.home, keyring, hours=5)
        world.aws.fail(MINT, faults.hanging)

        found = world.home.get(env=keyring)

        assert (minted, "", []) == (found.secret, found.stderr, world.aws.calls)


class TestTokenThatIsOver:
    @pytest.mark.parametrize("paused", [0, 12.5], ids=["running", "paused"])
    def test_is_never_served(self, world: World, keyring: dict[str, str], minted: str, paused: float) -> None:
        age(world.home, keyring, hours=13 - paused, paused=paused)
        world.aws.fail(MINT, faults.dropped)

        found = world.home.get(env=keyring)

        assert f"no token for {HOST} with profile secondary: " in refused(found)
        assert [] == world.aws.told(found.stdout, found.stderr)
        assert minted not in found.stdout

    @pytest.mark.parametrize("paused", [0, 12.5], ids=["running", "paused"])
    def test_is_replaced(self, world: World, keyring: dict[str, str], minted: str, paused: float) -> None:
        age(world.home, keyring, hours=13 - paused, paused=paused)

        assert minted != world.home.get(env=keyring).secret


class TestClockThatIsWrong:
    @pytest.fixture
    def keyring(self, kernel: dict[str, str]) -> dict[str, str]:
        """Return the environment for one of the keyrings: the clocks are the token's own."""
        return kernel

    @pytest.fixture(params=[30, -30])
    def hours(self, request: pytest.FixtureRequest) -> int:
        """Return how far the wall clock is ahead of the truth."""
        hours: int = request.param
        return hours

    @pytest.fixture
    def clock(self, hours: int) -> dict[str, str]:
        """Return the environment that sets the wall clock, and no other clock, of the program."""
        folder = Path("/usr/lib")
        found = sorted(folder.glob("*/faketime/libfaketimeMT.so.1"))
        if not found:
            need.missing("libfaketime")
        return {"LD_PRELOAD": str(found[0]), "FAKETIME": f"{hours:+}h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    @pytest.mark.parametrize("hours", [-30, 3], indirect=True)
    def test_does_not_change_the_life_of_a_token(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], minted: str
    ) -> None:
        found = world.home.get(env=keyring | clock)

        assert (minted, "", []) == (found.secret, found.stderr, world.aws.calls)

    @pytest.mark.parametrize("hours", [30], indirect=True)
    def test_and_makes_a_token_look_over_has_aws_tell_that_it_lives(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], minted: str
    ) -> None:
        found = world.home.get(env=keyring | clock)

        assert minted == found.secret
        (line,) = found.stderr.splitlines()
        assert line.startswith("docker-credential-ecrx: serving a token that is due for refresh, because ")
        assert "the clock here is 30 h 0 min ahead of AWS's; set the clock: " in line

    def test_does_not_make_a_token_live_that_is_over(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], minted: str
    ) -> None:
        age(world.home, keyring, hours=13)
        world.aws.fail(MINT, faults.dropped)

        assert minted not in refused(world.home.get(env=keyring | clock))

    def test_is_told_with_how_far_it_is_off_where_aws_has_to_be_asked(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], hours: int
    ) -> None:
        direction = "ahead of" if hours > 0 else "behind"
        line = refused(world.home.get(env=keyring | clock))

        assert f"the clock here is {abs(hours)} h 0 min {direction} AWS's; set the clock: " in line

    @pytest.mark.parametrize("hours", [30, -30, 3, -3], indirect=True)
    def test_gives_a_live_token_or_a_clear_line_after_a_restart(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], minted: str
    ) -> None:
        age(world.home, keyring, hours=1, boot=ANOTHER_BOOT)

        found = world.home.get(env=keyring | clock)

        assert found.status == 1 or found.secret == minted
        assert found.status == 0 or "the clock here is " in refused(found)

    def test_never_gives_a_token_that_is_over_after_a_restart(
        self, world: World, keyring: dict[str, str], clock: dict[str, str], minted: str
    ) -> None:
        age(world.home, keyring, hours=43, boot=ANOTHER_BOOT)

        assert minted not in refused(world.home.get(env=keyring | clock))
