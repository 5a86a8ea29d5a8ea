"""What the services of the fake AWS share: principals, keys, requests, responses and errors."""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

DENIED = "AccessDenied"
# Part of every secret key, session token and password of the fake AWS: a test that finds it nowhere finds no secret.
MARK = "fake-aws-secret-"
# The same lengths as AWS's.
_SECRET_KEY_LENGTH, _SESSION_TOKEN_LENGTH = 40, 400


class Keys(NamedTuple):
    """A principal's access key."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        """Leave the secrets out."""
        return f"Keys({self.access_key_id!r})"


class Principal(NamedTuple):
    """The owner of an access key, and when it expires (seconds since 1970, UTC)."""

    arn: str
    account: str
    keys: Keys
    expires: float


class Request(NamedTuple):
    """One HTTP request."""

    method: str
    host: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class HttpResponse(NamedTuple):
    """One HTTP response."""

    status: int
    content_type: str
    body: bytes


class Refusal(Exception):  # noqa: N818 - AWS's errors are responses here
    """An error from AWS: its code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


def unique_id(prefix: str) -> str:
    """Return a new id as IAM gives them, such as an access key's."""
    return prefix + base64.b32encode(secrets.token_bytes(16)).decode()[:16]


def new_keys(*, session: bool) -> Keys:
    """Return a new access key, of a user or of a role's session."""
    secret = _new_secret(_SECRET_KEY_LENGTH)
    if session:
        return Keys(unique_id("ASIA"), secret, _new_secret(_SESSION_TOKEN_LENGTH))
    return Keys(unique_id("AKIA"), secret)


def document(content: Mapping[str, Any]) -> HttpResponse:
    """Return a response from ECR."""
    return HttpResponse(200, "application/x-amz-json-1.1", json.dumps(content).encode())


def xml(operation: str, result: Mapping[str, Any]) -> HttpResponse:
    """Return a response of STS's."""
    body = (
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<{operation}Result>{_elements(result)}</{operation}Result>"
        f"<ResponseMetadata><RequestId>{secrets.token_hex(16)}</RequestId></ResponseMetadata></{operation}Response>"
    )
    return HttpResponse(200, "text/xml", body.encode())


def refused(service: str, error: Refusal) -> HttpResponse:
    """Return ``error`` in the form of the service's protocol."""
    if service == "sts":
        kind = "Sender" if error.status < 500 else "Receiver"  # noqa: PLR2004 - HTTP's classes
        body = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>'
            f"<Type>{kind}</Type><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
            f"</Error><RequestId>{secrets.token_hex(16)}</RequestId></ErrorResponse>"
        )
        return HttpResponse(error.status, "text/xml", body.encode())
    content = {"__type": error.code, "message": error.message}
    return document(content)._replace(status=error.status)


def _new_secret(length: int) -> str:
    return (MARK + secrets.token_urlsafe(length))[:length]


def _elements(values: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_elements(value) if isinstance(value, Mapping) else escape(value)}</{name}>"
        for name, value in values.items()
    )
