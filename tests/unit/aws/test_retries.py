"""Retries of calls to AWS: transient errors, a few times, after a pause that AWS may set, within a time limit."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from docker_credential_ecrx.aws.retries import Retries, TooEarlyError
from docker_credential_ecrx.system.deadline import Deadline

OPERATION = SimpleNamespace(name="GetAuthorizationToken")
DATE = "Tue, 03 Nov 2026 10:00:00 GMT"
NOBODY = "https://nobody.invalid"


def answer(status: int, code: str = "Other", **headers: str) -> tuple[None, dict[str, Any]]:
    """Return a response as botocore passes it to retry handlers."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return None, {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": fields}}


def pause(response: object, *, attempts: int = 1, error: Exception | None = None, seconds: float = 9.0) -> float | None:
    """Return the pause with that many seconds left."""
    deadline = Deadline(0)
    retries = Retries(deadline)
    deadline.end = time.monotonic() + seconds  # it may move, while a person is waited for
    return retries.pause(response, attempts, error, OPERATION)


class TestPause:
    @pytest.mark.parametrize(
        "response",
        [answer(500), answer(503), answer(429), answer(400, "ThrottlingException"), answer(400, "RequestTimeout")],
    )
    def test_is_short_after_a_transient_error(self, response: object) -> None:
        first, second = (pause(response, attempts=attempts) for attempts in (1, 2))

        assert first is not None
        assert second is not None
        assert 0 <= first <= 1
        assert 0 <= second <= 2

    def test_is_random(self) -> None:
        assert 20 == len({pause(answer(429, retry_after="3")) for _ in range(20)})

    def test_follows_a_broken_connection(self) -> None:
        assert pause(None, error=ConnectionClosedError(endpoint_url=NOBODY)) is not None

    @pytest.mark.parametrize(
        "error",
        [
            SSLError(endpoint_url=NOBODY, error=ValueError()),
            ProxyConnectionError(proxy_url=NOBODY),
            ValueError(),
            MemoryError(),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_is_absent_after_a_permanent_error(self, error: Exception) -> None:
        assert pause(None, error=error) is None

    @pytest.mark.parametrize("response", [answer(403), answer(400, "AccessDenied"), answer(200), (None, {})])
    def test_is_absent_after_other_responses(self, response: object) -> None:
        assert pause(response) is None

    def test_is_absent_after_the_third_attempt(self) -> None:
        assert pause(answer(503), attempts=3) is None

    def test_is_absent_if_no_time_is_left(self) -> None:
        assert pause(answer(503), seconds=0) is None

    @pytest.mark.parametrize("attempts", [1, 3])
    @pytest.mark.parametrize("error", [ConnectTimeoutError, ReadTimeoutError])
    def test_timeout_without_time_left_is_the_end_of_the_whole(
        self, error: type[ConnectTimeoutError | ReadTimeoutError], attempts: int
    ) -> None:
        with pytest.raises(TimeoutError):
            pause(None, error=error(endpoint_url=NOBODY), attempts=attempts, seconds=0)


class TestRetryAfter:
    @pytest.mark.parametrize("headers", [{"retry_after": "3"}, {"retry_after": DATE[:-6] + "03 GMT", "date": DATE}])
    def test_accepts_seconds_and_dates(self, headers: dict[str, str]) -> None:
        found = pause(answer(503, **headers))

        assert found is not None
        assert 3 <= found <= 4

    @pytest.mark.parametrize("value", ["", "soon", "-5", "nan", "inf", "-inf", "1e999", "Tue, 99 Nov 2026"])
    def test_invalid_is_ignored(self, value: str) -> None:
        found = pause(answer(503, retry_after=value))

        assert found is not None
        assert found <= 1

    @pytest.mark.parametrize("seconds", [9.1, 3600])
    def test_beyond_the_deadline_is_reported(self, seconds: float) -> None:
        with pytest.raises(TooEarlyError) as caught:
            pause(answer(429, "429", retry_after=str(seconds)))

        assert seconds == caught.value.seconds
        assert OPERATION.name == caught.value.error.operation_name
