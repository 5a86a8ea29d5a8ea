"""``doctor`` shows each link that does not hold with what mends it, and what mends it does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker_credential_ecrx import __version__
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.keyrings.keyctl import Keyctl
from standin import faults
from standin.faults import FaultyStandIn
from support import kept, need, terminals
from support.diagnoses import PROGRAM, diagnose, mended
from support.forms import in_one_form
from support.home import BASE_USER, HOST, OTHER_HOST, ROLE, SECONDARY, Home

pytestmark = in_one_form

LINKED = "ecrx-secondary"
PASSWORD = {HOST: {"auth": "QVdTOmh1bnRlcjI="}}


@pytest.fixture
def aws() -> Iterator[FaultyStandIn]:
    """Return a stand-in for AWS that can fail."""
    with FaultyStandIn() as standin:
        yield standin


@pytest.fixture
def home(home: Home) -> Home:
    """Return a home that is set up, whose way to the registry ends at a proxy that is not there."""
    home.add_role_profile()
    home.env["HTTPS_PROXY"] = "http://127.0.0.1:9"
    home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n')
    write_docker_config(home, credHelpers={HOST: "ecrx"})
    return home


def write_docker_config(home: Home, **parts: object) -> Path:
    """Write docker's config.json."""
    path = home.folder / ".docker" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(parts))
    return path


