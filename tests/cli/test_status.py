"""``status`` shows what is stored, for which identity and until when, without a secret and without calling AWS."""

import json
import re
import shutil
from datetime import datetime, timedelta
from typing import Any

import pytest

from docker_credential_ecrx.demo.fake_aws import Keys
from fakes.clients import write_json
from support import keyrings, stored_items, terminals
from support.forms import as_wheel
from support.home import HOST, OTHER_HOST, PRIMARY, ROLE, SECONDARY, Home

NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}
PUBLIC = "public.ecr.aws"


@pytest.fixture
def passwords(home: Home, secret_service: dict[str, str]) -> None:
    """Connect the home to a Secret Service."""
    home.env |= secret_service


def variables(keys: Keys) -> dict[str, str]:
    """Return the environment variables for ``keys``."""
    return {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}


def status(home: Home, ends: int = 0, /, **env: str) -> Any:  # noqa: ANN401 - JSON
    """Return the output of ``status --json``, with the exit status ``ends``; it does not call AWS."""
    home.aws.calls.clear()
    found = home.run("status", "--json", env=env)
    assert (ends, "", []) == (found.status, found.stderr, home.aws.calls)
    return found.answer


def text(home: Home, ends: int = 0, /, **env: str) -> str:
    """Return the output of ``status`` for a person, with the exit status ``ends``."""
    found = home.run("status", env=env)
    assert (ends, "") == (found.status, found.stderr)
    return found.stdout


class TestOwnHosts:
    def test_are_shown_with_registry_and_identity(self, home: Home) -> None:
        rule = '[[registry]]\nmatch = "{}"\nregistry = "{}"\nprofile = "{}"\n'
        hosts = [("images.example.com", HOST, "one"), ("localhost:4566", OTHER_HOST, "two")]
        home.configure("".join(rule.format(*host) for host in hosts))

        assert [
            {"host": "images.example.com", "registry": HOST, "identity": "profile one"},
            {"host": "localhost:4566", "registry": OTHER_HOST, "identity": "profile two"},
        ] == status(home)["own_hosts"]
        shown = text(home)
        assert "host names of your own" in shown
        for fact in ("images.example.com", f"{HOST}, profile one", "localhost:4566", f"{OTHER_HOST}, profile two"):
            assert fact in shown

    def test_are_absent_without_a_rule(self, home: Home) -> None:
        assert [] == status(home)["own_hosts"]
        assert "host names of your own" not in text(home)

    def test_are_among_a_tokens_registries(self, home: Home) -> None:
        home.add_role_profile()
        home.configure(f'[[registry]]\nmatch = "localhost:4566"\nregistry = "{HOST}"\nprofile = "secondary"\n')
        home.get("localhost:4566", profile=None)

        (token,) = status(home)["tokens"]

        assert ["localhost:4566"] == token["registries"]


class TestWithoutToken:
    """Registries that are configured show up before the first pull."""

    def test_is_shown_with_identity_until_the_first_get(self, home: Home) -> None:
        home.add_role_profile()
        home.run("configure", HOST, "--profile", "secondary")

        waiting = {"registry": HOST, "identity": "profile secondary", "clients": ["docker"]}
        assert [waiting] == status(home)["without_token"]
        assert f"configured, without a cached token\n  {HOST}  profile secondary, for docker\n" in text(home)
        home.get(profile=None)
        assert [] == status(home)["without_token"]
        assert "without a cached token" not in text(home)

    def test_of_a_changed_profile_says_so(self, home: Home) -> None:
        """A token of the same name is listed above, which the next get does not use."""
        home.add_role_profile()
        home.run("configure", HOST, "--profile", "secondary")
        home.get(profile=None)
        home.add_profile("secondary", region="eu-west-1")

        row = f"  {HOST}  profile secondary, which has changed since its token was cached, for docker\n"
        assert row in text(home)

    def test_of_a_link_has_its_profile(self, home: Home) -> None:
        """A token of the same identity for another registry of the region serves it, too."""
        home.add_role_profile()
        sibling = HOST.replace(PRIMARY, "444444444444")
        helpers = {HOST: "ecrx-secondary", sibling: "ecrx-secondary", OTHER_HOST: "ecrx", "gcr.io": "gcloud"}
        write_json(home.folder / ".docker" / "config.json", {"credHelpers": helpers})

        waiting = {each["registry"]: each["identity"] for each in status(home)["without_token"]}
        assert {
            HOST: "profile secondary",
            sibling: "profile secondary",
            OTHER_HOST: "the default credential chain",
        } == waiting
        home.get()
        assert [OTHER_HOST] == [each["registry"] for each in status(home)["without_token"]]

    def test_names_the_clients(self, home: Home) -> None:
        home.add_role_profile()
        for options in ((), ("--podman",)):
            home.run("configure", HOST, "--profile", "secondary", *options)
        home.run("configure", OTHER_HOST, "--profile", "secondary", "--podman")

        shown = [(each["registry"], each["clients"]) for each in status(home)["without_token"]]

        assert [(HOST, ["docker", "podman"]), (OTHER_HOST, ["podman"])] == shown

    def test_is_not_what_docker_login_serves(self, home: Home) -> None:
        write_json(home.folder / ".docker" / "config.json", {"credHelpers": {HOST: "ecrx"}})
        home.store(HOST, "AWS", "of docker login")

        assert [] == status(home)["without_token"]

    def test_is_not_a_registry_that_is_excluded(self, home: Home) -> None:
        write_json(home.folder / ".docker" / "config.json", {"credHelpers": {HOST: "ecrx"}})
        home.configure('[security]\naccounts = ["999999999999"]\n')

        assert [] == status(home)["without_token"]

    @pytest.mark.parametrize("content", ["{", '{"credHelpers": 1}'])
    def test_is_not_shown_from_an_unreadable_file(self, home: Home, content: str) -> None:
        """Doctor reports that."""
        (home.folder / ".docker").mkdir()
        (home.folder / ".docker" / "config.json").write_text(content)
        home.run("configure", OTHER_HOST, "--podman", "--force")

        assert [OTHER_HOST] == [each["registry"] for each in status(home)["without_token"]]


