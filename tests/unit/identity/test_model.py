"""How messages name an identity: as the user chose it."""

import base64
import json
from pathlib import Path

import pytest

from docker_credential_ecrx.identity.model import Identity

ROLE = "arn:aws:iam::222222222222:role/puller"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIA1111222233330001", "AWS_SECRET_ACCESS_KEY": "secret"}
WEB_IDENTITY = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": ROLE}
CHAIN = "the default credential chain"


class TestDescription:
    @pytest.mark.parametrize(
        ("identity", "said"),
        [
            (Identity("secondary"), "profile secondary"),
            (Identity("base", role_arn=ROLE), f"role {ROLE} from profile base"),
        ],
    )
    def test_names_the_profile_whatever_the_environment_sets(self, identity: Identity, said: str) -> None:
        assert said == identity.describe(KEYS | WEB_IDENTITY | {"AWS_PROFILE": "other"})

    @pytest.mark.parametrize(
        ("env", "said"),
        [
            ({}, CHAIN),
            (
                {"AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_ROLE_ARN": ""},
                CHAIN,
            ),
            ({"AWS_PROFILE": "other"}, "profile other (from AWS_PROFILE)"),
            ({"AWS_PROFILE": "other", "AWS_DEFAULT_PROFILE": "first"}, "profile first (from AWS_DEFAULT_PROFILE)"),
            (KEYS | {"AWS_PROFILE": "other"}, "access key AKIA…0001 (from the environment)"),
            ({"AWS_ACCESS_KEY_ID": "secret/secret+secret"}, "the access key (from the environment)"),
            ({"AWS_ACCESS_KEY_ID": "AKIA1111"}, "the access key (from the environment)"),
            (
                {"AWS_ACCESS_KEY_ID": "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"},
                "the access key (from the environment)",
            ),
            ({"AWS_ACCESS_KEY_ID": "AKIA" + "x" * 16}, "the access key (from the environment)"),
            (WEB_IDENTITY, f"role {ROLE} (web identity)"),
            (WEB_IDENTITY | {"AWS_PROFILE": "other"}, "profile other (from AWS_PROFILE)"),
            (
                {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/1"},
                "the container's role (from AWS_CONTAINER_CREDENTIALS_RELATIVE_URI)",
            ),
            (
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials"},
                "the container's role (from AWS_CONTAINER_CREDENTIALS_FULL_URI)",
            ),
        ],
    )
    def test_names_what_the_environment_sets_for_the_default_chain(self, env: dict[str, str], said: str) -> None:
        assert said == Identity().describe(env)
        assert f"role {ROLE} from {said}" == Identity(role_arn=ROLE).describe(env)

    @pytest.mark.parametrize(
        ("config", "env", "said"),
        [
            ("[default]\naws_access_key_id = AKIA1111222233330001\n", {}, "profile default"),
            ("[default]\nregion = us-east-1\n", {}, CHAIN),
            ("[default]\nsso_session = a\nsso_account_id = 1\nsso_role_name = b\n", {}, "profile default"),
            (f"[default]\nrole_arn = {ROLE}\nsource_profile = base\n", WEB_IDENTITY, "profile default"),
            ("[default]\naws_access_key_id = AKIA1111222233330001\n", WEB_IDENTITY, f"role {ROLE} (web identity)"),
            # botocore uses the profile's role before the web identity, and that before the profile's keys.
            (
                f"[profile other]\nrole_arn = {ROLE}\nsource_profile = base\n",
                WEB_IDENTITY | {"AWS_PROFILE": "other"},
                "profile other (from AWS_PROFILE)",
            ),
            (
                "[profile other]\ncredential_process = give-keys\n",
                WEB_IDENTITY | {"AWS_PROFILE": "other"},
                f"role {ROLE} (web identity)",
            ),
        ],
    )
    def test_names_what_the_default_chain_finds_in_files(
        self, tmp_path: Path, config: str, env: dict[str, str], said: str
    ) -> None:
        (tmp_path / "config").write_text(config)
        files = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}

        assert said == Identity().describe(env | files)

    def test_names_the_subject_of_a_web_identity_token(self) -> None:
        claims = (
            base64.urlsafe_b64encode(json.dumps({"sub": "system:serviceaccount:a:b"}).encode()).decode().rstrip("=")
        )

        said = Identity(role_arn=ROLE, web_identity=f"x.{claims}.x").describe(KEYS)

        assert f"role {ROLE} for system:serviceaccount:a:b" == said

    def test_is_of_the_environment_of_the_process_in_a_message(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
        monkeypatch.setenv("AWS_DEFAULT_PROFILE", "other")

        assert "profile other (from AWS_DEFAULT_PROFILE)" == f"{Identity()}"
