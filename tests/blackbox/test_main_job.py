"""A docker pull's ``get``: one role assumed, one token minted, then none, on every keyring and in both forms."""

import re
from pathlib import Path

import pytest

from support.home import BASE_USER, HOST, NOT_FOUND, OTHER_HOST, PRIMARY, SECONDARY, Home
from support.secrets import places_of


class TestRoleProfile:
    def test_the_first_get_assumes_the_role_once_and_mints_once(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()

        found = home.get(env=keyring)

        assert {"ServerURL": HOST, "Username": "AWS", "Secret": found.secret} == found.answer
        assumed, minted = home.aws.calls
        assert ("AssumeRole", BASE_USER, "us-east-1", "") == (
            assumed.operation,
            assumed.caller,
            assumed.region,
            assumed.error,
        )
        assert "GetAuthorizationToken" == minted.operation
        assert minted.caller.startswith(f"arn:aws:sts::{SECONDARY}:assumed-role/puller/")
        assert home.aws.issued[found.secret].principal == minted.caller

    def test_the_second_get_gives_the_same_token_without_asking_aws(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        first = home.get(env=keyring).secret
        home.aws.calls.clear()

        assert first == home.get(env=keyring).secret
        assert [] == home.aws.calls

    def test_one_token_serves_every_registry_of_the_region(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        first = home.get(env=keyring).secret
        home.aws.calls.clear()

        assert first == home.get(OTHER_HOST, env=keyring).secret
        assert first == home.get(f"https://{HOST}:443/v2/", env=keyring).secret
        assert [] == home.aws.calls

    def test_another_region_needs_a_token_of_its_own(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        first = home.get(env=keyring).secret

        other = home.get(HOST.replace("us-east-1", "eu-west-1"), env=keyring).secret

        assert first != other
        assert home.aws.issued[other].region == "eu-west-1"

    def test_another_identity_never_gets_this_ones_token(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        home.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
        first = home.get(env=keyring).secret

        other = home.get(profile="tertiary", env=keyring).secret

        assert first != other
        assert home.aws.issued[other].account == "444444444444"

    def test_the_token_is_in_no_file(self, home: Home, keyring: dict[str, str], tmp_path: Path) -> None:
        home.add_role_profile()
        secret = home.get(env=keyring).secret
        home.get(env=keyring)
        home.run("list", env=keyring)

        # A gnome-keyring's own files are outside of the home, and encrypted.
        assert [] == places_of(secret, home.folder, tmp_path)

    def test_the_token_is_in_no_line_of_the_debug_log(self, home: Home, keyring: dict[str, str]) -> None:
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

    def test_tells_each_step_of_a_miss_and_of_a_hit(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        label = keyring["ECRX_KEYRING"]
        whose = f"{HOST}: using profile secondary, item NAME, keyring {label}"

        miss, hit = self.steps(home, keyring), self.steps(home, keyring)

        asked = ["asking AWS for a token for us-east-1"]
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
    def test_is_asked_for_by_debug_alone_in_any_case(
        self, home: Home, kernel: dict[str, str], level: str, lines: int
    ) -> None:
        home.add_role_profile()
        home.get(env=kernel)

        assert lines == len(self.steps(home, kernel, level))


class TestIdentity:
    def test_a_changed_role_in_the_profile_is_another_identity(self, home: Home) -> None:
        home.add_role_profile()
        first = home.get().secret
        config = home.folder / ".aws" / "config"
        config.write_text(config.read_text().replace("role/puller", "role/other"))
        home.aws.add_role(f"arn:aws:iam::{SECONDARY}:role/other", trusts=[SECONDARY])

        second = home.get().secret

        assert "assumed-role/other/" in home.aws.issued[second].principal
        assert first != second

    def test_keys_in_the_environment_answer_where_no_profile_is_chosen(self, home: Home) -> None:
        one, two = home.aws.add_user(SECONDARY, "one"), home.aws.add_user(SECONDARY, "two")
        env = [{"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]} for keys in (one, two)]

        secrets = [home.get(profile=None, env=variables).secret for variables in (env[0], env[1], env[0])]

        principals = [home.aws.issued[secret].principal.rpartition("/")[2] for secret in secrets]
        assert ["one", "two", "one"] == principals
        assert secrets[0] == secrets[2]

    def test_a_chosen_profile_beats_keys_in_the_environment(self, home: Home) -> None:
        home.add_role_profile()
        keys = home.aws.add_user("999999999999", "intruder")

        found = home.get(env={"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]})

        assert home.aws.issued[found.secret].account == SECONDARY

    def test_aws_profile_chooses_in_the_default_chain(self, home: Home) -> None:
        home.add_role_profile()

        found = home.get(profile=None, env={"AWS_PROFILE": "secondary"})

        assert "assumed-role/puller/" in home.aws.issued[found.secret].principal

    def test_the_configuration_file_maps_a_registry_to_a_profile(self, home: Home) -> None:
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
    def test_the_configuration_file_maps_every_host_of_a_registry(self, home: Home, rule: str, host: str) -> None:
        """The default identity never answers for a host that the rule does not spell out."""
        home.add_role_profile()
        home.add_keys("default", home.aws.add_user("999999999999", "default"))
        home.configure(f'[[registry]]\n{rule}\nprofile = "secondary"\n')

        assert home.aws.issued[home.get(host, profile=None).secret].account == SECONDARY

    def test_the_configuration_file_maps_a_registry_to_a_role_with_external_id_and_session_name(
        self, home: Home
    ) -> None:
        home.add_keys("base", home.aws.add_user(SECONDARY, "base"))
        home.aws.add_role("arn:aws:iam::444444444444:role/puller", trusts=[BASE_USER], external_id="shared")
        home.configure(
            '[[registry]]\nmatch = "*"\nrole_arn = "arn:aws:iam::444444444444:role/puller"\nsource_profile = "base"\n'
            'external_id = "shared"\nrole_session_name = "ci-7"\nduration_seconds = 900\n'
        )

        found = home.get(profile=None)

        principal = home.aws.issued[found.secret].principal
        assert "arn:aws:sts::444444444444:assumed-role/puller/ci-7" == principal

    def test_the_configuration_file_maps_a_registry_to_a_role_from_the_default_chain(self, home: Home) -> None:
        keys = home.aws.add_user(SECONDARY, "base")
        home.aws.add_role("arn:aws:iam::444444444444:role/puller", trusts=[BASE_USER])
        home.configure('[[registry]]\nmatch = "*"\nrole_arn = "arn:aws:iam::444444444444:role/puller"\n')

        found = home.get(profile=None, env={"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]})

        assert home.aws.issued[found.secret].account == "444444444444"

    def test_a_credential_process_answers(self, home: Home) -> None:
        keys = home.aws.add_user(SECONDARY, "process")
        script = home.bin / "give-keys"
        script.write_text(
            f'#!/bin/sh\necho \'{{"Version":1,"AccessKeyId":"{keys[0]}","SecretAccessKey":"{keys[1]}"}}\'\n'
        )
        script.chmod(0o700)
        home.add_profile("process", credential_process=str(script))

        found = home.get(profile="process")

        assert home.aws.issued[found.secret].principal.endswith("user/process")

    def test_a_chain_of_roles_is_followed(self, home: Home) -> None:
        home.add_role_profile("middle", f"arn:aws:iam::{SECONDARY}:role/middle")
        home.aws.add_role("arn:aws:iam::444444444444:role/puller", trusts=[SECONDARY])
        home.add_profile("far", role_arn="arn:aws:iam::444444444444:role/puller", source_profile="middle")

        found = home.get(profile="far")

        assert home.aws.issued[found.secret].account == "444444444444"
        assert 2 == home.aws.count("AssumeRole")

    def test_credential_source_environment_signs_for_the_role(self, home: Home) -> None:
        keys = home.aws.add_user(SECONDARY, "base")
        role = f"arn:aws:iam::{SECONDARY}:role/puller"
        home.aws.add_role(role, trusts=[BASE_USER])
        home.add_profile("container", role_arn=role, credential_source="Environment")

        found = home.get(profile="container", env={"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]})

        assert "assumed-role/puller/" in home.aws.issued[found.secret].principal

    def test_a_web_identity_assumes_its_role(self, home: Home) -> None:
        role = f"arn:aws:iam::{SECONDARY}:role/pod"
        home.aws.add_role(role, web_identity_subjects=["system:serviceaccount:ci:runner"])
        token = home.folder / "token"
        token.write_text("e30.eyJpc3MiOiJpIiwic3ViIjoic3lzdGVtOnNlcnZpY2VhY2NvdW50OmNpOnJ1bm5lciIsImF1ZCI6ImEifQ.e30")

        found = home.get(profile=None, env={"AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)})

        assert "assumed-role/pod/" in home.aws.issued[found.secret].principal


class TestEcrPublic:
    def test_has_a_token_of_its_own_service(self, home: Home) -> None:
        home.add_role_profile()

        found = home.get("public.ecr.aws")

        assert ("ecr-public", "us-east-1") == home.aws.issued[found.secret][2:4][::-1]

    def test_without_credentials_is_not_found_so_that_clients_pull_anonymously(self, home: Home) -> None:
        found = home.get("public.ecr.aws", profile=None)

        assert (1, NOT_FOUND) == (found.status, found.stdout)


class TestNoKeyring:
    def test_none_answers_without_a_cache(self, home: Home) -> None:
        home.add_role_profile()

        secrets = {home.get(env={"ECRX_KEYRING": "none"}).secret for _ in range(2)}

        assert len(secrets) == 2

    def test_a_bus_that_is_not_there_is_no_reason_not_to_answer(self, home: Home) -> None:
        home.add_role_profile()
        env = {"ECRX_KEYRING": "secret-service", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}

        assert home.get(env=env).secret
