"""A registry like ECR's: a real one behind a front that lets in whom the fake AWS issued a token."""

import base64
import binascii
import gzip
import hashlib
import json
import re
import shutil
import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from docker_credential_ecrx.demo.fake_aws import Issued
from fakes import daemons
from fakes.aws import FakeAws, Repository, denial
from support import need

_HOST = re.compile(r"(?P<account>[0-9]{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.")
_PATH = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs/uploads|blobs|tags)/")
# What the registry's requests are called in policies.
_ACTIONS = {
    ("GET", "manifests"): "ecr:BatchGetImage",
    ("HEAD", "manifests"): "ecr:BatchGetImage",
    ("PUT", "manifests"): "ecr:PutImage",
    ("DELETE", "manifests"): "ecr:BatchDeleteImage",
    ("GET", "blobs"): "ecr:GetDownloadUrlForLayer",
    ("HEAD", "blobs"): "ecr:BatchCheckLayerAvailability",
    ("POST", "blobs/uploads"): "ecr:InitiateLayerUpload",
    ("PUT", "blobs/uploads"): "ecr:CompleteLayerUpload",
    ("GET", "tags"): "ecr:ListImages",
}
# The rest of an upload: its parts, its progress, its end without an image.
_UPLOAD = "ecr:UploadLayerPart"
_CONFIG = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: "{folder}"}}}}
http: {{addr: "127.0.0.1:0"}}
"""
# What belongs to one connection, and what the real registry has no business with.
_NOT_PASSED_ON = {"authorization", "connection", "expect", "keep-alive"}
_BLOCK = 1 << 16


class Refused(NamedTuple):
    """ECR's answer to a request that it does not let in."""

    status: HTTPStatus
    message: str
    code: str = "DENIED"


