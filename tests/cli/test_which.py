"""``which`` says which identity answers for a registry, and why, without asking AWS or showing a secret."""

import json
import os
import subprocess
from typing import Any

import pytest

from support import need, stored_items, users
from support.home import HOST, OTHER_HOST, PRIMARY, ROLE, SECONDARY, Home

_RULE = f'[[registry]]\nmatch = "{OTHER_HOST}"\nprofile = "other"\n\n[[registry]]\nmatch = "{PRIMARY}.*"\n'
_CONFIG = ".config/ecrx/config.toml"


def which(home: Home, host: str = HOST, /, **env: str) -> Any:  # noqa: ANN401 - JSON
    """Return the output of ``which --json``, which does not call AWS."""
    home.aws.calls.clear()
    found = home.run("which", host, "--json", env=env)
    assert (0, "", []) == (found.status, found.stderr, home.aws.calls)
    return found.answer


def text(home: Home, host: str = HOST, /, **env: str) -> dict[str, str]:
    """Return the output of ``which`` for a person: the values by their names."""
    found = home.run("which", host, env=env)
    assert (0, "") == (found.status, found.stderr)
    _, *lines = found.stdout.splitlines()
    return {line[2:13].strip(): line[13:].strip() for line in lines}


def _docker(home: Home, **document: object) -> str:
    (home.folder / ".docker").mkdir()
    path = home.folder / ".docker" / "config.json"
    path.write_text(json.dumps(document))
    return str(path)


