"""Turns what boto3 raises into one sentence: what failed, with which profile, role and registry, and what mends it.

AWS's own words are repeated only where they name principals and actions.
A signature that does not match is answered with the request's headers, the session token among them.
"""

import os
import shlex
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions
from botocore.parsers import ResponseParserError

from docker_credential_ecrx.errors import (
    AwsError,
    MfaCodeNeededError,
    NoAwsCredentialsError,
    SignInNeededError,
    one_line,
)
from docker_credential_ecrx.identity import Identity, chain, profile_of
from docker_credential_ecrx.registry import Registry
from docker_credential_ecrx.settings import PROGRAM

_SKEW_SECONDS = 240  # AWS allows five minutes
_LONGEST_WORD, _LONGEST_MESSAGE = 200, 400
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
        "check the secret key: aws configure --profile {profile}",
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
        "renew it, for SSO with: aws sso login --profile {signed_in}",
    ),
    (
        ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"),
        "",
        "AWS does not know the access key ({operation}: {code})",
        "aws configure --profile {profile}",
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
        ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"),
        "",
        "AWS throttles {operation} ({code})",
        "try again in a moment",
    ),
)
_SERVER_ERROR = 500
# The keys of a section that a person signs in to: aws sso login, aws login.
_SIGN_IN = ("sso_session", "sso_start_url", "login_session")


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
)


def explain(error: Exception, registry: Registry, identity: Identity, environ: Mapping[str, str]) -> AwsError:
    """Return ``error`` as a sentence about the token of ``registry`` for ``identity``."""
    subject = f"no token for {registry.host}"
    if not isinstance(error, MfaNeededError):
        return explain_call(error, subject, identity, environ)
    # Where the configuration file or AWS's chain chose, login chooses the same.
    chosen = identity.profile and identity.role_arn is None
    option = f"--profile {shlex.quote(str(identity.profile))} " if chosen else ""
    reason, hint = "its role needs an MFA code, which get cannot ask for", f"{PROGRAM} login {option}{registry.host}"
    return MfaCodeNeededError(f"{subject} with {identity}: {reason}", hint)


def explain_call(
    error: Exception,
    subject: str,
    identity: Identity,
    environ: Mapping[str, str],
    answers: tuple[Answer, ...] = (),
) -> AwsError:
    """Return ``error`` as a sentence about ``subject``; ``answers`` go before those that any call may get."""
    profile = profile_of(identity, environ)
    settings = list(chain(identity, environ))
    signed_in = next((section for section, key, _ in settings if key in _SIGN_IN), profile)
    if isinstance(error, exceptions.ClientError):
        reason, hint = _client_error(error, profile, signed_in, answers)
    elif isinstance(error, (exceptions.SSLError, ssl.SSLError)):
        configured = next((value for _, key, value in settings if key == "ca_bundle"), "")
        reason, hint = _tls_failure(environ.get("AWS_CA_BUNDLE") or configured or environ.get("REQUESTS_CA_BUNDLE"))
    else:
        reason, hint = _failure(error, profile, signed_in)
    kind = next((kind for kind, causes in _KINDS if isinstance(error, causes)), AwsError)
    return kind(f"{subject} with {identity}: {reason}", hint)


def _client_error(
    error: exceptions.ClientError, profile: str, signed_in: str, answers: tuple[Answer, ...]
) -> tuple[str, str]:
    """Return reason and remedy for an error that AWS itself answered with."""
    response: Any = error.response
    code = str(response.get("Error", {}).get("Code", "unknown"))
    skew = _skew(response)
    if code in _CLOCK and abs(skew) > _SKEW_SECONDS:
        direction = "ahead of" if skew > 0 else "behind"
        return f"the clock here is {_duration(abs(skew))} {direction} AWS's", "set the clock: timedatectl set-ntp true"
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = _quoted(str(response.get("Error", {}).get("Message", "")))
    if _WRONG_CODE in said:
        code = _WRONG_CODE
    facts = {"operation": error.operation_name, "code": code, "said": said, "profile": profile, "status": status}
    facts["signed_in"] = signed_in
    reason, hint = "AWS refused {operation}: {code}: {said}", "aws sts get-caller-identity --profile {profile}"
    if status >= _SERVER_ERROR:
        reason, hint = "AWS failed at {operation} (HTTP {status}, {code})", "try again in a moment"
    for codes, operation, row_reason, row_hint in (*answers, *_ANSWERS):
        if code in codes and error.operation_name.startswith(operation):
            reason, hint = row_reason, row_hint
            break
    return reason.format(**facts), hint.format(**facts)


