"""The table of what can fail in a call to AWS: the codes of each failure, its message and its remedy.

``failures`` fills the rules in, and docs/troubleshooting.md has a row for each message.
Nothing here needs botocore: a process that waited for another one reports the failure of that one without asking AWS.
"""

from docker_credential_ecrx.aws.doubts import INTERCEPTED
from docker_credential_ecrx.aws.error_rule import (
    ANOTHER_PROFILE,
    ANY_CREDENTIALS,
    NEW_CREDENTIALS,
    NEW_KEY,
    NEW_SESSION,
    OWNERS_PROFILE,
    SSO_SESSION,
    ErrorRule,
)
from docker_credential_ecrx.errors import AwsError, Remedy
from docker_credential_ecrx.system import shell

_NO_SOURCE = "profile {profile} has role_arn, but neither source_profile nor credential_source"
_ASK_CLI = "aws sts get-caller-identity --region REGION{caller_option}"
_CHECK_WITH_CLI = "check the credentials with the AWS CLI"
_CHECK_NETWORK = "check the network{through}{or_change}"
_NO_INSTANCE = (
    "if this machine is not an EC2 instance, choose a profile with "
    "docker-credential-ecrx configure HOST --profile PROFILE"
)
_MODIFY_METADATA = "aws ec2 modify-instance-metadata-options --instance-id INSTANCE {}"
_CHECK_PROXY = "check {variable} and NO_PROXY"
_CHECK_BUNDLE = "set {origin} to a PEM file of certificates, or unset it"
_TRY_AGAIN = f"try again; if it fails again, {INTERCEPTED}"
_TRY_LATER = "try again in a moment"

