"""What a session asks for, and which host a time limit says was waited for."""

from typing import Any

import pytest
from botocore.awsrequest import AWSRequest
from botocore.exceptions import EndpointConnectionError

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
