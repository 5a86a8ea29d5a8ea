"""Turns what botocore raises into one sentence: what failed, and what mends it.

AWS's own words are repeated only where they name principals and actions, as ``third_party`` lets them through.
A signature that does not match is answered with the request's headers, the session token among them.
"""

import errno
import os
import re
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import botocore
from botocore import exceptions
from botocore.parsers import ResponseParserError
from urllib3.exceptions import NameResolutionError

from docker_credential_ecrx.aws import credential_source, failures
from docker_credential_ecrx.aws.client_errors import (
    CLOCK,
    SERVER_ERROR,
    TOO_MANY,
    WRONG_MFA_CODE,
    CredentialsError,
    ErrorRule,
    UnknownBotocoreError,
    ca_bundle,
)
from docker_credential_ecrx.aws.credential_source import Choose
from docker_credential_ecrx.aws.failures import Facts, told
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
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.system.deadline import LateStartError, TimeLimitError

__all__ = ["ErrorRule", "MfaNeededError", "explain"]

_SKEW_SECONDS = 240  # AWS allows five minutes
_WRONG_CODE = "invalid MFA one time pass code"
_PROXY_PASSWORD = 407


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
    env: Mapping[str, str],
    answers: tuple[ErrorRule, ...] = (),
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
    facts = failures.facts_of(identity, env, choose)
    if isinstance(error, TooEarlyError):
        found = _answered(error.error, facts, answers)
        found.remedy = Remedy(f"try again in {failures.duration(error.seconds)}")
    elif isinstance(error, exceptions.ClientError):
        found = _answered(error, facts, answers)
    else:
        found = _on_the_way(error, facts)
    kind = next((kind for kind, causes in _KINDS if isinstance(error, causes)), AwsError)
    return kind(found.message, found.remedy, found.codes)


def _answered(error: exceptions.ClientError, facts: Facts, answers: tuple[ErrorRule, ...]) -> AwsError:
    """Return the failure that AWS itself answered with, or something between us and AWS."""
    response: Any = error.response
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = response.get("Error", {}).get("Message", "")
    code = str(response.get("Error", {}).get("Code", third_party.UNKNOWN))
    if code in ("", third_party.UNKNOWN, str(status)) and status < SERVER_ERROR:
        return _by_status(error.operation_name, status, facts)
    code = third_party.code(code)
    if _WRONG_CODE in str(said):
        code = WRONG_MFA_CODE
    values = {"operation": error.operation_name, "code": code, "status": str(status), "said": str(said)}
    return failures.told_of_aws(facts, values, answers)


def _by_status(operation: str, status: int, facts: Facts) -> AwsError:
    """Return what an answer means that is none of AWS's: a page of a proxy's, with a status alone."""
    key = {TOO_MANY: "throttled", _PROXY_PASSWORD: "proxy-password"}.get(status, "strange-status")
    return told(key, facts, operation=operation, status=str(status))


def _wrong_clock(error: Exception) -> ClockError | None:
    """Return the error where AWS refused a signature because of its time."""
    if not isinstance(error, exceptions.ClientError) or error.response.get("Error", {}).get("Code") not in CLOCK:
        return None
    skew = _skew(error.response)
    return failures.wrong_clock(skew) if abs(skew) > _SKEW_SECONDS else None


def _skew(response: Mapping[str, Any]) -> float:
    """Return how many seconds the clock here is ahead of AWS's, by the answer's Date."""
    try:
        date = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
        return (datetime.now(UTC) - date).total_seconds()
    except (LookupError, ValueError, TypeError):
        return 0.0


def _on_the_way(error: Exception, facts: Facts) -> AwsError:  # noqa: C901, PLR0911 - a table
    """Return the failure for what went wrong on the way to AWS, or before."""
    match error:
        case MfaNeededError():
            return told("mfa", facts)
        case CredentialsError():
            return _credentials(error.__cause__, facts)
        case UnknownBotocoreError():
            return told("botocore", facts, version=botocore.__version__)
        case TimeoutError():
            return told("hangs", facts, seconds=_seconds(error))
        case LateStartError(seconds=seconds):
            return told("late", facts, seconds=f"{seconds:.0f}")
        case exceptions.SSLError() | ssl.SSLError():
            return _tls(error, facts)
        case exceptions.ConnectionError() | exceptions.HTTPClientError():
            return _network(error, facts)
        case RuntimeError() if "still expired" in str(error):
            return told("session", facts)
        case exceptions.BotoCoreError():
            return _configuration(error, facts)
        case ResponseParserError() | ValueError() | LookupError() | AttributeError() | TypeError() | RuntimeError():
            return told("strange", facts)
        case OSError():
            place, number = str(error.filename or ""), errno.errorcode.get(error.errno or 0, "")
            unnumbered = {} if number else {"strerror": type(error).__name__}
            return told("file", facts, path=place, errno=number, **unnumbered)
    return told("unknown", facts, name=type(error).__name__)


