"""How long a stranger is waited for, and what is told where it was not waited for long."""

import threading
import time

import pytest

from docker_credential_ecrx.system.deadline import Deadline, LateStartError


class TestDeadline:
    def test_gives_a_call_some_seconds_even_where_the_program_took_all_of_them_to_start(self) -> None:
        late = Deadline(9.0, time.monotonic() - 100)

        assert "answer" == late.within(lambda: "answer")
        assert 0 < late.end - time.monotonic() <= 3

    def test_counts_from_when_it_began_where_that_leaves_enough(self) -> None:
        assert Deadline(9.0, time.monotonic() - 4).end < time.monotonic() + 5

    def test_that_is_over_says_how_long_a_call_was_waited_for(self) -> None:
        with pytest.raises(TimeoutError, match="did not respond within 3 seconds"):
            Deadline(3.0).within(threading.Event().wait)

    def test_that_is_over_tells_of_a_late_start_where_that_left_a_call_little_time(self) -> None:
        with pytest.raises(LateStartError) as caught:
            Deadline(9.0, time.monotonic() - 100).within(threading.Event().wait)

        assert 100 <= caught.value.seconds < 160