class TestEndpoint:
    def test_is_named_with_its_origin(self, home: Home) -> None:
        place = home.env["AWS_ENDPOINT_URL"].removeprefix("http://")

        assert f"{place} (from AWS_ENDPOINT_URL)" == text(home)["endpoint"]
        sts = {"AWS_ENDPOINT_URL_STS": "https://me:hunter2@sts.example/"}
        own = text(home, **sts)["endpoint"]
        assert f"{place} (from AWS_ENDPOINT_URL) for ECR, sts.example:443 (from AWS_ENDPOINT_URL_STS) for STS" == own
        assert which(home, **sts)["endpoints"] == {
            "ecr": {"address": place, "from": "AWS_ENDPOINT_URL"},
            "sts": {"address": "sts.example:443", "from": "AWS_ENDPOINT_URL_STS"},
        }

    def test_of_an_own_host_is_that_of_its_rule(self, home: Home) -> None:
        home.configure(
            f'[[registry]]\nmatch = "mirror.example"\nregistry = "{HOST}"\nprofile = "secondary"\n'
            'endpoint_url = "https://ecr.example"\n'
        )

        found = which(home, "mirror.example")["endpoints"]["ecr"]

        origin = f"endpoint_url in {home.folder}/.config/ecrx/config.toml"
        assert {"address": "ecr.example:443", "from": origin} == found

    def test_of_a_profile_is_named(self, home: Home) -> None:
        del home.env["AWS_ENDPOINT_URL"]
        home.add_profile("secondary", endpoint_url="http://localhost:4566")
        home.configure('[[registry]]\nmatch = "*"\nprofile = "secondary"\n')

        origin = f"endpoint_url in [profile secondary] of {home.folder}/.aws/config"
        assert f"localhost:4566 (from {origin})" == text(home)["endpoint"]

    def test_of_one_service_is_not_for_another(self, home: Home) -> None:
        del home.env["AWS_ENDPOINT_URL"]
        home.add_profile("secondary", services="mine")
        with (home.folder / ".aws" / "config").open("a") as file:
            file.write("[services mine]\nsts =\n  endpoint_url = https://sts.example\n")
        home.configure('[[registry]]\nmatch = "*"\nprofile = "secondary"\n')

        origin = f"endpoint_url in [services mine] of {home.folder}/.aws/config"
        assert f"sts.example:443 (from {origin}) for STS" == text(home)["endpoint"]

    @pytest.mark.parametrize(
        "env", [{}, {"AWS_ENDPOINT_URL": "http://x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}]
    )
    def test_of_aws_has_no_line(self, home: Home, env: dict[str, str]) -> None:
        del home.env["AWS_ENDPOINT_URL"]

        assert "endpoint" not in text(home, **env)
        assert {} == which(home, **env)["endpoints"]


class TestUnreadable:
    def test_aws_file_is_not_called_missing(self, home: Home) -> None:
        home.add_role_profile()
        (home.folder / ".aws" / "config").chmod(0)
        home.configure('[[registry]]\nmatch = "*"\nprofile = "secondary"\n')

        said = _which_by_modes(home)

        assert f"secondary, but {home.folder}/.aws/config cannot be read" in said
        assert f"cannot fetch one: {home.folder}/.aws/config cannot be read: Permission denied" in said

    def test_configuration_file_is_not_called_missing(self, home: Home) -> None:
        home.configure('[[registry]]\nmatch = "*"\nprofile = "secondary"\n')
        number = users.ordinary_number()
        folder = home.folder / ".config"
        folder.chmod(0o700)
        os.chown(folder, number, number)

        said = _which_by_modes(home)

        assert f"{home.folder / _CONFIG} is in a folder that this user may not search" in said


def _which_by_modes(home: Home) -> str:
    """Run ``which`` without the capabilities by which root reads everything."""
    capabilities = "-dac_override,-dac_read_search"
    without = [need.command("setpriv"), f"--bounding-set={capabilities}", f"--inh-caps={capabilities}"]
    command = [*(without if os.getuid() == 0 else ()), home.program, "which", HOST]
    return subprocess.run(command, env=home.env, capture_output=True, text=True, check=True).stdout


class TestDecision:
    def test_is_a_rule_with_its_number(self, home: Home) -> None:
        home.add_role_profile()
        home.configure(f'{_RULE}profile = "secondary"\n')
        config = str(home.folder / _CONFIG)

        found = which(home)

        assert ("profile secondary", "secondary", ROLE) == (found["identity"], found["profile"], found["role_arn"])
        rule = {"match": f"{PRIMARY}.*"}
        expected = {"by": "rule", "file": config, "entry": 2, "rule": rule, "helper": None, "variable": None}
        assert expected == found["decision"]
        assert [str(home.folder / ".aws" / "config")] == found["profile_files"]
        said = text(home)
        assert "profile secondary" == said["identity"]
        assert (f"[[registry]] entry 2 in {config}", f'match = "{PRIMARY}.*"') == (said["decided by"], said["rule"])
        assert (f"secondary, in {home.folder}/.aws/config", ROLE) == (said["profile"], said["role"])

    def test_is_a_rule_for_a_role(self, home: Home) -> None:
        home.configure(f'[[registry]]\naccount = "{PRIMARY}"\nrole_arn = "{ROLE}"\nsource_profile = "base"\n')

        found = which(home)

        assert (f"role {ROLE} from profile base", "base", ROLE) == (
            *(found["identity"], found["profile"], found["role_arn"]),
        )
        assert "which is in none of AWS's files" in text(home)["profile"]

    def test_names_the_variable_of_the_file(self, home: Home) -> None:
        (home.folder / "other.toml").write_text(f'{_RULE}profile = "secondary"\n')

        found = which(home, ECRX_CONFIG=str(home.folder / "other.toml"))

        assert (2, "ECRX_CONFIG") == (found["decision"]["entry"], found["decision"]["variable"])
        said = text(home, ECRX_CONFIG=str(home.folder / "other.toml"))
        assert f"[[registry]] entry 2 in {home.folder}/other.toml (from ECRX_CONFIG)" == said["decided by"]

    def test_is_the_helpers_name_in_dockers_file(self, home: Home) -> None:
        path = _docker(home, credHelpers={HOST: "ecrx-secondary"})
        home.configure(f'{_RULE}profile = "third"\n')

        found = which(home)

        assert ("profile secondary", "helper name") == (found["identity"], found["decision"]["by"])
        assert ("docker-credential-ecrx-secondary", path) == (found["decision"]["helper"], found["decision"]["file"])
        assert {"file": path, "key": "credHelpers", "helper": "ecrx-secondary"} == found["docker"]
        assert f"the helper name docker-credential-ecrx-secondary in {path}" == text(home)["decided by"]

    def test_is_the_name_that_it_is_called_by(self, home: Home) -> None:
        _docker(home, credHelpers={HOST: "ecrx-secondary"})
        home.link("docker-credential-ecrx-other")

        found = home.run("which", HOST, "--json", argv0="docker-credential-ecrx-other").answer

        assert "profile other" == found["identity"]
        decision = found["decision"]
        assert ("helper name", "docker-credential-ecrx-other", None) == (
            *(decision["by"], decision["helper"], decision["file"]),
        )

    @pytest.mark.parametrize(
        ("env", "identity", "variable"),
        [
            ({"AWS_PROFILE": "secondary"}, "profile secondary (from AWS_PROFILE)", "AWS_PROFILE"),
            ({"AWS_DEFAULT_PROFILE": "x", "AWS_PROFILE": "y"}, "profile x (from AWS_DEFAULT_PROFILE)", None),
            (
                {"AWS_ACCESS_KEY_ID": "AKIAABCDEFGHIJKL0001", "AWS_SECRET_ACCESS_KEY": "s"},
                "access key AKIA…0001 (from the environment)",
                "AWS_ACCESS_KEY_ID",
            ),
            (
                {"AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": ROLE},
                f"role {ROLE} (web identity)",
                "AWS_WEB_IDENTITY_TOKEN_FILE",
            ),
            (
                {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/"},
                "the container's role (from AWS_CONTAINER_CREDENTIALS_FULL_URI)",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            ),
        ],
    )
    def test_is_a_variable_of_the_default_chain(
        self, home: Home, env: dict[str, str], identity: str, variable: str | None
    ) -> None:
        found = which(home, **env)

        assert (identity, "default chain") == (found["identity"], found["decision"]["by"])
        assert (variable or "AWS_DEFAULT_PROFILE") == found["decision"]["variable"]
        assert identity == text(home, **env)["identity"]

    @pytest.mark.parametrize(
        "env",
        [
            {"AWS_ACCESS_KEY_ID": "AKIAABCDEFGHIJKL0001", "AWS_SECRET_ACCESS_KEY": "s"},
            {"AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": ROLE},
        ],
    )
    @pytest.mark.parametrize("named", [{"AWS_PROFILE": "base"}, {}])
    def test_names_no_profile_beside_a_variable(self, home: Home, env: dict[str, str], named: dict[str, str]) -> None:
        """The default chain uses the variable, and no credentials of the profile."""
        home.add_role_profile()
        home.add_profile("default", region="us-east-1")
        home.add_profile("base", region="us-east-1")

        found = which(home, **env, **named)

        assert (None, []) == (found["profile"], found["profile_files"])
        assert "profile" not in text(home, **env, **named)

    def test_is_the_default_profile(self, home: Home) -> None:
        home.add_default_keys()
        home.configure(f'[[registry]]\nmatch = "{OTHER_HOST}"\nprofile = "other"\n')

        found = which(home)

        assert ("profile default", "default chain") == (found["identity"], found["decision"]["by"])
        assert [str(home.folder / ".aws" / "credentials")] == found["profile_files"]
        chain = f"AWS's default credential chain: no [[registry]] in {home.folder / _CONFIG} is for {HOST}"
        assert chain == text(home)["decided by"]

    def test_is_the_default_chain_without_a_file(self, home: Home) -> None:
        said = text(home)

        chain = f"AWS's default credential chain: {home.folder / _CONFIG} does not exist"
        assert ("the default credential chain", chain) == (said["identity"], said["decided by"])
        assert "profile" not in said

    @pytest.mark.parametrize("name", [f"{HOST}/team/app:1.0", f"https://{HOST}", f"oci://{HOST}/chart", HOST.upper()])
    def test_is_found_for_an_image(self, home: Home, name: str) -> None:
        assert HOST == which(home, name)["host"]

    def test_is_found_for_a_host_of_ones_own(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "localhost:4566"\nregistry = "{HOST}"\nprofile = "secondary"\n')

        found = which(home, "localhost:4566")

        assert ("localhost:4566", HOST, "us-east-1") == (found["host"], found["registry"], found["region"])
        assert HOST == text(home, "localhost:4566")["stands for"]


class TestDocker:
    def test_is_named_if_it_uses_another_helper(self, home: Home) -> None:
        path = _docker(home, credHelpers={HOST: "ecr-login"})
        home.link("docker-credential-ecr-login")

        assert {"file": path, "key": "credHelpers", "helper": "ecr-login"} == which(home)["docker"]
        said = text(home)
        assert f"credHelpers in {path} names ecr-login, not this program" == said["docker"]
        assert "none is cached; Docker asks docker-credential-ecr-login" == said["token"]

    @pytest.mark.parametrize("helper", ["ecrx-secondary", "nowhere"])
    def test_may_name_a_helper_that_is_not_there(self, home: Home, helper: str) -> None:
        _docker(home, credHelpers={HOST: helper})

        said = text(home)

        assert said["docker"].endswith(f"; docker-credential-{helper} is not on PATH, so Docker's get fails")

    def test_is_named_if_it_uses_none(self, home: Home) -> None:
        said = text(home)

        configure = f"docker-credential-ecrx configure {HOST} --profile PROFILE"
        assert f"{home.folder}/.docker/config.json names no credential helper for it; {configure}" == said["docker"]

    def test_under_sudo_is_that_of_the_other_home(self, home: Home) -> None:
        path = _docker(home, credHelpers={HOST: "ecrx"})

        said = text(home, SUDO_USER="alice")["docker"]

        assert f"credHelpers in {path} (under sudo: HOME is {home.folder}, not the home of alice) names ecrx" == said

    def test_may_have_a_store_for_all(self, home: Home) -> None:
        path = _docker(home, credsStore="ecrx")

        assert f"credsStore in {path} names ecrx" == text(home)["docker"]

    def test_may_have_a_file_that_cannot_be_read(self, home: Home) -> None:
        path = _docker(home)
        (home.folder / ".docker" / "config.json").write_text("{")

        assert path in text(home)["docker"]
        assert {"file": path, "key": None, "helper": None} == which(home)["docker"]


class TestProxy:
    @pytest.mark.parametrize(
        ("env", "expected"),
        [
            ({"HTTPS_PROXY": "http://me:hunter2@proxy.example:3128"}, ("proxy.example:3128", "HTTPS_PROXY")),
            ({"https_proxy": "proxy.example"}, ("proxy.example:80", "https_proxy")),
            ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "amazonaws.com"}, None),
            ({}, None),
        ],
        ids=["upper case", "lower case", "bypassed", "none"],
    )
    def test_is_shown_if_one_is_used(self, home: Home, env: dict[str, str], expected: tuple[str, str] | None) -> None:
        del home.env["AWS_ENDPOINT_URL"]  # which is on this machine, and so reached without a proxy

        found, said = which(home, **env)["proxy"], text(home, **env).get("proxy")

        assert expected == (found and (found["address"], found["variable"]))
        assert said == (f"{expected[0]} (from {expected[1]})" if expected else None)


class TestToken:
    def test_is_not_cached_at_first(self, home: Home) -> None:
        home.add_role_profile()
        found = which(home, AWS_PROFILE="secondary")

        assert (None, "kernel") == (found["token"], found["keyring"])
        assert "none is cached; the next get asks AWS" == text(home)["token"]
        assert "kernel" == text(home)["keyring"]

    @pytest.mark.parametrize("missing", ["secondary", "base"])
    def test_is_not_fetched_without_a_profile(self, home: Home, missing: str) -> None:
        if missing == "base":
            home.add_profile("secondary", role_arn=ROLE, source_profile="base")

        said = text(home, AWS_PROFILE="secondary")["token"]

        assert f"none is cached, and the next get cannot fetch one: there is no profile {missing}" == said

    def test_is_not_fetched_without_an_sso_session(self, home: Home) -> None:
        home.add_profile("secondary", sso_session="corp", sso_account_id=SECONDARY, sso_role_name="puller")

        said = text(home, AWS_PROFILE="secondary")["token"]

        lacks = f"profile secondary needs [sso-session corp], which {home.folder}/.aws/config lacks"
        assert f"none is cached, and the next get cannot fetch one: {lacks}" == said

    def test_is_shown_with_its_principal_and_times(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        home.configure(f'{_RULE}profile = "secondary"\n')
        secret = home.get(profile=None, env=keyring).secret

        found = which(home, **keyring)

        (cached,) = home.run("status", "--json", env=keyring).answer["tokens"]
        keys = ("kind", "state", "minted", "renews", "expires", "principal")
        assert {key: cached[key] for key in keys} == found["token"]
        assert keyring["ECRX_KEYRING"] == found["keyring"]
        said = text(home, **keyring)
        assert said["token"].startswith("cached, expires 20")
        assert cached["principal"] == said["principal"]
        assert secret[:40] not in json.dumps(found) + json.dumps(said)

    def test_is_due_for_refresh_after_half_its_time(self, home: Home) -> None:
        home.add_role_profile()
        home.configure(f'{_RULE}profile = "secondary"\n')
        home.get(profile=None)
        stored_items.age(home, hours=8)

        assert "due" == which(home)["token"]["state"]
        assert text(home)["token"].startswith("cached, due for refresh, expires 20")

    def test_that_docker_login_stored_takes_precedence(self, home: Home) -> None:
        home.add_role_profile()
        home.configure(f'{_RULE}profile = "secondary"\n')
        home.store(HOST, "AWS", home.get(profile="secondary").secret)
        home.run("forget", HOST)
        other = home.get(profile="secondary").secret
        home.run("forget", HOST)
        home.store(HOST, "AWS", other)

        found, said = which(home), text(home)
        assert ("login", None) == tuple(found["token"][key] for key in ("kind", "renews"))
        assert said["token"].startswith("stored by docker login, expires 20")
        assert ("docker login", None, []) == (found["identity"], found["profile"], found["profile_files"])
        decision = found["decision"]
        assert ("docker login", {None}) == (decision.pop("by"), {*decision.values()})
        then = "docker login, until its token expires or docker logout deletes it; then profile secondary"
        assert ("docker login", then) == (said["identity"], said["decided by"])
        assert not {"rule", "profile"} & {*said}

    def test_has_no_keyring_if_none_is_wanted(self, home: Home) -> None:
        found = which(home, ECRX_KEYRING="none")

        assert (None, None) == (found["keyring"], found["token"])
        assert "none; every get asks AWS for a token" == text(home, ECRX_KEYRING="none")["keyring"]


class TestFailure:
    def test_is_a_host_outside_ecr(self, home: Home) -> None:
        found = home.run("which", "ghcr.io")

        assert (2, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
        assert "ghcr.io is not a registry of Amazon ECR" in found.stderr

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            (f"{HOST} ", f"'{HOST} '"),
            (f"{HOST}\r", f"'{HOST}\\r'"),
            (f"user:letmein@{HOST}", f"…@{HOST}"),
            (f"https://user:let/mein@{HOST}/app", f"…@{HOST}/app"),
            (f"user:let mein@{HOST}", f"…@{HOST}"),
            ("", "''"),
            (f"x{HOST}@sha256:{'0' * 64}", f"x{HOST}@sha256:{'0' * 64}"),
        ],
    )
    def test_names_what_was_given(self, home: Home, given: str, named: str) -> None:
        """A name that looks right has to show why it is wrong, without a password."""
        found = home.run("which", given)

        assert (2, 1) == (found.status, found.stderr.count("\n"))
        assert f"docker-credential-ecrx: {named} is not a registry of Amazon ECR; " in found.stderr
        assert "mein" not in found.stderr

    def test_names_a_similar_host_of_ones_own(self, home: Home) -> None:
        home.configure(f'[[registry]]\nmatch = "images.example.com"\nregistry = "{HOST}"\n')

        found = home.run("which", "images.example.co")

        line = "images.example.co is not a registry of Amazon ECR; if you meant images.example.com, write that\n"
        assert (2, f"docker-credential-ecrx: {line}") == (found.status, found.stderr)
        assert "if you meant" not in home.run("which", "ghcr.io").stderr

    def test_is_a_missing_host(self, home: Home) -> None:
        assert 2 == home.run("which").status

    def test_is_an_account_that_is_not_allowed(self, home: Home) -> None:
        home.configure('[security]\naccounts = ["444444444444"]\n')

        found = home.run("which", HOST)

        assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
        assert f"{HOST} is not allowed" in found.stderr

    def test_is_an_invalid_file(self, home: Home) -> None:
        home.configure("[[registry]\n")

        assert (1, "") == home.run("which", HOST)[:2]


def test_json_has_the_version_of_its_form(home: Home) -> None:
    assert 1 == which(home)["schema_version"]


def test_help_has_examples(home: Home) -> None:
    assert "docker-credential-ecrx which 111111111111" in home.run("which", "--help").stdout
