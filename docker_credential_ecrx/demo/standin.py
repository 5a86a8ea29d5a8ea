"""A stand-in for AWS on loopback: STS and ECR of several accounts, for real boto3 with real signatures.

It refuses what AWS refuses, in AWS's words, as far as this program meets them, and counts who called what.
"""

import base64
import json
import secrets
import ssl
import threading
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_TOKEN_SECONDS = 12 * 3600
_ROLE_SECONDS = 3600
_ROLE_SECONDS_PERMITTED = range(900, 43200 + 1)
_CLOCK_SKEW_SECONDS = 300
# A password of this much random payload has some 2,400 characters, as those of assumed roles have.
_PAYLOAD_BYTES = 1200
_DENIED = "AccessDenied"
_TARGETS = {
    "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken": ("ecr", "GetAuthorizationToken"),
    "SpencerFrontendService.GetAuthorizationToken": ("ecr-public", "GetAuthorizationToken"),
}


class Keys(NamedTuple):
    """A principal's access key."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        """Leave the secrets out."""
        return f"Keys({self.access_key_id!r})"


class Call(NamedTuple):
    """One request: the operation, the ARN that signed it (or an empty text), its region, and AWS's error if any."""

    operation: str
    caller: str
    region: str
    at: float
    error: str = ""


class Issued(NamedTuple):
    """Whose token it is, where it holds, and when it ends (seconds since 1970, UTC)."""

    principal: str
    account: str
    region: str
    service: str
    expires: float


class Role(NamedTuple):
    """A role's trust policy: principals (ARNs or accounts), and the subjects of web identities."""

    arn: str
    trusts: Collection[str]
    external_id: str | None
    mfa: bool
    web_identity_subjects: Collection[str]


class Answer(NamedTuple):
    """One HTTP response."""

    status: int
    content_type: str
    body: bytes