class TestProgram:
    def test_holds_with_path_and_version(self, home: Home) -> None:
        found = diagnose(home).links["program"]

        assert (True, f"{home.program}, version {__version__}") == (found.ok, found.detail)

    def test_that_is_not_on_path_is_put_there(self, home: Home) -> None:
        home.env["PATH"] = "/usr/bin:/bin"

        found = diagnose(home)

        assert f"{PROGRAM} is not on PATH" in found.broken("program").detail
        mended(home, found, "program")

    def test_that_docker_calls_by_a_link_that_is_not_there_is_given_one(self, home: Home) -> None:
        write_docker_config(home, credHelpers={HOST: LINKED})

        found = diagnose(home, HOST)

        assert f"{PROGRAM}-secondary is not on PATH" in found.broken("program").detail
        mended(home, found, "program")

    def test_that_may_not_be_executed_is_allowed_to(self, home: Home) -> None:
        (home.folder / "first").mkdir()
        first = home.folder / "first" / PROGRAM
        first.write_text(f'#!/bin/sh\nexec {home.program} "$@"\n')
        home.env["PATH"] = f"{first.parent}:/usr/bin:/bin"

        found = diagnose(home)

        assert f"chmod +x {first}" == found.broken("program").remedy
        mended(home, found, "program")

    @pytest.mark.parametrize(
        ("says", "expected"),
        [
            (f"{PROGRAM} 0.0.1", f"which is version 0.0.1; this is {__version__}"),
            ("docker-credential-other 1", "which is not this program, or does not run"),
        ],
    )
    def test_that_is_another_goes_after_this_one(self, home: Home, says: str, expected: str) -> None:
        first = home.folder / "first"
        first.mkdir()
        (first / PROGRAM).write_text(f"#!/bin/sh\necho {says}\n")
        (first / PROGRAM).chmod(0o755)
        home.env["PATH"] = f"{first}:{home.env['PATH']}"

        found = diagnose(home)

        assert expected in found.broken("program").detail
        mended(home, found, "program")

    @pytest.mark.parametrize(
        ("first", "where"), [("", "the current folder"), (".", "the current folder"), ("sub", "sub")]
    )
    @pytest.mark.parametrize("is_there", [True, False], ids=["before another", "alone"])
    def test_in_a_relative_folder_is_refused_by_docker(
        self, home: Home, first: str, where: str, *, is_there: bool
    ) -> None:
        """Neither docker nor doctor runs it, and what mends it is this program in an absolute folder."""
        planted = home.folder / first / PROGRAM
        planted.parent.mkdir(exist_ok=True)
        planted.write_text(f"#!/bin/sh\ntouch {home.folder}/ran\necho {PROGRAM} {__version__}\n")
        planted.chmod(0o755)
        home.env["PATH"] = f"{first}:{home.bin}:/usr/bin" if is_there else f"{first}:/usr/bin"

        found = diagnose(home)

        expected = f"docker finds {PROGRAM} in {where}, which PATH names by a relative or an empty entry"
        assert expected in found.broken("program").detail
        assert f"export PATH={home.bin}:$PATH" == found.broken("program").remedy
        mended(home, found, "program")
        assert not (home.folder / "ran").exists()

    def test_in_a_relative_folder_by_a_links_name_is_mended(self, home: Home) -> None:
        """First the link is made in an absolute folder, then that one goes first."""
        write_docker_config(home, credHelpers={HOST: LINKED})
        planted = home.folder / f"{PROGRAM}-secondary"
        planted.write_text(f"#!/bin/sh\ntouch {home.folder}/ran\n")
        planted.chmod(0o755)
        home.env["PATH"] = f":{home.bin}:/usr/bin"

        first = diagnose(home, HOST).broken("program").remedy
        then = diagnose(home, HOST, before=first).broken("program").remedy

        assert (f"ln -s {PROGRAM} {home.bin}/{PROGRAM}-secondary", f"export PATH={home.bin}:$PATH") == (first, then)
        assert diagnose(home, HOST, before=then).links["program"].ok
        assert not (home.folder / "ran").exists()

    def test_in_a_relative_folder_after_an_absolute_one_is_no_matter(self, home: Home) -> None:
        (home.folder / PROGRAM).write_text("#!/bin/sh\n")
        (home.folder / PROGRAM).chmod(0o755)
        home.env["PATH"] = f"{home.bin}:/usr/bin:"

        assert f"{home.program}, version {__version__}" == diagnose(home).links["program"].detail

    @pytest.mark.parametrize("name", [PROGRAM, ""], ids=["program", "folder"])
    def test_that_all_users_may_change_is_told(self, home: Home, name: str) -> None:
        """It works, so it is well; what anybody can replace gets docker's passwords."""
        (home.folder / "first").mkdir()
        first = home.folder / "first" / PROGRAM
        first.write_text(f'#!/bin/sh\nexec {home.program} "$@"\n')
        first.chmod(0o755)
        (first.parent / name).chmod(0o777)
        home.env["PATH"] = f"{first.parent}:/usr/bin:/bin"

        found = diagnose(home).links["program"]

        weak = str(first.parent / name)
        assert (True, f"{first}, version {__version__}; all users may change {weak}") == (found.ok, found.detail)
        assert f"{first}, version {__version__}" == diagnose(home, before=found.remedy).links["program"].detail


