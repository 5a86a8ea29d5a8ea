"""Docker across accounts: its commands, a real engine and a registry that accepts only valid ECR tokens."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from fakes import engine
from fakes.aws import FakeAws
from fakes.certificates import Certificates
from fakes.clients import Client, write_json
from fakes.registry import Registry
from support.home import BASE_USER, HOST, OTHER_HOST, PRIMARY, SECONDARY, Home

_ONCE = ["AssumeRole", "GetAuthorizationToken"]
_GRANTED = f"{HOST}/granted/app"
# For tests in which the way that Docker calls the program does not matter.
in_one_way = pytest.mark.parametrize("docker_helper", ["configuration file"], indirect=True)
_ROLE_SESSION = f"arn:aws:sts::{SECONDARY}:assumed-role/puller/"


def _operations(home: Home) -> list[str]:
    return [call.operation for call in home.aws.calls]


def _fetch(aws: FakeAws, authority: Certificates) -> str:
    """Return a token as ``aws ecr get-login-password`` prints it for another user of the secondary account."""
    keys = aws.add_user(SECONDARY, "person")
    client = boto3.client(
        "ecr",
        region_name="us-east-1",
        verify=str(authority.authority),
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
    )
    (answer,) = client.get_authorization_token()["authorizationData"]
    return base64.b64decode(answer["authorizationToken"]).decode().removeprefix("AWS:")


class TestSession:
    @pytest.mark.cell("docker engine", "pull, push, manifest inspect")
    def test_push_and_pull_use_one_role_and_one_token(
        self, docker: Client, keyring: dict[str, str], layer: bytes, assert_in_no_file: Callable[[str], None]
    ) -> None:
        """Push and pull assume the role once, fetch one token and leave it in no file."""
        docker.home.env |= keyring
        aws = docker.home.aws
        image = f"{HOST}/team/session:{len(layer)}"

        docker("import", "-", image, stdin=layer)
        docker("push", image)
        docker("rmi", image)
        docker("pull", image)
        assert image in docker("images", "--format", "{{.Repository}}:{{.Tag}}").splitlines()
        assert "schemaVersion" in docker("manifest", "inspect", image)

        assumed, fetched = aws.calls
        assert ("AssumeRole", BASE_USER, "") == (assumed.operation, assumed.caller, assumed.error)
        assert ("GetAuthorizationToken", "") == (fetched.operation, fetched.error)
        assert fetched.caller.startswith(_ROLE_SESSION)
        (token,) = aws.issued
        assert_in_no_file(token)


class TestBuild:
    @pytest.mark.cell("docker engine", "classic build")
    def test_classic_build_pulls_its_base(self, docker: Client, image: str, tmp_path: Path) -> None:
        docker("pull", image)  # a build asks a credential store only for what it lists
        docker("rmi", image)
        (tmp_path / "context").mkdir()
        (tmp_path / "context" / "Dockerfile").write_text(f"FROM {image}\nCOPY Dockerfile /\n")

        docker("build", "--pull", "--tag", "built", tmp_path / "context")

        assert _ONCE == _operations(docker.home)


class TestLogin:
    @pytest.mark.cell("docker engine", "login")
    def test_without_a_user_uses_the_roles_token(self, docker: Client) -> None:
        assert "Login Succeeded" in docker("login", HOST)
        assert _ONCE == _operations(docker.home)

    @pytest.mark.cell("docker engine", "login with a token, logout")
    def test_with_a_token_uses_it_until_logout(
        self, docker: Client, authority: Certificates, image: str, assert_in_no_file: Callable[[str], None]
    ) -> None:
        token = _fetch(docker.home.aws, authority)
        docker.home.aws.calls.clear()

        docker("login", "--username", "AWS", "--password-stdin", HOST, stdin=token)
        docker("pull", image)

        assert [] == docker.home.aws.calls
        assert_in_no_file(token)
        docker("logout", HOST)
        docker("pull", image)
        assert _ONCE == _operations(docker.home)

    @in_one_way
    def test_without_the_helper_leaves_the_token_in_a_file(
        self, docker: Client, authority: Certificates, assert_in_no_file: Callable[[str], None]
    ) -> None:
        # With a password already in its file, Docker looks for no default helper.
        auths = {"registry.example": {"auth": "dXNlcjpwYXNzd29yZA=="}}
        write_json(docker.home.folder / ".docker" / "config.json", {"auths": auths})
        token = _fetch(docker.home.aws, authority)

        docker("login", "--username", "AWS", "--password-stdin", HOST, stdin=token)

        with pytest.raises(AssertionError, match=r"config\.json"):
            assert_in_no_file(token)

    @in_one_way
    def test_with_an_invalid_password_fails(self, docker: Client) -> None:
        said = docker.fails("login", "--username", "AWS", "--password-stdin", HOST, stdin="made up")

        assert "401" in said or "nauthorized" in said

    def test_leaves_no_password_in_docker_config(self, docker: Client) -> None:
        docker("login", HOST)

        document = json.loads((docker.home.folder / ".docker" / "config.json").read_text())
        assert {} == document.get("auths", {}).get(HOST, {})

    def test_logout_without_login_succeeds(self, docker: Client) -> None:
        docker("logout", HOST)


@in_one_way
class TestRepositoryPolicy:
    def test_denies_an_account_that_it_does_not_name(self, docker: Client, ecr: Registry, image: str) -> None:
        assert SECONDARY in ecr.permitted[PRIMARY]
        stranger = "arn:aws:iam::444444444444:role/puller"
        config = docker.home.folder / ".aws" / "config"
        config.write_text(config.read_text().replace("[profile secondary]", "[profile permitted]"))
        docker.home.add_role_profile("secondary", stranger, "stranger")

        said = docker.fails("pull", image)

        assert "not authorized to perform: ecr:BatchGetImage" in said
        assert "GetAuthorizationToken" == docker.home.aws.calls[-1].operation

    def test_of_another_account_denies_the_same_token(self, docker: Client, ecr: Registry) -> None:
        assert not ecr.permitted[OTHER_HOST.partition(".")[0]]
        config = docker.home.folder / ".docker" / "config.json"
        config.write_text(config.read_text().replace(HOST, OTHER_HOST))
        docker.home.configure('[[registry]]\nmatch = "*.dkr.ecr.*"\nprofile = "secondary"\n')

        assert "denied" in docker.fails("pull", f"{OTHER_HOST}/team/app:v0")


@in_one_way
class TestPolicyCommand:
    """The owner grants and revokes access with ``policy``, and the registry enforces the result."""

    @pytest.fixture
    def granted(self, docker: Client, ecr: Registry) -> Callable[..., None]:
        """Create the repository ``granted/app`` with an image, and return what changes its policy as its owner."""
        home = docker.home
        home.add_keys("owner", home.aws.add_user(PRIMARY, "owner"))
        home.aws.add_repository(PRIMARY, "granted/app")
        ecr.publish("granted/app", "v1", engine.layer("granted"))

        def change(verb: str, *options: str) -> None:
            found = home.run("policy", verb, _GRANTED, "--to", SECONDARY, "--profile", "owner", "--apply", *options)
            assert 0 == found.status, found

        return change

    def test_grants_docker_pull_until_revoke(self, docker: Client, granted: Callable[..., None]) -> None:
        image = f"{_GRANTED}:v1"
        assert "not authorized to perform: ecr:BatchGetImage" in docker.fails("pull", image)

        granted("grant")
        docker("pull", image)

        granted("revoke")
        docker("rmi", image)
        assert "not authorized to perform: ecr:BatchGetImage" in docker.fails("pull", image)

    def test_grants_docker_push_unless_pull_only(
        self, docker: Client, granted: Callable[..., None], layer: bytes
    ) -> None:
        image = f"{_GRANTED}:{len(layer)}"
        docker("import", "-", image, stdin=layer)

        granted("grant", "--pull-only")
        assert "not authorized to perform: ecr:InitiateLayerUpload" in docker.fails("push", image)
        docker("pull", f"{_GRANTED}:v1")

        granted("grant")
        docker("push", image)


@in_one_way
def test_docker_auth_config_with_helpers_is_skipped(docker: Client, image: str) -> None:
    docker.home.env["DOCKER_AUTH_CONFIG"] = json.dumps({"credHelpers": {HOST: "none"}})

    docker("pull", image)

    assert _ONCE == _operations(docker.home)


@pytest.mark.parametrize("command", ["pull", "push"])
def test_failure_is_one_line_with_remedy(docker: Client, image: str, command: str) -> None:
    if command == "push":
        docker("pull", image)
        docker("logout", HOST)
    (docker.home.folder / ".aws" / "credentials").write_text("")

    said = docker.fails(command, image)

    (line,) = (line for line in said.splitlines() if line.startswith("docker-credential-ecrx: "))
    assert "profile secondary" in line
    assert "create the profile: aws configure --profile base" in line
