"""How long a call of third-party code may take, and the error if it had little time."""

import threading
import time

import pytest

from docker_credential_ecrx.system.deadline import Deadline, LateStartError, TimeLimitError


class TestDeadline:
    def test_grants_a_call_some_seconds_after_a_slow_start(self) -> None:
        before = time.monotonic()
        late = Deadline(9.0, before - 100)

        assert before + 3 <= late.end <= time.monotonic() + 3
        assert "answer" == late.within(lambda: "answer")

    def test_counts_from_the_start_if_enough_is_left(self) -> None:
        assert Deadline(9.0, time.monotonic() - 4).end <= time.monotonic() + 5

    def test_error_says_how_long_a_call_was_waited_for(self) -> None:
        with pytest.raises(TimeoutError, match="did not respond within 3 seconds"):
            Deadline(3.0).within(threading.Event().wait)

    def test_error_names_the_host(self) -> None:
        deadline = Deadline(3.0)

        def call() -> None:
            deadline.waiting_for = "sts.us-east-1.amazonaws.com"
            threading.Event().wait()

        with pytest.raises(TimeLimitError) as caught:
            deadline.within(call)

        assert "sts.us-east-1.amazonaws.com" == caught.value.waiting_for

    def test_error_mentions_a_late_start(self) -> None:
        with pytest.raises(LateStartError) as caught:
            Deadline(9.0, time.monotonic() - 100).within(threading.Event().wait)

        assert 100 <= caught.value.seconds < 160

    def test_ends_a_call_that_hangs_after_a_person(self) -> None:
        """The wait began while the deadline was stopped, and so had a day left."""
        deadline, failures = Deadline(3.0), []
        stopped = deadline.stopped()
        stopped.__enter__()

        def call() -> None:
            time.sleep(0.2)
            stopped.__exit__()
            threading.Event().wait()

        def wait() -> None:
            try:
                deadline.within(call)
            except TimeLimitError as error:
                failures.append(error)

        waiting = threading.Thread(target=wait, daemon=True)
        waiting.start()
        waiting.join(60)

        assert not waiting.is_alive()
        assert [3.0] == [failure.seconds for failure in failures]