class TestDockerConfig:
    def test_that_is_not_there_is_made(self, home: Home) -> None:
        path = write_docker_config(home)
        path.unlink()

        found = diagnose(home, HOST)

        assert f"{path} is not there" == found.broken("docker's config").detail
        mended(home, found, "docker's config")

    @pytest.mark.parametrize(
        ("helpers", "expected"),
        [
            ({HOST: "ecr-login"}, f"gives {HOST} to docker-credential-ecr-login"),
            ({f"https://{HOST}": "ecrx"}, f"names it as https://{HOST}, which docker does not look up"),
            ({"gcr.io": "gcloud"}, f"gives {HOST} to no helper"),
        ],
    )
    def test_that_does_not_name_this_program_is_changed(
        self, home: Home, helpers: dict[str, str], expected: str
    ) -> None:
        write_docker_config(home, credHelpers=helpers)

        found = diagnose(home, HOST)

        assert expected in found.broken("docker's config").detail
        mended(home, found, "docker's config")

    def test_is_not_missed_where_podman_is_configured_instead(self, home: Home) -> None:
        write_docker_config(home)
        home.run("configure", HOST, "--profile", "secondary", "--podman")

        link = diagnose(home, HOST).links["docker's config"]

        assert None is link.ok
        assert "podman's auth.json" in link.detail

    def test_that_names_no_registry_is_told_without_a_host_too(self, home: Home) -> None:
        write_docker_config(home, auths={})

        found = diagnose(home).broken("docker's config")

        assert "gives no registry of ECR to this program" in found.detail
        assert f"{PROGRAM} configure HOST --profile PROFILE" == found.remedy

    def test_may_name_this_program_for_every_registry(self, home: Home) -> None:
        path = write_docker_config(home, credsStore="ecrx")

        assert f"credsStore in {path} names ecrx" == diagnose(home, HOST).links["docker's config"].detail
        assert diagnose(home).links["docker's config"].ok

    def test_with_an_unencrypted_password_loses_it(self, home: Home) -> None:
        path = write_docker_config(home, credHelpers={HOST: "ecrx"}, auths=PASSWORD)

        found = diagnose(home, HOST)

        assert f"an unencrypted password for {HOST}" in found.broken("docker's config").detail
        mended(home, found, "docker's config")
        assert "hunter2" not in path.read_text()

    def test_with_an_unencrypted_password_beside_a_link_keeps_the_link(self, home: Home) -> None:
        need.command("docker")
        home.link(f"{PROGRAM}-secondary")
        path = write_docker_config(home, credHelpers={HOST: LINKED}, auths=PASSWORD)

        found = diagnose(home, HOST)

        assert f"docker logout {HOST}" == found.broken("docker's config").remedy
        mended(home, found, "docker's config")
        assert LINKED == json.loads(path.read_text())["credHelpers"][HOST]

    def test_goes_after_an_environment_variable_which_is_unset(self, home: Home) -> None:
        home.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": PASSWORD})

        found = diagnose(home, HOST)

        assert "unset DOCKER_AUTH_CONFIG" == found.broken("docker's config").remedy
        mended(home, found, "docker's config")

    def test_with_a_store_that_is_not_there_says_so(self, home: Home) -> None:
        write_docker_config(home, credHelpers={HOST: "ecrx"}, credsStore="desktop")

        found = diagnose(home, HOST).broken("docker's config")

        assert "docker-credential-desktop is not on PATH" in found.detail
        assert "install it, or remove credsStore" == found.remedy

    def test_that_is_not_json_is_named(self, home: Home) -> None:
        path = write_docker_config(home)
        path.write_text("{")

        found = diagnose(home, HOST)

        assert str(path) in found.broken("docker's config").detail
        assert "fix it, or move it away" == found.broken("docker's config").remedy
        assert found.links["identity"].ok

    def test_of_another_home_under_sudo_says_whose(self, home: Home) -> None:
        home.env |= {"SUDO_USER": "alice", "USER": "root"}
        write_docker_config(home)

        found = diagnose(home, HOST).broken("docker's config")

        assert f"(under sudo: HOME is {home.folder}, not that of alice)" in found.detail
        assert "or run docker without sudo, as alice" in found.remedy

    def test_of_another_folder_says_by_what(self, home: Home) -> None:
        home.env["DOCKER_CONFIG"] = str(home.folder / "elsewhere")

        found = diagnose(home, HOST)

        assert "elsewhere/config.json (DOCKER_CONFIG) is not there" in found.broken("docker's config").detail
        mended(home, found, "docker's config")