class TestToken:
    def test_is_shown_with_identity_region_registries_and_keyring(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        home.get(env=keyring)

        (token,) = status(home, **keyring)["tokens"]

        assert ("token", "profile secondary", "us-east-1", "fresh") == tuple(
            token[key] for key in ("kind", "identity", "region", "state")
        )
        assert ([HOST], keyring["ECRX_KEYRING"]) == (token["registries"], token["keyring"])
        for fact in ("profile secondary", "us-east-1", HOST, keyring["ECRX_KEYRING"]):
            assert fact in text(home, **keyring)

    def test_is_shown_with_times_in_utc(self, home: Home) -> None:
        home.add_role_profile()
        expires = home.aws.issued[home.get().secret].expires

        (token,) = status(home)["tokens"]

        issued, renews, ends = (datetime.fromisoformat(token[key]) for key in ("minted", "renews", "expires"))
        assert abs(ends.timestamp() - expires) < 60
        assert timedelta(hours=12) == ends - issued
        assert timedelta(hours=5.4) <= renews - issued <= timedelta(hours=6.6)

    def test_is_shown_with_relative_times(self, home: Home) -> None:
        home.add_role_profile()
        home.get()
        stored_items.age(home, hours=1.5)

        said = text(home)

        assert re.search(r"issued +20..-..-.. ..:.. UTC, 1 h 30 min ago\n", said)
        assert re.search(r"refreshes +20..-..-.. ..:.. UTC, in [345] h \d+ min\n", said)
        assert re.search(r"expires +20..-..-.. ..:.. UTC, in 10 h 30 min\n", said)

    def test_is_never_printed(self, home: Home) -> None:
        home.add_role_profile()
        secret = home.get().secret

        assert secret[:40] not in text(home) + json.dumps(status(home))

    def test_of_each_identity_and_region_is_shown(self, home: Home) -> None:
        home.add_role_profile()
        home.add_role_profile("tertiary", "arn:aws:iam::444444444444:role/puller", "base4")
        for host, profile in ((HOST, "secondary"), (HOST, "tertiary"), (PUBLIC, "secondary")):
            home.get(host, profile=profile)

        shown = [(token["identity"], *token["registries"]) for token in status(home)["tokens"]]

        assert [("profile secondary", HOST), ("profile tertiary", HOST), ("profile secondary", PUBLIC)] == shown

    def test_of_role_is_shown_with_its_session_for_free(self, home: Home) -> None:
        home.add_role_profile()
        home.get()

        assert ["AssumeRole", "GetAuthorizationToken"] == [call.operation for call in home.aws.calls]
        (token,) = status(home)["tokens"]
        assert f"arn:aws:sts::{SECONDARY}:assumed-role/puller/" in token["principal"]
        assert SECONDARY == token["account"]
        assert f"principal   {token['principal']}\n" in text(home)

    def test_of_access_key_is_shown_with_its_account(self, home: Home) -> None:
        home.env |= variables(home.aws.add_user(SECONDARY, "me"))
        home.get(profile=None)

        (token,) = status(home)["tokens"]

        assert (None, SECONDARY) == (token["principal"], token["account"])
        assert re.fullmatch(r"access key A[KS]IA….{4} \(from the environment\)", token["identity"])
        assert f"principal   account {SECONDARY}\n" in text(home)

    def test_that_login_fetched_is_shown_with_the_user(self, home: Home) -> None:
        home.env |= variables(home.aws.add_user(SECONDARY, "me"))
        home.run("login", HOST)

        assert [f"arn:aws:iam::{SECONDARY}:user/me"] == [token["principal"] for token in status(home)["tokens"]]

    def test_of_each_way_to_choose_an_identity_is_told_apart(self, home: Home) -> None:
        home.add_role_profile()
        ways = [{"AWS_PROFILE": "secondary"}, *(variables(home.aws.add_user(SECONDARY, name)) for name in "ab")]
        home.add_keys("default", home.aws.add_user(PRIMARY, "c"))
        for way in (*ways, {}):
            home.get(profile=None, env=way)

        shown = [token["identity"] for token in status(home)["tokens"]]

        keys = [f"access key {way['AWS_ACCESS_KEY_ID'][:4]}…{way['AWS_ACCESS_KEY_ID'][-4:]}" for way in ways[1:]]
        expected = ["profile secondary (from AWS_PROFILE)", *(f"{key} (from the environment)" for key in keys)]
        assert [*expected, "profile default"] == shown

    def test_of_profile_that_was_edited_is_told_apart(self, home: Home) -> None:
        home.add_role_profile()
        home.get()
        with (home.folder / ".aws" / "config").open("a") as file:
            file.write("role_session_name = other\n")
        home.get()

        first, second = status(home)["tokens"]

        assert first["identity"] == second["identity"]
        assert first["fingerprint"] != second["fingerprint"]
        assert [first["fingerprint"], second["fingerprint"]] == re.findall("fingerprint +(.{32})\n", text(home))

    def test_after_half_of_its_lifetime_needs_refresh(self, home: Home) -> None:
        home.add_role_profile()
        home.get()
        stored_items.age(home, hours=7)

        assert ["due"] == [token["state"] for token in status(home)["tokens"]]
        assert "due: the next get refreshes it" in text(home)

    def test_expired_is_omitted(self, home: Home) -> None:
        home.add_role_profile()
        home.get()
        stored_items.age(home, hours=12.1)

        assert [] == status(home)["tokens"]
        assert "no token is cached" in text(home)

    def test_missing_in_keyring_is_shown_until_the_next_get(self, home: Home) -> None:
        """The next get fetches a new token."""
        home.add_role_profile()
        home.get()
        stored_items.lose(home)

        assert ["gone"] == [token["state"] for token in status(home)["tokens"]]
        assert "missing from the keyring, though it has not expired" in text(home)

    def test_missing_in_index_is_shown_from_its_item(self, home: Home, keyring: dict[str, str]) -> None:
        home.add_role_profile()
        home.get(env=keyring)
        (listed,) = status(home, **keyring)["tokens"]
        shutil.rmtree(home.folder / ".local")

        (token,) = status(home, **keyring)["tokens"]

        unknown: dict[str, Any] = {
            "identity": "an unknown identity",
            "principal": None,
            "account": None,
            "registries": [],
        }
        assert listed | unknown == token

    def test_in_unavailable_keyring_is_unknown_with_reason(self, home: Home, secret_service: dict[str, str]) -> None:
        home.add_role_profile()
        home.get(env=secret_service | {"ECRX_KEYRING": "secret-service"})

        (token,) = status(home, 1, **NO_BUS)["tokens"]

        assert "unknown" == token["state"]
        assert "the Secret Service is not available" in token["reason"]
        assert "the Secret Service is not available" in text(home, 1, **NO_BUS)

    def test_of_docker_login_is_marked(self, home: Home) -> None:
        home.store(HOST, "AWS", "of docker login")

        (token,) = status(home)["tokens"]

        assert ("login", "docker login", [HOST]) == (token["kind"], token["identity"], token["registries"])

    def test_of_docker_login_is_never_refreshed(self, home: Home) -> None:
        """Get returns it until it expires."""
        home.store(HOST, "AWS", "of docker login")
        stored_items.age(home, hours=11)

        (token,) = status(home)["tokens"]

        assert ("fresh", None) == (token["state"], token["renews"])
        assert "refreshes" not in text(home)


@pytest.mark.usefixtures("passwords")
class TestPassword:
    def test_is_shown_by_host_and_user_only(self, home: Home) -> None:
        home.store("ghcr.io", "somebody", "hunter2-hunter2")

        shown = status(home)["passwords"]

        known = {"registry": "ghcr.io", "user": "somebody", "keyring": "secret-service"}
        assert [known | {"state": "kept", "reason": None}] == shown
        assert "ghcr.io  user somebody, secret-service\n" in text(home)
        assert "hunter2" not in text(home)

    def test_deleted_by_another_program_is_marked_missing(self, home: Home) -> None:
        home.store("ghcr.io", "somebody", "hunter2-hunter2")
        keyrings.clear(home.env)

        assert ["gone"] == [password["state"] for password in status(home, 1)["passwords"]]

    def test_in_unavailable_keyring_is_still_shown(self, home: Home) -> None:
        home.store("ghcr.io", "somebody", "hunter2-hunter2")

        (password,) = status(home, 1, **NO_BUS)["passwords"]

        assert "unknown" == password["state"]
        assert "the Secret Service is not available" in password["reason"]
        assert "ghcr.io  user somebody" in text(home, 1, **NO_BUS)


class TestSettings:
    def test_names_configuration_file_and_whether_it_exists(self, home: Home) -> None:
        path = home.folder / ".config" / "ecrx" / "config.toml"

        assert {"path": str(path), "exists": False} == status(home)["config"]
        assert f"{path} (does not exist" in text(home)
        home.configure("")
        assert {"path": str(path), "exists": True} == status(home)["config"]
        assert f"{path}\n" in text(home)

    def test_names_keyrings_of_tokens_and_passwords(self, home: Home, secret_service: dict[str, str]) -> None:
        env = secret_service | {"ECRX_KEYRING": "kernel"}

        assert {"tokens": "kernel", "passwords": "secret-service"} == status(home, **env)["keyrings"]
        assert re.search(r"keyring for tokens +kernel\n +keyring for passwords +secret-service\n", text(home, **env))

    def test_reports_why_there_is_no_keyring(self, home: Home) -> None:
        assert {"tokens": None, "passwords": None} == status(home, ECRX_KEYRING="none")["keyrings"]
        assert "keyring for tokens     none; every get asks AWS for a token" in text(home, ECRX_KEYRING="none")

    def test_unavailable_configured_keyring_fails(self, home: Home) -> None:
        env = NO_BUS | {"ECRX_KEYRING": "secret-service"}

        assert {"tokens": None, "passwords": None} == status(home, 1, **env)["keyrings"]
        assert "keyring for tokens     none; the Secret Service is not available" in text(home, 1, **env)

    def test_missing_password_keyring_passes_if_unused(self, home: Home) -> None:
        assert {"tokens": "kernel", "passwords": None} == status(home, **NO_BUS)["keyrings"]

    def test_invalid_configuration_file_is_named_in_one_line(self, home: Home) -> None:
        home.configure("[cash]\n")

        found = home.run("status")

        assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
        assert "config.toml: unknown key cash" in found.stderr

    # The frozen program ignores Python's variables.
    @as_wheel
    def test_escapes_characters_the_output_cannot_encode(self, home: Home) -> None:
        folder = home.folder / "é"

        found = home.run("status", env={"PYTHONIOENCODING": "ascii", "XDG_CONFIG_HOME": str(folder)})

        assert (0, "") == (found.status, found.stderr)
        assert "\\xe9/ecrx/config.toml (does not exist; the defaults apply)" in found.stdout


class TestTerminal:
    def test_no_line_exceeds_80_columns(self, home: Home) -> None:
        home.add_role_profile()
        home.configure(f'[[registry]]\nmatch = "*"\nrole_arn = "{ROLE}"\nsource_profile = "base"\n')
        home.get(profile=None)
        home.get(OTHER_HOST)
        home.env |= {"NO_COLOR": "1", "ECRX_CONFIG": str(home.folder / ".config" / "ecrx" / "config.toml")} | NO_BUS

        ended, seen = terminals.run([home.program, "status"], home.env)

        assert 0 == ended
        lines = re.sub(r"\x1b\[[\d;]*m", "", seen).splitlines()
        assert f"role {ROLE} from profile base, us-east-1" in lines
        unbroken = f"{home.folder}|arn:aws:sts::"  # so that it can be copied
        assert [] == [line for line in lines if len(line) > terminals.COLUMNS and not re.search(unbroken, line)]

    def test_uses_bold_and_faint_only_on_a_terminal(self, home: Home) -> None:
        _, seen = terminals.run([home.program, "status"], home.env)

        assert "\x1b[" in seen
        assert "\x1b" not in text(home)