def _tls_failure(bundle: str | None) -> tuple[str, str]:
    """Return reason and remedy where TLS failed with the CA bundle that the user chose, if any."""
    if bundle and not os.access(os.path.expanduser(bundle), os.R_OK):  # noqa: PTH111
        return f"the CA bundle {bundle} cannot be read", "set AWS_CA_BUNDLE to a file of certificates, or unset it"
    return "the TLS certificate of AWS's endpoint cannot be verified", "check AWS_CA_BUNDLE and the clock"


def _failure(error: Exception, profile: str, signed_in: str) -> tuple[str, str]:  # noqa: C901, PLR0911, PLR0912 - a table of sentences
    """Return reason and remedy for what went wrong on the way to AWS, or before."""
    match error:
        case TimeoutError():
            return f"AWS gave {error}", "check the network and the proxy, and try again"
        case exceptions.NoCredentialsError():
            return "there are no AWS credentials", (
                f"aws configure --profile {profile}, or choose another profile for this registry: see README.md, Setup"
            )
        case exceptions.ProfileNotFound():
            missing = error.kwargs.get("profile", profile)
            return f"the AWS profile {missing} does not exist", (
                f"check its spelling, see aws configure list-profiles, or make it: aws configure --profile {missing}"
            )
        case exceptions.ConfigParseError() | exceptions.ConfigNotFound():
            return f"the AWS file {error.kwargs.get('path')} cannot be read", "mend its syntax or its permissions"
        case exceptions.PartialCredentialsError():
            return f"the AWS credentials lack {error.kwargs.get('cred_var')}", f"aws configure --profile {profile}"
        case exceptions.UnauthorizedSSOTokenError() | exceptions.SSOError() | exceptions.TokenRetrievalError():
            return "the AWS SSO session is missing or has expired", f"aws sso login --profile {shlex.quote(signed_in)}"
        case exceptions.LoginError():
            return "the AWS login session is missing or has expired", f"aws login --profile {shlex.quote(signed_in)}"
        case exceptions.CredentialRetrievalError() if error.kwargs.get("provider") == "custom-process":
            return "its credential_process failed", "run that command by hand and see what it says"
        case exceptions.CredentialRetrievalError() | exceptions.MetadataRetrievalError():
            return f"AWS credentials could not be had from {error.kwargs.get('provider', 'the metadata service')}", (
                f"check the profile: aws sts get-caller-identity --profile {profile}"
            )
        case (
            exceptions.InvalidConfigError()
            | exceptions.UnknownCredentialError()
            | exceptions.MissingDependencyException()
        ):
            return _quoted(str(error)), "mend the profile in the AWS config file"
        case exceptions.ProxyConnectionError():
            return "the proxy does not answer", "check HTTPS_PROXY and NO_PROXY"
        case exceptions.EndpointConnectionError() | exceptions.ConnectTimeoutError() | exceptions.ReadTimeoutError():
            return f"{_host(error)} cannot be reached or does not answer", "check the network, DNS and HTTPS_PROXY"
        case exceptions.HTTPClientError() | exceptions.ConnectionError():
            return "the connection to AWS broke", "check the network and the proxy, and try again"
        case ResponseParserError() | ValueError() | LookupError() | AttributeError() | TypeError():
            return "an answer from AWS cannot be understood", "see what AWS_ENDPOINT_URL or a proxy answers"
        case exceptions.BotoCoreError():
            return _quoted(str(error)), f"check the profile: aws sts get-caller-identity --profile {profile}"
        case OSError():
            place = f" {error.filename}" if error.filename else ""
            return f"a file that AWS needs cannot be read:{place} {error.strerror or type(error).__name__}", (
                "check AWS_CA_BUNDLE, AWS_WEB_IDENTITY_TOKEN_FILE and the profile"
            )
    return f"asking AWS failed with {type(error).__name__}", f"aws sts get-caller-identity --profile {profile}"


def _skew(response: Mapping[str, Any]) -> float:
    """Return how many seconds the clock here is ahead of AWS's, by the answer's Date."""
    try:
        date = parsedate_to_datetime(response["ResponseMetadata"]["HTTPHeaders"]["date"])
        return (datetime.now(UTC) - date).total_seconds()
    except (LookupError, ValueError, TypeError):
        return 0.0


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"  # noqa: PLR2004


def _host(error: exceptions.BotoCoreError) -> str:
    """Return the endpoint's host; its URL may hold a password."""
    return urlsplit(str(error.kwargs.get("endpoint_url", ""))).hostname or "AWS"


def _quoted(text: str) -> str:
    """Return AWS's words, without any so long that it might be a token."""
    words = (word if len(word) <= _LONGEST_WORD else "…" for word in one_line(text).split())
    return " ".join(words)[:_LONGEST_MESSAGE].rstrip(".")
