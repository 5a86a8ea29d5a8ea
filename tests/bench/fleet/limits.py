"""AWS as a fleet meets it: two operations, each with a limit of calls a second, and an hour in which it is down."""

from collections.abc import Container
from random import Random
from typing import Self

from docker_credential_ecrx.errors import AwsError, Remedy

DAY = 24 * 3600
# Calls a second of one account, the one that calls and not the role's, in one region.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
ASSUME_ROLE_LIMIT = 600
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
GET_TOKEN_LIMIT = 500
# What aws_retries, botocore's standard mode and aws-sdk-go-v2 do when throttled: three attempts. Between them, the
# first two wait up to one second, then two; aws-sdk-go-v2 1.36 and 1.41, which the others have, up to two, then four.
ATTEMPTS = 3
PYTHON_PAUSE, GO_PAUSE = 1.0, 2.0


class RefusedError(AwsError):
    """AWS answered no attempt; the last was ``at``."""

    def __init__(self, at: float) -> None:
        super().__init__("AWS does not answer")
        self.at = at

    def _with(self, message: str, remedy: Remedy) -> Self:
        del message, remedy  # nobody reads them
        return self


class Operation:
    """One operation: ``calls`` has every call in each second of the day, ``throttled`` those above the limit.

    What is throttled does not use the limit up. ``down`` has the seconds in which nothing is answered.
    """

    def __init__(self, name: str, limit: int, down: Container[int] = ()) -> None:
        self.name = name
        self.limit = limit
        self.calls = [0] * DAY
        self.throttled = [0] * DAY
        self._down = down

    def ask(self, at: float, dice: Random, pause: float = PYTHON_PAUSE) -> float:
        """Call at the second ``at`` as AWS's libraries do, and return when it was answered.

        ``pause`` is the longest before the second attempt, in seconds.
        Raises RefusedError after the last attempt.
        """
        for attempt in range(ATTEMPTS):
            if attempt:
                at += dice.random() * pause * 2 ** (attempt - 1)
            second = min(int(at), DAY - 1)
            self.calls[second] += 1
            if second in self._down:
                continue
            if self.calls[second] - self.throttled[second] <= self.limit:
                return at
            self.throttled[second] += 1
        raise RefusedError(at)


class Aws:
    """STS and ECR of one account and region."""

    def __init__(self, down: Container[int] = ()) -> None:
        self.assume_role = Operation("AssumeRole", ASSUME_ROLE_LIMIT, down)
        self.get_token = Operation("GetAuthorizationToken", GET_TOKEN_LIMIT, down)
        self.operations = (self.assume_role, self.get_token)
