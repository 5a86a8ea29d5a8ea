"""The bars: how the program's medians may relate to others', and how large it may be."""

from collections.abc import Mapping
from typing import NamedTuple

HIT = "cached get, kernel keyring"
HIT_MAPPED = "cached get, kernel keyring, identity by config.toml"
HIT_SECRET_SERVICE = "cached get, Secret Service"
COUNTED = "cached get, kernel keyring, profile by AWS_PROFILE"
COLD = "cold get"
ECR_LOGIN = "ecr-login get, AWS without latency"
ECR_LOGIN_LATE = "ecr-login get, AWS at 40 ms a call"
SECRETSERVICE = "docker-credential-secretservice get"
PYTHON = "python3 -I -S -c pass"
AWSCLI = "aws ecr get-login-password (v1)"

PEAK = "cold get, peak memory (MiB)"
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


# A hit asks AWS nothing, so that it is the same get that is measured beside an AWS with latency and one without.
BARS = (
    Bar(HIT, ECR_LOGIN, 1.0, 0.6),
    Bar(HIT, ECR_LOGIN_LATE, 0.35, 0.2),
    Bar(HIT_MAPPED, ECR_LOGIN, 1.2, 0.7),
    Bar(HIT, SECRETSERVICE, 2.0, 1.2),
    Bar(HIT_SECRET_SERVICE, SECRETSERVICE, 2.5, 1.6),
    Bar(HIT, PYTHON, 3.0, 1.8),
    Bar(COLD, AWSCLI, 0.50, 0.35),
    Bar(PEAK, "", 48, 36),
    Bar(BUNDLE, "", 35, 22),
    Bar(ARCHIVE, "", 14, 9),
)


# Two calls of 40 ms, as far as a median of a busy machine shows them.
_LATENCY = (0.06, 0.12)


def assert_latency(medians: Mapping[str, float]) -> None:
    """Raise AssertionError where AWS does not have the latency, or the lack of it, that the bars speak of.

    A stall in the stand-in flatters whatever does not ask AWS.
    """
    seconds = medians[ECR_LOGIN_LATE] - medians[ECR_LOGIN]
    least, most = _LATENCY
    assert least <= seconds <= most, f"two calls at 40 ms took {seconds * 1000:.0f} ms longer than two without latency"


def judge(medians: Mapping[str, float], sizes: Mapping[str, float]) -> list[Line]:
    """Return what came out of ``medians``, by the program's name, and ``sizes``, by what they are."""
    return [Line(bar, medians[bar.what] / medians[bar.beside] if bar.beside else sizes[bar.what]) for bar in BARS]
