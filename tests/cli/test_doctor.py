"""``doctor`` shows each failed check with a remedy, and the remedy fixes it."""

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from docker_credential_ecrx import __version__
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from fakes import faults
from fakes.clients import Client
from fakes.faults import FaultyAws
from support import need, plain_registry, stored_items, terminals
from support.aws_parts import Server
from support.diagnoses import PROGRAM, diagnose, fixed_by_remedy
from support.forms import in_one_form
from support.home import BASE_USER, HOST, OTHER_HOST, ROLE, SECONDARY, Home
from support.users import another_user, plant

pytestmark = in_one_form

LINKED = "ecrx-secondary"
PASSWORD = {HOST: {"auth": "QVdTOmh1bnRlcjI="}}


@pytest.fixture
def aws() -> Iterator[FaultyAws]:
    """Return a fake AWS that can fail."""
    with FaultyAws() as fake:
        yield fake


@pytest.fixture
def home(home: Home) -> Home:
    """Return a home that is set up, with a proxy to the registry that is unreachable."""
    home.add_role_profile()
    home.env["HTTPS_PROXY"] = "http://127.0.0.1:9"
    home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n')
    write_docker_config(home, credHelpers={HOST: "ecrx"})
    return home


def write_docker_config(home: Home, **parts: object) -> Path:
    """Write Docker's config.json."""
    path = home.folder / ".docker" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(parts))
    return path


def meant(similar: str, name: str, use: str) -> str:
    """Return the remedy for a misspelt profile: first what uses the similar one, which is more likely to be meant."""
    return f"if you meant {similar} (aws configure --profile {name} creates {name}): {use}"


