"""The tables of docs/scale.md."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bench.fleet import day, work
from bench.fleet.day import Group, Tally
from bench.fleet.limits import Aws
from bench.fleet.plot import Panel, svg

BOOTS = (60, 20, 10)
_NAMES = {"theirs": "the other programs", "ours": "docker-credential-ecrx"}
_HALF_AN_HOUR = work.OPENS + 30 * work.MINUTE


class Figures(NamedTuple):
    """What goes into docs/: tables by their names, and the figure."""

    tables: Mapping[str, str]
    figure: str


def figures() -> Figures:
    """Run every simulation of the page."""
    aws = {"theirs": Aws(day.OUTAGE), "ours": Aws(day.OUTAGE)}
    tallies = {"theirs": day.run(day.theirs(), aws["theirs"]), "ours": day.run(day.ours(), aws["ours"])}
    tables = {"day": _day(tallies), "boot": _boot(), "short": _short(tallies["theirs"]["runners"])}
    pairs = zip(aws["theirs"].operations, aws["ours"].operations, strict=True)
    panels = [Panel(theirs.name, theirs.limit, theirs.calls, ours.calls) for theirs, ours in pairs]
    return Figures(tables, svg(panels))


def _day(tallies: Mapping[str, Mapping[str, Tally]]) -> str:
    head = (
        "",
        "",
        "requests",
        "`AssumeRole`",
        "`GetAuthorizationToken`",
        "failed while AWS was up",
        "served while AWS was down",
    )
    rows = [
        (group, _NAMES[name], *_numbers(tallies[name][group])) for group in ("runners", "kubelets") for name in _NAMES
    ]
    with_keyring = day.run({"kubelets": day.nodes_with_keyring()}, Aws(day.OUTAGE))["kubelets"]
    rows.append(("kubelets", f"{_NAMES['ours']} with `ECRX_KEYRING=auto`", *_numbers(with_keyring)))
    return _table([head, *rows])


def _boot() -> str:
    head = (
        "9,000 runners boot within",
        "",
        "most `AssumeRole` in a second",
        "throttled",
        "failed",
        "share of requests that failed",
    )
    rows = []
    for seconds in BOOTS:
        for name, fleet in (("theirs", day.theirs), ("ours", day.ours)):
            aws = Aws()
            tally = day.run({"runners": fleet(seconds, _HALF_AN_HOUR)["runners"]}, aws)["runners"]
            throttled = sum(sum(operation.throttled) for operation in aws.operations)
            share = f"{tally.failed / tally.gets:.0%}"
            most = f"{max(aws.assume_role.calls):,}"
            rows.append((f"{seconds} s", _NAMES[name], most, f"{throttled:,}", f"{tally.failed:,}", share))
    return _table([head, *rows])


def _short(theirs: Tally) -> str:
    group: Group = day.ours()["runners"]._replace(is_new_for_each_job=True)
    ours = day.run({"runners": group}, Aws(day.OUTAGE))["runners"]
    head = (
        "a new machine for each job",
        "requests",
        "`AssumeRole`",
        "`GetAuthorizationToken`",
        "failed while AWS was up",
        "served while AWS was down",
    )
    return _table([head, (_NAMES["theirs"], *_numbers(theirs)), (_NAMES["ours"], *_numbers(ours))])


def _numbers(tally: Tally) -> tuple[str, ...]:
    counts = (tally.gets, tally.assume_role, tally.get_token, tally.failed - tally.failed_in_outage)
    answered = 1 - tally.failed_in_outage / tally.gets_in_outage
    return (*(f"{count:,}" for count in counts), f"{answered:.1%}")


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])
