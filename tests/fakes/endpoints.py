"""AWS at the names of its endpoints, which remembers by which of them it was asked."""

import ssl
from collections.abc import Mapping

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from fakes.aws import FakeAws


class Endpoints(FakeAws):
    """AWS with TLS on port 443 of ``address``; ``asked`` has the hosts of its requests, in order."""

    def __init__(self, context: ssl.SSLContext, address: str) -> None:
        super().__init__(443, context, address)
        self.asked: list[str] = []

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Answer one request."""
        self.asked.append(headers["Host"])
        return super().handle(method, path, headers, body)

    def forget(self) -> None:
        """Start a new record: of calls, of hosts, and of tokens, which are good for nothing any more."""
        self.calls.clear()
        self.asked.clear()
        self.issued.clear()
