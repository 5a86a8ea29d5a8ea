"""What goes wrong with AWS, and for how long: it changes with the number of operations that were begun."""

import itertools
import random
import threading
import time

from faults.helpers import ASSUME, FETCH, Aws

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from fakes import faults
from fakes.faults import Fault

_STORMS: dict[str, Fault] = {
    "5xx": faults.status(503),
    "an error of its own": faults.error("ServerException", "We encountered an internal error.", 500),
    "throttling": faults.throttled,
    "closed connections": faults.closed,
    "slow": faults.late(1.5),
    "a hang": faults.late(15),
    "garbage": faults.garbage,
    "a denial": faults.forbidden,
    "no token": faults.no_token,
}
_CHANGE_AFTER = 30
_LIVES = (6.0, 60.0, 43_200.0, 43_200.0)  # of tokens, seconds; each that ends costs a start of botocore


class Weather:
    """Sets faults; ``injected`` counts the answers that each has spoilt."""

    def __init__(self, aws: Aws, seed: int) -> None:
        self.injected = dict.fromkeys(_STORMS, 0)
        self._aws = aws
        self._random = random.Random(seed)
        self._begun = itertools.count(1)
        self._lock = threading.Lock()
        self._storm_ended = -1e9
        self._is_storm = False

    def begin(self) -> None:
        """Count an operation."""
        if next(self._begun) % _CHANGE_AFTER == 0:
            with self._lock:
                self._change()

    def calm(self) -> None:
        """Let everything go well from now on."""
        with self._lock:
            self._aws.clear_faults()
            self._aws.token_seconds = _LIVES[-1]
            self._storm_ended, self._is_storm = time.monotonic(), False

    def was_bad_since(self, moment: float) -> bool:
        """Return whether anything went wrong since then."""
        with self._lock:
            return self._is_storm or self._storm_ended > moment

    def _change(self) -> None:
        self._aws.clear_faults()
        self._aws.token_seconds = self._random.choice(_LIVES)
        if self._is_storm:
            self._storm_ended = time.monotonic()
        self._is_storm = self._random.random() < 0.6
        if self._is_storm:
            name = self._random.choice(list(_STORMS))
            operation = FETCH if name == "no token" else self._random.choice([ASSUME, FETCH])
            self._aws.fail(operation, self._counted(name, _STORMS[name]))

    def _counted(self, name: str, fault: Fault) -> Fault:
        def spoil(answer: HttpResponse) -> HttpResponse:
            self.injected[name] += 1
            return fault(answer)

        return spoil
