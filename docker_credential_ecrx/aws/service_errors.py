"""Explains what a call to AWS raises: AWS's error responses here, everything else in ``client_errors``.

AWS's own words are repeated only as ``third_party`` sanitizes them: the response to a signature that does not match
contains the headers of the request, and so the session token.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore import exceptions

from docker_credential_ecrx.aws import client_errors, failures, role_settings
from docker_credential_ecrx.aws.caller import Caller
from docker_credential_ecrx.aws.client_errors import MfaNeededError
from docker_credential_ecrx.aws.error_rule import ErrorRule
from docker_credential_ecrx.aws.error_rules import (
    ROOT_CALLER,
    SERVER_ERROR,
    TOO_MANY_REQUESTS,
    UNKNOWN_PRINCIPAL,
    WRONG_MFA_CODE,
    WRONG_SIGNATURE,
)
from docker_credential_ecrx.aws.retries import TooEarlyError
from docker_credential_ecrx.errors import (
    AwsError,
    ClockError,
    MfaCodeNeededError,
    NoAwsCredentialsError,
    Remedy,
    SignInNeededError,
    UnreachableError,
)
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.system import shortage

_PROXY_PASSWORD = 407
# Error responses that share a code with others: part of their message, AWS's code if it matters, and our own code.
# The second wording for an unknown principal is newer (terraform-provider-aws#39064).
_BY_MESSAGE = (
    ("invalid MFA one time pass code", "", WRONG_MFA_CODE),
    ("may not be assumed by root accounts", "AccessDenied", ROOT_CALLER),
    ("Invalid repository policy provided", "InvalidParameterException", UNKNOWN_PRINCIPAL),
    ("Principal not found", "InvalidParameterException", UNKNOWN_PRINCIPAL),
)
_SIGNED_OUT = (
    exceptions.UnauthorizedSSOTokenError,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
    exceptions.LoginError,
)
# The failures that callers handle have their own types.
_TYPES = (
    (NoAwsCredentialsError, exceptions.NoCredentialsError),
    (SignInNeededError, _SIGNED_OUT),
    (MfaCodeNeededError, MfaNeededError),
    (UnreachableError, (TimeoutError, exceptions.ConnectionError, exceptions.HTTPClientError)),
)
# Those of a chain in which no source has credentials; botocore passes over half of a key in the environment.
_NOTHING = (("no-credentials",), ("no-key-id",))


def explain(error: Exception, caller: Caller, rules: Iterable[ErrorRule] = ()) -> AwsError:
    """Return ``error`` with its message and remedy; ``rules`` take precedence over those for all calls.

    HOST and REGION in the remedy stand for those of the registry.
    The remedy for a missing MFA code is up to the caller, which knows what the code is for.
    """
    lacking = shortage.behind(error)
    if lacking:
        return AwsError(*lacking, ("shortage",))  # which another process that waits may not lack
    wrong_clock = _wrong_clock(error)
    if wrong_clock is not None:
        return wrong_clock
    if isinstance(error, TooEarlyError):
        found = _error_response(error.error, caller, rules)
        found.remedy = Remedy(f"try again in {failures.duration(error.seconds)}")
    elif isinstance(error, exceptions.ClientError):
        found = _error_response(error, caller, rules)
    else:
        found = client_errors.explain(error, caller)
    kind = next((kind for kind, causes in _TYPES if isinstance(error, causes)), type(found))
    if kind is NoAwsCredentialsError and found.codes[:1] not in _NOTHING:
        kind = AwsError  # something is wrong with the source, which has its own remedy
    return kind(found.message, found.remedy, found.codes)


def _error_response(error: exceptions.ClientError, caller: Caller, rules: Iterable[ErrorRule]) -> AwsError:
    """Return the error for a response from AWS, or from something between this program and AWS."""
    response: Any = error.response
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    # botocore has None for an empty element.
    said, code = (str(response.get("Error", {}).get(name) or "") for name in ("Message", "Code"))
    if code in ("", third_party.UNKNOWN, str(status)):
        return _by_status(error.operation_name, status, caller)
    own = (own for part, of, own in _BY_MESSAGE if part in said and of in ("", code))
    code = next(own, third_party.code(code))
    values = {"operation": error.operation_name, "code": code, "status": str(status), "said": said}
    values["key"] = role_settings.key_in(said)
    return failures.service_error(caller, values, rules)


def _by_status(operation: str, status: int, caller: Caller) -> AwsError:
    """Return the error for a response with only a status, such as a page from a proxy."""
    other = "server-status" if status >= SERVER_ERROR else "invalid-status"
    code = {TOO_MANY_REQUESTS: "throttled", _PROXY_PASSWORD: "proxy-password"}.get(status, other)
    return failures.client_error(code, caller, operation=operation, status=str(status))


def _wrong_clock(error: Exception) -> ClockError | None:
    """Return the error if AWS refused a signature because of its time."""
    if not isinstance(error, exceptions.ClientError):
        return None
    if error.response.get("Error", {}).get("Code") not in WRONG_SIGNATURE:
        return None
    skew = _skew(error.response)
    return failures.wrong_clock(skew) if abs(skew) > failures.LONGEST_SKEW_SECONDS else None


def _skew(response: Mapping[str, Any]) -> float:
    """Return how many seconds the system clock is ahead of AWS's, by the response's Date."""
    try:
        date = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
        return (datetime.now(UTC) - date).total_seconds()
    except (LookupError, ValueError, TypeError):
        return 0.0
