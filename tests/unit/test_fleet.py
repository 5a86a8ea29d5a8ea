"""The simulation of a fleet: a small one, whose calls can be counted by hand, and the page of the large one."""

import re
from pathlib import Path
from random import Random

import pytest

from bench.fleet import day, plot, work
from bench.fleet.day import OUTAGE, Group
from bench.fleet.limits import ATTEMPTS, DAY, Aws, RefusedError
from bench.fleet.programs import LIFE, EcrCredentialProvider, EcrLogin, Ecrx, EcrxWithoutKeyring, Kubelet
from bench.fleet.world import simulated
from docker_credential_ecrx.store import cached_token

_DOCS = Path(__file__).parents[2] / "docs"
_SMALL = 8
HOUR = work.HOUR


def _dice() -> Random:
    return Random("dice")  # noqa: S311 - the same every time


def _small(fleet: dict[str, Group]) -> dict[str, Group]:
    return {name: group._replace(machines=_SMALL) for name, group in fleet.items()}


class TestAws:
    def test_throttles_beyond_its_limit_per_second(self) -> None:
        operation, dice = Aws().assume_role, _dice()

        answered = [operation.ask(10.5, dice) for _ in range(operation.limit + 1)]

        assert [10.5] * operation.limit == answered[:-1]
        assert answered[-1] >= 11.0
        assert operation.limit == operation.calls[10] - operation.throttled[10]

    def test_fails_after_three_attempts_while_down(self) -> None:
        operation = Aws(range(DAY)).get_token

        with pytest.raises(RefusedError):
            operation.ask(10.0, _dice())

        assert ATTEMPTS == sum(operation.calls)


class TestEcrx:
    def test_eight_parallel_and_four_later_gets_call_once(self) -> None:
        aws = Aws()

        with simulated():
            assert 0 == Ecrx(aws.operations, _dice(), "one").unanswered([1.0] * 8 + [60.0, 70.0, 500.0, 5 * HOUR])

        assert [1, 1] == [sum(operation.calls) for operation in aws.operations]

    def test_shares_one_failure_with_all_waiting(self) -> None:
        aws = Aws(range(DAY))

        with simulated():
            assert 8 == Ecrx(aws.operations, _dice(), "one").unanswered([1.0] * 8)

        assert ATTEMPTS == sum(aws.assume_role.calls)

    def test_refreshes_at_half_of_the_lifetime_within_a_twentieth(self) -> None:
        """The time differs between machines."""
        gets = [float(second) for second in range(0, 8 * HOUR, 60)]
        renewed = []
        for machine in range(_SMALL):
            aws = Aws()
            with simulated():
                Ecrx(aws.operations, _dice(), f"machine {machine}").unanswered(gets)
            _, second = (number for number, count in enumerate(aws.get_token.calls) if count)
            renewed.append(second)

        assert 0.45 * LIFE <= min(renewed) < max(renewed) <= 0.55 * LIFE + 60
        assert len(set(renewed)) > _SMALL / 2

    def test_returns_a_valid_token_while_aws_is_down(self) -> None:
        """It returns none after the token has expired."""
        aws = Aws(range(HOUR, DAY))
        gets = [0.0, 7 * HOUR, 11.9 * HOUR, 12.1 * HOUR]

        with simulated():
            assert 1 == Ecrx(aws.operations, _dice(), "one").unanswered(gets)

    def test_leaves_the_programs_clock_unchanged(self) -> None:
        before = cached_token.now

        with simulated():
            assert cached_token.now is not before

        assert cached_token.now is before


class TestKubelet:
    def test_caches_what_it_got_until_the_refresh_is_due(self) -> None:
        """The program then asks AWS, unless a keyring has a token."""
        gets = [0.0, 0.44 * LIFE, 0.56 * LIFE, 0.99 * LIFE]
        failed = []
        for kind in (EcrxWithoutKeyring, Ecrx):
            aws = Aws(range(HOUR, DAY))
            with simulated():
                failed.append(Kubelet(kind([aws.get_token], _dice(), "one")).unanswered(gets))

        assert [2, 0] == failed

    def test_without_a_keyring_asks_aws_once_per_token(self) -> None:
        aws = Aws()

        with simulated():
            Kubelet(EcrxWithoutKeyring([aws.get_token], _dice(), "one")).unanswered([0.0, 1.0, HOUR, 0.56 * LIFE])

        assert 2 == sum(aws.get_token.calls)


class TestOtherPrograms:
    def test_ecr_login_assumes_the_role_again_to_sign(self) -> None:
        """If the first time fails, which was for its cache."""
        aws = Aws(range(DAY))

        assert 1 == EcrLogin(aws, _dice()).unanswered([1.0])

        assert [2 * ATTEMPTS, 0] == [sum(operation.calls) for operation in aws.operations]

    def test_ecr_login_calls_twice_for_each_get(self) -> None:
        aws = Aws()

        assert 0 == EcrLogin(aws, _dice()).unanswered([1.0, 2.0, 3.0])

        assert [3, 3] == [sum(operation.calls) for operation in aws.operations]

    def test_kubelet_caches_for_six_hours(self) -> None:
        aws = Aws(range(7 * HOUR, DAY))

        assert 1 == EcrCredentialProvider(aws, _dice()).unanswered([0.0, 5.9 * HOUR, 6.1 * HOUR, 13 * HOUR])

        assert [0, 2 + ATTEMPTS] == [sum(operation.calls) for operation in aws.operations]


class TestDay:
    def test_of_one_fleet_is_deterministic(self) -> None:
        assert day.run(_small(day.ours()), Aws(OUTAGE)) == day.run(_small(day.ours()), Aws(OUTAGE))

    def test_counts_the_same_gets_for_every_program(self) -> None:
        ours, theirs = (day.run(_small(fleet), Aws(OUTAGE)) for fleet in (day.ours(), day.theirs()))

        assert [tally.gets for tally in ours.values()] == [tally.gets for tally in theirs.values()]

    def test_has_no_failure_with_a_cached_token(self) -> None:
        """No get fails on a machine that cached a token before AWS went down."""
        fleet = {"runners": day.ours()["runners"], "kubelets": day.nodes_with_keyring()}
        tallies = day.run(_small(fleet), Aws(OUTAGE))

        assert [0, 0] == [tally.failed for tally in tallies.values()]
        assert all(tally.gets_in_outage for tally in tallies.values())

    def test_has_a_call_for_each_job_on_new_machines(self) -> None:
        runners = day.ours()["runners"]._replace(machines=_SMALL, is_new_for_each_job=True)
        jobs = sum(len(runners.jobs(Random(f"runners {number}"))) for number in range(_SMALL))  # noqa: S311 - as there

        assert jobs == day.run({"runners": runners}, Aws())["runners"].assume_role


class TestFigure:
    def test_has_the_busiest_second_per_five_minutes(self) -> None:
        calls = [0] * DAY
        calls[9 * HOUR + 7] = 100

        points = re.findall(r"[ML](\d+\.\d) (\S+)H", plot.svg([plot.Panel("", 600, [0] * DAY, calls)]))

        assert [("285.0", "95.0")] == [(x, y) for x, y in points if y != "190.0"]


class TestPage:
    def test_has_a_place_for_each_table(self) -> None:
        shown = (_DOCS / "scale.md").read_text()

        for name in ("day", "boot", "short"):
            assert f"<!-- {name} -->\n| " in shown
            assert f" |\n<!-- /{name} -->" in shown
