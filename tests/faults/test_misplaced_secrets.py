"""A secret in place of a path, a URL, a number or a program is never shown, nor written to a file.

GitLab and others have variables of the type "file" and of the type "variable": with the wrong type, a variable has the
file's content in place of its path.
"""

import base64
import json
from collections.abc import Mapping
from itertools import cycle

import pytest
from faults.helpers import World

from support import kubernetes
from support.forms import in_one_form
from support.home import HOST, ROLE
from support.markers import WORDS, Watch

TOKEN = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"none"}', WORDS.encode(), b"x")
)
CONTENTS: Mapping[str, str] = {
    "aws": f"[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {WORDS}\n",
    "json": json.dumps({"auths": {"registry.example": {"auth": WORDS}}}),
    "toml": f'[[registry]]\nmatch = "*"\nexternal_id = "{WORDS}"\n',
    "pem": f"-----BEGIN PRIVATE KEY-----\n{WORDS}\n-----END PRIVATE KEY-----\n",
    "token": TOKEN,
    "assignment": f"VAULT_PASSWORD={WORDS}",
    "words": WORDS,
    "long": f"{'x' * 300}{WORDS}",
}
# Each variable has one of the contents; the one that CI services confuse most has all of them.
CONFUSED = "AWS_SHARED_CREDENTIALS_FILE"
PATHS = (
    *("AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE", "DOCKER_CONFIG", "REGISTRY_AUTH_FILE"),
    *("ECRX_CONFIG", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
    *("SSL_CERT_DIR", "AWS_LOGIN_CACHE_DIRECTORY", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"),
    *("DBUS_SESSION_BUS_ADDRESS", "HOME", "CONTAINERS_REGISTRIES_CONF"),
)
URLS: Mapping[str, str] = {
    "slash": f"https://me:{WORDS}/x@127.0.0.1:1",
    "hash": f"https://me:{WORDS}#x@127.0.0.1:1",
    "question mark": f"https://me:{WORDS}?x@127.0.0.1:1",
    "one slash": f"https:/me:{WORDS}@127.0.0.1:1",
    "no scheme": f"{WORDS}@127.0.0.1:1",
    "port": f"https://127.0.0.1:{WORDS}",
    "scheme": f"{WORDS.replace('-', '')}://127.0.0.1:1",
    "words": WORDS,
    "space": f"https://{WORDS} x",
}
URL_VARIABLES = (
    *("AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL_STS", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "HTTPS_PROXY"),
    *("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
)
CHOICES = ("AWS_DEFAULTS_MODE", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")
NUMBERS = ("AWS_METADATA_SERVICE_TIMEOUT", "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "AWS_MAX_ATTEMPTS")
COMMANDS = (
    f"doctor {HOST}/app:v1 & doctor --json {HOST}/app:v1",
    f"which {HOST} & which {HOST} --json & status & status --json",
    f"configure {HOST} --profile secondary & configure --podman --dry-run {HOST} --profile secondary",
    f"login {HOST} --profile secondary & policy show app --region us-east-1",
)


def check_everywhere(user: World) -> None:
    """Run the verbs and the commands, and look for the words in what they say and write."""
    watch = Watch(user.home, WORDS)
    watch.run("get", stdin=HOST)
    watch.run("kubelet", stdin=kubernetes.request(f"{HOST}/app"))
    watch.run_all("get & get", *COMMANDS).check()


def prepare(user: World, name: str) -> None:
    """Make the user's credentials come from where the variable ``name`` belongs."""
    if name == "AWS_WEB_IDENTITY_TOKEN_FILE":
        user.home.env["AWS_ROLE_ARN"] = ROLE
    if name.startswith("AWS_CONTAINER"):
        user.home.env.setdefault("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/x")
        user.set_profile(role_arn=ROLE, credential_source="EcsContainer")
    if name.startswith(("AWS_EC2", "AWS_METADATA")):
        user.home.env["AWS_EC2_METADATA_DISABLED"] = "false"
        user.set_profile(role_arn=ROLE, credential_source="Ec2InstanceMetadata")


@pytest.fixture
def user(world: World, kernel: dict[str, str]) -> World:
    """Return a user whose registry is never reached."""
    world.home.env |= kernel | {"HTTPS_PROXY": "http://127.0.0.1:9"}
    world.home.link("docker-credential-ecrx-secondary")
    return world


@in_one_form
class TestPath:
    @pytest.mark.parametrize(
        ("name", "content"),
        [*((CONFUSED, content) for content in CONTENTS), *zip(PATHS, cycle(CONTENTS), strict=False)],
    )
    def test_in_a_variable_is_not_shown_if_it_is_content(self, user: World, name: str, content: str) -> None:
        prepare(user, name)
        user.home.env[name] = CONTENTS[content]

        check_everywhere(user)

    @pytest.mark.parametrize("content", ["token", "words"])
    @pytest.mark.parametrize("key", ["web_identity_token_file", "ca_bundle"])
    def test_in_a_profile_is_not_shown_if_it_is_content(self, user: World, key: str, content: str) -> None:
        user.set_profile(**{"role_arn": ROLE, key: CONTENTS[content]})

        check_everywhere(user)

    def test_is_shown_if_it_is_one(self, user: World) -> None:
        user.home.env[CONFUSED] = "/nonexistent/credentials"

        assert f"{CONFUSED} names /nonexistent/credentials, which does not exist" in user.home.get().stderr


@in_one_form
class TestUrl:
    @pytest.mark.parametrize(
        ("name", "url"),
        [*(("AWS_ENDPOINT_URL", url) for url in URLS), *((name, "slash") for name in URL_VARIABLES)],
    )
    def test_in_a_variable_is_not_shown_if_invalid(self, user: World, name: str, url: str) -> None:
        prepare(user, name)
        user.home.env[name] = URLS[url]

        check_everywhere(user)

    @pytest.mark.parametrize("url", ["slash", "scheme"])
    def test_in_a_profile_is_not_shown_if_invalid(self, user: World, url: str) -> None:
        del user.home.env["AWS_ENDPOINT_URL"]
        user.set_profile(role_arn=ROLE, source_profile="base", endpoint_url=URLS[url])

        check_everywhere(user)

    def test_of_a_proxy_is_not_shown_if_its_scheme_is_unknown(self, user: World) -> None:
        user.home.env["HTTPS_PROXY"] = URLS["scheme"]
        user.home.env["AWS_ENDPOINT_URL"] = "https://aws.invalid"

        check_everywhere(user)


@in_one_form
class TestNumber:
    @pytest.mark.parametrize("name", NUMBERS)
    def test_in_a_variable_is_not_shown_if_invalid(self, user: World, name: str) -> None:
        prepare(user, name)
        user.home.env[name] = WORDS

        check_everywhere(user)

    @pytest.mark.parametrize("key", ["duration_seconds", "max_attempts"])
    def test_in_a_profile_is_not_shown_if_invalid(self, user: World, key: str) -> None:
        user.set_profile(**{"role_arn": ROLE, "source_profile": "base", key: WORDS})

        check_everywhere(user)


@in_one_form
class TestWord:
    @pytest.mark.parametrize("content", ["words", "json"])
    @pytest.mark.parametrize("name", CHOICES)
    def test_in_a_variable_is_not_shown_if_it_is_none_of_the_choices(
        self, user: World, name: str, content: str
    ) -> None:
        prepare(user, name)
        user.home.env[name] = CONTENTS[content]

        check_everywhere(user)

    def test_is_shown_if_it_may_be_misspelled(self, user: World) -> None:
        user.home.env["AWS_DEFAULTS_MODE"] = "standrad"

        assert "AWS_DEFAULTS_MODE is not valid: Client configured with invalid defaults mode: standrad" in (
            user.home.get().stderr
        )

    def test_in_a_profile_is_not_taken_for_the_name_of_the_profile(self, user: World) -> None:
        """The message names the profile, too."""
        user.home.env["AWS_PROFILE"] = "secondary"
        user.set_profile(role_arn=ROLE, credential_source="Environment2")

        said = user.home.get(profile=None).stderr

        assert "credential_source of profile secondary is not valid" in said
        assert "AWS_PROFILE is not valid" not in said


@in_one_form
class TestCredentialProcess:
    @pytest.mark.parametrize(
        "command", [f"VAULT_PASSWORD={WORDS} tool --json", f"/nonexistent/a={WORDS}", f"'{WORDS} tool", TOKEN]
    )
    def test_is_not_shown_if_it_is_no_program(self, user: World, command: str) -> None:
        user.set_profile(credential_process=command)

        check_everywhere(user)
