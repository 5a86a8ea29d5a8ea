"""The bars: how the program's medians may relate to others', and how large it may be."""

from collections.abc import Mapping
from typing import NamedTuple

# Cached gets; those of the kernel keyring but for one.
HIT = "cached get"
HIT_MAPPED = "cached get, identity by config.toml"
HIT_SECRET_SERVICE = "cached get, Secret Service"
HIT_OF_MANY = "cached get, 500 credHelpers and 300 tokens"
HIT_PROFILES = {count: f"cached get, {count:,} profiles" for count in (3, 500, 2000)}
HIT_RULES = {count: f"cached get, {count:,} rules" for count in (1, 1000)}
COUNTED = "cached get, profile by AWS_PROFILE"

# First gets, of a role's profile if nothing else is said.
NEAR, FAR, COLD_DISK = "no latency", "20 ms a round trip", "page cache dropped"
FIRST = {place: f"first get, {place}" for place in (NEAR, FAR, COLD_DISK)}
FIRST_BOTOCORE = {place: f"first get, {place}, through botocore" for place in (NEAR, FAR)}
FIRST_OF = {source: f"first get, {source}, {FAR}" for source in ("instance", "container", "web identity")}

ECR_LOGIN = {place: f"ecr-login get, {place}" for place in (NEAR, FAR, COLD_DISK)}
ECR_LOGIN_OF = {source: f"ecr-login get, {source}, {FAR}" for source in FIRST_OF}
ECR_LOGIN_CACHED = "ecr-login get, cached"
DEBIANS_ECR_LOGIN = "Debian's ecr-login get, no latency"
SECRETSERVICE = "docker-credential-secretservice get"
PYTHON = "python3 -I -S -c pass"
AWSCLI = "aws ecr get-login-password"

PEAK = "first get, peak memory (MiB)"
BUNDLE = "bundle (MB)"
ARCHIVE = "archive (MB)"


class Bar(NamedTuple):
    """A ratio of two programs' medians or, beside nothing, a size: what it may be at most, and what it should be."""

    what: str
    beside: str
    at_most: float
    aim: float


class Line(NamedTuple):
    """A bar, and what was measured."""

    bar: Bar
    value: float

    @property
    def is_broken(self) -> bool:
        """Whether it is more than it may be."""
        return self.value > self.bar.at_most

    @property
    def verdict(self) -> str:
        """What to say of it."""
        if self.is_broken:
            return "BROKEN"
        return "aim reached" if self.value <= self.bar.aim else "within"


# With a role, ecr-login asks AWS at each get, so a hit is measured beside that without latency; its own cache hits with
# keys that stay the same.
BARS = (
    Bar(FIRST[NEAR], ECR_LOGIN[NEAR], 3.0, 2.2),
    Bar(FIRST[FAR], ECR_LOGIN[FAR], 0.90, 0.82),
    Bar(FIRST[COLD_DISK], ECR_LOGIN[COLD_DISK], 3.5, 2.5),
    # With keys from a metadata service, there is no STS during whose answer the connection to ECR could be opened.
    *(Bar(FIRST_OF[source], ECR_LOGIN_OF[source], 1.4, 1.2) for source in ("instance", "container")),
    Bar(FIRST_OF["web identity"], ECR_LOGIN_OF["web identity"], 1.0, 0.9),
    Bar(FIRST[NEAR], AWSCLI, 0.12, 0.09),
    Bar(FIRST[NEAR], FIRST_BOTOCORE[NEAR], 0.40, 0.30),
    Bar(FIRST[FAR], FIRST_BOTOCORE[FAR], 0.60, 0.45),
    Bar(HIT, ECR_LOGIN[NEAR], 0.85, 0.75),
    Bar(HIT, DEBIANS_ECR_LOGIN, 1.0, 0.85),
    Bar(HIT, ECR_LOGIN_CACHED, 1.7, 1.5),
    Bar(HIT_MAPPED, ECR_LOGIN[NEAR], 0.90, 0.80),
    Bar(HIT_SECRET_SERVICE, SECRETSERVICE, 1.0, 0.95),
    Bar(HIT, PYTHON, 1.55, 1.4),
    *(Bar(HIT_PROFILES[count], HIT_PROFILES[3], 1.25, 1.1) for count in (500, 2000)),
    Bar(HIT_RULES[1000], HIT_RULES[1], 1.25, 1.1),
    Bar(HIT_OF_MANY, HIT, 1.05, 1.0),
    Bar(PEAK, "", 30, 24),
    Bar(BUNDLE, "", 35, 22),
    Bar(ARCHIVE, "", 14, 9),
)


def judge(medians: Mapping[str, float], sizes: Mapping[str, float]) -> list[Line]:
    """Return what came out of ``medians``, by the program's name, and ``sizes``, by what they are.

    A bar beside a program that was not measured is left out.
    """
    known = [bar for bar in BARS if bar.beside in ("", *medians) and bar.what in {**medians, **sizes}]
    return [Line(bar, medians[bar.what] / medians[bar.beside] if bar.beside else sizes[bar.what]) for bar in known]
