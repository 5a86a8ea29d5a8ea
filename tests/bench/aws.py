"""AWS at its own names, in a process of its own, which does not disturb the program that is measured."""

import multiprocessing
import signal
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from standin import certificates, names
from standin.endpoints import Endpoints

# What every program here trusts, and as long as in real life: the machine's certificates, and the authority's.
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

_ADDRESS = "192.0.2.2"  # for documentation only (RFC 5737): nobody else is there
_ENDPOINTS = ("sts.amazonaws.com", "sts.us-east-1.amazonaws.com", "api.ecr.us-east-1.amazonaws.com")


class DistantEndpoints(Endpoints):
    """AWS that serves from another process, with the users and roles that it has when that begins."""

    def __init__(self, context: ssl.SSLContext, address: str) -> None:
        super().__init__(context, address)
        # Headers and body are two segments. Without this the kernel keeps the second one back until the client has
        # acknowledged the first, which takes 40 ms: an AWS without latency would be one with. Connections inherit it.
        self._server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._latency = multiprocessing.Value("d", 0.0)
        self._requests = multiprocessing.Value("L", 0)

    @property
    def requests(self) -> int:
        """How many requests there were."""
        return int(self._requests.value)

    def set_latency(self, seconds: float) -> None:
        """Let each call take ``seconds`` longer, from now on."""
        self._latency.value = seconds

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """HttpResponse one request."""
        with self._requests.get_lock():
            self._requests.value += 1
        time.sleep(self._latency.value)
        return super().handle(method, path, headers, body)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve until the context is left."""
        process = multiprocessing.get_context("fork").Process(target=self._serve)
        process.start()
        try:
            yield
        finally:
            process.kill()
            process.join()

    def _serve(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
        with self:
            signal.pause()


@contextmanager
def at_real_names(folder: Path) -> Iterator[DistantEndpoints]:
    """Yield AWS, which does not serve yet; its names lead to it, in the namespaces of tests/bench/run."""
    names.need_namespaces()
    addresses = dict.fromkeys(_ENDPOINTS, _ADDRESS)
    issued = certificates.issue(folder, addresses)
    with names.address(_ADDRESS), names.known(addresses, issued.authority, folder):
        yield DistantEndpoints(issued.context(), _ADDRESS)