class Refusal(Exception):  # noqa: N818 - AWS's errors are answers here
    """AWS's error, by its code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


class _Principal(NamedTuple):
    arn: str
    account: str
    keys: Keys
    expires: float


class _Request(NamedTuple):
    method: str
    host: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class StandIn:
    """AWS on ``url``, from entering the context to leaving it."""

    def __init__(self, port: int = 0, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.calls: list[Call] = []
        self.issued: dict[str, Issued] = {}
        self.token_seconds: float = _TOKEN_SECONDS
        self._principals: dict[str, _Principal] = {}
        self._roles: dict[str, Role] = {}
        self._lock = threading.Lock()
        self._server = _Server((host, port), self)
        if context is not None:
            # The handshake waits for the connection's own thread: a client that says nothing holds up nobody else.
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
        keys = Keys(f"AKIA{_letters(16)}", secrets.token_urlsafe(30))
        self._add(_Principal(f"arn:aws:iam::{account}:user/{name}", account, keys, float("inf")))
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
        """Let the principals and accounts of ``trusts`` assume the role ``arn``."""
        self._roles[arn] = Role(arn, trusts, external_id, mfa, web_identity_subjects)

    def count(self, operation: str) -> int:
        """Return how often ``operation`` was called."""
        return sum(call.operation == operation for call in list(self.calls))

    def is_live(self, password: str) -> bool:
        """Return whether ECR would take the password now."""
        issued = self.issued.get(password)
        return issued is not None and issued.expires > self.now()

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request; a subclass injects faults here, and raises ConnectionError to hang up."""
        request = _Request(method, headers.get("Host", ""), path, headers, body)
        service, operation = self.operation(headers, body)
        caller, region, refusal = "", "", None
        try:
            principal = None
            if operation != "AssumeRoleWithWebIdentity":
                principal, region = self._authenticate(request, service)
                caller = principal.arn
            answer = self._operate(service, operation, principal, region, body)
        except Refusal as error:
            refusal = error
            answer = refused(service, error)
        with self._lock:
            self.calls.append(Call(operation, caller, region, self.now(), refusal.code if refusal else ""))
        return answer

    def operation(self, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
        """Return the service and the operation that a request asks for."""
        target = headers.get("X-Amz-Target", "")
        if target:
            return _TARGETS.get(target, ("ecr", target.rpartition(".")[2]))
        return "sts", dict(parse_qsl(body.decode("ascii", "replace"))).get("Action", "")

    def _operate(self, service: str, operation: str, who: _Principal | None, region: str, body: bytes) -> Answer:
        if service == "sts":
            fields = dict(parse_qsl(body.decode()))
            if operation == "GetCallerIdentity" and who is not None:
                return _xml(operation, {"Arn": who.arn, "UserId": who.keys.access_key_id, "Account": who.account})
            if operation == "AssumeRole" and who is not None:
                return self._assume(operation, fields, self._trusted(fields, who))
            if operation == "AssumeRoleWithWebIdentity":
                return self._assume(operation, fields, self._trusted_subject(fields))
        elif operation == "GetAuthorizationToken" and who is not None:
            return self._token(service, who, region)
        code = "InvalidAction" if service == "sts" else "UnknownOperationException"
        raise Refusal(code, f"Could not find operation {operation}")

    def _token(self, service: str, who: _Principal, region: str) -> Answer:
        if service == "ecr-public" and region != "us-east-1":
            code = "UnsupportedCommandException"
            raise Refusal(code, f"GetAuthorizationToken command is only supported in us-east-1, not {region}")
        expires = self.now() + self.token_seconds
        password = new_password(expires)
        with self._lock:
            self.issued[password] = Issued(who.arn, who.account, region, service, expires)
        entry = self.token_entry(password, expires)
        data: Any = entry
        if service == "ecr":
            data = [entry | {"proxyEndpoint": f"https://{who.account}.dkr.ecr.{region}.amazonaws.com"}]
        return Answer(200, "application/x-amz-json-1.1", json.dumps({"authorizationData": data}).encode())

    def token_entry(self, password: str, expires: float) -> dict[str, Any]:
        """Return what ECR says of a token; a subclass may say something else."""
        return {"authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(), "expiresAt": expires}

    def _trusted(self, fields: Mapping[str, str], who: _Principal) -> Role:
        arn = fields.get("RoleArn", "")
        role = self._roles.get(arn)
        permitted = (
            role is not None
            and (who.arn in role.trusts or who.account in role.trusts)
            and role.external_id in (None, fields.get("ExternalId"))
            and (not role.mfa or fields.get("TokenCode") == "123456")
        )
        if role is None or not permitted:
            message = f"User: {who.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
            raise Refusal(_DENIED, message, 403)
        return role

    def _trusted_subject(self, fields: Mapping[str, str]) -> Role:
        role = self._roles.get(fields.get("RoleArn", ""))
        try:
            body = fields["WebIdentityToken"].split(".")[1]
            subject = json.loads(base64.urlsafe_b64decode(body + "=="))["sub"]
        except (LookupError, ValueError) as error:
            code = "InvalidIdentityToken"
            raise Refusal(code, "The ID Token provided is not a valid JWT.") from error
        if role is None or subject not in role.web_identity_subjects:
            raise Refusal(_DENIED, "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
        return role

    def _assume(self, operation: str, fields: Mapping[str, str], role: Role) -> Answer:
        account = role.arn.split(":")[4]
        session, seconds = fields.get("RoleSessionName", ""), int(fields.get("DurationSeconds", _ROLE_SECONDS))
        if not session or seconds not in _ROLE_SECONDS_PERMITTED:
            code = "ValidationError"
            raise Refusal(code, "The role session needs a name, and a length from 900 to 43200 seconds.")
        expires = self.now() + seconds
        keys = Keys(f"ASIA{_letters(16)}", secrets.token_urlsafe(30), secrets.token_urlsafe(300))
        arn = f"arn:aws:sts::{account}:assumed-role/{role.arn.rpartition('/')[2]}/{session}"
        self._add(_Principal(arn, account, keys, expires))
        return _xml(
            operation,
            {
                "Credentials": {
                    "AccessKeyId": keys.access_key_id,
                    "SecretAccessKey": keys.secret_access_key,
                    "SessionToken": keys.session_token or "",
                    "Expiration": datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                },
                "AssumedRoleUser": {"Arn": arn, "AssumedRoleId": f"AROA{_letters(16)}:{session}"},
            },
        )

    def _authenticate(self, request: _Request, service: str) -> tuple[_Principal, str]:
        """Return who signed the request and for which region; raise Refusal as AWS does."""
        mismatch = "SignatureDoesNotMatch" if service == "sts" else "InvalidSignatureException"
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        try:
            key_id, _, region, scope, _ = parts["Credential"].split("/")
            signed, timestamp = parts["SignedHeaders"].split(";"), request.headers["X-Amz-Date"]
            at = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        except (LookupError, ValueError) as error:
            code = "MissingAuthenticationToken"
            raise Refusal(code, "Request is missing Authentication Token", 403) from error
        who = self._principals.get(key_id)
        token = request.headers.get("X-Amz-Security-Token")
        if scheme != "AWS4-HMAC-SHA256" or who is None or token != who.keys.session_token:
            code = "InvalidClientTokenId" if service == "sts" else "UnrecognizedClientException"
            raise Refusal(code, "The security token included in the request is invalid.", 403)
        if abs(at - self.now()) > _CLOCK_SKEW_SECONDS:
            state = "expired" if at < self.now() else "not yet current"
            raise Refusal(mismatch, f"Signature {state}: {timestamp}", 403)
        if scope != service:
            raise Refusal(mismatch, f"Credential should be scoped to correct service: '{service}'.", 403)
        if region not in _regions_of(request.host, region):
            raise Refusal(mismatch, "Credential should be scoped to a valid region.", 403)
        credentials = Credentials(*who.keys)
        auth = SigV4Auth(credentials, service, region)
        copy = AWSRequest(
            request.method,
            f"https://{request.host}{request.path}",
            {name: value for name, value in request.headers.items() if name.lower() in signed},
            request.body,
        )
        copy.context["timestamp"] = timestamp
        expected = auth.signature(auth.string_to_sign(copy, auth.canonical_request(copy)), copy)
        if not secrets.compare_digest(expected, parts.get("Signature", "")):
            words = "The request signature we calculated does not match the signature you provided."
            raise Refusal(mismatch, f"{words} The Canonical String was 'x-amz-security-token:{token}'", 403)
        if who.expires <= self.now():
            code = "ExpiredToken" if service == "sts" else "ExpiredTokenException"
            raise Refusal(code, "The security token included in the request is expired", 403)
        return who, region

    def now(self) -> float:
        """Return AWS's time, in seconds since 1970; a subclass may have another."""
        return time.time()

    def _add(self, principal: _Principal) -> None:
        with self._lock:
            self._principals[principal.keys.access_key_id] = principal


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], aws: StandIn) -> None:
        self.aws = aws
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Answer a request of AWS's two protocols."""
        path, headers = urlsplit(self.path).path or "/", dict(self.headers.items())
        try:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send(self.server.aws.handle("POST", path, headers, body))
        except ConnectionError:  # either side hung up
            self.close_connection = True

    def send(self, answer: Answer) -> None:
        """Send ``answer`` with the headers that AWS sends."""
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("x-amzn-RequestId", secrets.token_hex(16))
        self.send_header("Date", formatdate(self.server.aws.now(), usegmt=True))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Keep quiet: the calls are on record."""


def new_password(expires: float) -> str:
    """Return a password of the size and form of ECR's: base64 of JSON with a random payload."""
    payload = {
        "payload": base64.b64encode(secrets.token_bytes(_PAYLOAD_BYTES)).decode(),
        "datakey": base64.b64encode(secrets.token_bytes(96)).decode(),
        "version": "2",
        "type": "DATA_KEY",
        "expiration": int(expires),
    }
    return base64.b64encode(json.dumps(payload, separators=(",", ":")).encode()).decode()


def _regions_of(host: str, signed: str) -> Collection[str]:
    """Return the regions that an endpoint serves; one on loopback serves the ``signed`` one."""
    name = host.partition(":")[0]
    if name == "sts.amazonaws.com":
        return ("us-east-1",)
    return name.split(".") if "aws" in name else (signed,)


def refused(service: str, error: Refusal) -> Answer:
    """Return ``error`` in the form of the service's protocol."""
    if service == "sts":
        kind = "Sender" if error.status < 500 else "Receiver"  # noqa: PLR2004 - HTTP's classes
        body = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
            f"<Type>{kind}</Type><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
            f"</Error><RequestId>{secrets.token_hex(16)}</RequestId></ErrorResponse>"
        )
        return Answer(error.status, "text/xml", body.encode())
    body = json.dumps({"__type": error.code, "message": error.message})
    return Answer(error.status, "application/x-amz-json-1.1", body.encode())


def _xml(operation: str, result: Mapping[str, Any]) -> Answer:
    body = (
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{operation}Result>{_elements(result)}</{operation}Result>"
        f"<ResponseMetadata><RequestId>{secrets.token_hex(16)}</RequestId></ResponseMetadata></{operation}Response>"
    )
    return Answer(200, "text/xml", body.encode())


def _elements(values: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_elements(value) if isinstance(value, Mapping) else escape(value)}</{name}>"
        for name, value in values.items()
    )


def _letters(count: int) -> str:
    return base64.b32encode(secrets.token_bytes(count)).decode()[:count]
