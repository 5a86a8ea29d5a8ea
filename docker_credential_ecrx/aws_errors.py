"""Turns what botocore raises into one sentence: what failed, and what mends it.

AWS's own words are repeated only where they name principals and actions.
A signature that does not match is answered with the request's headers, the session token among them.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore import exceptions

from docker_credential_ecrx.aws_retries import THROTTLED, TOO_MANY, TooEarlyError
from docker_credential_ecrx.credentials import Choose
from docker_credential_ecrx.errors import (
    AwsError,
    ClockError,
    MfaCodeNeededError,
    NoAwsCredentialsError,
    SignInNeededError,
    UnreachableError,
)
from docker_credential_ecrx.identity import Identity
from docker_credential_ecrx.way_errors import CALLER, IN_BETWEEN, STRANGE, Facts, explain_way, facts_of, quoted

_SKEW_SECONDS = 240  # AWS allows five minutes
# What AWS answers when the signature's time or the secret key is wrong; the Date of the answer tells which.
_CLOCK = ("RequestTimeTooSkewed", "RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException")
_DENIED = ("AccessDenied", "AccessDeniedException")
# One of AWS's denials, by what it says: "MultiFactorAuthentication failed with invalid MFA one time pass code."
_WRONG_CODE = "invalid MFA one time pass code"
# AWS's codes, the operations that they are told of (all, where there is none), the reason and the remedy.
Answer = tuple[tuple[str, ...], str, str, str]
_ANSWERS: tuple[Answer, ...] = (
    (
        _CLOCK,
        "",
        "AWS refused the signature of {operation} ({code})",
        "check the secret key: {renewal}",
    ),
    (
        ("InvalidIdentityToken", "ExpiredTokenException", "IDPRejectedClaim", "IDPCommunicationError"),
        "AssumeRoleWithWebIdentity",
        "AWS refused the web identity token ({code}): {said}",
        "get a new one, and check issuer and audience of the OIDC identity provider in the role's account",
    ),
    (
        ("ExpiredToken", "ExpiredTokenException"),
        "",
        "the AWS session has expired",
        "{renewal_of_session}",
    ),
    (
        ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"),
        "",
        "AWS does not know the access key ({operation}: {code})",
        "{renewal}",
    ),
    (
        (_WRONG_CODE,),
        "AssumeRole",
        "the MFA code is wrong, or was used before",
        "try again with the next code",
    ),
    (
        _DENIED,
        "AssumeRole",
        "AWS denied {operation}: {said}",
        "allow it in the role's trust policy and in the caller's own policy",
    ),
    (
        _DENIED,
        "",
        "AWS denied {operation}: {said}",
        "allow ecr:GetAuthorizationToken in the principal's own policy",
    ),
    (
        THROTTLED,
        "",
        "AWS throttles {operation} ({code})",
        "try again in a moment",
    ),
)
_SECONDS_TOLD = 90
_SERVER_ERROR, _PROXY_PASSWORD = 500, 407


class MfaNeededError(Exception):
    """A role wants an MFA code, and botocore may not ask for it."""


_SIGNED_OUT = (
    exceptions.UnauthorizedSSOTokenError,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
    exceptions.LoginError,
)
# What a caller can do something about is an error of its own kind.
_KINDS = (
    (NoAwsCredentialsError, exceptions.NoCredentialsError),
    (SignInNeededError, _SIGNED_OUT),
    (MfaCodeNeededError, MfaNeededError),
    (UnreachableError, (TimeoutError, exceptions.ConnectionError, exceptions.HTTPClientError)),
)


def explain(
    error: Exception,
    identity: Identity,
    environ: Mapping[str, str],
    answers: tuple[Answer, ...] = (),
    choose: Choose | None = None,
) -> AwsError:
    """Return ``error`` as a reason and a remedy; ``answers`` go before those that any call may get.

    A remedy says HOST and REGION for those of the registry, and ``choose`` tells what has another AWS profile make the
    call where that is none of a registry's.
    The remedy for an MFA code that is needed is the caller's, who knows what it was needed for.
    """
    wrong_clock = _wrong_clock(error)
    if wrong_clock is not None:
        return wrong_clock
    facts = facts_of(identity, environ, choose)
    if isinstance(error, MfaNeededError):
        reason, hint = "its role needs an MFA code, which get cannot ask for", ""
    elif isinstance(error, TooEarlyError):
        reason, _ = _answered(error.error, facts, answers)
        hint = f"try again in {_duration(error.seconds)}"
    elif isinstance(error, exceptions.ClientError):
        reason, hint = _answered(error, facts, answers)
    else:
        reason, hint = explain_way(error, facts)
    kind = next((kind for kind, causes in _KINDS if isinstance(error, causes)), AwsError)
    return kind(reason, hint)


def _answered(error: exceptions.ClientError, facts: Facts, answers: tuple[Answer, ...]) -> tuple[str, str]:
    """Return reason and remedy for an error that AWS itself answered with, or something between us and AWS."""
    response: Any = error.response
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = str(response.get("Error", {}).get("Code", "unknown"))
    if code in ("", "unknown", str(status)) and status < _SERVER_ERROR:
        return _by_status(error.operation_name, status)
    said = quoted(str(response.get("Error", {}).get("Message", "")))
    if _WRONG_CODE in said:
        code = _WRONG_CODE
    words = {"operation": error.operation_name, "code": code, "said": said, "status": status}
    words |= {"asked": facts.origin.asked, "renewal": facts.origin.renewal(error.operation_name)}
    words["renewal_of_session"] = facts.origin.renewal(error.operation_name, of_session=True)
    reason, hint = "AWS refused {operation}: {code}: {said}", f"{CALLER}{{asked}}"
    if status >= _SERVER_ERROR:
        reason, hint = "AWS failed at {operation} (HTTP {status}, {code})", "try again in a moment"
    for codes, operation, row_reason, row_hint in (*answers, *_ANSWERS):
        if code in codes and error.operation_name.startswith(operation):
            reason, hint = row_reason, row_hint
            break
    return reason.format(**words), hint.format(**words)


def _wrong_clock(error: Exception) -> ClockError | None:
    """Return the error where AWS refused a signature because of its time."""
    if not isinstance(error, exceptions.ClientError) or error.response.get("Error", {}).get("Code") not in _CLOCK:
        return None
    skew = _skew(error.response)
    if abs(skew) <= _SKEW_SECONDS:
        return None
    direction = "ahead of" if skew > 0 else "behind"
    message = f"the clock here is {_duration(abs(skew))} {direction} AWS's"
    return ClockError(message, "set the clock: timedatectl set-ntp true", skew)


def _by_status(operation: str, status: int) -> tuple[str, str]:
    """Return what an answer means that is none of AWS's: a page of a proxy's, with a status alone."""
    if status == TOO_MANY:
        return f"AWS throttles {operation} (HTTP {status})", "try again in a moment"
    if status == _PROXY_PASSWORD:
        return "the proxy wants a name and a password (HTTP 407)", "check HTTPS_PROXY and NO_PROXY"
    return f"{STRANGE} (HTTP {status})", IN_BETWEEN


def _skew(response: Mapping[str, Any]) -> float:
    """Return how many seconds the clock here is ahead of AWS's, by the answer's Date."""
    try:
        date = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
        return (datetime.now(UTC) - date).total_seconds()
    except (LookupError, ValueError, TypeError):
        return 0.0


def _duration(seconds: float) -> str:
    if seconds < _SECONDS_TOLD:
        return f"{math.ceil(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004
