"""What the direct way leaves to botocore: every variable and every setting that it does not know."""

from pathlib import Path

import pytest

from docker_credential_ecrx.aws.direct.declined import DeclinedError
from docker_credential_ecrx.aws.direct.keys import Keys
from docker_credential_ecrx.aws.direct.plan import make_plan
from docker_credential_ecrx.identity.aws_profiles import Snapshot
from docker_credential_ecrx.identity.model import Identity

pytestmark = pytest.mark.posix("a system whose settings botocore does not follow")

KEYS = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s\n"
PROFILE = f"[profile p]\n{KEYS}"


def source_of(folder: Path, config: str = PROFILE, **env: str) -> object:
    """Return the source of profile p's keys."""
    (folder / "config").write_text(config)
    files = {"AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")}
    return make_plan(Identity("p"), Snapshot(files | env)).source


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_FIPS_ENDPOINT", "false"), ("AWS_USE_DUALSTACK_ENDPOINT", "1")),
        *(("AWS_RETRY_MODE", "standard"), ("AWS_MAX_ATTEMPTS", "3"), ("AWS_DEFAULTS_MODE", "standard")),
        *(("AWS_STS_REGIONAL_ENDPOINTS", "legacy"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")),
        *(("AWS_METADATA_SERVICE_TIMEOUT", "1"), ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1"), ("AWS_NEW", "1")),
        *(("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv6"), ("AWS_IMDS_USE_IPV6", "true"), ("AWS_DATA_PATH", "/x")),
        *(("AWS_CREDENTIAL_EXPIRATION", "x"), ("AWS_CREDENTIAL_FILE", "/x"), ("AWS_SECURITY_TOKEN", "t")),
        *(("AWS_ENDPOINT_URL_SSO", "http://x"), ("AWS_SIGV4A_SIGNING_REGION_SET", "*"), ("ECRX_DIRECT", "OFF")),
        *((name, "http://x") for proxy in ("http", "https", "all") for name in (f"{proxy}_proxy", f"{proxy}_PROXY")),
        *(("HTTPS_PROXY", "http://x"), ("Http_Proxy", "http://x"), ("BOTOCORE_TCP_KEEPALIVE", "1")),
    ],
)
def test_unknown_variable_is_left_to_botocore(tmp_path: Path, name: str, value: str) -> None:
    assert isinstance(source_of(tmp_path, **{name: ""}), Keys)
    with pytest.raises(DeclinedError):
        source_of(tmp_path, **{name: value})


@pytest.mark.parametrize(
    "setting",
    [
        *("use_fips_endpoint = true", "use_fips_endpoint = false", "use_dualstack_endpoint = true", "something = new"),
        *("retry_mode = standard", "max_attempts = 3", "defaults_mode = standard", "sts_regional_endpoints = legacy"),
        *("endpoint_url = http://x", "ignore_configured_endpoint_urls = true", "services = s", "data_path = /x"),
        *("mfa_serial = m", "sso_session = s", "sso_account_id = 1", "login_session = l", "credential_process = p"),
        *("metadata_service_timeout = 1", "ec2_metadata_service_endpoint = http://x", "tcp_keepalive = true"),
        *("ec2_metadata_v1_disabled = true", "s3 =\n  addressing_style = path", "aws_security_token = t"),
        *("parameter_validation = false", "api_versions =\n  ecr = 2015-09-21", "region =", "region = a\n  b"),
        *("account_id_endpoint_mode = required", "auth_scheme_preference = sigv4a", "sigv4a_signing_region_set = *"),
    ],
)
def test_unknown_setting_is_left_to_botocore(tmp_path: Path, setting: str) -> None:
    assert isinstance(source_of(tmp_path, PROFILE), Keys)
    assert isinstance(source_of(tmp_path, f"{PROFILE}[profile q]\n{setting}\n"), Keys)
    with pytest.raises(DeclinedError):
        source_of(tmp_path, f"{PROFILE}{setting}\n")


@pytest.mark.parametrize("seconds", ["9" * 5000, "1e3", "-900", "+900", "٣٦٠٠", "900.0", "0x384"])
def test_duration_of_another_form_is_left_to_botocore(tmp_path: Path, seconds: str) -> None:
    role = f"role_arn = r\nsource_profile = q\nduration_seconds = {seconds}\n"

    with pytest.raises(DeclinedError):
        source_of(tmp_path, f"[profile p]\n{role}[profile q]\n{KEYS}")
