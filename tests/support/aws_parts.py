"""What hands out AWS credentials beside STS, each on loopback: the SSO portal, containers, instances; and a proxy."""

import base64
import hashlib
import json
import secrets
import selectors
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

from docker_credential_ecrx.demo.fake_aws import HttpResponse, Keys, new_keys
from fakes.aws import FakeAws

LATER, EARLIER = "2100-01-01T00:00:00Z", "2001-01-01T00:00:00Z"
_LATER_MS = 4_102_444_800_000
_TOKEN_SECONDS = "x-aws-ec2-metadata-token-ttl-seconds"
_ROLES_PATH = "/latest/meta-data/iam/security-credentials/"


class Opening(FakeAws):
    """AWS that also opens role sessions by other ways than STS."""

    def open_session(self, account: str, role: str, name: str) -> Keys:
        """Return the keys of a new session of the account's role."""
        keys = self.add_user(account, name)._replace(session_token=new_keys(session=True).session_token)
        arn = f"arn:aws:sts::{account}:assumed-role/{role}/{name}"
        with self._lock:
            self._principals[keys.access_key_id] = self._principals[keys.access_key_id]._replace(arn=arn, keys=keys)
        return keys


class Sessions(Opening):
    """The same; ``assumed`` has what STS was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.assumed: list[dict[str, str]] = []

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Answer one request."""
        if self.operation(headers, body)[1] == "AssumeRole":
            self.assumed.append(dict(parse_qsl(body.decode())))
        return super().handle(method, path, headers, body)


def sign_in_to_sso(home: Path, name: str, bearer: str, ends: str = LATER) -> None:
    """Leave what ``aws sso login`` leaves in a home; ``name`` is the session's, or the start URL where it has none."""
    path = home / ".aws" / "sso" / "cache" / f"{hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"accessToken": bearer, "expiresAt": ends}))


def sign_in_to_console(home: Path, login_session: str, keys: Keys) -> None:
    """Leave what ``aws login`` leaves in a home."""
    path = home / ".aws" / "login" / "cache" / f"{hashlib.sha256(login_session.encode()).hexdigest()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    token = _named(keys, "accessKeyId", "secretAccessKey", "sessionToken") | {"accountId": "", "expiresAt": LATER}
    path.write_text(json.dumps({"accessToken": token, "refreshToken": "r", "dpopKey": "k", "clientId": "c"}))


def write_web_identity(path: Path, subject: str, issued_at: int = 0) -> None:
    """Write a web identity token that speaks of ``subject``."""
    path.write_text(web_identity(subject, issued_at))


def web_identity(subject: str, issued_at: int = 0) -> str:
    """Return a web identity token that speaks of ``subject``."""
    claims = {"iss": "https://issuer", "sub": subject, "aud": "sts", "iat": issued_at}
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.e30"


