"""What botocore reads besides the fingerprint's inputs does not affect where a token comes from or goes to."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.forms import as_wheel
from support.home import HOST, Home

_VERSIONS = {"sts": "2011-06-15", "ecr": "2015-09-21"}
_PLUGIN = """\
from pathlib import Path
Path(__file__).with_name("loaded").touch()
def initialize_client_plugin(client):
    pass
"""


def plant(folder: Path, url: str) -> None:
    """Write rules that send every request for STS and ECR to ``url``."""
    parameter = {"required": False, "documentation": "", "type": "String"}
    flag = parameter | {"type": "Boolean", "default": False, "required": True}
    names = {"Region": "AWS::Region", "Endpoint": "SDK::Endpoint"}
    flags = {"UseDualStack": "AWS::UseDualStack", "UseFIPS": "AWS::UseFIPS"}
    flags["UseGlobalEndpoint"] = "AWS::STS::UseGlobalEndpoint"
    rules = {
        "version": "1.0",
        "parameters": {name: parameter | {"builtIn": builtin} for name, builtin in names.items()}
        | {name: flag | {"builtIn": builtin} for name, builtin in flags.items()},
        "rules": [{"conditions": [], "endpoint": {"url": url, "properties": {}, "headers": {}}, "type": "endpoint"}],
    }
    for service, version in _VERSIONS.items():
        place = folder / service / version
        place.mkdir(parents=True)
        (place / "endpoint-rule-set-1.json").write_text(json.dumps(rules))


class TestEndpointRules:
    @pytest.mark.parametrize("way", ["home", "AWS_DATA_PATH", "data_path"])
    def test_from_other_folders_are_ignored(self, home: Home, way: str) -> None:
        """Such rules are not part of the fingerprint, so only the rules that botocore ships count."""
        home.add_role_profile()
        del home.env["AWS_ENDPOINT_URL"]
        folder = home.folder / (".aws/models" if way == "home" else "models")
        plant(folder, home.aws.url)
        if way == "AWS_DATA_PATH":
            home.env["AWS_DATA_PATH"] = str(folder)
        if way == "data_path":
            with (home.folder / ".aws" / "config").open("a") as config:
                config.write(f"data_path = {folder}\n")

        found = home.get(env={"HTTPS_PROXY": "http://127.0.0.1:1"})

        assert "cannot connect to the proxy 127.0.0.1" in found.stdout
        assert [] == home.aws.calls


class TestMonitoring:
    @pytest.fixture
    def collector(self) -> Iterator[socket.socket]:
        """Return the socket to which botocore's client-side monitoring would report each call."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
            collector.bind(("127.0.0.1", 0))
            collector.settimeout(0)
            yield collector

    @pytest.mark.parametrize("way", ["environment", "profile"])
    def test_receives_no_events(self, home: Home, collector: socket.socket, way: str) -> None:
        """Client-side monitoring would send the access key and the session token in plain text."""
        home.add_role_profile()
        port = str(collector.getsockname()[1])
        if way == "environment":
            home.env |= {"AWS_CSM_ENABLED": "true", "AWS_CSM_PORT": port}
        else:
            with (home.folder / ".aws" / "config").open("a") as config:
                config.write(f"csm_enabled = true\ncsm_port = {port}\n")

        assert home.get().secret

        with pytest.raises(BlockingIOError):
            collector.recv(1 << 16)


class TestPlugin:
    @as_wheel
    def test_is_not_loaded(self, home: Home) -> None:
        """A plug-in changes every botocore client and is not part of the fingerprint."""
        home.add_role_profile()
        folder = home.folder / "modules"
        folder.mkdir()
        (folder / "planted.py").write_text(_PLUGIN)
        home.env |= {"PYTHONPATH": str(folder), "BOTOCORE_EXPERIMENTAL__PLUGINS": "p=planted"}

        assert home.get().secret

        assert not (folder / "loaded").exists()


