"""Checks that no variable of the environment makes botocore do what the direct way does not know."""

import sys

from docker_credential_ecrx.aws.direct.declined import DeclinedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# Those that the direct way follows, and those that do not matter to the two calls.
_KNOWN = frozenset(
    (
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
        *("AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"),
        *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        *("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
        *("AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_V1_DISABLED"),
        *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_ECR_PUBLIC"),
        *("AWS_CA_BUNDLE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_DEFAULT_OUTPUT", "AWS_PAGER", "AWS_VAULT"),
        *("AWS_EXECUTION_ENV", "AWS_SDK_LOAD_CONFIG", "AWS_CLI_AUTO_PROMPT", "AWS_ACCOUNT_ID", "AWS_AVAILABILITY_ZONE"),
        "AWS_ECR_ROLE_ARN",  # of kubelet's provider, and of this program
        *("AWS_ECR_DISABLE_CACHE", "AWS_ECR_CACHE_DIR", "AWS_ECR_IGNORE_CREDS_STORAGE"),  # of ecr-login
    )
)
# What they may have and still not matter.
_HARMLESS = {"AWS_STS_REGIONAL_ENDPOINTS": ("regional",), "AWS_DEFAULTS_MODE": ("legacy",)}
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
# Their systems have settings for proxies, which botocore follows.
_WITH_PROXY_SETTINGS = ("darwin", "win32")


def require_known(env: "Mapping[str, str]") -> None:
    """Raise DeclinedError if a variable, or the system, may lead botocore another way."""
    if env.get("ECRX_DIRECT", "").lower() == "off":
        raise DeclinedError("ECRX_DIRECT is off")
    if sys.platform in _WITH_PROXY_SETTINGS:
        raise DeclinedError("the system may have settings for proxies")
    for name, value in env.items():
        if not value:
            continue
        if name.startswith("AWS_") and name not in _KNOWN and value not in _HARMLESS.get(name, ()):
            raise DeclinedError("a variable is set that only botocore knows")
        if name.lower() in _PROXIES:
            raise DeclinedError("a proxy is configured")
        if name == "BOTOCORE_TCP_KEEPALIVE":
            raise DeclinedError("a variable is set that only botocore knows")
