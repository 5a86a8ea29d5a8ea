"""The table of what can fail in a call to AWS: the codes of each failure, its message and its remedy.

``failures`` fills the rules in, and docs/troubleshooting.md has a row for each message.
Nothing here needs botocore: a process that waited for another one reports the failure of that one without asking AWS.
"""

from collections.abc import Iterable
from typing import NamedTuple

from docker_credential_ecrx.errors import AwsError, Remedy


class ErrorRule(NamedTuple):
    """How failures with one of ``codes`` are reported.

    ``message``, ``remedy`` and ``command`` are format strings; ``hint`` names a remedy that ``failures`` works out from
    the credential source, one of the constants below.
    ``operation`` is the start of the name of the AWS operations that the rule applies to; empty means all of them.
    The format strings may name the fields in ``FIELDS``; a remedy and a command also have HOST and REGION, which become
    the registry's.
    """

    codes: tuple[str, ...]
    message: str
    remedy: str = ""
    command: str = ""
    hint: str = ""
    operation: str = ""


# What format strings may name.
FIELDS = frozenset(
    (
        *("operation", "code", "status", "said", "http_status"),  # of AWS's response
        *("profile", "source", "source_option", "caller_option", "registry_option", "principals"),  # of the caller
        *(
            "host",
            "proxy",
            "bundle",
            "path",
            "line",
            "strerror",
            "name",
            "lacking",
            "seconds",
            "version",
        ),  # of what failed
    )
)
# Replace the credentials that signed the request; replace them, since their session has expired.
NEW_CREDENTIALS, NEW_SESSION = "new-credentials", "new-session"
# Create credentials or a profile, or use one of those that exist.
ANY_CREDENTIALS, ANOTHER_PROFILE = "any-credentials", "another-profile"

INTERCEPTED = "check AWS_ENDPOINT_URL and the proxy"
_ASK_CLI = "aws sts get-caller-identity --region REGION{caller_option}"
_CHECK_WITH_CLI = "check the credentials with the AWS CLI"
_CHECK_NETWORK = "check the network and the proxy, and try again"
_CHECK_PROXY = "check HTTPS_PROXY and NO_PROXY"
_CHECK_BUNDLE = "set AWS_CA_BUNDLE to a PEM file of certificates, or unset it"
_TRY_AGAIN = f"try again; if it fails again, {INTERCEPTED}"
_TRY_LATER = "try again in a moment"

