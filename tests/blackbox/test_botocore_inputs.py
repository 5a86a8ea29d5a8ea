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

        assert "the proxy does not answer" in found.stdout
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


class TestEmptyVariable:
    @pytest.mark.parametrize(
        "name",
        [
            *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
            *("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CA_BUNDLE"),
            *("AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_DEFAULT_REGION", "AWS_STS_REGIONAL_ENDPOINTS"),
        ],
    )
    def test_counts_as_unset_everywhere(self, home: Home, name: str) -> None:
        """The fingerprint and botocore both treat an empty variable as unset."""
        home.add_role_profile("default")
        home.env["ECRX_KEYRING"] = "kernel"

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