class Request(NamedTuple):
    """What was asked of a ``Server``; the header's names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


# The text or the JSON document of an answer, or None for a refusal.
Source = Callable[[Request], str | dict[str, object] | None]


class Server:
    """An HTTP server with answers from ``source``; ``requests`` has the paths that were asked for."""

    def __init__(self, source: Source, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        self.source = source
        self.requests: list[str] = []
        self._http = _HttpServer(address, self)
        self.url = f"http://{address[0]}:{self._http.server_port}"

    def __enter__(self) -> Self:
        """Serve in a thread."""
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        self._http.shutdown()
        self._http.server_close()


class Proxy(Server):
    """An HTTP proxy that leads to ``target``, whatever host is asked for; ``requests`` has those hosts."""

    def __init__(self, target: str) -> None:
        super().__init__(lambda _: None)
        self.target = (str(urlsplit(target).hostname), urlsplit(target).port or 80)


def sso_portal(aws: Sessions, bearer: str) -> Source:
    """Return the SSO portal that gives the roles of whoever has signed in with the token ``bearer``."""

    def answer(request: Request) -> dict[str, object] | None:
        if request.headers.get("x-amz-sso_bearer_token") != bearer:
            return None
        query = dict(parse_qsl(urlsplit(request.path).query))
        keys = aws.open_session(query["account_id"], query["role_name"], "me")
        found = _named(keys, "accessKeyId", "secretAccessKey", "sessionToken")
        return {"roleCredentials": found | {"expiration": _LATER_MS}}

    return answer


def container(aws: Opening, account: str, authorization: str | None) -> Source:
    """Return a container's credentials endpoint; the path names the task's role."""

    def answer(request: Request) -> dict[str, object] | None:
        if request.headers.get("authorization") != authorization:
            return None
        return _document(aws.open_session(account, request.path.strip("/"), "task"))

    return answer


def instance(aws: Opening, account: str, role: str) -> Source:
    """Return an instance's metadata service, version 2: it answers only with a token of its own."""
    token = secrets.token_urlsafe(40)

    def answer(request: Request) -> str | dict[str, object] | None:
        if (request.method, request.path) == ("PUT", "/latest/api/token"):
            return token if _TOKEN_SECONDS in request.headers else None
        if request.headers.get("x-aws-ec2-metadata-token") != token or not request.path.startswith(_ROLES_PATH):
            return None
        if request.path == _ROLES_PATH:
            return role
        return _document(aws.open_session(account, role, "i-0123456789abcdef0"))

    return answer


def _document(keys: Keys) -> dict[str, object]:
    return _named(keys, "AccessKeyId", "SecretAccessKey", "Token") | {"Code": "Success", "Expiration": LATER}


def _named(keys: Keys, *names: str) -> dict[str, object]:
    return dict(zip(names, keys, strict=True))


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], owner: Server) -> None:
        self.owner = owner
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are sent separately, and a client's delayed ACK would add 40 ms
    server: _HttpServer

    def do_GET(self) -> None:
        """Answer with what the server's source says."""
        self.server.owner.requests.append(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        found = self.server.owner.source(Request(self.command, self.path, headers))
        refusal = json.dumps({"__type": "UnauthorizedException"})
        text = found if isinstance(found, str) else json.dumps(found) if found else refusal
        self._send(200 if found else 401, "application/json", text.encode())

    do_PUT = do_GET  # noqa: N815 - http.server's name

    def do_POST(self) -> None:
        """Pass on a request whose target is a whole URL; a server that is no proxy answers it as any other."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not isinstance(self.server.owner, Proxy):
            self.do_GET()
            return
        url = urlsplit(self.path)
        self.server.owner.requests.append(url.netloc)
        connection = HTTPConnection(*self._target())
        try:
            connection.request("POST", url.path or "/", body, dict(self.headers.items()))
            response = connection.getresponse()
            self._send(response.status, response.getheader("Content-Type", ""), response.read())
        finally:
            connection.close()

    def do_CONNECT(self) -> None:
        """Pass on whatever either side says, until one of them has no more to say."""
        self.server.owner.requests.append(self.path)
        self.close_connection = True
        with suppress(OSError), socket.create_connection(self._target()) as far, selectors.DefaultSelector() as both:
            self.send_response_only(200)
            self.end_headers()
            both.register(self.connection, selectors.EVENT_READ, far)
            both.register(far, selectors.EVENT_READ, self.connection)
            while True:
                for key, _ in both.select():
                    part = key.fileobj.recv(1 << 16) if isinstance(key.fileobj, socket.socket) else b""
                    if not part:
                        return
                    key.data.sendall(part)

    def _target(self) -> tuple[str, int]:
        assert isinstance(self.server.owner, Proxy)
        return self.server.owner.target

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if seconds := self.headers.get(_TOKEN_SECONDS):
            self.send_header(_TOKEN_SECONDS, seconds)  # AWS's SDK for Go requires it
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Keep quiet: the requests are on record."""
