"""The time limit of a verb ends with its reply."""

import signal

import pytest

from docker_credential_ecrx.protocols.reply import LIMIT_SECONDS, Reply, guarded

pytestmark = pytest.mark.posix("an alarm")


class TestTimer:
    def test_runs_until_the_reply_is_ready(self) -> None:
        left: list[float] = []

        def answer() -> Reply:
            left.append(signal.getitimer(signal.ITIMER_REAL)[0])
            return Reply("answer")

        assert "answer" == guarded("get", answer).stdout
        assert [True] == [0 < seconds <= LIMIT_SECONDS for seconds in left]
        assert (0.0, 0.0) == signal.getitimer(signal.ITIMER_REAL)

    def test_that_fires_late_gives_one_line(self) -> None:
        def answer() -> Reply:
            signal.raise_signal(signal.SIGALRM)
            return Reply("answer")

        reply = guarded("get", answer)

        said = "get did not finish within 24 seconds; run it with ECRX_LOG=debug to see where it stops"
        line = f"docker-credential-ecrx: {said}\n"
        assert (1, line, line) == (reply.status, reply.stdout, reply.stderr)