# Failures without an error response from AWS; the codes are this program's own.
CLIENT_RULES: tuple[ErrorRule, ...] = (
    ErrorRule(("no-credentials",), "there are no AWS credentials", hint=ANY_CREDENTIALS),
    ErrorRule(("no-profile",), "the AWS profile {name} does not exist", hint=ANOTHER_PROFILE),
    ErrorRule(("empty-profile",), "the AWS profile {profile} has no credentials", hint=NEW_CREDENTIALS),
    ErrorRule(("unreadable-file",), "cannot read the AWS file {path}", "fix its syntax or its permissions"),
    ErrorRule(("unreadable-line",), "cannot read the AWS file {path}", "fix line {line}"),
    ErrorRule(("named-pipe",), "{path} is a named pipe", "AWS configuration must be a regular file"),
    ErrorRule(("incomplete",), "the AWS credentials lack {lacking}", hint=NEW_CREDENTIALS),
    ErrorRule(("invalid-profile",), "{said}", "fix the profile in the AWS config file"),
    ErrorRule(("invalid-configuration",), "{said}", _CHECK_WITH_CLI, _ASK_CLI),
    ErrorRule(("source-failed",), "cannot retrieve AWS credentials from {source}", hint=NEW_CREDENTIALS),
    ErrorRule(
        ("source-timeout",),
        "the source of the AWS credentials did not respond within {seconds} seconds",
        _CHECK_WITH_CLI,
        _ASK_CLI,
    ),
    ErrorRule(("process-failed",), "the credential_process of profile {profile} failed", hint=NEW_CREDENTIALS),
    ErrorRule(
        ("process-invalid",),
        "the output of the credential_process of profile {profile} is not valid",
        hint=NEW_CREDENTIALS,
    ),
    ErrorRule(
        ("process-timeout",),
        "the credential_process of profile {profile} did not end within {seconds} seconds",
        hint=NEW_CREDENTIALS,
    ),
    ErrorRule(("sso",), "the AWS SSO session is missing or has expired", command="aws sso login{source_option}"),
    ErrorRule(("login",), "the AWS login session is missing or has expired", command="aws login{source_option}"),
    ErrorRule(("mfa",), "the role requires an MFA code, and get cannot prompt for one"),
    ErrorRule(
        ("botocore",),
        "botocore {version} prompts for MFA codes in a way that this program does not support",
        "update docker-credential-ecrx, or install an older botocore",
    ),
    ErrorRule(("expired-session",), "the AWS session has expired", hint=NEW_SESSION),
    ErrorRule(
        ("file",),
        "cannot read the file {path}: {strerror}",
        "check AWS_CA_BUNDLE, AWS_WEB_IDENTITY_TOKEN_FILE and the profile",
    ),
    ErrorRule(("timeout",), "{host} did not respond within {seconds} seconds", _CHECK_NETWORK),
    ErrorRule(("no-response",), "{host} did not respond", _CHECK_NETWORK),
    ErrorRule(
        ("late-start",),
        "loading the AWS SDK took {seconds} seconds, which left too little time for the request",
        "try again, and check what keeps the disk or the processor busy",
    ),
    ErrorRule(("connection-closed",), "the connection to {host} was closed", _CHECK_NETWORK),
    ErrorRule(("unreachable",), "cannot connect to {host}", "check the network, DNS and HTTPS_PROXY"),
    ErrorRule(("unresolved",), "the name {host} cannot be resolved", "check DNS and HTTPS_PROXY"),
    ErrorRule(("proxy-unreachable",), "cannot connect to the proxy {proxy}", _CHECK_PROXY),
    ErrorRule(("proxy-unresolved",), "the name of the proxy {proxy} cannot be resolved", "check HTTPS_PROXY and DNS"),
    ErrorRule(("proxy-refused",), "the proxy {proxy} refused the connection ({http_status})", _CHECK_PROXY),
    ErrorRule(("proxy-password",), "the proxy requires a user name and a password (HTTP 407)", _CHECK_PROXY),
    ErrorRule(
        ("certificate",), "the TLS certificate of {host} cannot be verified", "check AWS_CA_BUNDLE and the clock"
    ),
    ErrorRule(("unreadable-bundle",), "cannot read the CA bundle {bundle}", _CHECK_BUNDLE),
    ErrorRule(("empty-bundle",), "the CA bundle {bundle} contains no certificates", _CHECK_BUNDLE),
    ErrorRule(("invalid-response",), "the response from AWS is not valid", INTERCEPTED),
    ErrorRule(("invalid-status",), "the response from AWS is not valid (HTTP {status})", INTERCEPTED),
    ErrorRule(("throttled",), "AWS throttled {operation} (HTTP {status})", _TRY_LATER),
    ErrorRule(("no-token",), "ECR's response contains no token", _TRY_AGAIN),
    ErrorRule(("invalid-token",), "ECR's response contains a token that cannot be decoded", _TRY_AGAIN),
    ErrorRule(("expired-token",), "ECR's response contains a token that has expired", INTERCEPTED),
)
UNKNOWN_FAILURE = ErrorRule((), "the request to AWS failed with {name}", _CHECK_WITH_CLI, _ASK_CLI)

SERVER_ERROR, TOO_MANY_REQUESTS = 500, 429  # HTTP's statuses
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
# The time in the signature or the secret key is wrong; the Date of the response tells which.
WRONG_SIGNATURE = ("RequestTimeTooSkewed", "RequestExpired", "SignatureDoesNotMatch", "InvalidSignatureException")
_DENIED = ("AccessDenied", "AccessDeniedException")
# Codes of this program's own for error responses that differ only in their message.
WRONG_MFA_CODE, UNKNOWN_PRINCIPAL = "wrong-mfa-code", "unknown-principal"

