"""Bodies of responses that botocore reads: up to a size, and not one that never ends."""

import itertools
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError

from docker_credential_ecrx.aws.session import new_session

_PART = bytes(1 << 20)
_HEADS = {
    "closed": b"HTTP/1.1 200 OK\r\n\r\n",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n",
    "announced": b"HTTP/1.1 200 OK\r\nContent-Length: 2147483647\r\n\r\n",
    "refusal": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2147483647\r\n\r\n",
}


@contextmanager
def endpoint(head: bytes, parts: Iterable[bytes]) -> Iterator[str]:
    """Respond once with ``head`` and ``parts``, until the client is gone; yield the URL."""

    def serve() -> None:
        with suppress(OSError), listener.accept()[0] as connection:
            connection.recv(1 << 16)
            for part in itertools.chain([head], parts):
                connection.sendall(part)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()


@pytest.mark.parametrize("head", _HEADS.values(), ids=_HEADS)
def test_endless_response_of_a_service_is_given_up(head: bytes) -> None:
    """The direct way has a limit of its own, in aws/direct/http_client.py."""
    with endpoint(head, itertools.repeat(_PART, 256)) as url:
        config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1})
        client: Any = new_session(None).create_client("sts", "us-east-1", endpoint_url=url, config=config)

        with pytest.raises(ConnectionClosedError):
            client.get_caller_identity()


class TestMetadataService:
    """Its responses are read in another place of botocore."""

    def received(self, parts: int) -> bytes:
        """Return the body that botocore reads of an endpoint that sends so many parts."""
        fetcher: Any = new_session(None).get_component("credential_provider").get_provider("container-role")
        with endpoint(_HEADS["closed"], itertools.repeat(_PART, parts)) as url:
            content: bytes = fetcher._fetcher._session.send(AWSRequest("GET", url).prepare()).content  # noqa: SLF001 - botocore's
        return content

    def test_may_send_16_mib(self) -> None:
        assert _PART * 16 == self.received(16)

    def test_that_sends_more_is_given_up(self) -> None:
        with pytest.raises(ConnectionClosedError):
            self.received(17)
