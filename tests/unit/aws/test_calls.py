"""What a session asks for, and which host a time limit says was waited for."""

from typing import Any

import pytest
from botocore.awsrequest import AWSRequest, HeadersDict
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError

from docker_credential_ecrx.aws.calls import Calls
from docker_credential_ecrx.aws.session import new_session
from docker_credential_ecrx.system.deadline import Deadline


def test_host_of_a_failed_request_is_waited_for_until_the_next() -> None:
    """The SDK pauses and repeats the request, and the time may run out in the pause."""
    session, deadline = new_session(None), Deadline(9.0)
    Calls(deadline).watch(session)
    fetcher: Any = session.get_component("credential_provider").get_provider("container-role")

    with pytest.raises(EndpointConnectionError):
        fetcher._fetcher._session.send(AWSRequest("GET", "http://127.0.0.1:1/").prepare())  # noqa: SLF001 - botocore's

    assert "127.0.0.1" == deadline.waiting_for


class TestResponse:
    @staticmethod
    def parsed(headers: dict[str, str]) -> None:
        """Let a session that is watched parse a response with those headers and a body of two bytes."""
        session = new_session(None)
        Calls().watch(session)
        emitter: Any = session.get_component("event_emitter")
        response = {"status_code": 200, "headers": HeadersDict(headers), "body": b"{}"}
        model = session.get_service_model("ecr").operation_model("GetAuthorizationToken")
        emitter.emit("before-parse.ecr.GetAuthorizationToken", operation_model=model, response_dict=response)

    @pytest.mark.parametrize("length", ["3", "100"])
    def test_that_is_cut_off_is_a_closed_connection(self, length: str) -> None:
        with pytest.raises(ConnectionClosedError):
            self.parsed({"Content-Length": length})

    @pytest.mark.parametrize(
        "headers",
        [{}, {"Content-Length": "2"}, {"Content-Length": "x"}, {"Transfer-Encoding": "chunked", "Content-Length": "3"}],
    )
    def test_that_is_whole_is_parsed(self, headers: dict[str, str]) -> None:
        """With chunks, the length does not count."""
        self.parsed(headers)
