"""Decides whether and when a call to AWS is retried, within a time limit: botocore's own policy has none.

botocore itself makes one attempt; this module handles its event ``needs-retry``.
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

from docker_credential_ecrx.aws.error_rules import THROTTLED, TOO_MANY_REQUESTS
from docker_credential_ecrx.system.deadline import Deadline

_TRANSIENT_CODES = ("RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete")
_TRANSIENT_STATUSES = (500, 502, 503, 504)
_TRANSIENT_EXCEPTIONS = (exceptions.ConnectionError, exceptions.HTTPClientError)
# A certificate or a proxy's password is as wrong the next time.
_PERMANENT_EXCEPTIONS = (exceptions.SSLError, exceptions.ProxyConnectionError)
_TIMEOUTS = (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError)
_ATTEMPTS = 3
# The longest first pause; it doubles for each further one.
_PAUSE_SECONDS, _PAUSE_SECONDS_THROTTLED = 0.05, 1.0
_SECONDS = 9.0


class TooEarlyError(Exception):
    """AWS asks to repeat the call of ``error`` only in ``seconds``, which is after the time limit."""

    def __init__(self, error: exceptions.ClientError, seconds: float) -> None:
        super().__init__(error, seconds)
        self.error = error
        self.seconds = seconds


class Retries:
    """Up to three attempts of each call; none starts after the ``deadline``, which may move.

    Without one, each call has 9 seconds from its first failure.
    """

    def __init__(self, deadline: Deadline | None = None) -> None:
        self._deadline = deadline
        self._end_of_call = 0.0

    def pause(
        self,
        response: Any,  # noqa: ANN401 - botocore's, as the next
        attempts: int,
        caught_exception: Exception | None,
        operation: Any,  # noqa: ANN401
        **_: object,
    ) -> float | None:
        """Return the seconds before the next attempt, or None if there is none.

        Raises TooEarlyError, and TimeoutError if the host was waited for until the deadline.
        """
        if attempts == 1:
            self._end_of_call = time.monotonic() + _SECONDS
        end = self._end_of_call if self._deadline is None else self._deadline.end
        parsed: Mapping[str, Any] = response[1] if response else {}
        status: int | None = parsed.get("ResponseMetadata", {}).get("HTTPStatusCode")
        code: str | None = parsed.get("Error", {}).get("Code")
        is_throttled = status == TOO_MANY_REQUESTS or code in THROTTLED
        if not (is_throttled or _is_transient(status, code, caught_exception)):
            return None
        scale = _PAUSE_SECONDS_THROTTLED if is_throttled else _PAUSE_SECONDS
        # Random, so that clients with the same Retry-After do not all return at once.
        pause: float = _retry_after(parsed) + random.random() * scale * 2 ** (attempts - 1)  # noqa: S311 - no secret
        has_time = time.monotonic() + pause < end
        if self._deadline is not None and not has_time and isinstance(caught_exception, _TIMEOUTS):
            raise TimeoutError from caught_exception  # as the deadline itself does, at the same moment
        if attempts >= _ATTEMPTS:
            return None
        if has_time:
            return pause
        if response and _retry_after(parsed):
            raise TooEarlyError(exceptions.ClientError(response[1], operation.name), _retry_after(parsed))
        return None


def _is_transient(status: object, code: object, error: object) -> bool:
    """Return whether the failure may be gone in a moment."""
    if isinstance(error, _TRANSIENT_EXCEPTIONS):
        return not isinstance(error, _PERMANENT_EXCEPTIONS)
    return status in _TRANSIENT_STATUSES or code in _TRANSIENT_CODES


def _retry_after(parsed: Mapping[str, Any]) -> float:
    """Return the seconds of the response's Retry-After, which may be a number or a date; 0 if it has none."""
    headers = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {})
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
    """Return the response's own date, since the system clock may be wrong."""
    try:
        return parsedate_to_datetime(headers["date"])
    except (LookupError, ValueError):
        return datetime.now(UTC)
