"""Checks AWS's signatures, version 4, as AWS documents them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import secrets
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, unquote

from docker_credential_ecrx.demo.fake_aws.messages import Principal, Refusal, Request

_SCHEME, _TERMINATOR = "AWS4-HMAC-SHA256", "aws4_request"
_CLOCK_SKEW_SECONDS = 300


class Signed(NamedTuple):
    """The parts of a request's signature; ``at`` is ``timestamp`` in seconds since 1970, UTC."""

    key_id: str
    date: str
    region: str
    service: str
    terminator: str
    headers: list[str]
    timestamp: str
    at: float
    signature: str


def signer(
    request: Request, service: str, find: Callable[[str], Principal | None], now: float
) -> tuple[Principal, str]:
    """Return who signed the request, and for which region; raise Refusal as AWS does.

    ``find`` returns the principal of an access key id.
    """
    mismatch = "SignatureDoesNotMatch" if service == "sts" else "InvalidSignatureException"
    signed = _parsed(request)
    caller = find(signed.key_id)
    token = request.headers.get("X-Amz-Security-Token")
    if caller is None or token != caller.keys.session_token:
        code = "InvalidClientTokenId" if service == "sts" else "UnrecognizedClientException"
        raise Refusal(code, "The security token included in the request is invalid.", 403)
    if abs(signed.at - now) > _CLOCK_SKEW_SECONDS:
        state = "expired" if signed.at < now else "not yet current"
        raise Refusal(mismatch, f"Signature {state}: {signed.timestamp}", 403)
    if signed.service != service:
        raise Refusal(mismatch, f"Credential should be scoped to correct service: '{service}'.", 403)
    if signed.region not in _regions_of(request.host, signed.region):
        raise Refusal(mismatch, "Credential should be scoped to a valid region.", 403)
    if signed.terminator != _TERMINATOR:
        raise Refusal(mismatch, f"Credential should be scoped with a valid terminator: '{_TERMINATOR}'.", 403)
    if not signed.timestamp.startswith(signed.date):
        words = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
        raise Refusal(mismatch, f"{words}: '{signed.date}' != '{signed.timestamp[:8]}'.", 403)
    names = {name.lower() for name in request.headers}
    needed = {"host"} | {name for name in names if name == "content-type" or name.startswith("x-amz-")}
    if signed.headers != sorted(names.intersection(signed.headers) | needed):
        raise Refusal(mismatch, f"{', '.join(sorted(needed))} must be SignedHeaders, in this order.", 403)
    if not secrets.compare_digest(expected(request, signed, caller.keys.secret_access_key), signed.signature):
        words = "The request signature we calculated does not match the signature you provided."
        raise Refusal(mismatch, f"{words} The Canonical String was 'x-amz-security-token:{token}'", 403)
    if caller.expires <= now:
        code = "ExpiredToken" if service == "sts" else "ExpiredTokenException"
        raise Refusal(code, "The security token included in the request is expired", 403)
    return caller, signed.region


def _parsed(request: Request) -> Signed:
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(",")) if scheme == _SCHEME else {}
    try:
        key_id, *scope = parts["Credential"].split("/")
        date, region, service, terminator = scope
        headers, timestamp = parts["SignedHeaders"].split(";"), request.headers["X-Amz-Date"]
        at = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except (LookupError, ValueError) as error:
        raise Refusal("MissingAuthenticationToken", "Request is missing Authentication Token", 403) from error
    return Signed(
        key_id, date, region, service, terminator, headers, timestamp, at, signature=parts.get("Signature", "")
    )


def expected(request: Request, signed: Signed, secret: str) -> str:
    """Return the correct signature of the request."""
    key = f"AWS4{secret}".encode()
    for part in (signed.date, signed.region, signed.service, signed.terminator):
        key = hmac.digest(key, part.encode(), "sha256")
    scope = f"{signed.date}/{signed.region}/{signed.service}/{signed.terminator}"
    digest = sha256(_canonical(request, signed.headers).encode("latin-1")).hexdigest()
    return hmac.digest(key, f"{_SCHEME}\n{signed.timestamp}\n{scope}\n{digest}".encode(), "sha256").hex()


def _canonical(request: Request, names: list[str]) -> str:
    """Return the canonical request, in which the headers ``names`` are signed."""
    path, _, query = request.path.partition("?")
    parameters = sorted((_encoded(name), _encoded(value)) for name, value in _parameters(query))
    values = {name.lower(): " ".join(value.split()) for name, value in request.headers.items()}
    return "\n".join(
        [
            request.method,
            quote(path, safe="/~"),
            "&".join(f"{name}={value}" for name, value in parameters),
            *(f"{name}:{values[name]}" for name in names),
            "",
            ";".join(names),
            sha256(request.body).hexdigest(),
        ]
    )


def _parameters(query: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]


def _encoded(text: str) -> str:
    """Return a part of a query as it is signed: only the unreserved characters of RFC 3986 are not encoded."""
    return quote(unquote(text, "latin-1"), "-_.~", "latin-1")


def _regions_of(host: str, signed: str) -> Collection[str]:
    """Return the regions that an endpoint serves; on loopback that is the ``signed`` one."""
    name = host.partition(":")[0]
    if name == "sts.amazonaws.com":
        return ("us-east-1",)
    return name.split(".") if "aws" in name else (signed,)
