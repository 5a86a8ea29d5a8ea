"""The tables of docs/performance.md and README.md, filled with what was measured."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from bench import bars
from bench.bars import COLD_DISK, FAR, NEAR

_ROOT = Path(__file__).parents[2]
_PAGE, _README = _ROOT / "docs" / "performance.md", _ROOT / "README.md"
_ECR_LOGIN = "`docker-credential-ecr-login get` {ecr_login}"
_SECOND = "the second `get` with a role's profile, AWS at 20 ms a round trip"
_KERNEL, _SAME = "cached `get`, kernel keyring", "the same through botocore"
# What each row of docs/performance.md says that it compares, and which programs these are.
_ROWS = (
    ("first `get`, AWS without latency", _ECR_LOGIN, bars.FIRST[NEAR], bars.ECR_LOGIN[NEAR]),
    ("first `get`, AWS at 20 ms a round trip", _ECR_LOGIN, bars.FIRST[FAR], bars.ECR_LOGIN[FAR]),
    ("first `get`, page cache dropped", _ECR_LOGIN, bars.FIRST[COLD_DISK], bars.ECR_LOGIN[COLD_DISK]),
    *(
        (f"first `get`, {text}, AWS at 20 ms", _ECR_LOGIN, bars.FIRST_OF[source], bars.ECR_LOGIN_OF[source])
        for text, source in (
            ("an instance's role", "instance"),
            ("a container's role", "container"),
            ("web identity", "web identity"),
        )
    ),
    ("first `get`, AWS without latency", "`aws ecr get-login-password` (v1)", bars.FIRST[NEAR], bars.AWSCLI),
    ("first `get`, AWS without latency", _SAME, bars.FIRST[NEAR], bars.FIRST_BOTOCORE[NEAR]),
    ("first `get`, AWS at 20 ms a round trip", _SAME, bars.FIRST[FAR], bars.FIRST_BOTOCORE[FAR]),
    (_KERNEL, f"{_ECR_LOGIN}, cached, with access keys", bars.HIT, bars.ECR_LOGIN_CACHED),
    (_KERNEL, f"{_ECR_LOGIN} with a role, AWS without latency", bars.HIT, bars.ECR_LOGIN[NEAR]),
    (_SECOND, f"{_ECR_LOGIN}, which asks AWS again", bars.HIT, bars.ECR_LOGIN[FAR]),
    (
        _KERNEL,
        "Debian's `docker-credential-ecr-login get` with a role, AWS without latency",
        bars.HIT,
        bars.DEBIANS_ECR_LOGIN,
    ),
    (
        "cached `get`, identity from `config.toml`",
        f"{_ECR_LOGIN} with a role, AWS without latency",
        bars.HIT_MAPPED,
        bars.ECR_LOGIN[NEAR],
    ),
    (
        "cached `get`, Secret Service",
        "`docker-credential-secretservice get`",
        bars.HIT_SECRET_SERVICE,
        bars.SECRETSERVICE,
    ),
    (_KERNEL, "`python3 -I -S -c pass`", bars.HIT, bars.PYTHON),
    ("cached `get`, 500 profiles", "the same with 3 profiles", bars.HIT_PROFILES[500], bars.HIT_PROFILES[3]),
    ("cached `get`, 2,000 profiles", "the same with 3 profiles", bars.HIT_PROFILES[2000], bars.HIT_PROFILES[3]),
    (
        "cached `get`, 1,000 entries in `config.toml`",
        "the same with 1 entry",
        bars.HIT_RULES[1000],
        bars.HIT_RULES[1],
    ),
    ("cached `get`, 500 `credHelpers` and 300 tokens", "a cached `get`", bars.HIT_OF_MANY, bars.HIT),
)
_SIZES = (
    ("peak memory of a first `get`", bars.PEAK, "MiB"),
    ("the installed program", bars.BUNDLE, "MB"),
    ("the archive", bars.ARCHIVE, "MB"),
)
# The same for README.md.
_README_ROWS = (
    ("a cached `get`", "`docker-credential-ecr-login` {ecr_login}, cached", bars.HIT, bars.ECR_LOGIN_CACHED),
    (
        _SECOND,
        "`docker-credential-ecr-login` {ecr_login}, which asks AWS again",
        bars.HIT,
        bars.ECR_LOGIN[FAR],
    ),
    (
        "a first `get`, AWS at 20 ms a round trip",
        "`docker-credential-ecr-login` {ecr_login}",
        bars.FIRST[FAR],
        bars.ECR_LOGIN[FAR],
    ),
    (
        "a first `get`, AWS without latency",
        "`docker-credential-ecr-login` {ecr_login}",
        bars.FIRST[NEAR],
        bars.ECR_LOGIN[NEAR],
    ),
)


def fill(seconds: Mapping[str, Sequence[float]], sizes: Mapping[str, float], versions: Mapping[str, str]) -> None:
    """Write the medians of ``seconds``, the ``sizes`` and ecr-login's version into the tables of both pages."""
    ms = {name: median(runs) * 1000 for name, runs in seconds.items()}
    ecr_login = versions["ecr-login"].rpartition("v")[2]
    compared = [
        f"| {what} | {beside} | {ms[ours]:.1f} | {ms[theirs]:.1f} | {ms[ours] / ms[theirs]:.2f} |"
        for what, beside, ours, theirs in _ROWS
    ]
    short = [f"| {what} | {ms[ours]:.0f} | {ms[theirs]:.0f}: {beside} |" for what, beside, ours, theirs in _README_ROWS]
    head = "| what | compared with | ms | ms of the other | ratio |"
    _replace(_PAGE, head, [row.format(ecr_login=ecr_login) for row in compared])
    _replace(_PAGE, "| size | |", [f"| {what} | {sizes[name]:.1f} {unit} |" for what, name, unit in _SIZES])
    head = "| milliseconds, medians of `tests/bench/run` | docker-credential-ecrx | compared with |"
    _replace(_README, head, [row.format(ecr_login=ecr_login) for row in short])


def _replace(page: Path, head: str, rows: Sequence[str]) -> None:
    """Replace the rows of the table with that head."""
    table = re.compile(rf"({re.escape(head)}\n\|[-|]+\|\n)(?:\|.*\n)+")
    found, count = table.subn(lambda match: match[1] + "".join(f"{row}\n" for row in rows), page.read_text())
    assert count == 1, f"{page.name} has no table {head}"
    page.write_text(found)
