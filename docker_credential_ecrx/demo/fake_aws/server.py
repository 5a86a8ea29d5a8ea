"""The HTTP server: one address for all services of AWS, and a record of all calls."""

import secrets
import ssl
import threading
import time
from collections.abc import Collection, Mapping
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from docker_credential_ecrx.demo.fake_aws.ecr import Ecr
from docker_credential_ecrx.demo.fake_aws.messages import (
    HttpResponse,
    Keys,
    Principal,
    Refusal,
    Request,
    new_keys,
    refused,
)
from docker_credential_ecrx.demo.fake_aws.signature import signer
from docker_credential_ecrx.demo.fake_aws.sts import Role, Sts

_TARGETS = {"AmazonEC2ContainerRegistry_V20150921": "ecr", "SpencerFrontendService": "ecr-public"}
_TOKEN_SECONDS = 12 * 3600


class Call(NamedTuple):
    """One request: the operation, the ARN that signed it (or an empty text), its region, and AWS's error if any."""

    operation: str
    caller: str
    region: str
    at: float
    error: str = ""


class FakeAws:
    """A fake AWS on ``url`` while its context is entered."""

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.calls: list[Call] = []
        self.token_seconds: float = _TOKEN_SECONDS
        self.ecr = Ecr(lambda: self.now() + self.token_seconds)
        self.issued = self.ecr.issued
        self._sts = Sts(self.now, self._add)
        self._principals: dict[str, Principal] = {}
        self._lock = threading.Lock()
        self._server = _Server((host, port), self)
        if context is not None:
            # Each connection's own thread does the handshake, so that a silent client blocks nobody else.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{'https' if context else 'http'}://{host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Serve in a thread."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def add_user(self, account: str, name: str) -> Keys:
        """Return a new access key of the account's user ``name``."""
        keys = new_keys(session=False)
        self._add(Principal(f"arn:aws:iam::{account}:user/{name}", account, keys, float("inf")))
        return keys

    def add_role(
        self,
        arn: str,
        *,
        trusts: Collection[str] = (),
        external_id: str | None = None,
        mfa: bool = False,
        web_identity_subjects: Collection[str] = (),
    ) -> None:
        """Add the role ``arn``, which the principals and accounts of ``trusts`` may assume."""
        self._sts.roles[arn] = Role(arn, trusts, external_id, mfa, web_identity_subjects)

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Return the response to a request; a subclass injects faults here, and raises ConnectionError to hang up."""
        request = Request(method, headers.get("Host", ""), path, headers, body)
        service, operation = self.operation(headers, body)
        caller, region, error = None, "", ""
        try:
            if operation != "AssumeRoleWithWebIdentity":
                caller, region = signer(request, service, self._principals.get, self.now())
            if service == "sts" or caller is None:
                response = self._sts.respond(operation, caller, body)
            else:
                response = self.ecr.respond(service, operation, caller, region, body)
        except Refusal as refusal:
            error = refusal.code
            response = refused(service, refusal)
        with self._lock:
            self.calls.append(Call(operation, caller.arn if caller else "", region, self.now(), error))
        return response

    def operation(self, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
        """Return the service and the operation of a request."""
        service, dot, operation = headers.get("X-Amz-Target", "").partition(".")
        if dot:
            return _TARGETS.get(service, "ecr"), operation
        return "sts", dict(parse_qsl(body.decode("ascii", "replace"))).get("Action", "")

    def now(self) -> float:
        """Return AWS's time in seconds since 1970; a subclass may change it."""
        return time.time()

    def _add(self, principal: Principal) -> None:
        with self._lock:
            self._principals[principal.keys.access_key_id] = principal


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], aws: FakeAws) -> None:
        self.aws = aws
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are sent separately, and a client's delayed ACK would add 40 ms
    server: _Server

    def do_POST(self) -> None:
        """Handle a request of AWS's two protocols."""
        url = urlsplit(self.path)  # of a proxy's client it is a whole one
        path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
        headers = {name.title(): ",".join(self.headers.get_all(name, ())) for name in self.headers}
        try:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send(self.server.aws.handle("POST", path, headers, body))
        except ConnectionError:  # either side hung up
            self.close_connection = True

    def send(self, response: HttpResponse) -> None:
        """Send ``response`` with the headers that AWS sends."""
        self.send_response_only(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("x-amzn-RequestId", secrets.token_hex(16))
        self.send_header("Date", formatdate(self.server.aws.now(), usegmt=True))
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Log nothing: the calls are recorded."""