# AWS's error responses, by AWS's codes.
SERVICE_RULES: tuple[ErrorRule, ...] = (
    ErrorRule(
        WRONG_SIGNATURE,
        "AWS refused the signature of {operation} ({code})",
        "check the secret key",
        hint=NEW_CREDENTIALS,
    ),
    ErrorRule(
        ("InvalidIdentityToken", "ExpiredTokenException", "IDPRejectedClaim", "IDPCommunicationError"),
        "AWS refused the web identity token ({code}): {said}",
        "get a new one, and check the issuer and audience of the OIDC identity provider in the role's account",
        operation="AssumeRoleWithWebIdentity",
    ),
    ErrorRule(("ExpiredToken", "ExpiredTokenException"), "the AWS session has expired", hint=NEW_SESSION),
    ErrorRule(
        ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"),
        "AWS does not know the access key ({operation}: {code})",
        hint=NEW_CREDENTIALS,
    ),
    ErrorRule(
        (WRONG_MFA_CODE,),
        "the MFA code is wrong, or was used before",
        "try again with the next code",
        operation="AssumeRole",
    ),
    ErrorRule(
        _DENIED,
        "AWS denied {operation}: {said}",
        "allow ecr:GetAuthorizationToken in the principal's own policy",
    ),
    ErrorRule(
        _DENIED,
        "AWS denied {operation}: {said}",
        "allow sts:{operation} in the role's trust policy and in the caller's own policy",
        operation="AssumeRole",
    ),
    ErrorRule(THROTTLED, "AWS throttled {operation} ({code})", _TRY_LATER),
)
# Those that take precedence in a call to ECR Public.
PUBLIC_RULES: tuple[ErrorRule, ...] = (
    ErrorRule(
        _DENIED,
        "AWS denied {operation}: {said}",
        "allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken in the principal's own policy",
        operation="GetAuthorizationToken",
    ),
)
# Those that take precedence in a call about a repository policy.
POLICY_RULES: tuple[ErrorRule, ...] = (
    ErrorRule(
        _DENIED,
        "AWS denied {operation}: {said}",
        "allow ecr:{operation} in the principal's own policy, or choose the owner's profile with --profile",
    ),
    ErrorRule(
        ("RepositoryNotFoundException",),
        "the repository does not exist: {said}",
        "check its name, --region and --profile",
        "aws ecr describe-repositories --region REGION{registry_option}{caller_option}",
    ),
    ErrorRule(
        (UNKNOWN_PRINCIPAL,),
        "the principal {principals} does not exist",
        "check its spelling; AWS may take a minute to know a new one, and shows an ID in place of one that was deleted",
    ),
)
SERVER_FAILURE = ErrorRule((), "AWS returned a server error for {operation} (HTTP {status}, {code})", _TRY_LATER)
REFUSED = ErrorRule((), "AWS refused {operation}: {code}: {said}", command=_ASK_CLI)

ALL_RULES = (
    *CLIENT_RULES,
    UNKNOWN_FAILURE,
    *SERVICE_RULES,
    *PUBLIC_RULES,
    *POLICY_RULES,
    SERVER_FAILURE,
    REFUSED,
)


def find(rules: Iterable[ErrorRule], code: str, operation: str = "") -> ErrorRule | None:
    """Return the most specific rule for ``code``, or None: the longest ``operation`` wins, then the first rule."""
    found = (rule for rule in rules if code in rule.codes and operation.startswith(rule.operation))
    return max(found, key=lambda rule: len(rule.operation), default=None)


def error(code: str, **values: str) -> AwsError:
    """Return the failure with one of this program's own codes, whose rule needs nothing but ``values``."""
    rule = next(rule for rule in CLIENT_RULES if code in rule.codes)
    remedy = Remedy(rule.remedy.format_map(values), rule.command)
    return AwsError(rule.message.format_map(values), remedy, (code,))
