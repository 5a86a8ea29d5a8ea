"""What docs/comparison.md says of other ways to ECR: each is run here as its users run it."""

import base64
import json
import stat
from pathlib import Path

import pytest

from fakes.clients import Client
from support import need
from support.forms import in_one_form
from support.home import HOST, NOT_FOUND, OTHER_HOST, PRIMARY, ROLE, SECONDARY, Home, Result
from support.secrets import places_of

pytestmark = in_one_form

_TWO_CALLS = ["AssumeRole", "GetAuthorizationToken"]
_WORK = Path(__file__).parents[2] / ".work"


@pytest.fixture
def ecr_login(home: Home) -> Home:
    """Return the home of a user who has ecr-login instead of this program."""
    built = next(_WORK.glob("ecr-login-*/docker-credential-ecr-login"), None)
    home.link("docker-credential-ecr-login", built or Path(need.missing("ecr-login (tests/run builds it with Go)")))
    home.env["AWS_PROFILE"] = "secondary"
    return home


def _get(home: Home, host: str = HOST) -> Result:
    return home.run("get", stdin=host, argv0="docker-credential-ecr-login")


def _cache(home: Home) -> Path:
    return home.folder / ".ecr" / "cache.json"


class TestEcrLogin:
    def test_leaves_the_token_in_a_file(self, ecr_login: Home) -> None:
        """Only the user can read it."""
        token = _get(ecr_login).secret

        assert [_cache(ecr_login)] == places_of(token, ecr_login.folder)
        assert 0o600 == stat.S_IMODE(_cache(ecr_login).stat().st_mode)

    def test_asks_aws_again_at_each_get_with_a_role(self, ecr_login: Home) -> None:
        tokens = {_get(ecr_login).secret for _ in range(3)}

        assert 3 == len(tokens)
        assert _TWO_CALLS * 3 == [call.operation for call in ecr_login.aws.calls]

    def test_asks_aws_once_with_keys_that_stay(self, ecr_login: Home) -> None:
        """Its cache is by the access key, which ``AssumeRole`` makes new."""
        ecr_login.env["AWS_PROFILE"] = "base"

        assert 1 == len({_get(ecr_login).secret for _ in range(3)})
        assert ["GetAuthorizationToken"] == [call.operation for call in ecr_login.aws.calls]

    @pytest.mark.parametrize(("profile", "is_served"), [("base", True), ("secondary", False)], ids=["keys", "role"])
    def test_serves_an_old_token_with_keys_that_stay(self, ecr_login: Home, profile: str, is_served: bool) -> None:  # noqa: FBT001
        """If AWS is down, even one that has expired; with a role, it finds none."""
        ecr_login.env |= {"AWS_PROFILE": profile, "AWS_MAX_ATTEMPTS": "1"}
        token = _get(ecr_login).secret
        cache = json.loads(_cache(ecr_login).read_text())
        for entry in cache["Registries"].values():
            entry |= {"RequestedAt": "2026-01-01T00:00:00Z", "ExpiresAt": "2026-01-01T12:00:00Z"}
        _cache(ecr_login).write_text(json.dumps(cache))
        ecr_login.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"  # where nothing listens

        found = _get(ecr_login)

        assert (token in found.stdout) == is_served
        assert is_served or NOT_FOUND == found.stdout

    def test_has_one_identity_for_all_registries(self, ecr_login: Home) -> None:
        """It is that of the environment: with AWS_PROFILE, or without."""
        ecr_login.add_keys("default", ecr_login.aws.add_user(PRIMARY, "default"))

        for profile, principal in (("secondary", f"assumed-role/{ROLE.rpartition('/')[2]}/"), ("", "user/default")):
            ecr_login.env["AWS_PROFILE"] = profile
            tokens = [_get(ecr_login, host).secret for host in (HOST, OTHER_HOST)]

            assert all(principal in ecr_login.aws.issued[token].principal for token in tokens)

    def test_reports_a_denied_role_as_not_found(self, ecr_login: Home) -> None:
        """Docker then says "no basic auth credentials", and a log has the reason; ours names the role, quoting AWS."""
        role = f"arn:aws:iam::{SECONDARY}:role/other"
        ecr_login.add_profile("other", role_arn=role, source_profile="base")
        ecr_login.env["AWS_PROFILE"] = "other"

        theirs, ours = _get(ecr_login), ecr_login.run("get", stdin=HOST)

        assert (1, NOT_FOUND, "") == theirs
        assert "AccessDenied" in (ecr_login.folder / ".ecr" / "log" / "ecr-login.log").read_text()
        assert 1 == ours.status
        assert f"with profile other (from AWS_PROFILE): AWS denied AssumeRole of {role}" in ours.stdout
        assert ", then allow sts:AssumeRole in the role's trust policy" in ours.stdout

    def test_panics_if_the_profile_does_not_exist(self, ecr_login: Home) -> None:
        """Ours names the profile, and what to run."""
        ecr_login.env["AWS_PROFILE"] = "secondry"

        theirs, ours = _get(ecr_login), ecr_login.run("get", stdin=HOST)

        assert "panic: failed to get shared config profile, secondry\n\ngoroutine 1" in theirs.stderr
        assert "the AWS profile secondry does not exist; if you meant secondary (" in ours.stdout

    def test_stores_no_password_of_another_registry(self, ecr_login: Home) -> None:
        request = json.dumps({"ServerURL": "registry.example", "Username": "user", "Secret": "hunter2"})

        found = ecr_login.run("store", stdin=request, argv0="docker-credential-ecr-login")

        assert (1, "not implemented\n") == (found.status, found.stdout)


class TestDockerLogin:
    """``aws ecr get-login-password | docker login``, with the token that the first of them prints."""

    @pytest.fixture
    def token(self, home: Home, docker_host: str) -> str:
        """Return a token with which docker is logged in, without a credential helper on PATH."""
        home.env |= {"DOCKER_HOST": docker_host}
        token = home.run("token", HOST, env={"AWS_PROFILE": "secondary"}).stdout.strip()
        home.env["PATH"] = "/nonexistent"
        self.docker = Client(home, need.command("docker"))
        self.docker("login", "--username", "AWS", "--password-stdin", HOST, stdin=token)
        home.aws.calls.clear()
        return token

    def test_leaves_the_token_in_a_file(self, home: Home, token: str) -> None:
        path = home.folder / ".docker" / "config.json"
        (stored,) = json.loads(path.read_text())["auths"].values()

        assert f"AWS:{token}" == base64.b64decode(stored["auth"]).decode()
        assert path in places_of(token, home.folder)

    def test_pulls_without_a_call_to_aws_until_the_token_expires(self, home: Home, token: str, image: str) -> None:
        """Then each pull fails, until the user runs both commands again."""
        self.docker("pull", image)
        assert [] == home.aws.calls
        self.docker("rmi", image)
        home.aws.issued[token] = home.aws.issued[token]._replace(expires=home.aws.now() - 1)

        said = self.docker.fails("pull", image)

        assert "Your authorization token has expired" in said
        assert [] == home.aws.calls
        assert SECONDARY == home.aws.issued[token].account
