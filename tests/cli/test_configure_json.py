"""``configure --json`` prints one object about what it changes: the same as the sentences for people say."""

import base64
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from fakes.clients import write_json
from support import terminals
from support.forms import in_one_form
from support.home import HOST, OTHER_HOST, ROLE, Home, Result

PROGRAM = "docker-credential-ecrx"
PASSWORD = base64.b64encode(b"AWS:hunter2-hunter2").decode()


@pytest.fixture
def home(home: Home) -> Home:
    """Return a home with credentials, in which Docker finds no other helper."""
    home.add_default_keys()
    home.add_role_profile()
    home.env |= {"PATH": str(home.bin), "XDG_RUNTIME_DIR": str(home.folder / "run")}
    (home.folder / "run").mkdir()
    (home.folder / ".docker").mkdir()
    return home


def config_of(home: Home) -> Path:
    """Return Docker's config.json."""
    return home.folder / ".docker" / "config.json"


def settings_of(home: Home) -> Path:
    """Return config.toml."""
    return home.folder / ".config" / "ecrx" / "config.toml"


def configured(home: Home, *arguments: str, host: str = HOST) -> Any:  # noqa: ANN401 - JSON
    """Return the object that ``configure`` prints, after what every one of them has."""
    document = answer(home.run("configure", host, *arguments, "--json"))
    assert (1, "--dry-run" in arguments) == (document["schema_version"], document["dry_run"])
    return document


def answer(found: Result) -> Any:  # noqa: ANN401 - JSON
    """Return the object of a command that succeeded."""
    assert 0 == found.status, found
    return found.answer


def one(change: str, host: str = HOST, helper: str | None = "ecrx", identity: str | None = "profile secondary") -> Any:  # noqa: ANN401 - JSON
    """Return the object of a registry that is its own."""
    return {"host": host, "registry": host, "helper": helper, "identity": identity, "change": change}


def file(path: Path, *, changed: bool, created: bool = False) -> dict[str, object]:
    """Return the object of a file."""
    return {"path": str(path), "changed": changed, "created": created}


class TestChanges:
    @pytest.mark.parametrize("option", [(), ("--dry-run",)])
    def test_are_of_both_files(self, home: Home, option: tuple[str, ...]) -> None:
        found = home.run("configure", HOST, "--profile", "secondary", *option, "--json")

        document = answer(found)
        assert "" == found.stderr
        assert [one("added")] == document["registries"]
        expected = [file(path, changed=True, created=True) for path in (config_of(home), settings_of(home))]
        assert expected == document["files"]
        assert ([], []) == (document["deleted_tokens"], document["remarks"])
        assert bool(option) != config_of(home).exists()

    def test_none_are_left_the_second_time(self, home: Home) -> None:
        configured(home, "--profile", "secondary")

        document = configured(home, "--profile", "secondary")

        assert [one("unchanged")] == document["registries"]
        assert [False, False] == [each["changed"] for each in document["files"]]

    def test_of_the_identity_alone(self, home: Home) -> None:
        configured(home, "--profile", "secondary")

        document = configured(home, "--role-arn", ROLE, "--source-profile", "base")

        assert [one("changed", identity=f"role {ROLE} from profile base")] == document["registries"]
        assert [file(config_of(home), changed=False), file(settings_of(home), changed=True)] == document["files"]

    def test_of_another_helper(self, home: Home) -> None:
        write_json(config_of(home), {"credHelpers": {HOST: "ecr-login"}})

        document = configured(home)

        assert [one("changed", identity="profile default")] == document["registries"]
        assert file(config_of(home), changed=True) == document["files"][0]

    def test_of_several_registries(self, home: Home) -> None:
        configured(home, "--profile", "secondary")

        document = configured(home, OTHER_HOST, "--profile", "secondary")

        assert [one("unchanged"), one("added", OTHER_HOST)] == document["registries"]

    def test_of_a_host_of_the_users_own(self, home: Home) -> None:
        own = "images.example.com"

        document = configured(home, "--registry", HOST, "--profile", "secondary", host=own)

        assert [one("added", own) | {"registry": HOST}] == document["registries"]

    def test_of_podmans_files(self, home: Home) -> None:
        document = configured(home, "--podman")

        paths = [home.folder / "run/containers/auth.json", home.folder / ".config/containers/auth.json"]
        changed = {each["path"]: each["changed"] for each in document["files"]}
        assert {str(paths[0]): False, str(paths[1]): True, str(settings_of(home)): False} == changed

    def test_delete_the_token_of_docker_login(self, home: Home) -> None:
        secret = home.get().secret
        assert 0 == home.store(HOST, "AWS", secret).status

        for option in (("--dry-run",), ()):
            found = home.run("configure", HOST, "--profile", "secondary", *option, "--json")

            assert [{"registry": HOST, "keyring": "kernel"}] == answer(found)["deleted_tokens"]
            assert secret not in found.stdout + found.stderr


