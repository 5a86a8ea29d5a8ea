"""One day of a whole fleet, each group of it with its program; the machines meet in AWS's limits."""

from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

from bench.fleet import work
from bench.fleet.limits import Aws
from bench.fleet.programs import EcrCredentialProvider, EcrLogin, Ecrx, EcrxWithoutKeyring, Kubelet, Program
from bench.fleet.world import simulated

RUNNERS, KUBELETS = 10_000, 2_000
OUTAGE = range(15 * work.HOUR, 16 * work.HOUR)  # when the tokens of 9 o'clock are due for refresh


class Group(NamedTuple):
    """Machines of a kind: how many, what they do, what answers them, and whether they live no longer than a job."""

    machines: int
    jobs: Callable[[Random], list[list[float]]]
    start: Callable[[Aws, Random, str], Program]
    is_new_for_each_job: bool = False


class Tally(NamedTuple):
    """How many gets there were and how many of them failed, all day and while AWS was down; and the calls to AWS."""

    gets: int
    failed: int
    gets_in_outage: int
    failed_in_outage: int
    assume_role: int
    get_token: int


def theirs(boot_seconds: float = work.MINUTE, until: float = work.MIDNIGHT) -> dict[str, Group]:
    """Return the fleet with the programs that this one is measured beside."""
    return {
        "runners": Group(RUNNERS, lambda dice: work.runner(dice, boot_seconds, until), EcrLogin),
        "kubelets": Group(KUBELETS, work.kubelet, EcrCredentialProvider),
    }


def ours(boot_seconds: float = work.MINUTE, until: float = work.MIDNIGHT) -> dict[str, Group]:
    """Return the fleet with this program."""
    return {
        "runners": Group(
            RUNNERS,
            lambda dice: work.runner(dice, boot_seconds, until),
            lambda aws, dice, machine: Ecrx(aws.operations, dice, machine),
        ),
        "kubelets": Group(
            KUBELETS,
            work.kubelet,
            lambda aws, dice, machine: Kubelet(EcrxWithoutKeyring([aws.get_token], dice, machine)),
        ),
    }


def nodes_with_keyring() -> Group:
    """Return the fleet's nodes with this program and ECRX_KEYRING=auto."""
    return Group(KUBELETS, work.kubelet, lambda aws, dice, machine: Kubelet(Ecrx([aws.get_token], dice, machine)))


def run(fleet: Mapping[str, Group], aws: Aws) -> dict[str, Tally]:
    """Let every machine live its day; return how each group fared.

    A machine's day depends on the others' only by the calls that AWS throttles, which are counted by the second, so the
    machines come one after the other.
    """
    tallies = {}
    with simulated():
        for name, group in fleet.items():
            before = [sum(operation.calls) for operation in aws.operations]
            counts = _gets(name, group, aws)
            calls = (sum(operation.calls) - old for operation, old in zip(aws.operations, before, strict=True))
            tallies[name] = Tally(*counts, *calls)
    return tallies


def _gets(name: str, group: Group, aws: Aws) -> list[int]:
    """Return the first four fields of the group's tally."""
    counts = [0, 0, 0, 0]
    for number in range(group.machines):
        machine = f"{name} {number}"
        dice = Random(machine)  # noqa: S311 - the same every time, which is what it is for
        program = group.start(aws, dice, machine)
        for gets in group.jobs(dice):
            for stretch in _parted(gets):
                failed = program.unanswered(stretch)
                fields = (0, 1, 2, 3) if OUTAGE.start <= stretch[0] < OUTAGE.stop else (0, 1)
                for field in fields:
                    counts[field] += failed if field % 2 else len(stretch)
            if group.is_new_for_each_job:
                program.forget()
    return counts


def _parted(gets: list[float]) -> list[list[float]]:
    """Return the gets before, within and after the hour in which AWS is down, as far as there are any."""
    if not gets or gets[-1] < OUTAGE.start or gets[0] >= OUTAGE.stop:
        return [gets] if gets else []
    parts = (
        [at for at in gets if at < OUTAGE.start],
        [at for at in gets if OUTAGE.start <= at < OUTAGE.stop],
        [at for at in gets if at >= OUTAGE.stop],
    )
    return [part for part in parts if part]
