"""The time that a verb may take is over while its answer is made, or never."""

import signal

import pytest

from docker_credential_ecrx.protocols import docker
from docker_credential_ecrx.protocols.docker import Reply

pytestmark = pytest.mark.posix("an alarm")


class TestAlarm:
    def test_is_set_while_the_answer_is_made_and_no_longer_when_it_is_there(self) -> None:
        left: list[float] = []

        def answer() -> Reply:
            left.append(signal.getitimer(signal.ITIMER_REAL)[0])
            return Reply("answer")

        assert "answer" == docker.guarded("get", answer).stdout
        assert [True] == [0 < seconds <= docker.LIMIT_SECONDS for seconds in left]
        assert (0.0, 0.0) == signal.getitimer(signal.ITIMER_REAL)

    def test_that_rings_at_the_end_of_an_answer_is_one_line(self) -> None:
        def answer() -> Reply:
            signal.raise_signal(signal.SIGALRM)
            return Reply("answer")

        reply = docker.guarded("get", answer)

        line = "docker-credential-ecrx: get did not end within 24 seconds; see with ECRX_LOG=debug how far it comes\n"
        assert (1, line, line) == (reply.status, reply.stdout, reply.stderr)
