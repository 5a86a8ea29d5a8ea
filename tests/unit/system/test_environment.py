"""Empty variables are unset if this program, Docker or the SDK reads them, and no others."""

import json
import subprocess
import sys

import pytest

_SCRIPT = """\
import json, os
from docker_credential_ecrx.system import environment
environment.unset_empty()
environment.unset_key_log()
print(json.dumps({**os.environ}))
"""


@pytest.mark.posix("a system where a variable can be empty")
class TestUnsetEmpty:
    @pytest.mark.parametrize(
        "name",
        [
            *(
                "AWS_PROFILE",
                "AWS_ANYTHING_NEW",
                "BOTO_CONFIG",
                "ECRX_CONFIG",
                "HOME",
                "XDG_STATE_HOME",
                "SSL_CERT_DIR",
            ),
            *("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "CURL_CA_BUNDLE", "https_proxy", "HTTPS_PROXY", "no_proxy"),
        ],
    )
    def test_unsets_what_this_program_reads(self, name: str) -> None:
        assert name not in _left({name: ""})

    @pytest.mark.parametrize("name", ["PATH", "TZ", "LC_ALL", "PROXY", "SOMEBODY_ELSES"])
    def test_leaves_what_others_read(self, name: str) -> None:
        """An empty TZ means UTC, and an empty PATH the current folder."""
        assert "" == _left({name: ""})[name]

    @pytest.mark.parametrize("value", ["0", " ", "false"])
    def test_leaves_what_has_a_value(self, value: str) -> None:
        assert value == _left({"AWS_PROFILE": value, "HOME": ""})["AWS_PROFILE"]

    @pytest.mark.parametrize("value", ["/home/me/keys", ""])
    def test_unsets_the_file_for_keys_of_tls(self, value: str) -> None:
        assert "SSLKEYLOGFILE" not in _left({"SSLKEYLOGFILE": value})


def _left(env: dict[str, str]) -> dict[str, str]:
    """Return the environment of a process that began with ``env``."""
    path = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", _SCRIPT], env=env | path, stdout=subprocess.PIPE, check=True)
    left: dict[str, str] = json.loads(done.stdout)
    return left
