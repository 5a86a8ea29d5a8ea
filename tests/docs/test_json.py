"""docs/json.md: each command with --json has a schema, and what it prints is valid by it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator

from docker_credential_ecrx import cli
from fakes.clients import write_json
from support import pages
from support.home import HOST, PRIMARY, SECONDARY, Home

_WITHOUT = {"policy show", "kubelet config"}  # they print AWS's document, and kubelet's


def _commands(group: click.Group, before: str = "") -> Iterator[str]:
    """Yield each command that has the option --json."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")
        elif command and any("--json" in option.opts for option in command.params):
            yield before + name


def _strict(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the schema without room for keys that it does not name; others may read it, so that a key can be added."""
    if isinstance(schema, list):
        return [_strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if "properties" in schema and schema.get("type") == "object" else {}
    return {key: _strict(value) for key, value in schema.items()} | closed


def _assert_valid(command: str, printed: str) -> dict[str, Any]:
    schema = json.loads(pages.text(f"{command}.schema.json"))
    Draft202012Validator.check_schema(schema)
    document: dict[str, Any] = json.loads(printed)
    Draft202012Validator(_strict(schema)).validate(document)
    return document


def test_every_command_with_json_has_a_row_and_a_schema() -> None:
    commands = {*_commands(cli.commands)} - _WITHOUT
    rows = {cells[1] for cells in pages.table("json.md") if len(cells) > 1 and ".schema.json" in cells[1]}

    assert {
        f"[{name.replace(' ', '-')}.schema.json]({name.replace(' ', '-')}.schema.json)" for name in commands
    } == rows
    assert all(f"`{name}" in pages.text("json.md") for name in commands)


def test_doctor_is_valid_with_failed_and_skipped_checks(home: Home) -> None:
    document = _assert_valid("doctor", home.run("doctor", "--json").stdout)

    assert {True, False, None} == {link["ok"] for link in document["links"]}
    assert any(link["command"] for link in document["links"])


def test_version_is_valid(home: Home) -> None:
    assert _assert_valid("version", home.run("version", "--json").stdout)["on_path"]


@pytest.mark.parametrize("options", [(), ("--dry-run",), ("--remove",)])
def test_configure_is_valid(home: Home, options: tuple[str, ...]) -> None:
    home.add_role_profile()
    write_json(home.folder / ".docker" / "config.json", {"credsStore": "gone", "credHelpers": {HOST: "ecr-login"}})
    choice = () if "--remove" in options else ("--profile", "secondary")

    document = _assert_valid("configure", home.run("configure", HOST, *choice, *options, "--json").stdout)

    assert ["unchanged" if "--remove" in options else "changed"] == [each["change"] for each in document["registries"]]
    assert document["remarks"]


def test_policy_who_is_valid(home: Home) -> None:
    home.add_keys("owner", home.aws.add_user(PRIMARY, "owner"))
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    statement = {"Effect": "Allow", "Principal": {"AWS": SECONDARY}, "Action": "ecr:*", "Condition": condition}
    home.aws.add_repository(PRIMARY, "app", policy={"Version": "2012-10-17", "Statement": [statement]})

    found = home.run("policy", "who", f"{HOST}/app", "--profile", "owner", "--json")

    access = [
        (one["kind"], one["push"], one["conditions"]) for one in _assert_valid("policy-who", found.stdout)["access"]
    ]
    assert [("owner", "yes", []), ("account", "condition", ["aws:PrincipalOrgID"])] == access


@pytest.mark.parametrize("verb", ["grant", "revoke"])
def test_policy_change_is_valid(home: Home, verb: str) -> None:
    home.add_keys("owner", home.aws.add_user(PRIMARY, "owner"))
    home.add_profile("owner", region="us-east-1")
    effect = "Deny" if verb == "grant" else "Allow"
    statement = {"Sid": "theirs", "Effect": effect, "Principal": {"AWS": SECONDARY}, "Action": "ecr:*"}
    home.aws.add_repository(PRIMARY, "app", policy={"Version": "2012-10-17", "Statement": [statement]})

    found = home.run("policy", verb, "app", "--to", SECONDARY, "--profile", "owner", "--json")

    (repository,) = _assert_valid(f"policy-{verb}", found.stdout)["repositories"]
    assert ["theirs"] == repository["denied_by" if verb == "grant" else "allowed_by"]


class TestStored:
    @pytest.fixture
    def home(self, home: Home, secret_service: dict[str, str]) -> Home:
        """Return a home with two tokens, one of them stored by docker login, a password, and a host of its own."""
        home.env |= secret_service | {"ECRX_KEYRING": "secret-service"}
        home.add_role_profile()
        own = f'[[registry]]\nmatch = "images.example.com"\nregistry = "{HOST}"\nprofile = "secondary"\n'
        home.configure(f'[[registry]]\nmatch = "{HOST}"\nprofile = "secondary"\n{own}')
        token = home.get(profile=None).secret
        assert 0 == home.store(HOST.replace("us-east-1", "eu-west-1"), "AWS", token).status
        assert 0 == home.store("registry.example", "user", "password").status
        return home

    def test_status_is_valid(self, home: Home) -> None:
        other = HOST.replace("us-east-1", "eu-west-2")
        write_json(home.folder / ".docker" / "config.json", {"credHelpers": {other: "ecrx"}})

        document = _assert_valid("status", home.run("status", "--json").stdout)

        assert {"token", "login"} == {token["kind"] for token in document["tokens"]}
        assert [1, 1, 1] == [len(document[key]) for key in ("passwords", "own_hosts", "without_token")]

    @pytest.mark.parametrize(
        ("host", "by"),
        [
            (HOST, "rule"),
            (HOST.replace("us-east-1", "eu-west-1"), "docker login"),
            ("999999999999.dkr.ecr.us-east-1.amazonaws.com", "default chain"),
        ],
    )
    def test_which_is_valid(self, home: Home, host: str, by: str) -> None:
        document = _assert_valid("which", home.run("which", host, "--json").stdout)

        assert by == document["decision"]["by"]
        assert (by != "default chain") == bool(document["token"])

    def test_login_is_valid(self, home: Home) -> None:
        """Of three registries, one gets a token, one fails, and one is not tried."""
        failing, third = (HOST.replace("us-east-1", region) for region in ("eu-west-2", "eu-west-3"))
        write_json(home.folder / ".docker" / "config.json", {"credHelpers": {failing: "ecrx-nobody"}})

        document = _assert_valid("login", home.run("login", HOST, failing, third, "--json").stdout)

        registries = document["registries"]
        assert [(HOST, True), (failing, False), (third, False)] == [(one["host"], one["cached"]) for one in registries]
        assert [False, True, False] == [one["error"] is not None for one in registries]

    def test_forget_is_valid(self, home: Home) -> None:
        """One token is deleted, and what is in a keyring that cannot be reached is not."""
        other = HOST.replace("us-east-1", "eu-west-3")
        home.get(other, env={"ECRX_KEYRING": "kernel"})
        no_bus = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}

        document = _assert_valid("forget", home.run("forget", "--all", "--passwords", "--json", env=no_bus).stdout)

        assert [[other]] == [one["registries"] for one in document["deleted"]]
        assert {"token", "login", "password"} == {one["kind"] for one in document["not_deleted"]}

    def test_forget_is_valid_with_a_remark(self, home: Home) -> None:
        document = _assert_valid("forget", home.run("forget", HOST.replace("111", "112", 1), "--json").stdout)

        assert [True] == [bool(remark["command"]) for remark in document["remarks"]]


def test_schemas_are_described_to_the_last_key() -> None:
    """Every property has a type, a list of values, or alternatives."""
    schemas = [*Path(pages.FOLDER).glob("*.schema.json")]
    assert schemas
    for path in schemas:
        todo: list[dict[str, Any]] = [json.loads(path.read_text())]
        while todo:
            schema = todo.pop()
            assert {"type", "enum", "const", "anyOf"} & {*schema}, (path.name, schema)
            todo += [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
            todo += [schema["items"]] if "items" in schema else []