class TestOwnHost:
    """A host name of the user's own, whose registry config.toml names."""

    @pytest.fixture
    def registry(self, aws: FaultyAws) -> Iterator[str]:
        """Return the host of a registry on this machine, which has no TLS and accepts what AWS issued."""
        with plain_registry.serving(aws) as host:
            yield host

    def test_is_checked_as_docker_uses_it(self, home: Home, registry: str) -> None:
        """As the Docker engine does, the check uses http on this machine, and no proxy."""
        home.configure(f'[[registry]]\nmatch = "{registry}"\nregistry = "{HOST}"\nprofile = "secondary"\n')
        write_docker_config(home, credHelpers={registry: "ecrx"})

        found = diagnose(home, registry).links

        assert f"profile secondary (from {home.folder}/.config/ecrx/config.toml)" in found["identity"].detail
        assert f"; {registry} stands for {HOST}" in found["identity"].detail
        assert (True, f"{registry} accepts the token") == (found["registry"].ok, found["registry"].detail)
        assert all(found[name].ok for name in ("program", "docker's config", "identity", "token"))

    def test_is_among_those_that_docker_is_configured_for(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "localhost:4566"\nregistry = "{HOST}"\nprofile = "secondary"\n')
        write_docker_config(home, credHelpers={"localhost:4566": "ecrx", HOST: "ecrx"})

        found = diagnose(home).links["docker's config"]

        assert f"is the helper for localhost:4566, {HOST}" in found.detail

    def test_without_docker_entry_is_configured_by_remedy(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "images.example.com"\nregistry = "{HOST}"\nprofile = "secondary"\n')

        found = diagnose(home, "images.example.com/team/app")

        fixed_by_remedy(home, found, "docker's config")

    def test_without_rule_is_refused(self, home: Home) -> None:
        found = home.run("doctor", "images.example.com")

        assert (2, "") == found[:2]
        assert "images.example.com is not in Amazon ECR" in found.stderr


class TestProgram:
    def test_passes_with_path_and_version(self, home: Home) -> None:
        found = diagnose(home).links["program"]

        assert (True, f"{home.program}, version {__version__}") == (found.ok, found.detail)

    def test_not_on_path_is_installed_there(self, home: Home) -> None:
        """The suggested command puts the program on PATH."""
        home.env["PATH"] = "/usr/bin:/bin"

        found = diagnose(home)

        assert f"{PROGRAM} is not on PATH" in found.broken("program").detail
        fixed_by_remedy(home, found, "program")

    @pytest.mark.parametrize("arguments", [[], [HOST]])
    def test_not_on_path_is_reported_once(self, home: Home, arguments: list[str]) -> None:
        """The entry in Docker's config is right, and what to do in cron and in a service is said."""
        home.env["PATH"] = "/usr/bin:/bin"

        found = diagnose(home, *arguments)

        path = f"PATH={home.bin}:/usr/local/bin:/usr/bin:/bin"
        assert [
            f"in this shell: export PATH={home.bin}:$PATH",
            f"in cron: write the line {path} into the crontab",
            f"in a systemd service: set Environment={path}",
        ] == found.broken("program").remedy.splitlines()
        assert [f"export PATH={home.bin}:$PATH"] == found.broken("program").command
        config = found.links["docker's config"]
        assert (True, "") == (config.ok, config.remedy)
        assert "PATH" not in config.detail

    def test_missing_link_is_created(self, home: Home) -> None:
        write_docker_config(home, credHelpers={HOST: LINKED})

        found = diagnose(home, HOST)

        assert f"{PROGRAM}-secondary is not on PATH" in found.broken("program").detail
        fixed_by_remedy(home, found, "program")

    def test_not_executable_is_fixed_by_chmod(self, home: Home) -> None:
        (home.folder / "first").mkdir()
        first = home.folder / "first" / PROGRAM
        first.write_text(f'#!/bin/sh\nexec {home.program} "$@"\n')
        home.env["PATH"] = f"{first.parent}:/usr/bin:/bin"

        found = diagnose(home)

        assert f"chmod +x {first}" == found.broken("program").remedy
        fixed_by_remedy(home, found, "program")

    @pytest.mark.parametrize(
        ("says", "expected"),
        [
            (f"{PROGRAM} 0.0.1", f"which is version 0.0.1; this is version {__version__}"),
            ("docker-credential-other 1", "which is not this program or does not work"),
        ],
    )
    def test_another_program_first_on_path_is_overridden(self, home: Home, says: str, expected: str) -> None:
        first = home.folder / "first"
        first.mkdir()
        (first / PROGRAM).write_text(f"#!/bin/sh\necho {says}\n")
        (first / PROGRAM).chmod(0o755)
        home.env["PATH"] = f"{first}:{home.env['PATH']}"

        found = diagnose(home)

        assert expected in found.broken("program").detail
        fixed_by_remedy(home, found, "program")

    @pytest.mark.parametrize(
        ("first", "where"), [("", "the current folder"), (".", "the current folder"), ("sub", "sub")]
    )
    @pytest.mark.parametrize("is_there", [True, False], ids=["before another", "alone"])
    def test_in_relative_folder_is_refused(self, home: Home, first: str, where: str, *, is_there: bool) -> None:
        """Neither Docker nor doctor runs it; the remedy puts this program into an absolute folder."""
        planted = home.folder / first / PROGRAM
        planted.parent.mkdir(exist_ok=True)
        planted.write_text(f"#!/bin/sh\ntouch {home.folder}/ran\necho {PROGRAM} {__version__}\n")
        planted.chmod(0o755)
        home.env["PATH"] = f"{first}:{home.bin}:/usr/bin" if is_there else f"{first}:/usr/bin"

        found = diagnose(home)

        expected = (
            f"{PROGRAM} is first found in {where}, a relative or empty entry of PATH, from which Docker does not run it"
        )
        assert expected in found.broken("program").detail
        assert f"export PATH={home.bin}:$PATH" == found.broken("program").remedy
        fixed_by_remedy(home, found, "program")
        assert not (home.folder / "ran").exists()

    def test_link_in_relative_folder_is_replaced(self, home: Home) -> None:
        """The first remedy creates the link in an absolute folder, the second puts that folder first."""
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

    def test_in_relative_folder_after_absolute_is_fine(self, home: Home) -> None:
        (home.folder / PROGRAM).write_text("#!/bin/sh\n")
        (home.folder / PROGRAM).chmod(0o755)
        home.env["PATH"] = f"{home.bin}:/usr/bin:"

        assert f"{home.program}, version {__version__}" == diagnose(home).links["program"].detail

    @pytest.mark.parametrize("name", [PROGRAM, ""], ids=["program", "folder"])
    def test_writable_by_all_users_warns(self, home: Home, name: str) -> None:
        """The check passes, with a warning: whoever replaces the program gets Docker's passwords."""
        (home.folder / "first").mkdir()
        first = home.folder / "first" / PROGRAM
        first.write_text(f'#!/bin/sh\nexec {home.program} "$@"\n')
        first.chmod(0o755)
        (first.parent / name).chmod(0o777)
        home.env["PATH"] = f"{first.parent}:/usr/bin:/bin"

        found = diagnose(home).links["program"]

        weak = str(first.parent / name)
        assert (True, f"{first}, version {__version__}; every user can write to {weak}") == (found.ok, found.detail)
        assert f"{first}, version {__version__}" == diagnose(home, before=found.remedy).links["program"].detail

    def test_planted_by_another_user_is_not_run(self, home: Home) -> None:
        """Docker would run it; the remedy puts this program before it."""
        planted = plant(home, PROGRAM, f"touch {home.folder}/ran\necho {PROGRAM} {__version__}")

        found = diagnose(home)

        expected = f"Docker runs {planted}, and user 1000 owns {planted}, in a folder that every user can write to"
        assert expected in found.broken("program").detail
        assert not (home.folder / "ran").exists()
        fixed_by_remedy(home, found, "program")


class TestDockerConfig:
    def test_missing_is_created(self, home: Home) -> None:
        path = write_docker_config(home)
        path.unlink()

        found = diagnose(home, HOST)

        assert f"{path} does not exist" == found.broken("docker's config").detail
        fixed_by_remedy(home, found, "docker's config")

    @pytest.mark.parametrize("name", [[], [HOST]])
    def test_empty_is_not_called_missing(self, home: Home, name: list[str]) -> None:
        """Docker reads an empty file like one with ``{}``."""
        path = write_docker_config(home)
        path.write_text("")

        assert f"{path} is empty" == diagnose(home, *name).broken("docker's config").detail

    @pytest.mark.parametrize(
        ("helpers", "expected"),
        [
            ({HOST: "ecr-login"}, f"config.json: {HOST} uses docker-credential-ecr-login"),
            (
                {f"https://{HOST}": "ecrx"},
                f"config.json: credHelpers has the key https://{HOST}, but Docker looks up {HOST}",
            ),
            ({"gcr.io": "gcloud"}, f"config.json: {HOST} uses no credential helper"),
        ],
    )
    def test_without_this_program_is_changed(self, home: Home, helpers: dict[str, str], expected: str) -> None:
        write_docker_config(home, credHelpers=helpers)

        found = diagnose(home, HOST)

        assert expected in found.broken("docker's config").detail
        fixed_by_remedy(home, found, "docker's config")

    @pytest.mark.parametrize(
        ("left_out", "expected"),
        [
            ((), f"use one of your AWS profiles base, secondary: {PROGRAM} configure {HOST} --profile PROFILE"),
            (("config",), f"use your AWS profile base: {PROGRAM} configure {HOST} --profile base"),
            (("config", "credentials"), f"create AWS credentials, then: {PROGRAM} configure {HOST}"),
        ],
        ids=["two profiles", "one", "none"],
    )
    def test_without_default_credentials_names_profiles(
        self, home: Home, left_out: tuple[str, ...], expected: str
    ) -> None:
        """``configure HOST`` alone would fail: there is nothing that the default chain could use."""
        home.configure("")
        write_docker_config(home)
        for name in left_out:
            (home.folder / ".aws" / name).unlink()

        assert expected == diagnose(home, HOST).broken("docker's config").remedy

    @pytest.mark.parametrize(
        ("variable", "value"), [("AWS_METADATA_SERVICE_TIMEOUT", "abc"), ("HTTP_PROXY", "http://[hunter2")]
    )
    def test_is_changed_even_if_a_variable_of_the_sdk_is_invalid(self, home: Home, variable: str, value: str) -> None:
        """It is not known then whether the default chain has credentials; the next pull names the variable."""
        home.configure("")
        write_docker_config(home)
        metadata = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://aws.invalid"}
        home.env |= {**metadata, variable: value}

        found = diagnose(home, HOST).broken("docker's config")

        assert f"docker-credential-ecrx configure {HOST}" == found.remedy

    @pytest.mark.parametrize("key", ["", "https://"])
    def test_names_the_same_account_in_another_region(self, home: Home, key: str) -> None:
        near = HOST.replace("us-east-1", "us-west-2")
        write_docker_config(home, credHelpers={OTHER_HOST: "ecrx", f"{key}{near}": "ecrx"})

        found = diagnose(home, f"{HOST}/app").broken("docker's config")

        assert f": credHelpers has {key}{near}, and {HOST} is in us-east-1" in found.detail

    def test_is_not_required_if_podman_is_configured(self, home: Home) -> None:
        write_docker_config(home)
        home.run("configure", HOST, "--profile", "secondary", "--podman", "--force")

        link = diagnose(home, HOST).links["docker's config"]

        assert None is link.ok
        assert "podman's auth.json" in link.detail
        assert diagnose(home, HOST).links["podman's config"].ok

    def test_without_registries_is_reported_without_a_host(self, home: Home) -> None:
        write_docker_config(home, auths={})

        found = diagnose(home).broken("docker's config")

        assert f"config.json: no ECR registry uses {PROGRAM}" in found.detail
        assert f"{PROGRAM} configure HOST --profile PROFILE" == found.remedy

    def test_may_use_this_program_for_every_registry(self, home: Home) -> None:
        path = write_docker_config(home, credsStore="ecrx")

        assert f"credsStore in {path} names ecrx" == diagnose(home, HOST).links["docker's config"].detail
        assert diagnose(home).links["docker's config"].ok

    def test_unencrypted_password_is_removed(self, home: Home) -> None:
        path = write_docker_config(home, credHelpers={HOST: "ecrx"}, auths=PASSWORD)

        found = diagnose(home, HOST)

        assert f"an unencrypted password for {HOST}" in found.broken("docker's config").detail
        fixed_by_remedy(home, found, "docker's config")
        assert "hunter2" not in path.read_text()

    def test_unencrypted_password_beside_helper_is_removed(self, home: Home) -> None:
        """The credHelpers entry stays."""
        need.command("docker")
        home.link(f"{PROGRAM}-secondary")
        path = write_docker_config(home, credHelpers={HOST: LINKED}, auths=PASSWORD)

        found = diagnose(home, HOST)

        assert f"docker logout {HOST}" == found.broken("docker's config").remedy
        fixed_by_remedy(home, found, "docker's config")
        assert LINKED == json.loads(path.read_text())["credHelpers"][HOST]

    def test_overriding_variable_is_unset(self, home: Home) -> None:
        home.env["DOCKER_AUTH_CONFIG"] = json.dumps({"auths": PASSWORD})

        found = diagnose(home, HOST)

        assert "unset DOCKER_AUTH_CONFIG" == found.broken("docker's config").remedy
        fixed_by_remedy(home, found, "docker's config")

    def test_missing_store_is_reported(self, home: Home) -> None:
        write_docker_config(home, credHelpers={HOST: "ecrx"}, credsStore="desktop")

        found = diagnose(home, HOST).broken("docker's config")

        assert "docker-credential-desktop is not on PATH" in found.detail
        assert "install it, or delete credsStore" == found.remedy

    def test_invalid_json_is_named(self, home: Home) -> None:
        path = write_docker_config(home)
        path.write_text("{")

        found = diagnose(home, HOST)

        assert str(path) in found.broken("docker's config").detail
        assert "fix it, or move it away" == found.broken("docker's config").remedy
        assert found.links["identity"].ok

    @pytest.mark.parametrize(
        ("config", "says"),
        [
            ('{"credsStore":5,"credHelpers":{"HOST":"ecrx"}}', "credsStore is not a string"),
            ('{"credHelpers":{"HOST":"ecrx","x":7}}', "credHelpers: x is not a string"),
            ('{"credHelpers":{"HOST":"ecrx","x":["a"]}}', "credHelpers: x is not a string"),
            ('{"auths":{"x":{"auth":"!!!"}},"credHelpers":{"HOST":"ecrx"}}', "auths: x: auth is not a user and"),
            ('{"auths":{"x":{"auth":"QVdT"}},"credHelpers":{"HOST":"ecrx"}}', "auths: x: auth is not a user and"),
            ('{"auths":{"x":{"email":5}},"credHelpers":{"HOST":"ecrx"}}', "auths: x: email is not a string"),
            ('{"auths":{"x":5},"credHelpers":{"HOST":"ecrx"}}', "auths: x is not an object"),
            ('{"auths":"x","credHelpers":{"HOST":"ecrx"}}', "auths is not an object"),
            ('{"proxies":{"default":{"httpProxy":1}},"credHelpers":{"HOST":"ecrx"}}', "proxies: default: httpProxy"),
            ('{"pruneFilters":{},"credHelpers":{"HOST":"ecrx"}}', "pruneFilters is not a list"),
            ('{"PSFORMAT":[],"credHelpers":{"HOST":"ecrx"}}', "psFormat is not a string"),
            ('{"credsStore":"ecrx","auths":{"x":true}}', "auths: x is not an object"),
        ],
    )
    @pytest.mark.parametrize("arguments", [[], [HOST]], ids=["all", "host"])
    def test_what_docker_cannot_read_is_named(self, home: Home, config: str, says: str, arguments: list[str]) -> None:
        """Docker goes on with a warning at each command, and crane gives up."""
        path = write_docker_config(home)
        path.write_text(config.replace("HOST", HOST))
        warned = Client(home, need.command("docker")).tries("version")
        assert "WARNING: Error parsing config file" in warned

        found = diagnose(home, *arguments).broken("docker's config")

        assert f"{path}: {says}" in found.detail
        assert found.remedy.startswith("fix or delete ")

    @pytest.mark.parametrize(
        ("config", "says"),
        [
            ('{"credHelpers":{"a":"b"},"credHelpers":{"c":"d"}}', "has credHelpers twice"),
            ('{"credHelpers":{"a":"b"},"CREDHELPERS":null}', "has credHelpers twice"),
            ('{"credHelpers":{"HOST":"a","HOST":"b"}}', "has HOST twice"),
            ('{"a":1} trailing', "has text after its JSON object"),
            ('{"auths":{}}{}', "has text after its JSON object"),
        ],
    )
    def test_what_configure_refuses_is_named(self, home: Home, config: str, says: str) -> None:
        path = write_docker_config(home)
        path.write_text(config.replace("HOST", HOST))

        found = diagnose(home, HOST).broken("docker's config")

        assert f"{path} {says.replace('HOST', HOST)}" in found.detail
        assert found.remedy.startswith("delete ")
        assert found.detail in home.run("configure", HOST, "--profile", "secondary").stderr

    @pytest.mark.parametrize(
        ("config", "says"),
        [
            ('{"credHelpers":{"HOST":"ecrx"}} trailing', "has text after its JSON object"),
            ('{"credHelpers":{"a":""},"credHelpers":{"HOST":"ecrx"}}', "has credHelpers twice"),
            ('{"credHelpers":{"HOST":"","HOST":"ecrx"}}', "has HOST twice"),
        ],
    )
    def test_what_only_docker_reads_is_a_warning(self, home: Home, config: str, says: str) -> None:
        path = write_docker_config(home)
        path.write_text(config.replace("HOST", HOST))

        found = diagnose(home, HOST).links["docker's config"]

        assert found.ok
        assert f"{path} {says.replace('HOST', HOST)}" in found.detail
        assert "delete " in found.remedy

    def test_under_sudo_names_the_owner(self, home: Home) -> None:
        home.env |= {"SUDO_USER": "alice", "USER": "root"}
        write_docker_config(home)

        found = diagnose(home, HOST).broken("docker's config")

        assert f"(under sudo: HOME is {home.folder}, not the home of alice)" in found.detail
        without = "run docker without sudo, as alice, who has to be in the group docker"
        assert [
            f"{without}, or configure it for root: sudo {PROGRAM} configure {HOST} --profile PROFILE",
            f"PROFILE has to be in {home.folder}/.aws, where root's AWS profiles are",
        ] == found.remedy.splitlines()

    def test_in_another_folder_names_the_variable(self, home: Home) -> None:
        home.env["DOCKER_CONFIG"] = str(home.folder / "elsewhere")

        found = diagnose(home, HOST)

        assert "elsewhere/config.json (from DOCKER_CONFIG) does not exist" in found.broken("docker's config").detail
        fixed_by_remedy(home, found, "docker's config")


class TestIdentity:
    @pytest.mark.parametrize(
        ("helper", "expected"),
        [
            (LINKED, f"profile secondary (from the helper name {PROGRAM}-secondary)"),
            ("ecrx", "profile secondary (from {folder}/.config/ecrx/config.toml)"),
        ],
    )
    def test_is_shown_with_its_source(self, home: Home, helper: str, expected: str) -> None:
        write_docker_config(home, credHelpers={HOST: helper})

        assert expected.format(folder=home.folder) == diagnose(home, HOST).links["identity"].detail

    def test_defaults_to_the_default_chain(self, home: Home) -> None:
        home.configure("")
        home.env["AWS_PROFILE"] = "secondary"

        found = diagnose(home, HOST)

        assert "profile secondary (from AWS_PROFILE)" == found.links["identity"].detail
        assert f"arn:aws:sts::{SECONDARY}:assumed-role/puller/" in found.links["role"].detail

    @pytest.mark.parametrize(
        ("env", "named"),
        [
            ({}, "the default credential chain: no credentials found"),
            (
                {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9"},
                "the default credential chain: this instance's role, if it has one",
            ),
            ({"AWS_ACCESS_KEY_ID": "AKIA1111222233330001"}, "access key AKIA…0001 (from the environment)"),
            (
                {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent"},
                f"role {ROLE} (web identity)",
            ),
        ],
    )
    def test_of_the_default_chain_is_named_as_in_messages(self, home: Home, env: dict[str, str], named: str) -> None:
        home.configure("")
        home.env |= env

        found = diagnose(home, HOST).links["identity"]

        assert (named, None if "chain" in named else True) == (found.detail, found.ok)

    def test_is_not_good_if_nothing_is_known_of_it(self, home: Home) -> None:
        """Only the check of the caller asks an instance for credentials."""
        shutil.rmtree(home.folder / ".aws")
        home.configure("")

        found = home.run("doctor").stdout

        assert "\n\N{EN DASH} identity         the default credential chain: no credentials found\n" in found
        assert "the default credential chain: there are no AWS credentials\n" in found

    def test_broken_configuration_file_is_shown_with_line(self, home: Home) -> None:
        home.configure("[[registry]]\nmatch = \n")

        found = diagnose(home, HOST)

        assert "config.toml is not TOML" in found.broken("identity").detail
        assert {"profile", "caller", "role", "token", "keyring", "clock"} <= {*found.passed_over()}

    def test_misspelt_profile_suggests_similar_or_new(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondry"\n')

        found = diagnose(home, HOST)

        assert "the AWS profile secondry does not exist" == found.broken("profile").detail
        use = f"{PROGRAM} configure {HOST} --profile secondary"
        assert meant("secondary", "secondry", use) == found.broken("profile").remedy
        fixed_by_remedy(home, found, "profile")

    def test_misspelt_variable_suggests_export_or_new_profile(self, home: Home) -> None:
        home.configure("")
        home.env["AWS_PROFILE"] = "secondry"

        found = diagnose(home, HOST)

        use = "export AWS_PROFILE=secondary"
        assert meant("secondary", "secondry", use) == found.broken("profile").remedy
        fixed_by_remedy(home, found, "profile")

    @pytest.mark.parametrize("name", ["secondary ", " secondary", "secondary\n", '"secondary"', "'secondary'"])
    def test_stray_space_or_quote_is_shown_and_removed(self, home: Home, name: str) -> None:
        """As from a line of an env file, which Docker takes with its quotes."""
        home.configure("")
        home.env["AWS_PROFILE"] = name

        found = diagnose(home, HOST)

        assert f"the AWS profile {name!r} does not exist" == found.broken("profile").detail
        assert "if you meant secondary: export AWS_PROFILE=secondary" == found.broken("profile").remedy
        got = home.get(HOST, profile=None)
        assert got.stdout.endswith(
            f": the AWS profile {name!r} does not exist; if you meant secondary: export AWS_PROFILE=secondary\n"
        )
        fixed_by_remedy(home, found, "profile")

    def test_misspelt_preceding_variable_is_exported_by_name(self, home: Home) -> None:
        """A variable that precedes AWS_PROFILE is the one that the remedy exports."""
        home.configure("")
        home.env |= {"AWS_PROFILE": "secondary", "AWS_DEFAULT_PROFILE": "secondry"}

        found = diagnose(home, HOST)

        assert "profile secondry (from AWS_DEFAULT_PROFILE)" == found.links["identity"].detail
        assert "the AWS profile secondry does not exist" == found.broken("profile").detail
        use = "export AWS_DEFAULT_PROFILE=secondary"
        assert meant("secondary", "secondry", use) == found.broken("profile").remedy
        fixed_by_remedy(home, found, "profile")

    @pytest.mark.parametrize(
        ("variable", "profile"),
        [
            ("AWS_PROFILE", "the AWS default credential chain needs no profile"),
            ("AWS_DEFAULT_PROFILE", "secondary, with source profile base"),
        ],
    )
    def test_empty_variable_counts_as_unset(self, home: Home, variable: str, profile: str) -> None:
        home.configure("")
        home.env |= {"AWS_PROFILE": "secondary", variable: ""}

        assert profile == diagnose(home, HOST).links["profile"].detail

    @pytest.mark.parametrize("env", [{}, {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x"}])
    def test_passes_if_missing_source_is_unused(self, home: Home, env: dict[str, str]) -> None:
        # Without a role botocore ignores source_profile; with keys in the environment it ignores the profile.
        home.add_profile("own", source_profile="gone", **({"role_arn": ROLE} if env else {}))
        home.add_keys("own", home.aws.add_user(SECONDARY, "own"))
        home.configure("")
        home.env |= {"AWS_PROFILE": "own", **env}

        assert (True, "own") == diagnose(home, HOST).links["profile"][1:3]

    def test_variable_that_names_no_file_is_unset(self, home: Home) -> None:
        home.env["AWS_CONFIG_FILE"] = str(home.folder)

        found = diagnose(home, HOST)

        where = f"(AWS_CONFIG_FILE names {home.folder}, which is a folder)"
        assert f"the AWS profile secondary does not exist {where}" == found.broken("profile").detail
        assert "fix it, or unset it: unset AWS_CONFIG_FILE" == found.broken("profile").remedy
        fixed_by_remedy(home, found, "profile")

    def test_variable_does_not_hide_a_similar_profile(self, home: Home) -> None:
        """Either the variable is wrong, or the profile's name."""
        home.add_keys("second", home.aws.add_user(SECONDARY, "second"))
        home.env["AWS_CONFIG_FILE"] = "/proc/nope"

        found = diagnose(home, HOST)

        where = "(AWS_CONFIG_FILE names /proc/nope, which does not exist)"
        assert f"the AWS profile secondary does not exist {where}" == found.broken("profile").detail
        instead = f"or if you meant second: {PROGRAM} configure {HOST} --profile second"
        assert f"unset AWS_CONFIG_FILE or fix it, {instead}" == found.broken("profile").remedy
        said = f"the AWS profile secondary does not exist {where}; unset AWS_CONFIG_FILE or fix it, {instead}\n"
        assert home.get(HOST, profile=None).stdout.endswith(said)
        fixed_by_remedy(home, found, "profile")

    def test_variable_of_the_default_chain_is_unset(self, home: Home) -> None:
        home.configure("")
        home.add_default_keys()
        home.env["AWS_SHARED_CREDENTIALS_FILE"] = "/proc/nope"

        found = diagnose(home, HOST)

        where = "(AWS_SHARED_CREDENTIALS_FILE names /proc/nope, which does not exist)"
        assert f"there are no AWS credentials {where}" in found.broken("caller").detail
        fixed_by_remedy(home, found, "caller")

    def test_unknown_profile_is_created(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "x9"\n')

        spelling = "check its spelling (aws configure list-profiles shows all)"
        assert (
            f"{spelling}, or create the profile: aws configure --profile x9"
            == diagnose(home, HOST).broken("profile").remedy
        )

    @pytest.mark.parametrize("file", ["config", "credentials"])
    def test_broken_aws_file_is_named(self, home: Home, file: str) -> None:
        path = home.folder / ".aws" / file
        path.write_text(f"nonsense\n{path.read_text()}")

        found = diagnose(home, HOST)

        assert f"cannot read the AWS file {path}" in found.broken("profile").detail
        assert found.links["keyring"].ok

    def test_broken_sso_session_is_said_once(self, home: Home) -> None:
        """It is said by the check of the profile; those that need the profile are skipped."""
        home.add_profile("work", sso_session="crop", sso_account_id="222222222222", sso_role_name="puller")
        path = home.folder / ".aws" / "config"
        with path.open("a") as file:
            file.write("[sso-session corp]\nsso_start_url = https://corp\nsso_region = us-east-1\n")
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "work"\n')

        found = diagnose(home, HOST)

        said = f"the AWS profile work needs [sso-session crop], which {path} lacks"
        assert said == found.broken("profile").detail
        fix = "if you meant corp: aws configure set sso_session corp --profile work"
        assert fix == found.broken("profile").remedy
        assert {"caller", "role", "token", "clock"} <= {*found.passed_over()}
        assert home.get(HOST, profile=None).stdout.endswith(f"with profile work: {said}; {fix}\n")

    def test_misspelt_source_profile_suggests_similar_or_new(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nrole_arn = "{ROLE}"\nsource_profile = "bsae"\n')

        found = diagnose(home, HOST)

        use = f"{PROGRAM} configure {HOST} --role-arn {ROLE} --source-profile base"
        assert meant("base", "bsae", use) == found.broken("profile").remedy
        fixed_by_remedy(home, found, "profile")

    def test_missing_source_profile_is_reported_as_such(self, home: Home) -> None:
        config = home.folder / ".aws" / "config"
        config.write_text(config.read_text().replace("source_profile = base", "source_profile = bas"))

        found = diagnose(home, HOST).broken("profile")

        assert "the AWS profile bas does not exist, which is the source_profile of secondary" == found.detail
        use = "aws configure set source_profile base --profile secondary"
        assert meant("base", "bas", use) == found.remedy

    def test_quoted_source_profile_is_reported_as_such(self, home: Home) -> None:
        """AWS's files have no quotes: botocore takes them for a part of the name."""
        config = home.folder / ".aws" / "config"
        config.write_text(config.read_text().replace("source_profile = base", 'source_profile = "base"'))
        remedy = "if you meant base: aws configure set source_profile base --profile secondary"

        found = diagnose(home, HOST)

        assert (
            "the AWS profile '\"base\"' does not exist, which is the source_profile of secondary"
            == found.broken("profile").detail
        )
        assert remedy == found.broken("profile").remedy
        assert f"{found.broken('profile').detail}; {remedy}\n" in home.get(HOST, profile=None).stdout


class TestCallerAndRole:
    def test_are_shown_by_arn(self, home: Home) -> None:
        found = diagnose(home, HOST)

        assert BASE_USER == found.links["caller"].detail
        assert found.links["role"].detail.startswith(f"arn:aws:sts::{SECONDARY}:assumed-role/puller/")

    def test_unknown_access_key_is_reported(self, home: Home) -> None:
        credentials = home.folder / ".aws" / "credentials"
        credentials.write_text(credentials.read_text().replace("AKIA", "AKIB"))

        found = diagnose(home, HOST)

        assert "AWS does not know the access key" in found.broken("caller").detail
        assert "aws configure --profile base" == found.broken("caller").remedy
        assert {"role", "token"} <= {*found.passed_over()}

    def test_are_skipped_if_sts_is_unreachable_without_role(self, home: Home) -> None:
        """If no role is assumed, the check does not need STS."""
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "base"\n')
        home.env["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:9"
        del home.env["HTTPS_PROXY"]

        found = diagnose(home, HOST)

        assert {"caller", "role", "clock"} <= {*found.passed_over()}
        assert found.links["token"].ok

    @pytest.mark.parametrize("profile", ["base", "secondary"])
    def test_that_cannot_reach_sts_keep_the_clock_from_waiting_again(self, home: Home, profile: str) -> None:
        """If STS hangs, each wait takes nine seconds."""
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "{profile}"\n')
        home.env["AWS_ENDPOINT_URL_STS"] = "http://127.0.0.1:9"

        found = diagnose(home, HOST)

        assert {"role", "clock"} <= {*found.passed_over()}
        assert 'STS did not respond to the check "caller"' == found.links["clock"].detail

    def test_follow_source_profile_of_credentials_file(self, home: Home) -> None:
        """If both AWS files name a source profile, the one in the credentials file counts."""
        home.add_keys("other", home.aws.add_user(SECONDARY, "other"))
        home.aws.add_role(ROLE, trusts=[SECONDARY])
        credentials = home.folder / ".aws" / "credentials"
        credentials.write_text(f"{credentials.read_text()}\n[secondary]\nsource_profile = other\n")

        found = diagnose(home, HOST)

        assert "secondary, with source profile other" == found.links["profile"].detail
        assert f"arn:aws:iam::{SECONDARY}:user/other" == found.links["caller"].detail
        assert found.links["role"].ok

    def test_role_that_does_not_trust_caller_is_reported(self, home: Home) -> None:
        home.aws.add_role(ROLE, trusts=[])

        found = diagnose(home, HOST)

        assert found.links["caller"].ok
        assert f"User: {BASE_USER} is not authorized to perform: sts:AssumeRole" in found.broken("role").detail
        assert "the role's trust policy" in found.broken("role").remedy
        assert "token" in found.passed_over()

    def test_role_with_mfa_needs_login(self, home: Home) -> None:
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

    def test_source_role_with_mfa_needs_login(self, home: Home) -> None:
        home.add_role_profile("far", "arn:aws:iam::444444444444:role/far", "base4")
        home.aws.add_role(ROLE, trusts=[BASE_USER], mfa=True)
        home.aws.add_role("arn:aws:iam::444444444444:role/far", trusts=[SECONDARY])
        config = home.folder / ".aws" / "config"
        text = config.read_text().replace("source_profile = base4", "source_profile = secondary")
        config.write_text(text.replace("base\n", f"base\nmfa_serial = arn:aws:iam::{SECONDARY}:mfa/me\n"))
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "far"\n')

        found = diagnose(home, HOST)

        assert "profile secondary needs an MFA code, which get cannot ask for" == found.broken("caller").detail
        assert f"{PROGRAM} login {HOST}" == found.broken("caller").remedy
        assert {"role", "token"} <= {*found.passed_over()}

    def test_empty_default_chain_suggests_another_profile(self, home: Home) -> None:
        home.configure("")
        (home.folder / ".aws" / "config").unlink()

        found = diagnose(home, HOST)

        assert "there are no AWS credentials" in found.broken("caller").detail
        fixed_by_remedy(home, found, "caller")

    def test_empty_default_chain_suggests_profile_of_same_role(self, home: Home) -> None:
        home.aws.add_role(ROLE, trusts=[BASE_USER], external_id="shared")
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nrole_arn = "{ROLE}"\nexternal_id = "shared"\n')
        (home.folder / ".aws" / "config").unlink()

        found = diagnose(home, HOST)

        options = f"--role-arn {ROLE} --source-profile base --external-id shared"
        instead = f"use your AWS profile base: {PROGRAM} configure {HOST} {options}"
        assert f"create some with aws configure, or {instead}" == found.broken("caller").remedy
        fixed_by_remedy(home, found, "caller")

    def test_environment_keys_are_shown_with_variables(self, home: Home) -> None:
        home.configure("")
        (home.folder / ".aws" / "config").unlink()
        credentials = home.folder / ".aws" / "credentials"
        credentials.write_text(credentials.read_text().replace("base", "default"))
        home.env |= {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN", "AWS_SECRET_ACCESS_KEY": "x"}

        found = diagnose(home, HOST)

        assert "AWS does not know the access key" in found.broken("caller").detail
        assert "unset AWS_ACCESS_KEY_ID " in found.broken("caller").remedy
        fixed_by_remedy(home, found, "caller")

    def test_role_without_a_source_names_the_missing_setting(self, home: Home) -> None:
        (home.folder / ".aws" / "config").write_text(f"[profile secondary]\nrole_arn = {ROLE}\n")

        found = diagnose(home, HOST).broken("role")

        assert "profile secondary has role_arn, but neither source_profile nor credential_source" in found.detail
        assert "aws configure set source_profile PROFILE --profile secondary" == found.remedy

    def test_without_a_role_show_only_the_caller(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "base"\n')

        found = diagnose(home, HOST)

        assert BASE_USER == found.links["caller"].detail
        assert "role" in found.passed_over()
        assert found.links["token"].ok

    def test_role_from_configuration_file_is_shown(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nrole_arn = "{ROLE}"\nsource_profile = "base"\n')

        found = diagnose(home, HOST)

        assert BASE_USER == found.links["caller"].detail
        assert "assumed-role/puller/docker-credential-ecrx" in found.links["role"].detail

    def test_refusing_metadata_service_is_not_needed(self, home: Home) -> None:
        """Every registry that is configured has a profile, so nobody needs the instance's credentials."""
        with Server(lambda _: None) as metadata:
            env = f"AWS_EC2_METADATA_DISABLED=false AWS_EC2_METADATA_SERVICE_ENDPOINT={metadata.url}"
            found = diagnose(home, before=f"export {env}")

        assert "caller" not in found.links
        assert found.links[f"{HOST}: caller"].ok

    def test_default_chain_is_shown_without_a_host(self, home: Home) -> None:
        home.configure("")
        home.env["AWS_PROFILE"] = "secondary"

        found = diagnose(home)

        assert BASE_USER == found.links["caller"].detail
        assert "token" not in found.links


class TestToken:
    def test_is_fetched_once_then_cached_for_docker(self, home: Home) -> None:
        assert diagnose(home, HOST).links["token"].detail.startswith("refreshed now, expires 20")
        assert diagnose(home, HOST).links["token"].detail.startswith("cached, expires 20")

        home.aws.calls.clear()
        assert home.get(profile=None).secret
        assert [] == home.aws.calls

    def test_denied_to_caller_is_reported(self, home: Home, aws: FaultyAws) -> None:
        aws.fail("GetAuthorizationToken", faults.forbidden)

        found = diagnose(home, HOST)

        assert "AWS denied GetAuthorizationToken" in found.broken("token").detail
        assert "allow ecr:GetAuthorizationToken in the principal's own policy" == found.broken("token").remedy

    def test_without_the_id_of_a_key_names_the_variable(self, home: Home) -> None:
        (home.folder / ".aws" / "credentials").unlink()
        (home.folder / ".aws" / "config").unlink()
        home.env["AWS_SECRET_ACCESS_KEY"] = "x"

        found = diagnose(home, OTHER_HOST).broken("caller")

        assert found.detail.endswith(": AWS_SECRET_ACCESS_KEY is set, but not AWS_ACCESS_KEY_ID")
        assert "set both, or neither to use other credentials" == found.remedy

    @pytest.mark.parametrize("env", [{}, {"AWS_SECRET_ACCESS_KEY": "x"}], ids=["nothing", "half a key"])
    def test_of_ecr_public_is_optional(self, home: Home, env: dict[str, str]) -> None:
        (home.folder / ".aws" / "credentials").unlink()
        (home.folder / ".aws" / "config").unlink()
        home.env.update(env)

        found = diagnose(home, "public.ecr.aws")

        assert ["registry"] == [name for name, link in found.links.items() if link.ok is False]
        assert {"docker's config", "caller", "token"} <= {*found.passed_over()}


class TestDockerLogin:
    """A stored login is returned before the identity's token."""

    @pytest.fixture(autouse=True)
    def login(self, home: Home) -> str:
        """Return a token of another account, with which somebody ran docker login for HOST."""
        home.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
        secret = home.get(profile="tertiary").secret
        assert 0 == home.store(HOST, "AWS", secret).status
        return secret

    @pytest.mark.parametrize(
        ("helper", "expected"),
        [
            (LINKED, f"profile secondary (from the helper name {PROGRAM}-secondary)"),
            ("ecrx", "profile secondary (from {folder}/.config/ecrx/config.toml)"),
        ],
    )
    def test_replacing_the_named_identity_needs_logout(self, home: Home, helper: str, expected: str) -> None:
        """The remedy is docker logout."""
        need.command("docker")
        home.link(f"{PROGRAM}-secondary")
        write_docker_config(home, credHelpers={HOST: helper}, auths={HOST: {}})

        found = diagnose(home, HOST)

        named = expected.format(folder=home.folder)
        assert found.broken("identity").detail.startswith(
            f"{named}; but Docker gets the token stored by docker login, which expires 20"
        )
        assert f"docker logout {HOST}" == found.broken("identity").remedy
        assert found.links["token"].detail.startswith("the token stored by docker login, which expires 20")
        assert found.links["token"].detail.endswith(f", or after docker logout {HOST}")
        assert named == fixed_by_remedy(home, found, "identity").detail
        assert "docker login" not in diagnose(home, HOST).links["token"].detail

    def test_replacing_the_default_chain_passes(self, home: Home) -> None:
        home.configure("")
        home.env["AWS_PROFILE"] = "secondary"

        found = diagnose(home, HOST).links["identity"]

        assert found.ok
        assert found.detail.startswith("the token stored by docker login, which expires 20")
        assert found.detail.endswith(f", or after docker logout {HOST}; then profile secondary (from AWS_PROFILE)")

    def test_needs_no_aws_credentials(self, home: Home) -> None:
        home.configure("")
        for file in ("config", "credentials"):
            (home.folder / ".aws" / file).unlink()

        found = diagnose(home, HOST)

        assert ["registry"] == [name for name, link in found.links.items() if link.ok is False]
        assert {"caller", "role"} <= {*found.passed_over()}
        assert found.links["token"].detail.startswith("the token stored by docker login, which expires 20")

    def test_needs_no_mfa_code(self, home: Home) -> None:
        home.aws.add_role(ROLE, trusts=[BASE_USER], mfa=True)
        config = home.folder / ".aws" / "config"
        serial = f"[profile secondary]\nmfa_serial = arn:aws:iam::{SECONDARY}:mfa/me\n"
        config.write_text(config.read_text().replace("[profile secondary]\n", serial))

        found = diagnose(home, HOST)

        assert "needs an MFA code; Docker gets the token stored by docker login" in found.links["role"].detail
        assert "role" in found.passed_over()
        assert found.links["token"].ok

    def test_must_be_forgotten_if_docker_uses_no_helper(self, home: Home) -> None:
        """Docker logout would not reach it then, so the remedy is forget."""
        write_docker_config(home)

        found = diagnose(home, HOST)

        assert f"{PROGRAM} forget {HOST}" == found.broken("identity").remedy
        fixed_by_remedy(home, found, "identity")

    def test_expired_is_not_mentioned(self, home: Home) -> None:
        stored_items.age(home, hours=12.1)

        assert "docker login" not in str(diagnose(home, HOST).links)

    def test_for_another_registry_is_not_mentioned(self, home: Home) -> None:
        assert "docker login" not in str(diagnose(home, OTHER_HOST).links)


# Stores tokens until one goes, and runs doctor; prints whether it deleted another.
FULL_OF_TOKENS = """\
import base64, os, subprocess, sys
from docker_credential_ecrx.keyrings.kernel import KernelKeyring
from docker_credential_ecrx.keyrings.keyctl import BIG
keyring, count = KernelKeyring(), 0
while len(keyring.names()) == count and count < 100:
    count += 1
    keyring.set(f"token:{count}", base64.b64encode(os.urandom(1700)).decode(), 3600)
if any(kind == BIG for _, kind, _ in keyring.ours()):
    print("big keys")
before = sorted(keyring.names())
sys.stdout.flush()
subprocess.run([sys.argv[1], "doctor"])
print("as many as before" if before == sorted(keyring.names()) else "fewer")
"""


class TestKeyring:
    def test_probe_succeeds_and_is_deleted(self, home: Home, keyring: dict[str, str]) -> None:
        home.env |= keyring

        found = diagnose(home).links["keyring"]

        assert found.ok
        assert keyring["ECRX_KEYRING"] in found.detail
        assert not _probes()

    def test_full_of_other_keys_fails_and_says_so(self, home: Home) -> None:
        """The probe is as long as a token, so a quota with room for a short key does not pass."""
        with another_user() as prefix:
            full = 'while keyctl padd user "himmel:$((n += 1))" @u </etc/passwd; do :; done >&2 2>/dev/null; exec "$@"'
            done = subprocess.run(
                [*prefix, need.command("keyctl"), "session", "-", "sh", "-c", full, "sh", home.program, "doctor"],
                env=home.env | {"ECRX_KEYRING": "kernel"},
                capture_output=True,
                text=True,
                check=False,
            )

        line, remedy = done.stdout[done.stdout.index("\N{BALLOT X} keyring") :].split("\n")[:2]
        pattern = (
            r"the kernel keyring has no room for a token: \d+ of 200 keys and [12].,\d+ of 20,000 bytes are used; "
        )
        assert re.search(pattern + r"\d+ keys of other programs have 1.,\d+ bytes, the largest himmel:\d+ \(", line)
        assert "sudo sysctl kernel.keys.maxbytes=200000" in remedy

    def test_full_of_tokens_loses_none(self, home: Home) -> None:
        """A get would replace one, but the probe does not, and without credentials doctor gets no token."""
        without_credentials = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        with another_user() as prefix:
            done = subprocess.run(
                [*prefix, sys.executable, "-c", FULL_OF_TOKENS, home.program],
                env=home.env | {"ECRX_KEYRING": "kernel"} | without_credentials,
                capture_output=True,
                text=True,
                check=False,
            )

        if "big keys" not in done.stdout:
            assert "kernel keyring: it is full, so each new token replaces another" in done.stdout
        assert "as many as before" in done.stdout

    def test_without_response_is_reported(self, home: Home) -> None:
        home.env |= {"ECRX_KEYRING": "secret-service", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}

        assert "ECRX_KEYRING" in diagnose(home).broken("keyring").remedy

    def test_may_be_none(self, home: Home) -> None:
        home.env["ECRX_KEYRING"] = "none"

        assert "keyring" in diagnose(home, HOST).passed_over()


def _probes() -> list[bytes]:
    """Return the probes that are left in the kernel keyring."""
    return [description for _, _, description in KernelKeyring().ours() if b"probe:" in description]


class TestClock:
    @pytest.mark.parametrize(("offset", "direction"), [(-3600.0, "ahead of"), (3600.0, "behind")])
    def test_wrong_clock_must_be_set(self, home: Home, aws: FaultyAws, offset: float, direction: str) -> None:
        aws.clock_offset = offset

        found = diagnose(home, HOST)

        assert f"seconds {direction} AWS's" in found.broken("clock").detail
        assert "set the clock: timedatectl set-ntp true" == found.broken("clock").remedy
        assert "timedatectl set-ntp true" in found.broken("caller").remedy

    def test_small_offset_passes(self, home: Home, aws: FaultyAws) -> None:
        aws.clock_offset = -90.0

        assert "seconds ahead of AWS's" in diagnose(home).links[f"{HOST}: clock"].detail


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["ghcr.io/org/app"], "ghcr.io/org/app is not in Amazon ECR"),
            ([f"{HOST}.example.com"], "is not a registry of Amazon ECR"),
            ([f"{HOST}/App"], "App is not a repository, with or without a tag"),
        ],
    )
    def test_that_are_no_image_in_ecr_fail_in_one_line(self, home: Home, arguments: list[str], expected: str) -> None:
        found = home.run("doctor", *arguments)

        assert (2, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
        assert expected in found.stderr
        assert [] == home.aws.calls

    def test_push_needs_a_repository(self, home: Home) -> None:
        assert 2 == home.run("doctor", HOST, "--push").status

    def test_ctrl_c_ends_without_a_traceback(self, home: Home, aws: FaultyAws) -> None:
        aws.fail("GetCallerIdentity", faults.hanging)

        status, seen = terminals.run([home.program, "doctor", HOST], home.env, [("caller", "\x03")])

        assert 130 == status
        assert "interrupted" in seen
        assert "Traceback" not in seen

    def test_many_ctrl_c_end_as_one_does(self, home: Home) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            home.env["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
            for _ in range(10):
                command = [str(home.program), "doctor", HOST]
                with subprocess.Popen(
                    command, env=home.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
                ) as process:
                    connection, _ = silent.accept()
                    while process.poll() is None:
                        process.send_signal(signal.SIGINT)
                    _, said = process.communicate()
                connection.close()
                assert (130, b"docker-credential-ecrx: interrupted") == (process.returncode, said.strip())


class TestSymbols:
    @pytest.mark.parametrize("locale", ["C", "en_US.ISO-8859-1"])
    def test_are_ascii_if_the_locale_requires(self, home: Home, locale: str) -> None:
        found = home.run("doctor", env={"LC_ALL": locale})

        assert found.stdout.isascii()
        signs = {line[0] for line in found.stdout.splitlines() if line[1:2] == " "}
        assert {"+", "-"} == signs


class TestGroups:
    def test_have_a_heading_each_and_a_verdict_at_the_end(self, home: Home) -> None:
        home.env["AWS_PROFILE"] = "secondary"

        shown = home.run("doctor", HOST).stdout

        *groups, verdict = shown.split("\n\n")
        assert ["this machine", "Docker", "AWS", "the registry"] == [group.split("\n")[0] for group in groups]
        checks = [[line.split()[1] for line in group.split("\n")[1:] if line[0] != " "] for group in groups]
        assert ["program", "keyring"] == checks[0]
        assert ["identity", "profile", "caller", "role", "token", "clock"] == checks[2]
        assert "registry" == checks[3][0]
        count = sum(map(len, checks))
        failed = [line for line in shown.splitlines() if line.startswith("\N{BALLOT X} ")][:-1]  # not the verdict
        skipped = shown.count("\n\N{EN DASH} ")
        many = f"{len(failed)} of {count - skipped} checks failed, {skipped} skipped: "
        assert (many if failed else f"no check failed: {count - skipped} passed, {skipped} skipped") in verdict

    def test_verdict_names_what_failed(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "nobody"\n')
        shown = home.run("doctor").stdout

        said = rf"\N{{BALLOT X}} 1 of \d+ checks failed, \d+ skipped: {HOST}: profile"
        assert re.fullmatch(said, shown.splitlines()[-1])

    def test_quiet_shows_only_what_failed(self, home: Home) -> None:
        home.env["AWS_PROFILE"] = "secondary"

        assert (0, "", "") == home.run("doctor", "--quiet")
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "nobody"\n')
        shown = home.run("--quiet", "doctor").stdout
        assert [HOST] == [line for line in shown.splitlines() if line and line[0].isalnum()]
        assert "\N{CHECK MARK}" not in shown
        assert "checks failed, " in shown.splitlines()[-1]


class TestEveryRegistry:
    """Without HOST, every registry that Docker or podman asks this program for is checked."""

    def test_is_well(self, home: Home) -> None:
        home.env["AWS_PROFILE"] = "secondary"

        found = diagnose(home)

        of_host = [name for name in found.links if name.startswith(f"{HOST}: ")]
        of_host = [name for name in of_host if not name.endswith("podman's config")]
        assert ["docker's config", "identity", "profile", "caller", "role", "token", "clock"] == [
            name.rpartition(": ")[2] for name in of_host
        ]
        assert [] == [name for name, link in found.links.items() if link.ok is False]

    def test_identity_that_none_uses_is_not_checked(self, home: Home) -> None:
        """The clock is checked with the first of them."""
        write_docker_config(home, credHelpers={HOST: "ecrx", OTHER_HOST: "ecrx-secondary"})
        (home.bin / f"{PROGRAM}-secondary").symlink_to(home.program)

        of_all = [*diagnose(home).links]
        home.configure("")
        with_default = [*diagnose(home).links]

        assert [] == [name for name in of_all if name in ("identity", "profile", "caller", "role", "clock")]
        assert [f"{HOST}: clock"] == [name for name in of_all if name.endswith(": clock")]
        assert [f"{OTHER_HOST}: program"] == [name for name in of_all if name.endswith(": program")]
        assert {"identity", "caller", "clock"} <= {*with_default}

    @pytest.mark.parametrize(
        ("helpers", "check"),
        [
            ({HOST: "ecrx", OTHER_HOST: "ecrx-gone"}, f"{OTHER_HOST}: program"),
            ({HOST: "ecrx", f"https://{OTHER_HOST}": "ecrx"}, f"{OTHER_HOST}: docker's config"),
            ({f"https://{HOST}": "ecrx"}, f"{HOST}: docker's config"),
        ],
        ids=["missing link", "other key", "only key"],
    )
    def test_fails_if_one_is_misconfigured(self, home: Home, helpers: dict[str, str], check: str) -> None:
        home.env["AWS_PROFILE"] = "secondary"
        write_docker_config(home, credHelpers=helpers)

        assert diagnose(home).broken(check).remedy

    @pytest.mark.parametrize("docker", [{"credHelpers": {HOST: "ecrx"}}, {"credsStore": "ecrx"}])
    def test_fails_if_its_profile_is_missing(self, home: Home, docker: dict[str, object]) -> None:
        home.env["AWS_PROFILE"] = "secondary"
        write_docker_config(home, **docker)
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "gone"\n')

        assert "the AWS profile gone does not exist" == diagnose(home).broken(f"{HOST}: profile").detail

    def test_fails_if_aws_denies_a_token(self, home: Home, aws: FaultyAws) -> None:
        home.env["AWS_PROFILE"] = "secondary"
        aws.fail("GetAuthorizationToken", faults.forbidden)

        assert "GetAuthorizationToken" in diagnose(home).broken(f"{HOST}: token").detail

    @pytest.mark.parametrize("helpers", [{HOST: "ecrx"}, {}])
    def test_says_which_checks_need_a_host(self, home: Home, helpers: dict[str, str]) -> None:
        write_docker_config(home, credHelpers=helpers)

        found = diagnose(home).links

        program = f"{PROGRAM} doctor HOST"
        assert {
            "registry": (None, f"not checked without HOST; {program} connects to it and signs in"),
            "image": (None, f"not requested; {program}/REPOSITORY:TAG checks an image"),
            "push": (None, f"not requested; {program}/REPOSITORY --push checks it"),
        } == {name: found[name][1:3] for name in ("registry", "image", "push")}

    def test_is_shown_under_its_host(self, home: Home) -> None:
        shown = home.run("doctor").stdout

        general, _, of_host = shown.partition(f"\n\n{HOST}\n")
        assert [f"\N{EN DASH} {name}" for name in ("registry", "image", "push")] == [
            " ".join(line.split()[:2]) for line in general.partition("\nthe registry\n")[2].splitlines()
        ]
        assert "\n\N{CHECK MARK} token " in of_host
        assert "\n\N{CHECK MARK} token " not in general


class TestOtherHelpers:
    @pytest.mark.parametrize("arguments", [[], [HOST]])
    def test_that_is_missing_is_a_warning(self, home: Home, arguments: list[str]) -> None:
        """Builds before Docker 23, docker-py and compose 1 ask every helper, and fail if one does."""
        write_docker_config(home, credHelpers={HOST: "ecrx", "gcr.io": "gone", "quay.io": ""})

        found = diagnose(home, *arguments).links["docker's config"]

        assert found.ok
        assert "docker-credential-gone for gcr.io, which is not on PATH; docker-py, compose 1 and" in found.detail
        assert "quay.io" not in found.detail
        assert "install it, or delete gcr.io from credHelpers" == found.remedy


class TestPodmanConfig:
    """podman, skopeo and buildah read their own files, in their own order, and Docker's last."""

    @pytest.fixture
    def files(self, home: Home) -> dict[str, Path]:
        """Return podman's files in its order, in folders that exist, and registries.conf."""
        home.env["XDG_RUNTIME_DIR"] = str(home.folder / "run")
        found = {
            "login": home.folder / "run" / "containers" / "auth.json",
            "own": home.folder / ".config" / "containers" / "auth.json",
            "docker": home.folder / ".docker" / "config.json",
            "registries": home.folder / ".config" / "containers" / "registries.conf",
        }
        for path in found.values():
            path.parent.mkdir(parents=True, exist_ok=True)
        return found

    @pytest.mark.parametrize(
        ("first", "says"),
        [
            (json.dumps({"auths": PASSWORD}), "an unencrypted password"),
            (json.dumps({"auths": {f"https://{HOST}/v1/": PASSWORD[HOST]}}), "an unencrypted password"),
            (json.dumps({"auths": {f"{HOST}/team": PASSWORD[HOST]}}), "an unencrypted password"),
            (json.dumps({"credHelpers": {HOST: "ecr-login"}}), "docker-credential-ecr-login"),
            (json.dumps({"credHelpers": {HOST: ""}}), "docker-credential- "),
            ('{"credHelpers":{"x.example":5}}', "credHelpers: x.example is not a string"),
            ('{"auths":{"y":7}}', "auths: y is not an object"),
            ('{"auths":{"y":{"identitytoken":7}}}', "auths: y: identitytoken is not a string"),
            ('{"auths":[]}', "auths is not an object"),
            ("[]", "not a JSON object"),
            ("", "is empty"),
            ("{", "not JSON"),
            ("{} x", "text after"),
        ],
        ids=[
            *("password", "scheme", "namespace", "helper", "empty helper", "helper a number", "login a number"),
            *("token a number", "logins a list", "a list", "0 bytes", "cut off", "text after"),
        ],
    )
    @pytest.mark.parametrize("ours", ["own", "docker"])
    def test_before_ours_is_reported(
        self, home: Home, files: dict[str, Path], first: str, says: str, ours: str
    ) -> None:
        need.command("skopeo")
        write_docker_config(home)
        files[ours].write_text(json.dumps({"credHelpers": {HOST: "ecrx"}}))
        files["login"].write_text(first)

        found = diagnose(home, f"{HOST}/team/app").broken("podman's config")

        assert says in found.detail
        assert str(files["login"]) in found.detail

    @pytest.mark.parametrize("text", [json.dumps({"auths": PASSWORD}), ""])
    def test_is_fixed_by_the_remedy(self, home: Home, files: dict[str, Path], text: str) -> None:
        home.run("configure", HOST, "--podman", "--profile", "secondary")
        files["login"].write_text(text)

        fixed_by_remedy(home, diagnose(home, HOST), "podman's config")

    def test_empty_login_and_later_files_are_ignored(self, home: Home, files: dict[str, Path]) -> None:
        files["login"].write_text(json.dumps({"auths": {HOST: {}, OTHER_HOST: PASSWORD[HOST]}}))
        files["own"].write_text(json.dumps({"credHelpers": {HOST: "ecrx"}, "auths": PASSWORD}))
        write_docker_config(home, credHelpers={HOST: "ecr-login"})

        found = diagnose(home, HOST).links["podman's config"]

        assert (True, f"podman uses docker-credential-ecrx, which {files['own']} names") == (found.ok, found.detail)

    def test_may_be_registries_conf(self, home: Home, files: dict[str, Path]) -> None:
        """A helper in credential-helpers is asked for every registry."""
        write_docker_config(home)
        files["registries"].write_text('credential-helpers = ["ecrx", "containers-auth.json"]\n')
        files["login"].write_text(json.dumps({"auths": PASSWORD}))

        found = diagnose(home, HOST)

        assert f"which {files['registries']} names" in found.links["podman's config"].detail
        assert found.links["podman's config"].ok
        assert found.links["docker's config"].ok is None

    def test_registries_conf_may_put_auth_files_first(self, home: Home, files: dict[str, Path]) -> None:
        files["registries"].write_text("credential-helpers = []\n")
        drop_in = files["registries"].with_name("registries.conf.d") / "50.conf"
        drop_in.parent.mkdir()
        drop_in.write_text('credential-helpers = ["containers-auth.json", "ecrx"]\n')
        files["login"].write_text(json.dumps({"auths": PASSWORD}))

        assert str(files["login"]) in diagnose(home, HOST).broken("podman's config").detail
