"""AWS at its own names, in a process of its own, which does not disturb the program that is measured."""

import multiprocessing
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

from bench import relay
from docker_credential_ecrx.demo.fake_aws import HttpResponse
from fakes import certificates, names
from fakes.endpoints import Endpoints
from support.aws_parts import Opening, Server

# What every program here trusts, and as long as in real life: the machine's certificates, and the authority's.
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

ROUND_TRIP_SECONDS = 0.02  # when AWS is far

# For documentation only (RFC 5737): nobody else is there. On the way to the second one everything takes time.
_ADDRESS, _FAR_ADDRESS = "192.0.2.2", "192.0.2.3"
_TRIES, _MOST = 20, 1.1
_ENDPOINTS = ("sts.amazonaws.com", "sts.us-east-1.amazonaws.com", "api.ecr.us-east-1.amazonaws.com")


class DistantEndpoints(Opening, Endpoints):
    """AWS that serves from another process, with the users and roles that it has when that begins.

    ``beside`` has servers of its own credentials, which serve from there, too.
    """

    def __init__(self, context: ssl.SSLContext, lead: Callable[[Mapping[str, str]], None], tunnel: int | None) -> None:
        super().__init__(context, _ADDRESS)
        # Headers and body are two segments. Without this the kernel keeps the second one back until the client has
        # acknowledged the first, which takes 40 ms: an AWS without latency would be one with. Connections inherit it.
        self._server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = multiprocessing.Value("L", 0)
        self._lead = lead
        self._tunnel = tunnel
        self.beside: list[Server] = []

    @property
    def requests(self) -> int:
        """How many requests there were."""
        return int(self._requests.value)

    def set_far(self, *, is_far: bool) -> None:
        """Let each round trip take ROUND_TRIP_SECONDS, or no time, from now on."""
        assert self._tunnel is not None or not is_far, "there is no way to be far"
        self._lead(dict.fromkeys(_ENDPOINTS, _FAR_ADDRESS if is_far else _ADDRESS))

    def assert_latency(self) -> None:
        """Raise AssertionError if a round trip does not take about what it should when AWS is far."""
        seconds = min(_connect_seconds() for _ in range(_TRIES))
        is_right = ROUND_TRIP_SECONDS <= seconds <= _MOST * ROUND_TRIP_SECONDS
        assert is_right, f"a round trip of {ROUND_TRIP_SECONDS * 1000:.0f} ms takes {seconds * 1000:.1f} ms"

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Answer one request."""
        with self._requests.get_lock():
            self._requests.value += 1
        return super().handle(method, path, headers, body)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve until the context is left."""
        fork = multiprocessing.get_context("fork")
        targets = (self._serve,) if self._tunnel is None else (self._serve, self._relay)
        processes = [fork.Process(target=target) for target in targets]
        for process in processes:
            process.start()
        try:
            yield
        finally:
            for process in processes:
                process.kill()
                process.join()

    def _serve(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
        with self, ExitStack() as others:
            for server in self.beside:
                others.enter_context(server)
            signal.pause()

    def _relay(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert self._tunnel is not None
        relay.run(self._tunnel, ROUND_TRIP_SECONDS / 2)


def _connect_seconds() -> float:
    started = time.perf_counter()
    with socket.create_connection((_FAR_ADDRESS, 443)):
        return time.perf_counter() - started


@contextmanager
def at_real_names(folder: Path, *, may_be_far: bool = False) -> Iterator[DistantEndpoints]:
    """Yield AWS, which does not serve yet; its names lead to it, in the namespaces of tests/bench/run.

    That it ``may_be_far`` needs a tunnel.
    """
    names.need_namespaces()
    addresses = dict.fromkeys(_ENDPOINTS, _ADDRESS)
    issued = certificates.issue(folder, addresses)
    with (
        names.address(_ADDRESS),
        relay.tunnel(_FAR_ADDRESS, _ADDRESS) if may_be_far else nullcontext() as tunnel,
        names.known(addresses, issued.authority, folder) as lead,
    ):
        yield DistantEndpoints(issued.context(), lead, tunnel)
