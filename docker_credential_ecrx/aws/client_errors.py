"""What can go wrong between this program and AWS, as sentences of our own: what failed, and what mends it.

``failures`` fills them in, and ``aws_errors`` says which of them an exception of botocore's is.
Nothing here needs botocore: a process that waited for another's answer tells of its failure without asking AWS.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from docker_credential_ecrx.aws import credential_source
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.identity.aws_profiles import chain
from docker_credential_ecrx.identity.model import Identity


class ErrorRule(NamedTuple):
    """How failures with one of ``codes`` are reported; an empty ``operation`` stands for every operation of AWS's API.

    ``message``, ``remedy`` and ``command`` are format strings, which ``failures`` fills in.
    """

    codes: tuple[str, ...]
    operation: str
    message: str
    remedy: str
    command: str = ""


CALLER = "aws sts get-caller-identity --region REGION"
IN_BETWEEN = "see what AWS_ENDPOINT_URL or a proxy answers"
_NETWORK = "check the network and the proxy, and try again"
STRANGE = "an answer from AWS cannot be understood"
_AGAIN = f"run it again; if it stays so, {IN_BETWEEN}"
_LATER = "try again in a moment"
_CHECK = f"see what AWS's own command says: {CALLER}{{asked}}"
_BUNDLE = "set AWS_CA_BUNDLE to a file of certificates, or unset it"
_PIPE = "the AWS file {path} is a named pipe"
_NO_PIPE = "name a regular file in its place"
_PROXY = "check HTTPS_PROXY and NO_PROXY"

# What fails here or on the way, by codes of our own.
OWN: tuple[ErrorRule, ...] = (
    ErrorRule(("no-credentials",), "", "there are no AWS credentials", "{nowhere}"),
    ErrorRule(("no-profile",), "", "the AWS profile {name} does not exist", "{missing}"),
    ErrorRule(("empty-profile",), "", "the AWS profile {profile} has no credentials", "{renewal}"),
    ErrorRule(("unreadable",), "", "the AWS file {path} cannot be read", credential_source.SYNTAX_HINT),
    ErrorRule(("unreadable-line",), "", "the AWS file {path} cannot be read", "fix its line {line}"),
    ErrorRule(("pipe",), "", _PIPE, _NO_PIPE),
    ErrorRule(("lacking",), "", "the AWS credentials lack {lacking}", "{renewal}"),
    ErrorRule(("refused-profile",), "", "{said}", "fix the profile in the AWS config file"),
    ErrorRule(("refused",), "", "{said}", _CHECK),
    ErrorRule(("source",), "", "AWS credentials could not be had from {source}", "{renewal}"),
    ErrorRule(
        ("source-hangs",), "", "the source of the AWS credentials gave no answer within {seconds} seconds", _CHECK
    ),
    ErrorRule(("process",), "", "its credential_process failed", "{renewal}"),
    ErrorRule(("process-strange",), "", "the answer of its credential_process cannot be understood", "{renewal}"),
    ErrorRule(("process-hangs",), "", "its credential_process gave no answer within {seconds} seconds", "{renewal}"),
    ErrorRule(("sso",), "", "the AWS SSO session is missing or has expired", "", "aws sso login{option}"),
    ErrorRule(("login",), "", "the AWS login session is missing or has expired", "", "aws login{option}"),
    ErrorRule(("mfa",), "", "its role needs an MFA code, which get cannot ask for", ""),
    ErrorRule(
        ("botocore",),
        "",
        "botocore {version} asks for MFA codes in a way that this program does not know",
        "update docker-credential-ecrx, or install an older botocore",
    ),
    ErrorRule(("session",), "", "the AWS session has expired", "{renewal_of_session}"),
    ErrorRule(
        ("file",),
        "",
        "a file that AWS needs cannot be read: {path} {strerror}",
        "check AWS_CA_BUNDLE, AWS_WEB_IDENTITY_TOKEN_FILE and the profile",
    ),
    ErrorRule(("hangs",), "", "AWS gave no answer within {seconds} seconds", _NETWORK),
    ErrorRule(
        ("late",),
        "",
        "it took {seconds} seconds to load what asks AWS, which left AWS little time",
        "try again, and see what keeps the disk or the processor busy",
    ),
    ErrorRule(("broken",), "", "the connection to AWS broke", _NETWORK),
    ErrorRule(("silent",), "", "{host} cannot be reached or does not answer", "check the network, DNS and HTTPS_PROXY"),
    ErrorRule(("nameless",), "", "the name {host} cannot be resolved", "check DNS and HTTPS_PROXY"),
    ErrorRule(("proxy-silent",), "", "the proxy does not answer", _PROXY),
    ErrorRule(("proxy-nameless",), "", "the name of the proxy cannot be resolved", "check HTTPS_PROXY and DNS"),
    ErrorRule(("proxy-refuses",), "", "the proxy refuses to pass it on ({answer})", _PROXY),
    ErrorRule(("proxy-password",), "", "the proxy wants a name and a password (HTTP 407)", _PROXY),
    ErrorRule(
        ("certificate",),
        "",
        "the TLS certificate of AWS's endpoint cannot be verified",
        "check AWS_CA_BUNDLE and the clock",
    ),
    ErrorRule(("bundle",), "", "the CA bundle {bundle} cannot be read", _BUNDLE),
    ErrorRule(("bundle-empty",), "", "the CA bundle {bundle} holds no certificates", _BUNDLE),
    ErrorRule(("strange",), "", STRANGE, IN_BETWEEN),
    ErrorRule(("strange-status",), "", "an answer from AWS cannot be understood (HTTP {status})", IN_BETWEEN),
    ErrorRule(("throttled",), "", "AWS throttles {operation} (HTTP {status})", _LATER),
    ErrorRule(("no-token",), "", "ECR's answer holds no token", _AGAIN),
    ErrorRule(("spoilt-token",), "", "ECR's answer holds a token that cannot be decoded", _AGAIN),
    ErrorRule(("expired-token",), "", "ECR's answer holds a token that has expired", IN_BETWEEN),
)
UNKNOWN: ErrorRule = ErrorRule((), "", "asking AWS failed with {name}", _CHECK)

THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "SlowDown",
)
TOO_MANY = 429
_DENIED = ("AccessDenied", "AccessDeniedException")
# One of AWS's denials, by what it says: "MultiFactorAuthentication failed with invalid MFA one time pass code."
WRONG_MFA_CODE = "wrong-mfa-code"
# What AWS answers when the signature's time or the secret key is wrong; the Date of the answer tells which.
CLOCK = ("RequestTimeTooSkewed", "RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException")
# What AWS answers, by its codes; that of ECR Public goes first.
ANSWERS: tuple[ErrorRule, ...] = (
    ErrorRule(CLOCK, "", "AWS refused the signature of {operation} ({code})", "check the secret key: {renewal}"),
    ErrorRule(
        ("InvalidIdentityToken", "ExpiredTokenException", "IDPRejectedClaim", "IDPCommunicationError"),
        "AssumeRoleWithWebIdentity",
        "AWS refused the web identity token ({code}): {said}",
        "get a new one, and check issuer and audience of the OIDC identity provider in the role's account",
    ),
    ErrorRule(("ExpiredToken", "ExpiredTokenException"), "", "the AWS session has expired", "{renewal_of_session}"),
    ErrorRule(
        ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"),
        "",
        "AWS does not know the access key ({operation}: {code})",
        "{renewal}",
    ),
    ErrorRule(
        (WRONG_MFA_CODE,),
        "AssumeRole",
        "the MFA code is wrong, or was used before",
        "try again with the next code",
    ),
    ErrorRule(
        _DENIED,
        "AssumeRole",
        "AWS denied {operation}: {said}",
        "allow it in the role's trust policy and in the caller's own policy",
    ),
    ErrorRule(
        _DENIED,
        "",
        "AWS denied {operation}: {said}",
        "allow ecr:GetAuthorizationToken in the principal's own policy",
    ),
    ErrorRule(THROTTLED, "", "AWS throttles {operation} ({code})", "try again in a moment"),
)
PUBLIC: tuple[ErrorRule, ...] = (
    ErrorRule(
        _DENIED,
        "GetAuthorizationToken",
        "AWS denied {operation}: {said}",
        "allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken in the principal's own policy",
    ),
)
FAILED: ErrorRule = ErrorRule((), "", "AWS failed at {operation} (HTTP {status}, {code})", _LATER)
REFUSED: ErrorRule = ErrorRule((), "", "AWS refused {operation}: {code}: {said}", f"{CALLER}{{asked}}")
SERVER_ERROR = 500


class CredentialsError(Exception):
    """Credentials could not be had, for the reason that is its cause."""


class UnknownBotocoreError(Exception):
    """A botocore that cannot be kept from asking a person, who is not there, for an MFA code."""


def refuse_pipes(identity: Identity, env: Mapping[str, str]) -> None:
    """Raise AwsError where a file that AWS's SDK will read is a pipe: it would wait for a writer for ever."""
    for path in (*credential_source.files(identity, env), ca_bundle(identity, env)):
        try:
            is_pipe = stat.S_ISFIFO(Path(os.path.expanduser(os.path.expandvars(path))).stat().st_mode)  # noqa: PTH111 - raises nothing
        except (OSError, ValueError):
            continue
        if is_pipe:
            raise AwsError(_PIPE.format(path=path), _NO_PIPE, ("pipe",))


def ca_bundle(identity: Identity, env: Mapping[str, str]) -> str:
    """Return the file of certificates that the user chose for AWS, or an empty path."""
    configured = next((value for _, key, value in chain(identity, env) if key == "ca_bundle"), "")
    return env.get("AWS_CA_BUNDLE") or configured or env.get("REQUESTS_CA_BUNDLE", "")
