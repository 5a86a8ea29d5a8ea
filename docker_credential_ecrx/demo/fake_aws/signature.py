"""Checks AWS's signatures, version 4, as AWS does."""

import secrets
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import NamedTuple

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from docker_credential_ecrx.demo.fake_aws.messages import Principal, Refusal, Request

_SCHEME = "AWS4-HMAC-SHA256"
_CLOCK_SKEW_SECONDS = 300


class _Signed(NamedTuple):
    """The parts of a request's signature; ``at`` is ``timestamp`` in seconds since 1970, UTC."""

    key_id: str
    region: str
    service: str
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
    signed = _signed(request)
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
    if not secrets.compare_digest(_expected(request, signed, caller), signed.signature):
        words = "The request signature we calculated does not match the signature you provided."
        raise Refusal(mismatch, f"{words} The Canonical String was 'x-amz-security-token:{token}'", 403)
    if caller.expires <= now:
        code = "ExpiredToken" if service == "sts" else "ExpiredTokenException"
        raise Refusal(code, "The security token included in the request is expired", 403)
    return caller, signed.region


def _signed(request: Request) -> _Signed:
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(",")) if scheme == _SCHEME else {}
    try:
        key_id, _, region, service, _ = parts["Credential"].split("/")
        headers, timestamp = parts["SignedHeaders"].split(";"), request.headers["X-Amz-Date"]
        at = datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except (LookupError, ValueError) as error:
        raise Refusal("MissingAuthenticationToken", "Request is missing Authentication Token", 403) from error
    return _Signed(key_id, region, service, headers, timestamp, at, parts.get("Signature", ""))


def _expected(request: Request, signed: _Signed, caller: Principal) -> str:
    """Return the correct signature of the request."""
    auth = SigV4Auth(Credentials(*caller.keys), signed.service, signed.region)
    copy = AWSRequest(
        request.method,
        f"https://{request.host}{request.path}",
        {name: value for name, value in request.headers.items() if name.lower() in signed.headers},
        request.body,
    )
    copy.context["timestamp"] = signed.timestamp
    return str(auth.signature(auth.string_to_sign(copy, auth.canonical_request(copy)), copy))


def _regions_of(host: str, signed: str) -> Collection[str]:
    """Return the regions that an endpoint serves; on loopback that is the ``signed`` one."""
    name = host.partition(":")[0]
    if name == "sts.amazonaws.com":
        return ("us-east-1",)
    return name.split(".") if "aws" in name else (signed,)
