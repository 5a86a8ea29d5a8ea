"""What a fleet's machines do in a day: the seconds at which docker or kubelet asks for a token."""

from random import Random

HOUR, MINUTE = 3600, 60
OPENS, CLOSES, MIDNIGHT = 9 * HOUR, 19 * HOUR, 24 * HOUR
ROLLOUTS = (10 * HOUR, 16 * HOUR + 30 * MINUTE)
NIGHT_SHARE = 0.1
# A job: compose pulls eight services, a process each; two base images; two pushes when it has built.
PULLED_AT_ONCE, PULLS, PUSHES = 8, 2, 2
_JOB_EVERY = 30 * MINUTE  # give or take a third
KUBELET_PULLS = 20


def runner(dice: Random, boot_seconds: float, until: float) -> list[list[float]]:
    """Return the jobs of a runner up to the second ``until``, each the seconds of its gets.

    Nine of ten boot within ``boot_seconds`` of 9 o'clock, start a job, and end at 19; the tenth is always there.
    """
    if dice.random() < NIGHT_SHARE:
        start, end = dice.random() * _JOB_EVERY, MIDNIGHT
    else:
        start, end = OPENS + dice.random() * boot_seconds, CLOSES
    jobs = []
    while start < min(end, until):
        at_once = [start + dice.random() for _ in range(PULLED_AT_ONCE)]
        pulls = [start + 1 + dice.random() * MINUTE for _ in range(PULLS)]
        pushes = [start + 8 * MINUTE + dice.random() * 2 * MINUTE for _ in range(PUSHES)]
        jobs.append(sorted(at for at in at_once + pulls + pushes if at < MIDNIGHT))
        start += _JOB_EVERY * (2 / 3 + dice.random() * 2 / 3)
    return jobs


def kubelet(dice: Random) -> list[list[float]]:
    """Return the seconds of a kubelet's pulls: some at any time, and one in the minute of each rollout."""
    pulls = [dice.random() * MIDNIGHT for _ in range(KUBELET_PULLS)]
    return [sorted(pulls + [at + dice.random() * MINUTE for at in ROLLOUTS])]
