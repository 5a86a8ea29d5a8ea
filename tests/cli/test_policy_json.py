"""``policy grant`` and ``policy revoke`` with --json print one object, in which each repository has its new policy."""

import shlex
from typing import Any

import pytest

from fakes.aws import Repository
from support import terminals
from support.home import PRIMARY, SECONDARY, Home, Result

_ROOT = f"arn:aws:iam::{SECONDARY}:root"
_SID = f"EcrxPushPull{SECONDARY}"
_TO = ("--to", SECONDARY, "--profile", "owner", "--json")
_OURS = {
    "Sid": f"EcrxPull{SECONDARY}",
    "Effect": "Allow",
    "Principal": {"AWS": _ROOT},
    "Action": ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability"],
}


@pytest.fixture
def owner(home: Home) -> Home:
    """Return the home of the owner of two repositories, with a profile in us-east-1."""
    home.add_keys("owner", home.aws.add_user(PRIMARY, "owner"))
    home.aws.add_user(SECONDARY, "other")
    home.add_profile("owner", region="us-east-1")
    home.aws.add_repository(PRIMARY, "team/app")
    home.aws.add_repository(PRIMARY, "team/web")
    return home


def _policy(home: Home, name: str) -> Any:  # noqa: ANN401 - JSON
    return home.aws.ecr.repositories[Repository(PRIMARY, "us-east-1", name)]


def _set(home: Home, *statements: dict[str, Any]) -> None:
    home.aws.add_repository(PRIMARY, "team/app", policy={"Version": "2008-10-17", "Statement": list(statements)})


def _one(found: Result, status: int = 0) -> Any:  # noqa: ANN401 - JSON
    """Return the object of the one repository of a command that ends with ``status``."""
    assert status == found.status, found
    (repository,) = found.answer["repositories"]
    return repository


@pytest.mark.parametrize("options", [(), ("--apply",)])
def test_grant_has_the_policy_and_whether_it_is_set(owner: Home, options: tuple[str, ...]) -> None:
    found = owner.run("policy", "grant", "team/app", *_TO, *options)

    document = found.answer
    expected = (1, "us-east-1", _ROOT, None, "push and pull")
    assert expected == tuple(
        document[key] for key in ("schema_version", "region", "principal", "organization", "access")
    )
    one = _one(found)
    assert ("team/app", PRIMARY, True, bool(options)) == tuple(
        one[key] for key in ("name", "account", "changed", "applied")
    )
    assert [_SID] == [statement["Sid"] for statement in one["policy"]["Statement"]]
    assert bool(options) == bool(_policy(owner, "team/app"))
    if not options:
        (remark,) = document["remarks"]
        program, *arguments = shlex.split(*remark["command"])
        assert ("docker-credential-ecrx", 0) == (program, owner.run(*arguments).status)
        assert not _one(owner.run("policy", "grant", "team/app", *_TO))["changed"]


def test_grant_names_what_denies_it(owner: Home) -> None:
    deny = {"Sid": "no", "Effect": "Deny", "Principal": "*", "Action": "ecr:*"}
    _set(owner, deny)

    one = _one(owner.run("policy", "grant", "team/app", *_TO), status=1)

    assert (["no"], []) == (one["denied_by"], one["denied_under_condition_by"])


def test_grant_to_the_owner_changes_nothing(owner: Home) -> None:
    one = _one(owner.run("policy", "grant", "team/app", "--to", PRIMARY, *_TO[2:], "--apply"))

    assert (False, False, None) == (one["changed"], one["applied"], one["policy"])


def test_revoke_names_what_still_allows_it(owner: Home) -> None:
    """A terminal is not asked, and the policy is deleted with its last statement."""
    _set(owner, _OURS, {"Sid": "theirs", "Effect": "Allow", "Principal": {"AWS": _ROOT}, "Action": "ecr:PutImage"})
    one = _one(owner.run("policy", "revoke", "team/app", *_TO), status=1)
    assert (["theirs"], True, False) == (one["allowed_by"], one["changed"], one["applied"])

    _set(owner, _OURS)
    status, seen = terminals.run([owner.program, "policy", "revoke", "team/app", *_TO, "--apply"], owner.env, [])

    assert (0, True, None) == (status, '"policy": null' in seen, _policy(owner, "team/app"))


def test_revoke_names_the_statement_that_somebody_modified(owner: Home) -> None:
    _set(owner, _OURS | {"Action": ["ecr:BatchGetImage"]})

    found = owner.run("policy", "revoke", "team/app", *_TO)

    assert [{"statement": _OURS["Sid"], "elements": ["Action"]}] == _one(found, status=1)["modified"]
    assert any("--force" in command for remark in found.answer["remarks"] for command in remark["command"])


class TestPrefix:
    def test_has_every_repository(self, owner: Home) -> None:
        found = owner.run("policy", "grant", "--prefix", "team/", *_TO, "--apply", "--yes")

        assert 0 == found.status, found
        assert {"team/app": True, "team/web": True} == {
            each["name"]: each["applied"] for each in found.answer["repositories"]
        }
        assert _policy(owner, "team/web")

    def test_has_the_error_of_one(self, owner: Home) -> None:
        owner.aws.ecr.repositories[Repository(PRIMARY, "us-east-1", "team/app")] = "no JSON"

        found = owner.run("policy", "grant", "--prefix", "team/", *_TO)

        first, second = found.answer["repositories"]
        assert (1, "team/app", None) == (found.status, first["name"], first["policy"])
        assert "is not a JSON object" in first["error"]["detail"]
        assert (None, True) == (second["error"], second["changed"])

    def test_needs_yes_even_on_a_terminal(self, owner: Home) -> None:
        words = ["policy", "grant", "--prefix", "team/", *_TO, "--apply"]

        status, seen = terminals.run([owner.program, *words], owner.env, [])

        assert (2, True, None) == (
            status,
            "--json asks no question" in " ".join(seen.split()),
            _policy(owner, "team/app"),
        )


def test_terraform_excludes_it(owner: Home) -> None:
    found = owner.run("policy", "grant", "team/app", *_TO, "--terraform")

    assert (2, "", True) == (found.status, found.stdout, "omit --json" in found.stderr)


def test_failure_is_one_line_on_stderr(owner: Home) -> None:
    found = owner.run("policy", "grant", "missing", *_TO)

    assert (1, "", 1) == (found.status, found.stdout, found.stderr.count("\n"))