def _credentials(cause: object, facts: Facts) -> AwsError:
    """Return what it was that gave no credentials: most sources have an error of their own."""
    has_process = facts.origin.kind == "process"
    if isinstance(cause, TimeoutError):
        return told("process-hangs" if has_process else "source-hangs", facts, seconds=_seconds(cause))
    return told("process-strange" if has_process and isinstance(cause, ValueError) else "strange", facts)


def _seconds(error: TimeoutError) -> str:
    """Return the limit that ``limit`` gave the call."""
    return f"{error.seconds:g}" if isinstance(error, TimeLimitError) else "some"


def _configuration(error: exceptions.BotoCoreError, facts: Facts) -> AwsError:  # noqa: C901, PLR0911 - a table
    kwargs, origin, said = error.kwargs, facts.origin, {"said": str(error), "name": type(error).__name__}
    match error:
        case exceptions.NoCredentialsError():
            return told("no-credentials", facts)
        case exceptions.ProfileNotFound():
            return told("no-profile", facts, name=str(kwargs.get("profile", origin.profile)))
        case exceptions.InvalidConfigError() if origin.kind == "missing":
            return told("no-profile", facts)
        case exceptions.InvalidConfigError() if "must have credentials" in str(error):
            return told("empty-profile", facts)
        case exceptions.ConfigParseError() | exceptions.ConfigNotFound():
            path, line = str(kwargs.get("path", "")), credential_source.broken_line(kwargs)
            return told("unreadable-line" if line else "unreadable", facts, path=path, line=line)
        case exceptions.PartialCredentialsError():
            return told("lacking", facts, lacking=str(kwargs.get("cred_var", "")))
        case exceptions.UnauthorizedSSOTokenError() | exceptions.SSOError() | exceptions.TokenRetrievalError():
            return told("sso", facts)
        case exceptions.LoginError():
            return told("login", facts)
        case exceptions.CredentialRetrievalError() if kwargs.get("provider") == "custom-process":
            return told("process", facts)
        case exceptions.CredentialRetrievalError() | exceptions.MetadataRetrievalError():
            return told("source", facts, source=str(kwargs.get("provider", "the metadata service")))
        case (
            exceptions.InvalidConfigError()
            | exceptions.UnknownCredentialError()
            | exceptions.MissingDependencyException()
        ):
            return told("refused-profile", facts, **said)
    return told("refused", facts, **said)


def _network(error: exceptions.BotoCoreError, facts: Facts) -> AwsError:
    cause = error.kwargs.get("error")
    match error:
        case exceptions.ProxyConnectionError():
            if isinstance(getattr(cause, "original_error", None), NameResolutionError):
                return told("proxy-nameless", facts)
            refused = re.search(r"Tunnel connection failed: (\d{3})", str(cause))
            if refused:
                return told("proxy-refuses", facts, status=refused[1])
            return told("proxy-silent", facts)
        case exceptions.EndpointConnectionError() if isinstance(cause, NameResolutionError):
            return told("nameless", facts, host=_host(error))
        case exceptions.EndpointConnectionError() | exceptions.ConnectTimeoutError() | exceptions.ReadTimeoutError():
            return told("silent", facts, host=_host(error))
    return told("broken", facts)


def _tls(error: Exception, facts: Facts) -> AwsError:
    """Return the failure where TLS failed with the CA bundle that the user chose, if any."""
    bundle = ca_bundle(facts.identity, facts.env)
    if bundle and not os.access(os.path.expanduser(bundle), os.R_OK):  # noqa: PTH111
        return told("bundle", facts, bundle=bundle)
    if bundle and "NO_CERTIFICATE_OR_CRL_FOUND" in str(error):
        return told("bundle-empty", facts, bundle=bundle)
    return told("certificate", facts)


def _host(error: exceptions.BotoCoreError) -> str:
    """Return the endpoint's host; its URL may hold a password."""
    return urlsplit(str(error.kwargs.get("endpoint_url", ""))).hostname or "AWS"