# Failures without an error response from AWS; the codes are this program's own.
CLIENT_RULES: tuple[ErrorRule, ...] = (
    ErrorRule(("no-credentials",), "there are no AWS credentials", hint=ANY_CREDENTIALS),
    ErrorRule(("no-profile",), "the AWS profile {name} does not exist", hint=ANOTHER_PROFILE),
    ErrorRule(("empty-profile",), "the AWS profile {profile} has no credentials", hint=NEW_CREDENTIALS),
    ErrorRule(("half-key",), "the AWS profile {name} has {setting}, but not {other}", hint=NEW_CREDENTIALS),
    ErrorRule(
        ("no-key-id",),
        "AWS_SECRET_ACCESS_KEY is set, but not AWS_ACCESS_KEY_ID",
        "set both, or neither to use other credentials",
    ),
    ErrorRule(("no-role",), "profile {profile} has source_profile, but no role_arn", "{add_role}"),
    ErrorRule(
        ("no-web-identity-role",),
        "{setting} names a web identity token, but there is no role for it",
        "set AWS_ROLE_ARN, or in a profile role_arn; or remove the token",
    ),
    ErrorRule(("no-source",), _NO_SOURCE, hint=NEW_CREDENTIALS),
    ErrorRule(("misspelled-source",), _NO_SOURCE, "{rename_source}"),
    ErrorRule(("source-loop",), "source_profile of profile {profile} leads back to {name}", hint=NEW_CREDENTIALS),
    ErrorRule(("unreadable-file",), "cannot read the AWS file {path}", "fix its syntax or its permissions"),
    ErrorRule(("unreadable-line",), "cannot read the AWS file {path}", "fix line {line}"),
    ErrorRule(("undecodable-line",), "cannot read the AWS file {path}", "fix line {line}, which is not UTF-8 text"),
    ErrorRule(
        ("repeated-section",),
        "cannot read the AWS file {path}: line {line} repeats {repeated}",
        "delete one of the two",
    ),
    ErrorRule(("forbidden-file",), "cannot read the AWS file {path}: {strerror}", "make it readable for this user"),
    ErrorRule(
        ("byte-order-mark",), "the AWS file {path} begins with a byte-order mark", "save it as UTF-8 without one"
    ),
    ErrorRule(("named-pipe",), "{path} is a named pipe", "use a regular file"),
    ErrorRule(("device",), "{path} is a device", "use a regular file"),
    ErrorRule(("too-large",), "the file {path} is larger than 16 MiB", "use another file"),
    ErrorRule(("no-token-file",), "the file {path} is larger than 64 KiB, so it is not a token", "use another file"),
    ErrorRule(("incomplete",), "the AWS credentials lack {lacking}", hint=NEW_CREDENTIALS),
    ErrorRule(("empty-access-key",), "the access key is empty", hint=NEW_CREDENTIALS),
    ErrorRule(("empty-secret-key",), "the secret key is empty", hint=NEW_CREDENTIALS),
    ErrorRule(("invalid-access-key",), "the access key contains {character}", hint=NEW_CREDENTIALS),
    ErrorRule(("invalid-secret-key",), "the secret key contains {character}", hint=NEW_CREDENTIALS),
    ErrorRule(("invalid-session-token",), "the session token contains {character}", hint=NEW_CREDENTIALS),
    ErrorRule(("invalid-profile",), "{said}", "fix the profile in {profile_files}"),
    ErrorRule(("invalid-configuration",), "{said}", _CHECK_WITH_CLI, _ASK_CLI),
    ErrorRule(("invalid-variable",), "{name} is not valid: {said}", "fix it, or unset it"),
    ErrorRule(("invalid-setting",), "{name} of {section} is not valid: {said}", "fix it in {place}"),
    ErrorRule(
        ("metadata-disabled",),
        "profile {profile} uses the instance's role, and AWS_EC2_METADATA_DISABLED is true",
        "unset it, or change credential_source in {profile_files}",
        shell.unset("AWS_EC2_METADATA_DISABLED"),
    ),
    ErrorRule(
        ("no-container",),
        "profile {profile} uses the container's role, and neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
        "AWS_CONTAINER_CREDENTIALS_FULL_URI is set",
        "run this in a task or pod that has a role, or change credential_source in {profile_files}",
    ),
    ErrorRule(("source-failed",), "cannot retrieve AWS credentials from {source}", hint=NEW_CREDENTIALS),
    ErrorRule(
        ("metadata-hop-limit",),
        "the instance metadata service at {host} did not respond to {call}",
        f"{_NO_INSTANCE}; in a container, the response needs a hop limit of 2; on a machine with the AWS CLI",
        _MODIFY_METADATA.format("--http-put-response-hop-limit 2"),
    ),
    ErrorRule(
        ("metadata-forbidden",),
        "the instance metadata service at {host} refused {call} (HTTP 403)",
        f"{_NO_INSTANCE}, or else check the firewall, or turn the service on, on a machine with the AWS CLI",
        _MODIFY_METADATA.format("--http-endpoint enabled"),
    ),
    ErrorRule(
        ("metadata-no-role",),
        "the instance has no role, according to the instance metadata service at {host}",
        "attach one, on a machine with the AWS CLI",
        "aws ec2 associate-iam-instance-profile --instance-id INSTANCE --iam-instance-profile Name=PROFILE",
    ),
    ErrorRule(
        ("metadata-refused",),
        "the instance metadata service at {host} has no credentials of the instance's role",
        "check that the role exists, and that its trust policy names ec2.amazonaws.com",
    ),
    ErrorRule(
        ("metadata-status",), "the instance metadata service at {host} refused {call} (HTTP {status})", _CHECK_NETWORK
    ),
    ErrorRule(
        ("container-status",),
        "the container's credentials endpoint at {host} refused {call} (HTTP {status})",
        "check the role of this container's task or pod",
    ),
    ErrorRule(
        ("container-invalid",),
        "the response of the container's credentials endpoint at {host} contains no credentials",
        "check the role of this container's task or pod",
    ),
    ErrorRule(
        ("source-timeout",),
        "the source of the AWS credentials did not respond within {seconds} seconds",
        _CHECK_WITH_CLI,
        _ASK_CLI,
    ),
    ErrorRule(
        ("process-missing",),
        "cannot run the credential_process of profile {profile}: {program}: {strerror}",
        "install it, or fix credential_process in {place}",
    ),
    ErrorRule(
        ("process-command",),
        "the credential_process of profile {profile} is not a command: {said}",
        "fix credential_process in {place}",
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
    ErrorRule(("sso-session",), "the AWS profile {profile} needs {lack}, which {config_file} lacks", hint=SSO_SESSION),
    ErrorRule(
        ("no-sso-account",),
        "profile {profile} has an SSO session, but neither sso_account_id nor sso_role_name",
        command="aws configure sso{source_option}",
    ),
    ErrorRule(("login",), "the AWS login session is missing or has expired", command="aws login{source_option}"),
    ErrorRule(("sso-file",), "{path} does not contain an AWS SSO session", command="aws sso login{source_option}"),
    ErrorRule(("login-file",), "{path} does not contain an AWS login session", command="aws login{source_option}"),
    ErrorRule(
        ("role-chaining",),
        "duration_seconds in config.toml is more than 3600, the maximum for a role that another role assumes",
        "set duration_seconds to 3600 or less, or delete it",
    ),
    ErrorRule(("invalid-role",), "{setting} is not valid: {said}", "fix it"),
    ErrorRule(("mfa",), "the role requires an MFA code, and get cannot prompt for one"),
    ErrorRule(
        ("botocore",),
        "botocore {version} prompts for MFA codes in a way that this program does not support",
        "update docker-credential-ecrx, or install an older botocore",
    ),
    ErrorRule(("expired-session",), "the AWS session has expired", hint=NEW_SESSION),
    ErrorRule(("named-file",), "cannot read the file {path}: {strerror}", "check {name}"),
    ErrorRule(("not-text",), "the file {path} is not UTF-8 text", "check {name}"),
    ErrorRule(
        ("file",),
        "cannot read the file {path}: {strerror}",
        "check AWS_CA_BUNDLE, AWS_WEB_IDENTITY_TOKEN_FILE and the profile",
    ),
    ErrorRule(("timeout",), "{host} did not respond within {seconds} seconds to {call}", _CHECK_NETWORK, "{curl}"),
    ErrorRule(("no-response",), "{host} did not respond to {call}", _CHECK_NETWORK, "{curl}"),
    ErrorRule(
        ("late-start",),
        "loading the AWS SDK took {seconds} seconds, which left too little time for the request",
        "try again, and check what keeps the disk or the processor busy",
    ),
    ErrorRule(("connection-closed",), "the connection to {host} was closed during {call}", _CHECK_NETWORK, "{curl}"),
    ErrorRule(
        ("unreachable",),
        "cannot connect to {endpoint} for {call}",
        "check DNS and the network{through}{or_change}",
        "{curl}",
    ),
    ErrorRule(
        ("unresolved",), "the name {host} cannot be resolved for {call}", "check DNS{through}{or_change}", "{curl}"
    ),
    ErrorRule(
        ("unresolved-fips",),
        "the name {host} of a FIPS endpoint cannot be resolved for {call}",
        "AWS has FIPS endpoints only in some regions; unset AWS_USE_FIPS_ENDPOINT and use_fips_endpoint, or check DNS",
    ),
    ErrorRule(
        ("proxy-scheme",),
        "{variable} names a {scheme} proxy, which the AWS SDK cannot use ({call} at {host})",
        "set {variable} to an http:// or https:// proxy, or list the host in NO_PROXY",
    ),
    ErrorRule(
        ("proxy-invalid",),
        "{variable} is not valid ({call} at {host})",
        "set {variable} to http://PROXY:PORT, with %XX for special characters of a password",
    ),
    ErrorRule(("proxy-unreachable",), "cannot connect to the proxy {proxy} for {call} at {host}", _CHECK_PROXY),
    ErrorRule(
        ("proxy-unresolved",),
        "the name of the proxy {proxy} cannot be resolved for {call} at {host}",
        "check {variable} and DNS",
    ),
    ErrorRule(
        ("proxy-handshake",),
        "the TLS handshake with the proxy {proxy} failed for {call} at {host}",
        "set {variable} to http://PROXY:PORT if the proxy has no TLS itself, or else check AWS_CA_BUNDLE",
    ),
    ErrorRule(
        ("proxy-refused",),
        "the proxy {proxy} refused the connection ({http_status}) for {call} at {host}",
        _CHECK_PROXY,
    ),
    ErrorRule(
        ("proxy-password",),
        "the proxy requires a user name and a password (HTTP 407) for {call} at {host}",
        _CHECK_PROXY,
    ),
    ErrorRule(
        ("certificate",),
        "the TLS certificate of {host} cannot be verified for {call}",
        "check AWS_CA_BUNDLE and the clock",
    ),
    ErrorRule(
        ("certificate-early",),
        "the TLS certificate of {host} cannot be verified for {call} (it is not yet valid)",
        "check the clock and the proxy",
    ),
    ErrorRule(
        ("certificate-expired",),
        "the TLS certificate of {host} cannot be verified for {call} (it has expired)",
        "check the clock and the proxy",
    ),
    ErrorRule(
        ("certificate-name",),
        "the TLS certificate of {host} cannot be verified for {call} (it is for another name)",
        INTERCEPTED,
    ),
    ErrorRule(("handshake",), "the TLS handshake with {host} failed for {call} ({reason})", INTERCEPTED),
    ErrorRule(("unreadable-bundle",), "cannot read the CA bundle {bundle} (from {origin}): {strerror}", _CHECK_BUNDLE),
    ErrorRule(("empty-bundle",), "the CA bundle {bundle} (from {origin}) contains no certificates", _CHECK_BUNDLE),
    ErrorRule(
        ("invalid-bundle",), "the CA bundle {bundle} (from {origin}) contains an invalid certificate", _CHECK_BUNDLE
    ),
    ErrorRule(("invalid-response",), "the response from AWS is not valid ({call} at {host})", INTERCEPTED),
    ErrorRule(("invalid-status",), "the response from AWS is not valid (HTTP {status}, {call} at {host})", INTERCEPTED),
    ErrorRule(("throttled",), "AWS throttled {call} at {host} (HTTP {status})", _TRY_LATER),
    ErrorRule(("server-status",), "AWS returned a server error for {call} at {host} (HTTP {status})", _TRY_LATER),
    ErrorRule(("no-token",), "ECR's response contains no token ({call} at {host})", _TRY_AGAIN),
    ErrorRule(
        ("invalid-token",), "ECR's response contains a token that cannot be decoded ({call} at {host})", _TRY_AGAIN
    ),
    ErrorRule(("expired-token",), "ECR's response contains a token that has expired ({call} at {host})", INTERCEPTED),
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
WRONG_MFA_CODE, UNKNOWN_PRINCIPAL, ROOT_CALLER = "wrong-mfa-code", "unknown-principal", "root-caller"
DENIED_BY_POLICY = "denied-by-policy"  # the one that AWS names

# AWS's error responses, by AWS's codes.
SERVICE_RULES: tuple[ErrorRule, ...] = (
    ErrorRule(
        WRONG_SIGNATURE,
        "AWS refused the signature of {call} at {host} ({code})",
        "check the secret key",
        hint=NEW_CREDENTIALS,
    ),
    ErrorRule(
        ("InvalidIdentityToken", "ExpiredTokenException", "IDPRejectedClaim", "IDPCommunicationError"),
        "AWS refused the web identity token of {call} at {host} ({code}): {said}",
        "get a new one, and check the issuer and audience of the OIDC identity provider in the role's account",
        operation="AssumeRoleWithWebIdentity",
    ),
    ErrorRule(
        ("ExpiredToken", "ExpiredTokenException"), "the AWS session has expired ({call} at {host})", hint=NEW_SESSION
    ),
    ErrorRule(
        ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"),
        "AWS does not know the access key ({call} at {host}: {code})",
        hint=NEW_KEY,
    ),
    ErrorRule(
        (WRONG_MFA_CODE,),
        "the MFA code is wrong, or was used before ({call} at {host})",
        "try again with the next code",
        operation="AssumeRole",
    ),
    ErrorRule(
        _DENIED,
        "AWS denied {call} at {host}: {said}",
        "{allow} ecr:GetAuthorizationToken in {policy}",
    ),
    ErrorRule(
        _DENIED,
        "AWS denied {call} at {host}: {said}",
        "check that the role exists{role_place}, then allow sts:{operation} in the role's trust policy "
        "and in the caller's own policy",
        operation="AssumeRole",
    ),
    ErrorRule(
        _DENIED,
        "AWS denied {call} at {host}: {said}",
        "check that the role exists{role_place}, then allow sts:{operation} in the role's trust policy "
        "for the token's issuer, subject and audience",
        operation="AssumeRoleWithWebIdentity",
    ),
    ErrorRule(
        (DENIED_BY_POLICY,),
        "AWS denied {call} at {host}: {said}",
        "{allow} sts:{operation} in {policy}",
        operation="AssumeRole",
    ),
    ErrorRule(
        (ROOT_CALLER,),
        "the root user of an account cannot assume a role ({call} at {host})",
        "use the keys of an IAM user",
        hint=NEW_CREDENTIALS,
        operation="AssumeRole",
    ),
    ErrorRule(
        ("ValidationError",), "AWS refused {call} at {host}: {code}: {said}", "fix {setting}", operation="AssumeRole"
    ),
    ErrorRule(
        ("RegionDisabledException",),
        "AWS refused {call} at {host}: {code}: {said}",
        "ask the administrator to activate STS for REGION in IAM's account settings",
        operation="AssumeRole",
    ),
    ErrorRule(
        ("ForbiddenException", "ResourceNotFoundException"),
        "AWS refused {call} at {host}: {code}: {said}",
        "check sso_account_id and sso_role_name in {profile_files}, or ask for access to that role",
        operation="GetRoleCredentials",
    ),
    ErrorRule(THROTTLED, "AWS throttled {call} at {host} ({code})", _TRY_LATER),
)
# Those that take precedence in a call to ECR Public.
PUBLIC_RULES: tuple[ErrorRule, ...] = (
    ErrorRule(
        _DENIED,
        "AWS denied {call} at {host}: {said}",
        "{allow} ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken in {policy}",
        operation="GetAuthorizationToken",
    ),
)
# Those that take precedence in a call about a repository policy.
POLICY_RULES: tuple[ErrorRule, ...] = (
    ErrorRule(
        _DENIED,
        "AWS denied {call} at {host}: {said}",
        "{allow} ecr:{operation} in {policy}, or choose the owner's profile with --profile",
        hint=OWNERS_PROFILE,
    ),
    ErrorRule(
        ("RepositoryNotFoundException",),
        "the repository does not exist ({call} at {host}): {said}",
        "check its name, --region and --profile",
        "aws ecr describe-repositories --region REGION{registry_option}{caller_option}",
    ),
    ErrorRule(
        (UNKNOWN_PRINCIPAL,),
        "the principal {principals} does not exist",
        "check its spelling; AWS may take a minute to know a new one, and shows an ID in place of one that was deleted",
    ),
)
SERVER_FAILURE = ErrorRule((), "AWS returned a server error for {call} at {host} (HTTP {status}, {code})", _TRY_LATER)
REFUSED = ErrorRule((), "AWS refused {call} at {host}: {code}: {said}", command=_ASK_CLI)


def error(code: str, **values: str) -> AwsError:
    """Return the failure with one of this program's own codes, whose rule needs nothing but ``values``.

    ``failures.with_call`` names the call.
    """
    rule = next(rule for rule in CLIENT_RULES if code in rule.codes)
    values = {"host": "AWS", "call": "the request"} | values
    remedy = Remedy(rule.remedy.format_map(values), rule.command)
    return AwsError(rule.message.format_map(values), remedy, (code,))