class Registry:
    """The registries of every account and region.

    A repository that AWS knows is open to whom its policy lets in, and any other to the accounts in ``permitted``.
    ``denial``, where it is set, is what everybody is told who asks for something in a repository.
    ``stands_for`` has the ECR host that each host of a user's own leads to, as through a reverse proxy.
    ``images`` is the folder of the real registry behind them.
    """

    denial: str | None = None

    def __init__(self, aws: FakeAws, port: int, images: Path) -> None:
        self.aws = aws
        self.images = images
        self.port = port
        self.permitted: defaultdict[str, set[str]] = defaultdict(set)
        self.stands_for: dict[str, str] = {}

    def publish(self, repository: str, tag: str, layer: bytes) -> None:
        """Put an image of one layer, a tar archive, behind the front."""
        blob = gzip.compress(layer)
        facts = {"architecture": "amd64", "os": "linux", "config": {}}
        facts |= {"rootfs": {"type": "layers", "diff_ids": [_digest(layer)]}}
        config = json.dumps(facts).encode()
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = {
            "schemaVersion": 2,
            "mediaType": kind,
            "config": _descriptor("application/vnd.docker.container.image.v1+json", config),
            "layers": [_descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", blob)],
        }
        for content in (config, blob):
            upload = self._send("POST", f"/v2/{repository}/blobs/uploads/", b"")
            self._send("PUT", f"{upload}&digest={_digest(content)}", content)
        self._send("PUT", f"/v2/{repository}/manifests/{tag}", json.dumps(manifest).encode(), kind)

    def _send(self, method: str, target: str, content: bytes, kind: str = "application/octet-stream") -> str:
        """Return the location that the real registry answers with."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        with closing(connection):
            connection.request(method, target, content, {"Content-Type": kind})
            response = connection.getresponse()
            assert response.status in {HTTPStatus.CREATED, HTTPStatus.ACCEPTED}, response.read()
            return response.headers["Location"]

    def refusal(self, host: str, method: str, path: str, authorization: str) -> Refused | None:
        """Return why ECR refuses the request, or None where it lets it in."""
        place = _HOST.match(self.stands_for.get(host, host))
        scheme, _, encoded = authorization.partition(" ")
        issued = self.aws.issued.get(_password(encoded)) if scheme == "Basic" else None
        if place is None or issued is None or issued.service != "ecr" or issued.region != place["region"]:
            return Refused(HTTPStatus.UNAUTHORIZED, "Not Authorized")
        if issued.expires <= self.aws.now():
            return Refused(HTTPStatus.FORBIDDEN, "Your authorization token has expired. Reauthenticate and try again.")
        asked = _PATH.match(path)
        if asked is None:
            return None
        repository = Repository(place["account"], place["region"], asked["repository"])
        action = _ACTIONS.get((method, asked["kind"]), _UPLOAD)
        return self._refusal_in(repository, action, issued)

    def _refusal_in(self, repository: Repository, action: str, issued: Issued) -> Refused | None:
        if self.denial is not None:
            return Refused(HTTPStatus.FORBIDDEN, self.denial)
        if issued.account == repository.account and repository not in self.aws.ecr.repositories:
            words = f"The repository with name '{repository.name}' does not exist"
            where = f"in the registry with id '{repository.account}'"
            return Refused(HTTPStatus.NOT_FOUND, f"{words} {where}", "NAME_UNKNOWN")
        if self._permits(issued, repository, action):
            return None
        return Refused(HTTPStatus.FORBIDDEN, denial(issued.principal, action, repository))

    def _permits(self, issued: Issued, repository: Repository, action: str) -> bool:
        if repository in self.aws.ecr.repositories:
            return self.aws.ecr.permits(issued, repository, action)
        return issued.account in {repository.account, *self.permitted[repository.account]}


@contextmanager
def serving(folder: Path, aws: FakeAws, context: ssl.SSLContext, address: tuple[str, int]) -> Iterator[Registry]:
    """Serve the registries with TLS at ``address``, and keep their images in ``folder``."""
    config = folder / "registry.yml"
    images = folder / "images"
    config.write_text(_CONFIG.format(folder=images))
    command = (need.command("docker-registry"), "serve", config)
    with daemons.running(command, {}, folder / "registry.log", r"listening on 127\.0\.0\.1:([0-9]+)") as listening:
        registry = Registry(aws, int(listening[1]), images)
        server = _Server(address, registry, context)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield registry
        finally:
            server.shutdown()
            server.server_close()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(kind: str, content: bytes) -> dict[str, str | int]:
    return {"mediaType": kind, "size": len(content), "digest": _digest(content)}


def _password(encoded: str) -> str:
    """Return the password of the user AWS, or an empty text for another user."""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password if user == "AWS" else ""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], registry: Registry, context: ssl.SSLContext) -> None:
        self.registry = registry
        super().__init__(address, _Handler)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        """Refuse the request as ECR does, or pass it on to the real registry."""
        host = self.headers.get("Host", "").removesuffix(":443")
        refused = self.server.registry.refusal(host, self.command, self.path, self.headers.get("Authorization", ""))
        try:
            if refused is None:
                self._pass_on()
            else:
                self._refuse(host, refused)
        except ConnectionError:  # the client hung up
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Keep quiet."""

    def _refuse(self, host: str, refused: Refused) -> None:
        for _ in self._body():
            pass  # an unread body would be taken for the next request
        if refused.status == HTTPStatus.UNAUTHORIZED:
            content, kind = refused.message.encode() + b"\n", "text/plain; charset=utf-8"
        else:
            error = {"code": refused.code, "message": refused.message}
            content, kind = json.dumps({"errors": [error]}).encode(), "application/json; charset=utf-8"
        self.send_response_only(refused.status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if refused.status == HTTPStatus.UNAUTHORIZED:
            self.send_header("Www-Authenticate", f'Basic realm="https://{host}/",service="ecr.amazonaws.com"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _pass_on(self) -> None:
        upstream = HTTPConnection("127.0.0.1", self.server.registry.port, timeout=60)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():  # a name that is there twice comes twice
                if name.lower() not in _NOT_PASSED_ON:
                    upstream.putheader(name, value)
            upstream.putheader("X-Forwarded-Proto", "https")
            upstream.endheaders(self._body(), encode_chunked=self._is_chunked())
            self._pass_back(upstream.getresponse())
        finally:
            upstream.close()

    def _pass_back(self, response: HTTPResponse) -> None:
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in {"connection", "transfer-encoding"}:
                self.send_header(name, value)
        # Only short answers have no length of their own: lists and error messages.
        content = response.read() if response.length is None else None
        if content is not None:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if content is not None:
            self.wfile.write(content)
        else:
            shutil.copyfileobj(response, self.wfile)

    def _is_chunked(self) -> bool:
        return "chunked" in self.headers.get("Transfer-Encoding", "")

    def _body(self) -> Iterator[bytes]:
        if self._is_chunked():
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            block = self.rfile.read(min(left, _BLOCK))
            if not block:
                raise ConnectionResetError(left)
            left -= len(block)
            yield block
