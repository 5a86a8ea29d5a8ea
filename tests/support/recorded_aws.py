"""AWS, and what hands out credentials beside it, that remember all requests without what is random or a time."""

import json
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from support.aws_parts import Request, Sessions, Source

# botocore says who it is, and which attempt this is, and accepts compressed responses, which AWS does not send; no
# service decides anything by them, unless a policy has aws:UserAgent, which any client can set. The direct way closes
# its connection, which is used for one request.
UNIMPORTANT = frozenset(
    ("accept-encoding", "amz-sdk-invocation-id", "amz-sdk-request", "connection", "user-agent", "x-amz-date")
)
_MADE_UP = re.compile(r"\bbotocore-session-\d+")
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^,]+), SignedHeaders=([^,]+), Signature=[0-9a-f]{64}"
)


class Sent(NamedTuple):
    """One request: where it went, what it asked for, and by whose key in which scope; other headers as they are."""

    to: str
    method: str
    path: str
    signer: str
    scope: str
    signed: str
    headers: Mapping[str, str]
    body: object


class RecordedAws(Sessions):
    """AWS whose requests are in ``sent``, as are those of the sources that are ``recorded``."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []

    def handle(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Record a request, and respond to it."""
        found = _AUTHORIZATION.fullmatch(headers.get("Authorization", ""))
        caller = self._principals.get(found[1]) if found else None
        told = {name.lower(): value for name, value in headers.items() if name.lower() not in UNIMPORTANT}
        if found:
            told.pop("authorization")
            assert headers["X-Amz-Date"].startswith(found[2])
        if caller is not None and told.get("x-amz-security-token") == caller.keys.session_token:
            told["x-amz-security-token"] = "the key's"
        is_form = headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        if is_form:
            del told["content-length"]  # the time in a name that botocore makes up has no fixed length
        request = Sent(
            told.pop("host"),
            method,
            path,
            stable(caller.arn) if caller else "",
            found[3] if found else "",
            found[4] if found else "",
            told,
            sorted((name, stable(value)) for name, value in parse_qsl(body.decode(), keep_blank_values=True))
            if is_form
            else json.loads(body),
        )
        with self._lock:
            self.sent.append(request)
        return super().handle(method, path, headers, body)

    def recorded(self, source: Source) -> Source:
        """Return ``source``, whose requests are recorded."""
        session_token = "x-aws-ec2-metadata-token"

        def respond(request: Request) -> "str | dict[str, object] | None":
            found = source(request)
            told = {name: value for name, value in request.headers.items() if name not in UNIMPORTANT}
            if found is not None and session_token in told:
                told[session_token] = "the service's"
            self.sent.append(Sent(told.pop("host"), request.method, request.path, "", "", "", told, ""))
            return found

        return respond


def stable(text: str) -> str:
    """Return ``text`` with the session names that botocore makes up all alike."""
    return _MADE_UP.sub("botocore-session", text)
