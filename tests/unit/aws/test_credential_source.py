"""The credential source of an identity, and how the credentials there are renewed."""

from pathlib import Path

import pytest

from docker_credential_ecrx.aws.credential_source import find_source
from docker_credential_ecrx.identity.model import Identity

pytestmark = pytest.mark.posix("paths as POSIX has them")

ROLE = "role_arn = arn:aws:iam::222222222222:role/puller\n"
SSO = "sso_session = corp\nsso_account_id = 222222222222\nsso_role_name = dev\n"
KEYS, SESSION = "aws_access_key_id = AKIA\n", "aws_access_key_id = ASIA\n"
UNSET = "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"
KEY = {"AWS_ACCESS_KEY_ID": "AKIA"}
CONFIGURE = "aws configure --profile"
# What the profile ``p`` and others contain, and what renews the credentials of ``p``.
PROFILES = {
    "keys": (KEYS, f"{CONFIGURE} p"),
    "a session's keys": (SESSION, "get new keys, with their aws_session_token, for profile p"),
    "a role": (f"{ROLE}source_profile = q\n[profile q]\n{KEYS}", f"{CONFIGURE} q"),
    "a role of itself": (f"{ROLE}{KEYS}source_profile = p", f"{CONFIGURE} p"),
    "a role of a role": (
        f"{ROLE}source_profile = q\n[profile q]\n{ROLE}source_profile = r\n[profile r]\n{KEYS}",
        f"{CONFIGURE} r",
    ),
    "a role of a role with keys, which go first": (
        f"{ROLE}source_profile = q\n[profile q]\n{ROLE}source_profile = r\n{KEYS}[profile r]\n{KEYS}",
        f"{CONFIGURE} q",
    ),
    "roles in a ring": (
        f"{ROLE}source_profile = q\n[profile q]\n{ROLE}source_profile = p",
        "aws configure set source_profile PROFILE --profile q",
    ),
    "a role of itself without keys": (
        f"{ROLE}source_profile = p",
        "aws configure set source_profile PROFILE --profile p",
    ),
    "a role of nothing": (ROLE, "aws configure set source_profile PROFILE --profile p"),
    "a role of a role of nothing": (
        f"{ROLE}source_profile = q\n[profile q]\n{ROLE}",
        "aws configure set source_profile PROFILE --profile q",
    ),
    "a role of a profile that is not there": (f"{ROLE}source_profile = q", f"{CONFIGURE} q"),
    "a role of a profile without keys": (f"{ROLE}source_profile = q\n[profile q]\n", f"{CONFIGURE} q"),
    "a role of the environment's keys": (
        f"{ROLE}credential_source = Environment",
        "set new AWS keys in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
    ),
    "a role of a container's": (
        f"{ROLE}credential_source = EcsContainer",
        "check the role of this container's task or pod",
    ),
    "a role of an instance's": (f"{ROLE}credential_source = Ec2InstanceMetadata", "check the role of this instance"),
    "sso": (SSO, "aws sso login --profile p"),
    "a role from sso": (f"{ROLE}source_profile = q\n[profile q]\n{SSO}", "aws sso login --profile q"),
    "a sign-in": ("login_session = me", "aws login --profile p"),
    "a process": ("credential_process = x", "run the credential_process of profile p by hand to see its output"),
    "a role from a process": (
        f"{ROLE}source_profile = q\n[profile q]\ncredential_process = x",
        "run the credential_process of profile q by hand to see its output",
    ),
    "a web identity": (f"{ROLE}web_identity_token_file = x", "get a new web identity token"),
    "nothing": ("region = us-east-1", "check the role of this instance"),
}
# What the environment has beside a default profile with keys, and what renews the default chain's credentials.
ENVIRONMENTS = {
    "nothing": ({}, "aws configure"),
    "keys": (KEY, f"set new AWS keys, or unset them: {UNSET}"),
    "keys and a profile": (KEY | {"AWS_PROFILE": "p"}, f"set new AWS keys, or unset them: {UNSET}"),
    "a profile": ({"AWS_PROFILE": "p"}, f"{CONFIGURE} p"),
    "a web identity": (
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "x", "AWS_ROLE_ARN": "arn:aws:iam::222222222222:role/puller"},
        "get a new web identity token",
    ),
    "a container, and a profile without keys": (
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://x", "AWS_PROFILE": "q"},
        "check the role of this container's task or pod",
    ),
}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Return an environment with the test's own AWS files."""
    (tmp_path / "credentials").touch()
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


