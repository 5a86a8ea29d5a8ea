"""Says whether and when a call to AWS is made again, within a time limit: botocore's own policy has none.

botocore itself is told to try once; what is here answers its event ``needs-retry``.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

import math
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore import exceptions

from docker_credential_ecrx.aws.client_errors import THROTTLED, TOO_MANY

_PASSING_CODES = ("RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete")
_PASSING_STATUSES = (500, 502, 503, 504)
_PASSING_EXCEPTIONS = (exceptions.ConnectionError, exceptions.HTTPClientError)
# What is wrong with a certificate or a proxy's password is so the next time.
_LASTING_EXCEPTIONS = (exceptions.SSLError, exceptions.ProxyConnectionError)
_ATTEMPTS = 3
# The first pause is up to so long, and each one up to twice the one before.
_PAUSE_SECONDS, _PAUSE_SECONDS_THROTTLED = 0.05, 1.0
_SECONDS = 9.0


class TooEarlyError(Exception):
    """AWS wants ``error``'s call again only in ``seconds``, which is longer than there is to wait."""

    def __init__(self, error: exceptions.ClientError, seconds: float) -> None:
        super().__init__(error, seconds)
        self.error = error
        self.seconds = seconds


class Retries:
    """Up to three attempts of each call; none is begun after ``end`` (seconds of time.monotonic()).

    Without an ``end``, each call has 9 seconds from its first failure.
    """

    def __init__(self, end: float | None = None) -> None:
        self._end = end
        self._end_of_call = 0.0

    def pause(
        self,
        response: Any,  # noqa: ANN401 - botocore's, as the next
        attempts: int,
        caught_exception: Exception | None,
        operation: Any,  # noqa: ANN401
        **_: object,
    ) -> float | None:
        """Return the seconds before the next attempt, or None where there is none.

        Raises TooEarlyError.
        """
        if attempts == 1:
            self._end_of_call = time.monotonic() + _SECONDS
        end = self._end_of_call if self._end is None else self._end
        answer: Mapping[str, Any] = response[1] if response else {}
        status: int | None = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
        code: str | None = answer.get("Error", {}).get("Code")
        is_throttled = status == TOO_MANY or code in THROTTLED
        if attempts >= _ATTEMPTS or not (is_throttled or _passes(status, code, caught_exception)):
            return None
        scale = _PAUSE_SECONDS_THROTTLED if is_throttled else _PAUSE_SECONDS
        # Many that are told the same second do not all come back in it.
        pause: float = _retry_after(answer) + random.random() * scale * 2 ** (attempts - 1)  # noqa: S311 - no secret
        if time.monotonic() + pause < end:
            return pause
        if response and _retry_after(answer):
            raise TooEarlyError(exceptions.ClientError(response[1], operation.name), _retry_after(answer))
        return None


def _passes(status: object, code: object, error: object) -> bool:
    """Return whether what failed may be better in a moment."""
    if isinstance(error, _PASSING_EXCEPTIONS):
        return not isinstance(error, _LASTING_EXCEPTIONS)
    return status in _PASSING_STATUSES or code in _PASSING_CODES


def _retry_after(answer: Mapping[str, Any]) -> float:
    """Return the seconds that the answer's Retry-After asks for, given as such or as a date; 0 where it does not."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    value = str(headers.get("retry-after", ""))
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - _date(headers)).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0


def _date(headers: Mapping[str, str]) -> datetime:
    """Return the answer's own date, since the clock here may be wrong."""
    try:
        return parsedate_to_datetime(headers["date"])
    except (LookupError, ValueError):
        return datetime.now(UTC)
