"""The ``get`` of a docker pull: it assumes one role and fetches one token, then uses the cache, on every keyring."""

import re
from pathlib import Path

import pytest

from support.home import BASE_USER, HOST, NOT_FOUND, OTHER_HOST, PRIMARY, SECONDARY, Home
from support.secrets import places_of


class TestRoleProfile:
    def test_first_get_assumes_role_and_fetches_token_once(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()

        found = home.get(env=keyring)

        assert {"ServerURL": HOST, "Username": "AWS", "Secret": found.secret} == found.answer
        assumed, fetched = home.aws.calls
        assert ("AssumeRole", BASE_USER, "us-east-1", "") == (
            assumed.operation,
            assumed.caller,
            assumed.region,
            assumed.error,
        )
        assert "GetAuthorizationToken" == fetched.operation
        assert fetched.caller.startswith(f"arn:aws:sts::{SECONDARY}:assumed-role/puller/")
        assert home.aws.issued[found.secret].principal == fetched.caller

    def test_second_get_returns_cached_token(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        first = home.get(env=keyring).secret
        home.aws.calls.clear()

        assert first == home.get(env=keyring).secret
        assert [] == home.aws.calls

    def test_one_token_serves_the_whole_region(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        first = home.get(env=keyring).secret
        home.aws.calls.clear()

        assert first == home.get(OTHER_HOST, env=keyring).secret
        assert first == home.get(f"https://{HOST}:443/v2/", env=keyring).secret
        assert [] == home.aws.calls

    def test_another_region_needs_its_own_token(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        first = home.get(env=keyring).secret

        other = home.get(HOST.replace("us-east-1", "eu-west-1"), env=keyring).secret

        assert first != other
        assert home.aws.issued[other].region == "eu-west-1"

    def test_another_identity_never_gets_this_token(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        home.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
        first = home.get(env=keyring).secret

        other = home.get(profile="tertiary", env=keyring).secret

        assert first != other
        assert home.aws.issued[other].account == "444444444444"

    def test_token_is_in_no_file(self, home: Home, keyring: dict[str, str], tmp_path: Path) -> None:
        home.add_role_profile()
        secret = home.get(env=keyring).secret
        home.get(env=keyring)
        home.run("list", env=keyring)

        # The files of gnome-keyring are outside of the home, and encrypted.
        assert [] == places_of(secret, home.folder, tmp_path)

    def test_token_is_not_in_debug_log(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        found = home.get(env=keyring | {"ECRX_LOG": "debug"})

        assert "asking AWS" in found.stderr
        assert found.secret[:40] not in found.stderr


class TestDebugLog:
    CACHED = "a token that expires in N s and is due for refresh in N s"

    @staticmethod
    def steps(home: Home, keyring: dict[str, str], level: str = "debug") -> list[str]:
        """Return what a ``get`` logs, with N for each number of seconds and NAME for the item."""
        lines = home.get(env=keyring | {"ECRX_LOG": level}).stderr.splitlines()
        told = [line.removeprefix("docker-credential-ecrx: debug: ") for line in lines]
        return [re.sub(r"token:[\w:-]+", "NAME", re.sub(r"\b\d+ s\b", "N s", line)) for line in told]

    def test_shows_each_step_of_miss_and_hit(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        label = keyring["ECRX_KEYRING"]
        whose = f"{HOST}: using profile secondary, item NAME, keyring {label}"

        miss, hit = self.steps(home, keyring), self.steps(home, keyring)

        asked = ["asking AWS for a token for us-east-1", "asking AWS without botocore"]
        asked += [f"asking 127.0.0.1 for {operation}" for operation in ("AssumeRole", "GetAuthorizationToken")]
        assert [
            whose,
            "cached: no token",
            *asked,
            f"AWS issued {self.CACHED}",
            f"cached in the keyring {label}",
        ] == miss
        assert [whose, f"cached: {self.CACHED}"] == hit

    @pytest.mark.parametrize(("level", "lines"), [("DEBUG", 2), ("1", 0), ("", 0)])
    def test_level_debug_is_case_insensitive(self, home: Home, kernel: dict[str, str], level: str, lines: int) -> None:
        """Only the value debug enables the log, in upper or lower case."""
        home.add_role_profile()
        home.get(env=kernel)

        assert lines == len(self.steps(home, kernel, level))


class TestIdentity:
    def test_changed_role_is_another_identity(self, home: Home) -> None:
        home.add_role_profile()
        first = home.get().secret
        config = home.folder / ".aws" / "config"
        config.write_text(config.read_text().replace("role/puller", "role/other"))
        home.aws.add_role(f"arn:aws:iam::{SECONDARY}:role/other", trusts=[SECONDARY])

        second = home.get().secret

        assert "assumed-role/other/" in home.aws.issued[second].principal
        assert first != second

    def test_environment_keys_answer_without_a_profile(self, home: Home) -> None:
        one, two = home.aws.add_user(SECONDARY, "one"), home.aws.add_user(SECONDARY, "two")
        env = [{"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]} for keys in (one, two)]

        secrets = [home.get(profile=None, env=variables).secret for variables in (env[0], env[1], env[0])]

        principals = [home.aws.issued[secret].principal.rpartition("/")[2] for secret in secrets]
        assert ["one", "two", "one"] == principals
        assert secrets[0] == secrets[2]

    def test_chosen_profile_precedes_environment_keys(self, home: Home) -> None:
        home.add_role_profile()
        keys = home.aws.add_user("999999999999", "intruder")

        found = home.get(env={"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]})

        assert home.aws.issued[found.secret].account == SECONDARY

    def test_aws_profile_selects_in_default_chain(self, home: Home) -> None:
        home.add_role_profile()

        found = home.get(profile=None, env={"AWS_PROFILE": "secondary"})

        assert "assumed-role/puller/" in home.aws.issued[found.secret].principal

    def test_config_maps_registry_to_profile(self, home: Home) -> None:
        home.add_role_profile()
        home.configure('[[registry]]\nmatch = "111111111111.dkr.ecr.*.amazonaws.com"\nprofile = "secondary"\n')

        assert home.aws.issued[home.get(profile=None).secret].account == SECONDARY

    @pytest.mark.parametrize("rule", [f'match = "{HOST}"', f'account = "{PRIMARY}"'], ids=["match", "account"])
    @pytest.mark.parametrize(
        "host",
        [
            HOST,
            f"{PRIMARY}.dkr.ecr-fips.us-east-1.amazonaws.com",
            f"{PRIMARY}.dkr-ecr.us-east-1.on.aws",
            f"{PRIMARY}.dkr-ecr-fips.us-east-1.on.aws",
        ],
    )
    def test_config_maps_every_host_of_a_registry(self, home: Home, rule: str, host: str) -> None:
        """The default identity never answers for a host that the rule does not spell out."""
        home.add_role_profile()
        home.add_keys("default", home.aws.add_user("999999999999", "default"))
        home.configure(f'[[registry]]\n{rule}\nprofile = "secondary"\n')

        assert home.aws.issued[home.get(host, profile=None).secret].account == SECONDARY

    def test_config_maps_registry_to_role_with_settings(self, home: Home) -> None:
        """The rule may give an external ID and a session name."""
        home.add_keys("base", home.aws.add_user(SECONDARY, "base"))
        home.aws.add_role("arn:aws:iam::444444444444:role/puller", trusts=[BASE_USER], external_id="shared")
        home.configure(
            '[[registry]]\nmatch = "*"\nrole_arn = "arn:aws:iam::444444444444:role/puller"\nsource_profile = "base"\n'
            'external_id = "shared"\nrole_session_name = "ci-7"\nduration_seconds = 900\n'
        )

        found = home.get(profile=None)

        principal = home.aws.issued[found.secret].principal
        assert "arn:aws:sts::444444444444:assumed-role/puller/ci-7" == principal

    def test_config_maps_registry_to_role_of_default_chain(self, home: Home) -> None:
        keys = home.aws.add_user(SECONDARY, "base")
        home.aws.add_role("arn:aws:iam::444444444444:role/puller", trusts=[BASE_USER])
        home.configure('[[registry]]\nmatch = "*"\nrole_arn = "arn:aws:iam::444444444444:role/puller"\n')

        found = home.get(profile=None, env={"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]})

        assert home.aws.issued[found.secret].account == "444444444444"

    def test_credential_process_answers(self, home: Home) -> None:
        keys = home.aws.add_user(SECONDARY, "process")
        script = home.bin / "give-keys"
        script.write_text(
            f'#!/bin/sh\necho \'{{"Version":1,"AccessKeyId":"{keys[0]}","SecretAccessKey":"{keys[1]}"}}\'\n'
        )
        script.chmod(0o700)
        home.add_profile("process", credential_process=str(script))

        found = home.get(profile="process")

        assert home.aws.issued[found.secret].principal.endswith("user/process")

    def test_chain_of_roles_is_followed(self, home: Home) -> None:
        home.add_role_profile("middle", f"arn:aws:iam::{SECONDARY}:role/middle")
        home.aws.add_role("arn:aws:iam::444444444444:role/puller", trusts=[SECONDARY])
        home.add_profile("far", role_arn="arn:aws:iam::444444444444:role/puller", source_profile="middle")

        found = home.get(profile="far")

        assert home.aws.issued[found.secret].account == "444444444444"
        assert 2 == home.aws.count("AssumeRole")

    def test_credential_source_environment_signs_for_role(self, home: Home) -> None:
        keys = home.aws.add_user(SECONDARY, "base")
        role = f"arn:aws:iam::{SECONDARY}:role/puller"
        home.aws.add_role(role, trusts=[BASE_USER])
        home.add_profile("container", role_arn=role, credential_source="Environment")

        found = home.get(profile="container", env={"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]})

        assert "assumed-role/puller/" in home.aws.issued[found.secret].principal

    def test_web_identity_assumes_its_role(self, home: Home) -> None:
        role = f"arn:aws:iam::{SECONDARY}:role/pod"
        home.aws.add_role(role, web_identity_subjects=["system:serviceaccount:ci:runner"])
        token = home.folder / "token"
        token.write_text("e30.eyJpc3MiOiJpIiwic3ViIjoic3lzdGVtOnNlcnZpY2VhY2NvdW50OmNpOnJ1bm5lciIsImF1ZCI6ImEifQ.e30")

        found = home.get(profile=None, env={"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)})

        assert "assumed-role/pod/" in home.aws.issued[found.secret].principal


class TestEcrPublic:
    def test_has_its_own_token(self, home: Home) -> None:
        home.add_role_profile()

        found = home.get("public.ecr.aws")

        assert ("ecr-public", "us-east-1") == home.aws.issued[found.secret][2:4][::-1]

    def test_without_credentials_is_not_found(self, home: Home) -> None:
        """Clients then pull anonymously."""
        found = home.get("public.ecr.aws", profile=None)

        assert (1, NOT_FOUND) == (found.status, found.stdout)


class TestNoKeyring:
    def test_none_answers_without_cache(self, home: Home) -> None:
        home.add_role_profile()

        secrets = {home.get(env={"ECRX_KEYRING": "none"}).secret for _ in range(2)}

        assert len(secrets) == 2

    def test_answers_if_bus_is_absent(self, home: Home) -> None:
        home.add_role_profile()
        env = {"ECRX_KEYRING": "secret-service", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}

        assert home.get(env=env).secret