def write(env: dict[str, str], text: str) -> None:
    """Write AWS's config file."""
    Path(env["AWS_CONFIG_FILE"]).write_text(text)


class TestRemedy:
    @pytest.mark.parametrize(("settings", "expected"), PROFILES.values(), ids=PROFILES)
    def test_follows_the_profile_and_ignores_the_environment(
        self, env: dict[str, str], settings: str, expected: str
    ) -> None:
        write(env, f"[profile p]\n{settings}\n[default]\n{KEYS}")

        assert expected == str(find_source(Identity("p"), env | KEY).remedy())

    @pytest.mark.parametrize(("variables", "expected"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
    def test_follows_the_default_chain(self, env: dict[str, str], variables: dict[str, str], expected: str) -> None:
        write(env, f"[default]\n{KEYS}[profile p]\n{KEYS}[profile q]\nregion = us-east-1\n")

        assert expected == str(find_source(Identity(), env | variables).remedy())

    def test_of_a_configured_role_is_its_sources(self, env: dict[str, str]) -> None:
        write(env, f"[profile p]\n{KEYS}")

        assert f"{CONFIGURE} p" == str(find_source(Identity("p", role_arn="arn"), env).remedy("AssumeRole"))

    def test_of_a_pods_role_is_a_new_token(self, env: dict[str, str]) -> None:
        write(env, f"[default]\n{KEYS}")
        pod = Identity(role_arn="arn", web_identity="a.b.c")

        assert "get a new web identity token" == str(find_source(pod, env | KEY).remedy())

    @pytest.mark.parametrize("identity", [Identity("p"), Identity("q", role_arn="arn")], ids=["profile", "our own"])
    def test_of_a_role_concerns_its_source_for_assume_role_only(self, env: dict[str, str], identity: Identity) -> None:
        write(env, f"[profile p]\n{ROLE}source_profile = q\n[profile q]\n{KEYS}")
        source = find_source(identity, env)

        assert [f"{CONFIGURE} q", "try again, and check that the account has enabled the region"] == [
            str(source.remedy(operation)) for operation in ("AssumeRole", "GetAuthorizationToken")
        ]

    def test_of_an_expired_session_is_a_new_one(self, env: dict[str, str]) -> None:
        """The keys of the session do not show that it has expired."""
        write(env, f"[profile p]\n{KEYS}")

        found = find_source(Identity("p"), env).remedy("GetCallerIdentity", session_expired=True)

        assert "get new keys, with their aws_session_token, for profile p" == str(found)

    def test_quotes_the_profile_for_a_shell(self, env: dict[str, str]) -> None:
        write(env, f"[profile my team]\n{KEYS}")

        assert "aws configure --profile 'my team'" == str(find_source(Identity("my team"), env).remedy())


class TestCallerOption:
    """The option that makes an AWS command use the same identity."""

    @pytest.mark.parametrize(
        ("identity", "variables", "expected"),
        [
            (Identity("p"), {}, " --profile p"),
            (Identity("p"), KEY, " --profile p"),
            (Identity(), {}, ""),
            (Identity(), {"AWS_PROFILE": "p"}, " --profile p"),
            (Identity(), KEY | {"AWS_PROFILE": "p"}, ""),
            (Identity("default"), {}, " --profile default"),
        ],
    )
    def test_names_the_chosen_profile(
        self, env: dict[str, str], identity: Identity, variables: dict[str, str], expected: str
    ) -> None:
        write(env, f"[profile p]\n{ROLE}source_profile = q\n[profile q]\n{KEYS}")

        assert expected == find_source(identity, env | variables).caller_option