# All of botocore's variables, those of proxies and certificates, and this program's own.
VARIABLES = [
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_ACCOUNT_ID"),
    *("AWS_CREDENTIAL_EXPIRATION", "AWS_CREDENTIAL_FILE", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE"),
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_LOGIN_CACHE_DIRECTORY"),
    *("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_EC2_METADATA_V1_DISABLED"),
    *("AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_IMDS_USE_IPV6"),
    *("AWS_METADATA_SERVICE_TIMEOUT", "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "AWS_DEFAULTS_MODE", "AWS_RETRY_MODE"),
    *("AWS_MAX_ATTEMPTS", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_CA_BUNDLE"),
    *("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
    *("AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_DISCOVERY_ENABLED", "AWS_SDK_UA_APP_ID"),
    *("AWS_ACCOUNT_ID_ENDPOINT_MODE", "AWS_AUTH_SCHEME_PREFERENCE", "AWS_SIGV4A_SIGNING_REGION_SET", "AWS_DATA_PATH"),
    *("AWS_CSM_ENABLED", "AWS_CSM_HOST", "AWS_CSM_PORT", "AWS_CSM_CLIENT_ID", "AWS_DISABLE_HOST_PREFIX_INJECTION"),
    *("AWS_DISABLE_REQUEST_COMPRESSION", "AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "AWS_EXECUTION_ENV"),
    *("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION", "AWS_LAMBDA_FUNCTION_NAME"),
    *("AWS_ECR_ROLE_ARN", "ECRX_CONFIG", "ECRX_KEYRING", "ECRX_LOG", "XDG_CONFIG_HOME", "XDG_STATE_HOME"),
    *("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "DOCKER_AUTH_CONFIG", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "no_proxy"),
    *("BOTO_CONFIG", "BOTO_DISABLE_CRT", "BOTOCORE_TCP_KEEPALIVE"),
]
EMPTY = dict.fromkeys(VARIABLES, "")


class TestEmptyVariable:
    @pytest.mark.parametrize("profile", [None, "default"])
    def test_all_at_once_change_nothing(self, home: Home, kernel: dict[str, str], profile: str | None) -> None:
        """Templates of CI define variables that are empty in most jobs (botocore#1927)."""
        home.add_role_profile("default")
        secret = home.get(profile=profile, env=kernel).secret

        found = home.get(profile=profile, env=EMPTY | kernel)

        assert (secret, "") == (found.secret, found.stderr)

    @pytest.mark.parametrize("profile", [None, "default"])
    def test_all_at_once_do_not_fail_a_first_get(self, home: Home, profile: str | None) -> None:
        home.add_role_profile("default")

        assert home.get(profile=profile, env=EMPTY | {"ECRX_KEYRING": "none"}).secret

    @pytest.mark.parametrize("arguments", [["which", HOST], ["status"], ["configure", HOST, "--dry-run"]])
    def test_all_at_once_change_no_command(self, home: Home, arguments: list[str]) -> None:
        home.add_role_profile("default")

        assert home.run(*arguments) == home.run(*arguments, env=EMPTY)

    @pytest.mark.parametrize("empty", ["https_proxy", "HTTPS_PROXY"])
    def test_does_not_hide_the_proxy_of_another_case(self, home: Home, empty: str) -> None:
        """Go's net/http, and so docker, takes the first of the two that is not empty."""
        home.add_role_profile()
        proxies = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1", empty: ""}

        found = home.get(env={"AWS_ENDPOINT_URL": "https://aws.invalid"} | proxies)

        assert "cannot connect to the proxy 127.0.0.1" in found.stdout

    @pytest.mark.parametrize(
        "name",
        [
            *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
            *("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CA_BUNDLE"),
            *("AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_DEFAULT_REGION", "AWS_STS_REGIONAL_ENDPOINTS"),
        ],
    )
    def test_counts_as_unset_everywhere(self, home: Home, secret_service: dict[str, str], name: str) -> None:
        """The fingerprint and botocore both treat an empty variable as unset."""
        home.add_role_profile("default")
        home.env |= secret_service | {"ECRX_KEYRING": "secret-service"}

        found = home.get(profile=None, env={name: ""})

        assert found.secret == home.get(profile=None).secret

    def test_is_hidden_from_credential_process(self, home: Home) -> None:
        """An empty variable would make another AWS SDK fail, although this program works without it."""
        keys = home.aws.add_user("222222222222", "process")
        answer = f'{{"Version":1,"AccessKeyId":"{keys[0]}","SecretAccessKey":"{keys[1]}"}}'
        script = home.bin / "give-keys"
        script.write_text(f"#!/bin/sh\n[ -z \"${{AWS_PROFILE+set}}\" ] && echo '{answer}'\n")
        script.chmod(0o700)
        home.add_profile("secondary", credential_process=str(script))

        assert home.get(HOST, env={"AWS_PROFILE": ""}).secret