class TestRemoval:
    @pytest.mark.parametrize("option", [(), ("--dry-run",)])
    def test_is_of_what_was_added(self, home: Home, option: tuple[str, ...]) -> None:
        configured(home, "--profile", "secondary")

        document = configured(home, "--remove", *option)

        assert [one("removed", helper=None, identity=None)] == document["registries"]
        assert [True, True] == [each["changed"] for each in document["files"]]

    def test_is_of_every_registry(self, home: Home) -> None:
        configured(home, OTHER_HOST, "--profile", "secondary")

        document = answer(home.run("configure", "--remove", "--all", "--json"))

        assert {HOST: "removed", OTHER_HOST: "removed"} == {
            each["host"]: each["change"] for each in document["registries"]
        }

    def test_of_nothing_says_why(self, home: Home) -> None:
        """The other helper stays, and a remark names the command that removes what there is for the other client."""
        configured(home, "--podman")
        write_json(config_of(home), {"credHelpers": {OTHER_HOST: "ecr-login"}})

        document = configured(home, OTHER_HOST, "--remove")

        expected = [
            one("unchanged", helper=None, identity=None),
            one("unchanged", OTHER_HOST, helper="ecr-login", identity=None),
        ]
        assert expected == document["registries"]
        assert f"{PROGRAM} configure --remove {HOST} --podman" in [
            command for each in document["remarks"] for command in each["command"]
        ]


def remark_with(document: Any, text: str) -> Any:  # noqa: ANN401 - JSON
    """Return the one remark that has ``text``."""
    (found,) = [each for each in document["remarks"] if text in each["detail"]]
    return found


class TestRemarks:
    def test_are_those_on_stderr(self, home: Home) -> None:
        write_json(config_of(home), {"credsStore": "gone", "auths": {HOST: {"auth": PASSWORD}}})

        found = home.run("configure", HOST, "--profile", "later", "--force", "--json")

        lines = found.stderr.splitlines()
        remarks = answer(found)["remarks"]
        assert [f"{PROGRAM}: {'; '.join(filter(None, (each['detail'], each['remedy'])))}" for each in remarks] == [
            line.replace(": warning: ", ": ") for line in lines
        ]
        assert len(remarks) > 2
        assert PASSWORD not in found.stdout

    def test_has_the_command_that_deletes_a_password(self, home: Home) -> None:
        """A terminal is not asked."""
        write_json(config_of(home), {"auths": {HOST: {"auth": PASSWORD}}})

        status, seen = terminals.run([home.program, "configure", HOST, "--json"], home.env, [])

        assert 0 == status
        document = json.loads(seen[seen.index("{") : seen.rindex("}") + 1])
        found = remark_with(document, "unencrypted password")
        assert found["warning"]
        program, *arguments = shlex.split(*found["command"])
        assert PROGRAM == program
        assert 0 == home.run(*arguments).status
        assert {} == json.loads(config_of(home).read_text()).get("auths", {})

    def test_has_the_command_that_undoes_a_misspelt_region(self, home: Home) -> None:
        host = HOST.replace("east", "esat")

        found = remark_with(configured(home, "--profile", "secondary", host=host), "us-esat-1 is not a region")

        assert ([f"{PROGRAM} configure --remove {host}"], True) == (found["command"], found["warning"])
        assert "did you mean us-east-1? To undo this" in found["remedy"]

    def test_has_the_command_that_deletes_the_old_token(self, home: Home) -> None:
        configured(home, "--profile", "secondary")
        assert home.get(profile=None).secret

        found = remark_with(configured(home, "--profile", "default"), "may still be cached")

        assert ([f"{PROGRAM} forget {HOST}"], False) == (found["command"], found["warning"])

    def test_are_there_with_quiet(self, home: Home) -> None:
        """They are then not on stderr, but the object is complete."""
        found = home.run("--quiet", "configure", HOST, "--remove", "--json")

        assert "" == found.stderr
        assert remark_with(answer(found), "is not configured")


@in_one_form
class TestFailure:
    def test_is_one_line_on_stderr(self, home: Home) -> None:
        found = home.run("configure", HOST, "--profile", "secondry", "--json")

        assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))

    def test_of_the_arguments_is_exit_status_2(self, home: Home) -> None:
        found = home.run("configure", "--json")

        assert (2, "") == (found.status, found.stdout)
        assert "name a HOST" in found.stderr

    def test_shows_no_secret_and_no_control_character(self, home: Home) -> None:
        """Neither of Docker's file, which may name any helper, nor of the environment."""
        helper = "//hunter2-hunter2@help\u001b[31mer"
        write_json(config_of(home), {"credHelpers": {HOST: helper, OTHER_HOST: helper}})

        found = home.run("configure", HOST, OTHER_HOST, "--remove", "--json")

        assert 0 == found.status
        assert "hunter2" not in found.stdout
        assert "\u001b" not in json.loads(found.stdout)["registries"][0]["helper"]