class TestIdentity:
    @pytest.mark.parametrize(
        ("helper", "expected"),
        [
            (LINKED, f"profile secondary, by the name {PROGRAM}-secondary"),
            ("ecrx", "profile secondary, by {folder}/.config/ecrx/config.toml"),
        ],
    )
    def test_is_told_with_what_chose_it(self, home: Home, helper: str, expected: str) -> None:
        write_docker_config(home, credHelpers={HOST: helper})

        assert expected.format(folder=home.folder) == diagnose(home, HOST).links["identity"].detail

    def test_is_the_default_chain_where_nothing_chooses_one(self, home: Home) -> None:
        home.configure("")
        home.env["AWS_PROFILE"] = "secondary"

        found = diagnose(home, HOST)

        assert "AWS's default chain, with AWS_PROFILE" == found.links["identity"].detail
        assert f"arn:aws:sts::{SECONDARY}:assumed-role/puller/" in found.links["role"].detail

    def test_of_a_broken_configuration_file_is_told_with_its_line(self, home: Home) -> None:
        home.configure("[[registry]]\nmatch = \n")

        found = diagnose(home, HOST)

        assert "config.toml is not TOML" in found.broken("identity").detail
        assert {"profile", "caller", "role", "token", "keyring", "clock"} <= {*found.passed_over()}

    def test_of_a_misspelt_profile_is_the_one_that_there_is_or_one_to_make(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondry"\n')

        found = diagnose(home, HOST)

        assert "there is no AWS profile secondry" == found.broken("profile").detail
        instead = f"if secondary is meant: {PROGRAM} configure {HOST} --profile secondary"
        assert f"{instead}, else make it: aws configure --profile secondry" == found.broken("profile").remedy
        mended(home, found, "profile")

    def test_of_a_misspelt_environment_variable_is_exported_anew_or_one_to_make(self, home: Home) -> None:
        home.configure("")
        home.env["AWS_PROFILE"] = "secondry"

        found = diagnose(home, HOST)

        instead = "if secondary is meant: export AWS_PROFILE=secondary"
        assert f"{instead}, else make it: aws configure --profile secondry" == found.broken("profile").remedy
        mended(home, found, "profile")

    def test_of_a_misspelt_variable_that_goes_before_aws_profile_is_exported_by_its_name(self, home: Home) -> None:
        home.configure("")
        home.env |= {"AWS_PROFILE": "secondary", "AWS_DEFAULT_PROFILE": "secondry"}

        found = diagnose(home, HOST)

        assert "AWS's default chain, with AWS_DEFAULT_PROFILE" == found.links["identity"].detail
        assert "there is no AWS profile secondry" == found.broken("profile").detail
        instead = "if secondary is meant: export AWS_DEFAULT_PROFILE=secondary"
        assert f"{instead}, else make it: aws configure --profile secondry" == found.broken("profile").remedy
        mended(home, found, "profile")

    @pytest.mark.parametrize(
        ("variable", "profile"),
        [("AWS_PROFILE", "AWS's default chain needs none"), ("AWS_DEFAULT_PROFILE", "secondary, from base")],
    )
    def test_of_an_empty_variable_is_as_if_unset(self, home: Home, variable: str, profile: str) -> None:
        home.configure("")
        home.env |= {"AWS_PROFILE": "secondary", variable: ""}

        assert profile == diagnose(home, HOST).links["profile"].detail

    @pytest.mark.parametrize("env", [{}, {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x"}])
    def test_is_well_where_a_source_that_is_missing_is_not_needed(self, home: Home, env: dict[str, str]) -> None:
        # Without a role botocore heeds no source; and with keys in the environment no profile.
        home.add_profile("own", source_profile="gone", **({"role_arn": ROLE} if env else {}))
        home.add_keys("own", home.aws.add_user(SECONDARY, "own"))
        home.configure("")
        home.env |= {"AWS_PROFILE": "own", **env}

        assert (True, "own") == diagnose(home, HOST).links["profile"][1:3]

    def test_of_a_profile_like_none_there_is_is_made(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "x9"\n')

        spelling = "check its spelling, see aws configure list-profiles"
        assert f"{spelling}, or make it: aws configure --profile x9" == diagnose(home, HOST).broken("profile").remedy

    @pytest.mark.parametrize("file", ["config", "credentials"])
    def test_of_a_file_of_awss_that_is_broken_is_told_with_the_file(self, home: Home, file: str) -> None:
        path = home.folder / ".aws" / file
        path.write_text(f"nonsense\n{path.read_text()}")

        found = diagnose(home, HOST)

        assert f"the AWS file {path} cannot be read" in found.broken("profile").detail
        assert found.links["keyring"].ok

    def test_of_a_misspelt_source_profile_of_a_role_is_the_one_that_there_is_or_one_to_make(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nrole_arn = "{ROLE}"\nsource_profile = "bsae"\n')

        found = diagnose(home, HOST)

        instead = f"if base is meant: {PROGRAM} configure {HOST} --role-arn {ROLE} --source-profile base"
        assert f"{instead}, else make it: aws configure --profile bsae" == found.broken("profile").remedy
        mended(home, found, "profile")

    def test_of_a_source_profile_that_is_not_there_is_told_as_such(self, home: Home) -> None:
        config = home.folder / ".aws" / "config"
        config.write_text(config.read_text().replace("source_profile = base", "source_profile = bas"))

        found = diagnose(home, HOST).broken("profile")

        assert "there is no AWS profile bas" == found.detail
        instead = "if base is meant: aws configure set source_profile base --profile secondary"
        assert f"{instead}, else make it: aws configure --profile bas" == found.remedy


class TestCallerAndRole:
    def test_are_told_by_their_arns(self, home: Home) -> None:
        found = diagnose(home, HOST)

        assert BASE_USER == found.links["caller"].detail
        assert found.links["role"].detail.startswith(f"arn:aws:sts::{SECONDARY}:assumed-role/puller/")

    def test_of_a_key_that_aws_does_not_know_are_told(self, home: Home) -> None:
        credentials = home.folder / ".aws" / "credentials"
        credentials.write_text(credentials.read_text().replace("AKIA", "AKIB"))

        found = diagnose(home, HOST)

        assert "AWS does not know the access key" in found.broken("caller").detail
        assert "aws configure --profile base" == found.broken("caller").remedy
        assert {"role", "token"} <= {*found.passed_over()}

    def test_are_passed_over_where_sts_is_not_reached_and_no_role_is_assumed(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "base"\n')
        home.env["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:9"
        del home.env["HTTPS_PROXY"]

        found = diagnose(home, HOST)

        assert {"caller", "role", "clock"} <= {*found.passed_over()}
        assert found.links["token"].ok

    def test_are_those_that_the_credentials_file_names_where_both_files_name_some(self, home: Home) -> None:
        home.add_keys("other", home.aws.add_user(SECONDARY, "other"))
        home.aws.add_role(ROLE, trusts=[SECONDARY])
        credentials = home.folder / ".aws" / "credentials"
        credentials.write_text(f"{credentials.read_text()}\n[secondary]\nsource_profile = other\n")

        found = diagnose(home, HOST)

        assert "secondary, from other" == found.links["profile"].detail
        assert f"arn:aws:iam::{SECONDARY}:user/other" == found.links["caller"].detail
        assert found.links["role"].ok

    def test_of_a_role_that_does_not_trust_the_caller_are_told(self, home: Home) -> None:
        home.aws.add_role(ROLE, trusts=[])

        found = diagnose(home, HOST)

        assert found.links["caller"].ok
        assert f"User: {BASE_USER} is not authorized to perform: sts:AssumeRole" in found.broken("role").detail
        assert "the role's trust policy" in found.broken("role").remedy
        assert "token" in found.passed_over()

    def test_of_a_role_with_mfa_wait_for_login(self, home: Home) -> None:
        home.aws.add_role(ROLE, trusts=[BASE_USER], mfa=True)
        config = home.folder / ".aws" / "config"
        config.write_text(f"{config.read_text()}mfa_serial = arn:aws:iam::{SECONDARY}:mfa/me\n")

        found = diagnose(home, HOST)

        program, *arguments = found.broken("role").remedy.split()
        assert PROGRAM == program
        status, _ = terminals.run(
            [home.program, *arguments], home.env, [("MFA code for profile secondary: ", "123456\n")]
        )
        assert 0 == status
        again = diagnose(home, HOST)
        assert again.links["role"].ok
        assert again.links["token"].ok

    def test_of_a_role_with_mfa_before_the_role_wait_for_login_too(self, home: Home) -> None:
        home.add_role_profile("far", "arn:aws:iam::444444444444:role/far", "base4")
        home.aws.add_role(ROLE, trusts=[BASE_USER], mfa=True)
        home.aws.add_role("arn:aws:iam::444444444444:role/far", trusts=[SECONDARY])
        config = home.folder / ".aws" / "config"
        text = config.read_text().replace("source_profile = base4", "source_profile = secondary")
        config.write_text(text.replace("base\n", f"base\nmfa_serial = arn:aws:iam::{SECONDARY}:mfa/me\n"))
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "far"\n')

        found = diagnose(home, HOST)

        assert "profile secondary: it wants an MFA code" in found.broken("caller").detail
        assert f"{PROGRAM} login {HOST}" == found.broken("caller").remedy
        assert {"role", "token"} <= {*found.passed_over()}

    def test_that_the_default_chain_has_none_for_may_be_another_profile(self, home: Home) -> None:
        home.configure("")
        (home.folder / ".aws" / "config").unlink()

        found = diagnose(home, HOST)

        assert "there are no AWS credentials" in found.broken("caller").detail
        mended(home, found, "caller")

    def test_that_the_default_chain_has_none_for_may_be_another_profile_that_assumes_the_same_role(
        self, home: Home
    ) -> None:
        home.aws.add_role(ROLE, trusts=[BASE_USER], external_id="shared")
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nrole_arn = "{ROLE}"\nexternal_id = "shared"\n')
        (home.folder / ".aws" / "config").unlink()

        found = diagnose(home, HOST)

        options = f"--role-arn {ROLE} --source-profile base --external-id shared"
        instead = f"choose your AWS profile base: {PROGRAM} configure {HOST} {options}"
        assert f"aws configure, or {instead}" == found.broken("caller").remedy
        mended(home, found, "caller")

    def test_of_keys_in_the_environment_are_told_with_their_variables(self, home: Home) -> None:
        home.configure("")
        (home.folder / ".aws" / "config").unlink()
        credentials = home.folder / ".aws" / "credentials"
        credentials.write_text(credentials.read_text().replace("base", "default"))
        home.env |= {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN", "AWS_SECRET_ACCESS_KEY": "x"}

        found = diagnose(home, HOST)

        assert "AWS does not know the access key" in found.broken("caller").detail
        assert "unset AWS_ACCESS_KEY_ID " in found.broken("caller").remedy
        mended(home, found, "caller")

    def test_of_a_role_that_nobody_is_to_assume_are_told_with_what_says_who(self, home: Home) -> None:
        (home.folder / ".aws" / "config").write_text(f"[profile secondary]\nrole_arn = {ROLE}\n")

        found = diagnose(home, HOST).broken("role")

        assert "the AWS credentials lack source_profile or credential_source" in found.detail
        assert "aws configure set source_profile PROFILE --profile secondary" == found.remedy

    def test_without_a_role_are_one(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "base"\n')

        found = diagnose(home, HOST)

        assert BASE_USER == found.links["caller"].detail
        assert "role" in found.passed_over()
        assert found.links["token"].ok

    def test_of_a_role_in_the_configuration_file_are_told(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nrole_arn = "{ROLE}"\nsource_profile = "base"\n')

        found = diagnose(home, HOST)

        assert BASE_USER == found.links["caller"].detail
        assert "assumed-role/puller/docker-credential-ecrx" in found.links["role"].detail

    def test_are_told_without_a_host_for_the_default_chain(self, home: Home) -> None:
        home.env["AWS_PROFILE"] = "secondary"

        found = diagnose(home)

        assert BASE_USER == found.links["caller"].detail
        assert {"token", "registry", "image", "push"}.isdisjoint(found.links)


class TestToken:
    def test_is_minted_once_and_then_kept_for_docker(self, home: Home) -> None:
        assert diagnose(home, HOST).links["token"].detail.startswith("minted now, until 20")
        assert diagnose(home, HOST).links["token"].detail.startswith("kept for docker, until 20")

        home.aws.calls.clear()
        assert home.get(profile=None).secret
        assert [] == home.aws.calls

    def test_that_the_caller_may_not_have_is_told(self, home: Home, aws: FaultyStandIn) -> None:
        aws.fail("GetAuthorizationToken", faults.forbidden)

        found = diagnose(home, HOST)

        assert "AWS denied GetAuthorizationToken" in found.broken("token").detail
        assert "allow ecr:GetAuthorizationToken in the principal's own policy" == found.broken("token").remedy

    def test_of_ecr_public_is_not_needed(self, home: Home) -> None:
        (home.folder / ".aws" / "credentials").unlink()
        (home.folder / ".aws" / "config").unlink()

        found = diagnose(home, "public.ecr.aws")

        assert ["registry"] == [name for name, link in found.links.items() if link.ok is False]
        assert {"docker's config", "caller", "token"} <= {*found.passed_over()}


class TestDockerLogin:
    """What it stored is served before the identity's token."""

    @pytest.fixture(autouse=True)
    def login(self, home: Home) -> str:
        """Return the token of another account, with which somebody logged docker in to HOST."""
        home.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
        secret = home.get(profile="tertiary").secret
        assert 0 == home.store(HOST, "AWS", secret).status
        return secret

    @pytest.mark.parametrize(
        ("helper", "expected"),
        [
            (LINKED, f"profile secondary, by the name {PROGRAM}-secondary"),
            ("ecrx", "profile secondary, by {folder}/.config/ecrx/config.toml"),
        ],
    )
    def test_in_place_of_the_identity_that_is_named_is_mended_by_docker_logout(
        self, home: Home, helper: str, expected: str
    ) -> None:
        need.command("docker")
        home.link(f"{PROGRAM}-secondary")
        write_docker_config(home, credHelpers={HOST: helper}, auths={HOST: {}})

        found = diagnose(home, HOST)

        named = expected.format(folder=home.folder)
        assert found.broken("identity").detail.startswith(
            f"{named}; but docker is served what docker login stored, until 20"
        )
        assert f"docker logout {HOST}" == found.broken("identity").remedy
        assert found.links["token"].detail.startswith("what docker login stored, until 20")
        assert found.links["token"].detail.endswith(f", or docker logout {HOST}")
        assert named == mended(home, found, "identity").detail
        assert "docker login" not in diagnose(home, HOST).links["token"].detail

    def test_in_place_of_awss_default_chain_is_told_and_well(self, home: Home) -> None:
        home.configure("")
        home.env["AWS_PROFILE"] = "secondary"

        found = diagnose(home, HOST).links["identity"]

        assert found.ok
        assert found.detail.startswith("what docker login stored, until 20")
        assert found.detail.endswith(f", or docker logout {HOST}; then AWS's default chain, with AWS_PROFILE")

    def test_needs_no_aws_credentials(self, home: Home) -> None:
        home.configure("")
        for file in ("config", "credentials"):
            (home.folder / ".aws" / file).unlink()

        found = diagnose(home, HOST)

        assert ["registry"] == [name for name, link in found.links.items() if link.ok is False]
        assert {"caller", "role"} <= {*found.passed_over()}
        assert found.links["token"].detail.startswith("what docker login stored, until 20")

    def test_needs_no_mfa_code(self, home: Home) -> None:
        home.aws.add_role(ROLE, trusts=[BASE_USER], mfa=True)
        config = home.folder / ".aws" / "config"
        serial = f"[profile secondary]\nmfa_serial = arn:aws:iam::{SECONDARY}:mfa/me\n"
        config.write_text(config.read_text().replace("[profile secondary]\n", serial))

        found = diagnose(home, HOST)

        assert "it wants an MFA code, and docker is served what docker login stored" in found.links["role"].detail
        assert "role" in found.passed_over()
        assert found.links["token"].ok

    def test_is_forgotten_where_docker_does_not_ask_this_program(self, home: Home) -> None:
        write_docker_config(home)

        found = diagnose(home, HOST)

        assert f"{PROGRAM} forget {HOST}" == found.broken("identity").remedy
        mended(home, found, "identity")

    def test_that_has_ended_is_not_spoken_of(self, home: Home) -> None:
        kept.age(home, hours=12.1)

        assert "docker login" not in str(diagnose(home, HOST).links)

    def test_for_another_registry_is_not_spoken_of(self, home: Home) -> None:
        assert "docker login" not in str(diagnose(home, OTHER_HOST).links)


class TestKeyring:
    def test_gives_back_a_probe_and_keeps_nothing_of_it(self, home: Home, keyring: dict[str, str]) -> None:
        home.env |= keyring

        found = diagnose(home).links["keyring"]

        assert found.ok
        assert keyring["ECRX_KEYRING"] in found.detail
        assert not _probes()

    def test_that_does_not_answer_is_told(self, home: Home) -> None:
        home.env |= {"ECRX_KEYRING": "secret-service", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}

        assert "ECRX_KEYRING" in diagnose(home).broken("keyring").remedy

    def test_may_be_none(self, home: Home) -> None:
        home.env["ECRX_KEYRING"] = "none"

        assert "keyring" in diagnose(home, HOST).passed_over()


def _probes() -> list[bytes]:
    """Return what the kernel's keyring has of probes."""
    keys, ring = Keyctl(), KernelKeyring()._ring  # noqa: SLF001
    serials = keys.read(ring)
    found = (int.from_bytes(serials[at : at + 4], "little", signed=True) for at in range(0, len(serials), 4))
    return [name for name in map(keys.describe, found) if b"probe:" in name]


class TestClock:
    @pytest.mark.parametrize(("offset", "direction"), [(-3600.0, "ahead of"), (3600.0, "behind")])
    def test_that_is_wrong_is_to_be_set(self, home: Home, aws: FaultyStandIn, offset: float, direction: str) -> None:
        aws.clock_offset = offset

        found = diagnose(home, HOST)

        assert f"seconds {direction} AWS's" in found.broken("clock").detail
        assert "timedatectl set-ntp true" == found.broken("clock").remedy
        assert "timedatectl set-ntp true" in found.broken("caller").remedy

    def test_that_is_a_little_off_is_well(self, home: Home, aws: FaultyStandIn) -> None:
        aws.clock_offset = -90.0

        assert "seconds ahead of AWS's" in diagnose(home).links["clock"].detail


class TestWhatIsAsked:
    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["ghcr.io/org/app"], "ghcr.io/org/app is not in Amazon ECR"),
            ([f"{HOST}.example.com"], "is not in Amazon ECR"),
            ([f"{HOST}/App"], "App is not a repository, with or without a tag"),
        ],
    )
    def test_is_told_in_one_line_where_it_is_no_image_in_ecr(
        self, home: Home, arguments: list[str], expected: str
    ) -> None:
        found = home.run("doctor", *arguments)

        assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
        assert expected in found.stderr
        assert [] == home.aws.calls

    def test_needs_a_repository_to_push_to(self, home: Home) -> None:
        assert 2 == home.run("doctor", HOST, "--push").status

    def test_is_ended_by_ctrl_c_without_a_trace(self, home: Home, aws: FaultyStandIn) -> None:
        aws.fail("GetCallerIdentity", faults.hanging)

        status, seen = terminals.run([home.program, "doctor", HOST], home.env, [("caller", "\x03")])

        assert 130 == status
        assert "interrupted" in seen
        assert "Traceback" not in seen


class TestSigns:
    @pytest.mark.parametrize("locale", ["C", "en_US.ISO-8859-1"])
    def test_are_ascii_where_the_locale_has_no_others(self, home: Home, locale: str) -> None:
        found = home.run("doctor", env={"LC_ALL": locale})

        assert found.stdout.isascii()
        assert {"+", "-"} == {line[0] for line in found.stdout.splitlines()}
