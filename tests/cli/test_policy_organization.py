"""``policy`` for organizations and for several repositories, as Terraform, and who can do what."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from docker_credential_ecrx.demo.fake_aws.ecr import Issued
from fakes import faults
from fakes.aws import Repository
from fakes.faults import FaultyAws
from support import terminals
from support.forms import in_one_form
from support.home import HOST, PRIMARY, ROLE, SECONDARY, Home, Result

_ORG, _OTHER_ORG = "o-a1b2c3d4e5", "o-zzzzzzzzzz"
_SID = "EcrxPushPullOrga1b2c3d4e5"
_IN_ORG = {"StringEquals": {"aws:PrincipalOrgID": _ORG}}
_PULL = ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability"]
_PUSH = [*_PULL, "ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"]
_OURS: dict[str, Any] = {"Sid": _SID, "Effect": "Allow", "Principal": "*", "Action": _PUSH, "Condition": _IN_ORG}
_ROOT = f"arn:aws:iam::{SECONDARY}:root"
_FOREIGN = {"Sid": "theirs", "Effect": "Allow", "Principal": {"AWS": _ROOT}, "Action": "ecr:BatchGetImage"}
_EVERY = f"every principal of organization {_ORG}"
_GRANT = ("policy", "grant", "app", "--org", _ORG, "--profile", "owner")
_REVOKE = ("policy", "revoke", "app", "--org", _ORG, "--profile", "owner")
_WHO = ("policy", "who", "app", "--profile", "owner")
_TEAM = ("policy", "grant", "--prefix", "team/", "--org", _ORG, "--profile", "owner")


@pytest.fixture
def aws() -> Iterator[FaultyAws]:
    """Return a fake AWS with a role in the secondary account."""
    with FaultyAws() as aws:
        aws.add_role(ROLE)
        yield aws


@pytest.fixture
def owner(home: Home) -> Home:
    """Return the home of the owner of three repositories, two of which begin with ``team/``."""
    home.add_keys("owner", home.aws.add_user(PRIMARY, "owner"))
    home.add_profile("owner", region="us-east-1")
    for name in ("app", "team/web", "team/api"):
        home.aws.add_repository(PRIMARY, name)
    return home


def _set(home: Home, *statements: dict[str, Any], name: str = "app") -> None:
    home.aws.add_repository(PRIMARY, name, policy={"Version": "2012-10-17", "Statement": list(statements)})


def _statements(home: Home, name: str = "app") -> list[dict[str, Any]]:
    text = home.aws.ecr.repositories[Repository(PRIMARY, "us-east-1", name)]
    found: list[dict[str, Any]] = json.loads(text)["Statement"] if text else []
    return found


def _access(home: Home) -> list[tuple[str, str, str, list[str], list[str]]]:
    """Return the kind of each principal that ``policy who`` lists, and what it can do."""
    listed = _well(home.run(*_WHO, "--json")).answer["access"]
    return [(one["kind"], one["pull"], one["push"], one["other"], one["denied_by"]) for one in listed]


def _well(found: Result) -> Result:
    assert found.status == 0, found
    return found


def _line(found: Result, status: int) -> str:
    assert (status, "") == (found.status, found.stdout), found
    (line,) = found.stderr.splitlines()
    return line


def _command_in(said: str) -> list[str]:
    """Return the arguments of the command at the end of a line."""
    program, *arguments = shlex.split(said.strip().rpartition(": ")[2])
    assert program == "docker-credential-ecrx"
    return arguments


class TestOrganization:
    def test_grant_sets_a_statement_with_its_condition(self, owner: Home) -> None:
        found = _well(owner.run(*_GRANT, "--apply"))

        assert [_OURS] == _statements(owner)
        assert (f"app in us-east-1: {_EVERY} can push and pull\n", "") == (found.stdout, found.stderr)

    @pytest.mark.parametrize(("organization", "expected"), [(_ORG, True), (_OTHER_ORG, False), ("", False)])
    def test_only_its_accounts_get_in(self, owner: Home, organization: str, *, expected: bool) -> None:
        """The fake AWS evaluates the condition as AWS does."""
        _well(owner.run(*_GRANT, "--pull-only", "--apply"))
        owner.aws.ecr.organizations[SECONDARY] = organization
        token = Issued(f"arn:aws:iam::{SECONDARY}:user/ci", SECONDARY, "us-east-1", "ecr", 0)
        app = Repository(PRIMARY, "us-east-1", "app")

        assert expected == owner.aws.ecr.permits(token, app, "ecr:BatchGetImage")
        assert not owner.aws.ecr.permits(token, app, "ecr:PutImage")

    def test_grant_names_the_command_that_applies_it(self, owner: Home) -> None:
        _well(owner.run(*_command_in(_well(owner.run(*_GRANT, "--pull-only")).stderr)))

        assert [_OURS | {"Sid": "EcrxPullOrga1b2c3d4e5", "Action": _PULL}] == _statements(owner)

    @pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}])
    @pytest.mark.parametrize("value", [_ORG, [_ORG]])
    def test_accepts_the_forms_that_aws_returns(self, owner: Home, principal: object, value: object) -> None:
        condition = {"StringEquals": {"aws:PrincipalOrgID": value}}
        _set(owner, _OURS | {"Principal": principal, "Condition": condition, "Action": _PUSH[::-1]})

        assert "nothing to grant" in _well(owner.run(*_GRANT, "--apply")).stderr
        _well(owner.run(*_REVOKE, "--apply"))
        assert [] == _statements(owner)

    @pytest.mark.parametrize(
        ("changes", "element"),
        [
            ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": _OTHER_ORG}}}, "Condition"),
            ({"Condition": {"StringLike": {"aws:PrincipalOrgID": "o-*"}}}, "Condition"),
            ({"Condition": {"StringEquals": {"aws:PrincipalOrgID": [_ORG, _OTHER_ORG]}}}, "Condition"),
            ({"Condition": _IN_ORG | {"Bool": {"aws:SecureTransport": "true"}}}, "Condition"),
            ({"Principal": {"AWS": _ROOT}}, "Principal"),
            ({"Action": "ecr:*"}, "Action"),
        ],
    )
    @pytest.mark.parametrize("arguments", [_GRANT, _REVOKE], ids=["grant", "revoke"])
    def test_changed_statement_stays(
        self, owner: Home, arguments: tuple[str, ...], changes: dict[str, Any], element: str
    ) -> None:
        _set(owner, _OURS | changes)

        found = owner.run(*arguments, "--apply")

        assert (1, [_OURS | changes]) == (found.status, _statements(owner))
        assert f'the statement "{_SID}" differs from what this program writes ({element})' in found.stderr

    def test_without_its_condition_is_changed(self, owner: Home) -> None:
        """Such a statement is for everybody, and so not this program's."""
        statement = {name: value for name, value in _OURS.items() if name != "Condition"}
        _set(owner, statement)

        found = owner.run(*_REVOKE, "--apply")

        assert (1, [statement]) == (found.status, _statements(owner))
        assert "differs from what this program writes (Condition), so it is kept" in found.stderr

    def test_revoke_leaves_another_organization(self, owner: Home) -> None:
        other = _OURS | {"Sid": "EcrxPushPullOrgzzzzzzzzzz"}
        other["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": _OTHER_ORG}}
        _set(owner, other, _OURS)

        found = _well(owner.run(*_REVOKE, "--apply"))

        assert ([other], "") == (_statements(owner), found.stderr)

    @pytest.mark.parametrize("condition", [{}, {"Condition": {"StringLike": {"aws:PrincipalOrgID": "o-*"}}}])
    def test_revoke_fails_if_everybody_is_allowed(self, owner: Home, condition: dict[str, Any]) -> None:
        _set(owner, _FOREIGN | {"Principal": "*"} | condition, _OURS)

        found = owner.run(*_REVOKE, "--apply")

        when = " under a condition" if condition else ""
        assert (1, True) == (found.status, f'{_EVERY} still has access{when} by the statement "theirs"' in found.stderr)

    @pytest.mark.parametrize("value", [_ORG, [_ORG, "o-yyyyyyyyyy"]])
    @pytest.mark.parametrize("operator", ["StringEquals", "StringLike"])
    def test_revoke_of_another_names_who_is_allowed(self, owner: Home, operator: str, value: object) -> None:
        """The ID may be mistyped."""
        _set(owner, _OURS | {"Condition": {operator: {"aws:PrincipalOrgID": value}}})

        said = _well(owner.run(*_REVOKE[:4], _OTHER_ORG, *_REVOKE[5:], "--apply")).stderr

        assert "still has access" not in said
        which = "another organization" if isinstance(value, str) else "other organizations"
        assert f'the statement "{_SID}" allows access to {which}: {_ORG}' in said

    @pytest.mark.parametrize("operator", ["StringEquals", "StringLike"])
    def test_revoke_fails_if_a_list_has_it(self, owner: Home, operator: str) -> None:
        listed = {"Condition": {operator: {"aws:PrincipalOrgID": [_OTHER_ORG, _ORG]}}}
        _set(owner, _FOREIGN | {"Principal": "*"} | listed)

        found = owner.run(*_REVOKE, "--apply")

        assert (1, True) == (found.status, f'{_EVERY} still has access by the statement "theirs"' in found.stderr)

    @pytest.mark.parametrize(
        ("operator", "value", "status"),
        [
            ("StringNotEquals", _ORG, 0),
            ("StringNotLike", [_OTHER_ORG, _ORG], 0),
            ("StringNotEquals", _OTHER_ORG, 1),
            ("StringEquals", [_ORG], 1),
            ("StringEquals", _OTHER_ORG, 0),
        ],
    )
    def test_grant_evaluates_who_is_denied(self, owner: Home, operator: str, value: object, status: int) -> None:
        deny = {"Sid": "Others", "Effect": "Deny", "Principal": "*", "Action": "ecr:*"}
        _set(owner, deny | {"Condition": {operator: {"aws:PrincipalOrgID": value}}})

        found = owner.run(*_GRANT, "--apply")

        said = f'{_ORG} is still denied access by the statement "Others"'
        assert (status, status == 1) == (found.status, said in found.stderr), found
        assert "under a condition" not in found.stderr

    @pytest.mark.parametrize(
        "test",
        [
            {"StringNotLike": {"aws:PrincipalOrgID": "o-a*"}},
            {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": _ORG}},
            {"StringEquals": {"aws:PrincipalOrgID": "${aws:PrincipalTag/org}"}},
            {"StringEquals": {"aws:PrincipalOrgID": _ORG, "aws:PrincipalTag/team": "web"}},
            {"StringNotLike": {"aws:PrincipalOrgID": [_OTHER_ORG, 1]}},
        ],
    )
    def test_grant_leaves_other_conditions_open(self, owner: Home, test: dict[str, Any]) -> None:
        _set(owner, {"Sid": "Others", "Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Condition": test})

        found = _well(owner.run(*_GRANT, "--apply"))

        assert f'{_ORG} is still denied access under a condition by the statement "Others"' in found.stderr

    def test_revoke_lists_accounts_that_may_belong_to_it(self, owner: Home) -> None:
        _set(owner, _FOREIGN, _OURS)

        found = _well(owner.run(*_REVOKE, "--apply"))

        assert f'accounts that may belong to {_ORG} have access by the statement "theirs"' in found.stderr

    def test_revoke_of_an_account_fails_as_it_may_be_in_it(self, owner: Home) -> None:
        _set(owner, _OURS)

        found = owner.run("policy", "revoke", "app", "--to", SECONDARY, "--profile", "owner", "--apply")

        assert found.status == 1
        assert f'still has access under a condition by the statement "{_SID}"' in found.stderr

    def test_denied_grant_fails(self, owner: Home) -> None:
        _set(owner, {"Sid": "Nobody", "Effect": "Deny", "Principal": "*", "Action": "ecr:*"})

        found = owner.run(*_GRANT, "--apply")

        assert (1, True) == (found.status, f'{_ORG} is still denied access by the statement "Nobody"' in found.stderr)

    @pytest.mark.parametrize("org", ["a1b2c3d4e5", "o-a1b2c3", "o-A1B2C3D4E5", f"o-{'a' * 33}", "o-a1b2c3d4e*"])
    @pytest.mark.parametrize("verb", ["grant", "revoke"])
    def test_id_that_is_none_is_one_line(self, owner: Home, verb: str, org: str) -> None:
        line = _line(owner.run("policy", verb, "app", "--org", org, "--profile", "owner", "--apply"), 2)

        assert f"app in us-east-1 with profile owner: {org} is not the ID of an organization" in line
        assert line.endswith(": aws organizations describe-organization --query Organization.Id --output text")
        assert [] == owner.aws.calls

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            (("--org", SECONDARY), f"is the ID of an account; name it with --to {SECONDARY}"),
            (("--org", ROLE), f"is an ARN; name it with --to {ROLE}"),
            (("--org", "ou-abcd-12345678"), "is an organizational unit, which is not supported; name a whole org"),
            (("--org", "r-abcd"), "is the root of an organization; name the organization, o-…, with --org"),
            (("--to", _ORG), f"is the ID of an organization; name it with --org {_ORG}"),
            (("--to", "ou-abcd-12345678"), "is an organizational unit, which is not supported"),
        ],
    )
    @pytest.mark.parametrize("terraform", [(), ("--terraform",)])
    def test_id_of_another_kind_names_its_option(
        self, owner: Home, options: tuple[str, ...], words: str, terraform: tuple[str, ...]
    ) -> None:
        line = _line(owner.run("policy", "grant", "app", *options, "--profile", "owner", *terraform), 2)

        assert f"{options[1]} {words}" in line

    @pytest.mark.parametrize("where", [("app",), ("--prefix", "team/")])
    def test_needs_no_two_principals(self, owner: Home, where: tuple[str, ...]) -> None:
        found = owner.run("policy", "grant", *where, "--to", SECONDARY, "--org", _ORG)

        assert (2, []) == (found.status, owner.aws.calls)
        assert "with --to, or an organization with --org, not both" in found.stderr

    @pytest.mark.parametrize("options", [(), ("--to", SECONDARY, "--org", _ORG), ("--org", _ORG, "--org", _OTHER_ORG)])
    @pytest.mark.parametrize("verb", ["grant", "revoke"])
    def test_needs_one_principal(self, owner: Home, verb: str, options: tuple[str, ...]) -> None:
        found = owner.run("policy", verb, "app", *options)

        assert (2, []) == (found.status, owner.aws.calls)
        assert "Usage: docker-credential-ecrx policy" in found.stderr

    def test_is_shown_in_words(self, owner: Home) -> None:
        _set(owner, _OURS)

        found = _well(owner.run("policy", "show", "app", "--profile", "owner"))

        assert f"{_SID}  {_EVERY} may push and pull" in found.stdout


class TestPrefix:
    def test_prints_each_difference_and_changes_nothing(self, owner: Home) -> None:
        found = _well(owner.run(*_TEAM))

        said = [line for line in found.stdout.splitlines() if "with --apply" in line]
        assert [
            f"team/{name} in us-east-1: with --apply, {_EVERY} can push and pull" for name in ("api", "web")
        ] == said
        assert 2 == found.stdout.count(f'+      "Sid": "{_SID}",')
        assert 0 == owner.aws.count("SetRepositoryPolicy")
        assert "nothing has been changed yet; to change the policy of 2 repositories: " in found.stderr

    def test_applied_with_yes_changes_each(self, owner: Home) -> None:
        _set(owner, _FOREIGN, name="team/web")

        found = _well(owner.run(*_command_in(_well(owner.run(*_TEAM)).stderr), "--yes"))

        assert ([], [_OURS], [_FOREIGN, _OURS]) == tuple(_statements(owner, n) for n in ("app", "team/api", "team/web"))
        assert 2 == len(found.stdout.splitlines())
        assert "2 of 2 repositories change:" in found.stderr

    def test_without_a_terminal_needs_yes(self, owner: Home) -> None:
        line = _line(owner.run(*_TEAM, "--apply"), 2)

        assert "--apply would change 2 repositories, and there is no terminal to ask on" in line
        assert 0 == owner.aws.count("SetRepositoryPolicy")
        _well(owner.run(*_command_in(line)))
        assert [_OURS] == _statements(owner, "team/api")

    @pytest.mark.parametrize(("answer", "status", "left"), [("y\n", 0, [_OURS]), ("n\n", 1, []), ("\n", 1, [])])
    def test_asks_once_on_a_terminal(self, owner: Home, answer: str, status: int, left: list[dict[str, Any]]) -> None:
        question = f"let {_EVERY} push and pull, in 2 repositories?"
        found, seen = terminals.run([owner.program, *_TEAM, "--apply"], owner.env, [(question, answer)])

        assert (status, left, 1) == (found, _statements(owner, "team/web"), seen.count("[y/N]")), seen
        assert ("nothing was changed" in seen) == (status == 1)
        assert all(
            name in seen for name in ("2 of 2 repositories change:", "team/api in us-east-1", "team/web in us-east-1")
        )

    @pytest.mark.parametrize(
        ("verb", "options", "question"),
        [
            ("grant", ("--pull-only",), f"let {_EVERY} pull, in 2 repositories?"),
            ("revoke", (), f"revoke push and pull from {_EVERY}, in 1 repository?"),
        ],
    )
    def test_question_says_what_is_granted(
        self, owner: Home, verb: str, options: tuple[str, ...], question: str
    ) -> None:
        _set(owner, *([_OURS] if verb == "revoke" else []), name="team/web")

        arguments = ("policy", verb, *_TEAM[2:], *options, "--apply")
        status, seen = terminals.run([owner.program, *arguments], owner.env, [("[y/N]", "n\n")])

        assert (1, True) == (status, question in " ".join(seen.split())), seen

    @pytest.mark.parametrize("options", [(), ("--apply",), ("--apply", "--yes")])
    def test_of_the_owner_is_one_note(self, owner: Home, options: tuple[str, ...]) -> None:
        arguments = ("--prefix", "team/", "--to", PRIMARY, "--profile", "owner", *options)

        found = _well(owner.run("policy", "grant", *arguments))

        (line,) = found.stderr.splitlines()
        assert f"nothing to grant to team/ in us-east-1 with profile owner: account {PRIMARY} owns" in line
        assert ("", 0) == (found.stdout, owner.aws.count("SetRepositoryPolicy"))

    def test_quiet_prints_no_list(self, owner: Home) -> None:
        assert (0, "", "") == owner.run(*_TEAM, "--apply", "--yes", "--quiet")
        assert [_OURS] == _statements(owner, "team/api")

    def test_quiet_lists_what_it_asks_about(self, owner: Home) -> None:
        arguments = (*_TEAM, "--apply", "--quiet")
        _, seen = terminals.run([owner.program, *arguments], owner.env, [("[y/N]", "n\n")])

        assert "team/api in us-east-1" in seen

    def test_that_has_the_effect_already_asks_nothing(self, owner: Home) -> None:
        for name in ("team/api", "team/web"):
            _set(owner, _OURS, name=name)

        found = _well(owner.run(*_TEAM, "--apply"))

        assert 2 == found.stderr.count("nothing to grant")
        assert 0 == owner.aws.count("SetRepositoryPolicy")

    def test_revokes_from_each(self, owner: Home) -> None:
        for name in ("app", "team/api", "team/web"):
            _set(owner, _OURS, name=name)

        _well(owner.run("policy", "revoke", *_TEAM[2:], "--apply", "--yes"))

        assert ([_OURS], [], []) == tuple(_statements(owner, name) for name in ("app", "team/api", "team/web"))

    def test_one_that_fails_does_not_stop_the_others(self, owner: Home) -> None:
        changed = _OURS | {"Action": "ecr:*"}
        _set(owner, changed, name="team/api")

        found = owner.run(*_TEAM, "--apply", "--yes")

        assert (1, [changed], [_OURS]) == (
            found.status,
            *(_statements(owner, name) for name in ("team/api", "team/web")),
        )
        assert "cannot grant access to team/api in us-east-1 with profile owner: the statement" in found.stderr
        assert "1 of 2 repositories change:" in found.stderr
        line = next(line for line in found.stderr.splitlines() if "team/api" in line)
        _well(owner.run(*_command_in(line)))
        assert ([_OURS], True) == (_statements(owner, "team/api"), " policy grant team/api " in line)

    def test_remedy_for_one_has_the_host(self, owner: Home) -> None:
        _set(owner, _OURS | {"Action": "ecr:*"}, name="team/api")

        found = owner.run(*_TEAM[:2], "--prefix", f"{HOST}/team/", *_TEAM[4:], "--apply", "--yes")

        assert f": docker-credential-ecrx policy grant {HOST}/team/api --org {_ORG} " in found.stderr

    def test_without_credentials_names_the_list(self, owner: Home) -> None:
        found = _line(owner.run(*_TEAM[:6], "--profile", "missing"), 1)

        assert "cannot list the repositories that begin with team/ with profile missing: " in found

    def test_one_that_cannot_be_read_does_not_stop_the_others(self, owner: Home) -> None:
        owner.aws.ecr.repositories[Repository(PRIMARY, "us-east-1", "team/api")] = "no JSON"

        found = owner.run(*_TEAM, "--apply", "--yes")

        assert (1, [_OURS]) == (found.status, _statements(owner, "team/web"))
        assert "cannot read the policy of team/api in us-east-1 with profile owner" in found.stderr

    def test_concurrent_change_of_one_is_kept(self, owner: Home, aws: FaultyAws) -> None:
        def change(answer: HttpResponse) -> HttpResponse:
            _set(owner, _FOREIGN, name="team/api")
            return answer

        aws.fail("GetRepositoryPolicy", change, times=1)

        found = owner.run(*_TEAM, "--apply", "--yes")

        assert (1, [_FOREIGN], [_OURS]) == (found.status, *(_statements(owner, f"team/{n}") for n in ("api", "web")))
        assert "the policy of team/api in us-east-1 was changed while this command ran" in found.stderr

    @in_one_form
    def test_reads_every_page(self, owner: Home) -> None:
        """AWS lists 1,000 repositories a page at most."""
        for number in range(1001):
            owner.aws.add_repository(PRIMARY, f"many/{number:04}")

        found = _well(owner.run(*_GRANT[:2], "--prefix", "many/100", *_GRANT[3:]))

        assert ["many/1000"] == [line.partition(" in ")[0] for line in found.stdout.splitlines() if "--apply" in line]
        assert 2 == owner.aws.count("DescribeRepositories")

    def test_may_name_the_host(self, owner: Home) -> None:
        owner.add_keys("bare", owner.aws.add_user(PRIMARY, "bare"))

        _well(
            owner.run(
                *(
                    "policy",
                    "grant",
                    "--prefix",
                    f"{HOST}/team/",
                    "--org",
                    _ORG,
                    "--profile",
                    "bare",
                    "--apply",
                    "--yes",
                )
            )
        )

        assert [_OURS] == _statements(owner, "team/api")

    def test_that_nothing_begins_with_is_one_line(self, owner: Home) -> None:
        line = _line(owner.run(*_GRANT[:2], "--prefix", "nobody/", *_GRANT[3:]), 1)

        assert "no repository begins with nobody/ in us-east-1 with profile owner; check the prefix" in line

    @pytest.mark.parametrize("prefix", ["Team/", "team:", "/team", f"{HOST}/", "team*"])
    def test_that_is_none_is_one_line(self, owner: Home, prefix: str) -> None:
        line = _line(owner.run(*_GRANT[:2], "--prefix", prefix, *_GRANT[3:]), 2)

        assert "is not the beginning of a repository's name; write it in lower case, such as team/" in line

    def test_denied_list_names_the_action(self, owner: Home, aws: FaultyAws) -> None:
        said = f"User: arn:aws:iam::{PRIMARY}:user/owner is not authorized to perform: ecr:DescribeRepositories"
        aws.fail("DescribeRepositories", faults.error("AccessDeniedException", said))

        line = _line(owner.run(*_TEAM), 1)

        assert "cannot list the repositories that begin with team/ in us-east-1 with profile owner: AWS denied" in line
        assert "allow ecr:DescribeRepositories in the principal's own policy" in line

    @pytest.mark.parametrize("arguments", [("app", "--prefix", "team/"), ()])
    def test_and_repository_are_alternatives(self, owner: Home, arguments: tuple[str, ...]) -> None:
        found = owner.run("policy", "grant", *arguments, "--org", _ORG)

        assert ("--prefix, not both" in found.stderr) == bool(arguments)

        assert (2, []) == (found.status, owner.aws.calls)
        assert "name a REPOSITORY, or the beginning of the names of several with --prefix" in found.stderr


_ONE_TF = """\
# For the AWS provider of the account that owns the repository, in us-east-1.
# This sets the whole policy of the repository: add the statements of others, which policy show prints.
resource "aws_ecr_repository_policy" "team_app_e46f7d74" {
  repository = "team/app"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EcrxPullOrga1b2c3d4e5"
        Effect    = "Allow"
        Principal = "*"
        Action = [
          "ecr:GetDownloadUrlForLayer",
          "ecr:BatchGetImage",
          "ecr:BatchCheckLayerAvailability",
        ]
        Condition = {
          StringEquals = {
            "aws:PrincipalOrgID" = "o-a1b2c3d4e5"
          }
        }
      },
    ]
  })
}
"""


class TestTerraform:
    def test_is_the_resource_with_the_statement(self, owner: Home) -> None:
        where = ("team/app", "--region", "us-east-1")
        arguments = ("policy", "grant", *where, "--org", _ORG, "--pull-only", "--terraform")

        assert (0, _ONE_TF, "") == owner.run(*arguments)
        assert [] == owner.aws.calls

    def test_of_a_prefix_is_for_each_repository(self, owner: Home) -> None:
        found = _well(owner.run("policy", "grant", "--prefix", "team/", "--to", SECONDARY, "--terraform"))

        names = "data.aws_ecr_repositories.team_f952360d.names"
        assert f'toset([for name in {names} : name if startswith(name, "team/")])' in found.stdout
        assert [] == owner.aws.calls

    @pytest.mark.parametrize(
        ("arguments", "partition"),
        [
            (("app", "--to", SECONDARY), "aws"),
            (("app", "--to", SECONDARY, "--region", "cn-north-1"), "aws-cn"),
            ((f"{PRIMARY}.dkr.ecr.us-gov-west-1.amazonaws.com/app", "--to", SECONDARY), "aws-us-gov"),
            (("app", "--to", SECONDARY, "--profile", "china"), "aws-cn"),
            (("app", "--to", SECONDARY, "--profile", "missing"), "aws"),
            (("app", "--to", f"arn:aws-cn:iam::{SECONDARY}:root"), "aws-cn"),
        ],
    )
    def test_has_the_partition_of_the_repository(self, owner: Home, arguments: tuple[str, ...], partition: str) -> None:
        owner.add_profile("china", region="cn-north-1")

        found = _well(owner.run("policy", "grant", *arguments, "--terraform"))

        assert f'AWS = "arn:{partition}:iam::{SECONDARY}:root"' in found.stdout

    def test_names_differ(self, owner: Home) -> None:
        places = [("--prefix", name) for name in ("team", "team/", "team.", "teams", "a-b", "a_b", "0a")]
        names = set()
        for place in (*places, *((name,) for name in ("team", "team/x", "team.x", "team-x"))):
            found = _well(owner.run("policy", "grant", *place, "--org", _ORG, "--terraform")).stdout
            (name,) = set(
                re.findall(r'^(?:data|resource) "aws_ecr_[a-z_]+" "([A-Za-z_][A-Za-z0-9_-]*)" {', found, re.MULTILINE)
            )
            assert f" in data.aws_ecr_repositories.{name}.names " in found or len(place) == 1
            names.add(name)

        assert len(places) + 4 == len(names)

    @pytest.mark.parametrize(
        ("arguments", "place"),
        [
            ((f"{HOST}/app",), f"account {PRIMARY}, in us-east-1"),
            (("app", "--profile", "owner"), "the account of profile owner, which owns the repository, in us-east-1"),
            (
                ("app", "--profile", "bare", "--region", "eu-west-1"),
                "the account of profile bare, which owns the repository, in eu-west-1",
            ),
            (("app",), "the account that owns the repository"),
            (("--prefix", f"{HOST}/team/"), f"account {PRIMARY}, in us-east-1"),
            (("--prefix", "team/"), "the account that owns the repositories"),
        ],
    )
    def test_says_for_which_account_and_region(self, owner: Home, arguments: tuple[str, ...], place: str) -> None:
        found = _well(owner.run("policy", "grant", *arguments, "--org", _ORG, "--terraform"))

        assert f"# For the AWS provider of {place}." in found.stdout.splitlines()

    @pytest.mark.parametrize("option", [(), ("--prefix",)])
    @pytest.mark.parametrize("host", ["images.example.com", "localhost:5000"])
    def test_of_an_unknown_host_is_one_line(self, owner: Home, option: tuple[str, ...], host: str) -> None:
        arguments = (*option, f"{host}/team/app", "--org", _ORG, "--terraform")

        line = _line(owner.run("policy", "grant", *arguments), 2)

        assert f"{host} is not the host of an ECR registry" in line

    @pytest.mark.parametrize(
        "arguments",
        [
            ("app", "--org", "o-x"),
            ("App", "--org", _ORG),
            *(("app", "--org", _ORG, option) for option in ("--apply", "--force", "--yes")),
        ],
    )
    def test_of_wrong_arguments_fails(self, owner: Home, arguments: tuple[str, ...]) -> None:
        found = owner.run("policy", "grant", *arguments, "--terraform")

        assert (2, "") == (found.status, found.stdout)


class TestWho:
    def test_lists_who_can_do_what(self, owner: Home) -> None:
        _set(
            owner,
            _OURS,
            _FOREIGN | {"Sid": "limited", "Action": _PULL, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
            {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": ["ecr:*"]},
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": _PULL[:2]},
            {"Sid": "NoPush", "Effect": "Deny", "Principal": {"AWS": ROLE}, "Action": "ecr:PutImage"},
        )

        lines = _well(owner.run("policy", "who", "app", "--profile", "owner")).stdout.splitlines()

        assert "app in us-east-1" == lines[0]
        rows = [tuple(line.strip().split("  ", 1)) for line in lines[1:]]
        assert [
            (f"its owner, account {PRIMARY}", "what its IAM policies allow"),
            (_EVERY, "push and pull"),
            (
                f"every principal of account {SECONDARY}",
                "push and pull under a condition on aws:PrincipalOrgID, aws:SecureTransport",
            ),
            (ROLE, 'pull, ecr:*, but not push; the statement "NoPush" denies some of it'),
            ("the AWS service lambda.amazonaws.com", "pull"),
        ] == [(name, does.strip()) for name, does in rows]

    def test_json_has_a_version_and_every_principal(self, owner: Home) -> None:
        _set(owner, _FOREIGN | {"Action": [*_PULL, "ecr:DescribeImages"]})

        found = _well(owner.run("policy", "who", f"{HOST}/app", "--profile", "owner", "--json")).answer

        assert {"schema_version": 1, "repository": "app", "region": "us-east-1", "owner": PRIMARY} == {
            name: value for name, value in found.items() if name != "access"
        }
        nothing: dict[str, Any] = {"statements": [], "denied_by": [], "conditions": []}
        account = {"kind": "account", "name": SECONDARY, "pull": "yes", "push": "no", "other": ["ecr:DescribeImages"]}
        assert [
            {"kind": "owner", "name": PRIMARY, "pull": "yes", "push": "yes", "other": ["ecr:*"]} | nothing,
            account | nothing | {"statements": ["theirs"]},
        ] == found["access"]

    def test_without_a_policy_is_the_owner_alone(self, owner: Home) -> None:
        found = _well(owner.run("policy", "who", "app", "--profile", "owner"))

        assert 2 == len(found.stdout.splitlines())

    def test_of_a_denied_principal_says_so(self, owner: Home) -> None:
        _set(owner, _FOREIGN, {"Sid": "Nobody", "Effect": "Deny", "Principal": "*", "Action": "ecr:*"})

        lines = _well(owner.run("policy", "who", "app", "--profile", "owner")).stdout.splitlines()

        assert lines[1].endswith('what its IAM policies allow; the statement "Nobody" denies some of it')
        assert lines[2].endswith('nothing; the statement "Nobody" denies some of it')

    def test_pull_needs_two_actions_alone(self, owner: Home) -> None:
        """AmazonEC2ContainerRegistryPullOnly has no BatchCheckLayerAvailability."""
        _set(owner, _FOREIGN | {"Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]})

        assert [("account", "yes", "no", [], [])] == _access(owner)[1:]

    @pytest.mark.parametrize("denied", [{"Principal": {"AWS": ROLE}}, {"Principal": {"AWS": [ROLE, SECONDARY + "0"]}}])
    def test_lists_a_role_that_is_denied_push(self, owner: Home, denied: dict[str, Any]) -> None:
        deny = {"Sid": "NoPush", "Effect": "Deny", "Action": "ecr:PutImage"} | denied
        _set(owner, _FOREIGN | {"Action": _PUSH}, deny)

        more = [action for action in _PUSH if action not in (*_PULL, "ecr:PutImage")]
        assert [("account", "yes", "yes", [], []), ("role", "yes", "no", more, ["NoPush"])] == _access(owner)[1:]
        (line,) = (line for line in _well(owner.run(*_WHO)).stdout.splitlines() if ROLE in line)
        assert line.endswith(', but not push; the statement "NoPush" denies some of it')

    def test_lists_a_role_that_alone_is_not_denied(self, owner: Home) -> None:
        deny = {"Sid": "NoPush", "Effect": "Deny", "NotPrincipal": {"AWS": [_ROOT, ROLE]}, "Action": _PUSH[3:]}
        _set(owner, _FOREIGN | {"Action": _PUSH}, deny)

        owned, account, *others = _access(owner)
        assert ("owner", "no", ["NoPush"]) == (owned[0], owned[2], owned[4])
        assert ("account", "yes", "no", [], ["NoPush"]) == account
        assert [("user", "yes", "yes", [], []), ("role", "yes", "yes", [], [])] == others

    def test_lists_an_account_that_is_denied_pull(self, owner: Home) -> None:
        _set(owner, _FOREIGN | {"Principal": "*", "Action": _PULL}, _FOREIGN | {"Sid": "Not", "Effect": "Deny"})

        more = ["ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
        found = _access(owner)[1:]
        assert [("anybody", "yes", "no", [], []), ("account", "no", "no", more, ["Not"])] == found

    def test_names_no_statement_that_denies_nothing_it_has(self, owner: Home) -> None:
        deny = {"Sid": "NoPush", "Effect": "Deny", "Principal": "*", "Action": _PUSH[3:]}
        _set(owner, _FOREIGN | {"Principal": {"AWS": ROLE}, "Action": _PULL}, deny)

        assert [("role", "yes", "no", [], [])] == _access(owner)[1:]

    @pytest.mark.parametrize(("action", "denied_by"), [("ecr:BatchDelete*", ["Some"]), ("ecr:Put*", [])])
    def test_names_what_denies_a_part_of_a_pattern(self, owner: Home, action: str, denied_by: list[str]) -> None:
        deny = {"Sid": "Some", "Effect": "Deny", "Principal": "*", "Action": action}
        _set(owner, _FOREIGN | {"Action": "ecr:Batch*"}, deny)

        assert [("account", "no", "no", ["ecr:Batch*"], denied_by)] == _access(owner)[1:]

    @pytest.mark.parametrize("operator", ["StringNotEquals", "StringNotLike"])
    def test_evaluates_a_condition_on_the_organization(self, owner: Home, operator: str) -> None:
        deny = {"Sid": "Others", "Effect": "Deny", "Principal": "*", "Action": "ecr:*"}
        of_others = {"Condition": {operator: {"aws:PrincipalOrgID": [_ORG]}}}
        _set(owner, _OURS, _FOREIGN | {"Action": _PULL}, deny | of_others)

        of_org: tuple[str, str, str, list[str], list[str]] = ("organization", "yes", "yes", [], [])
        assert [of_org, ("account", "condition", "condition", [], ["Others"])] == _access(owner)[1:]
        line = _well(owner.run(*_WHO)).stdout.splitlines()[3]
        assert 'push and pull under a condition on aws:PrincipalOrgID; the statement "Others" denies some of it' in line

    def test_lists_each_organization_of_a_condition(self, owner: Home) -> None:
        _set(owner, _OURS | {"Condition": {"StringLike": {"aws:PrincipalOrgID": [_ORG, _OTHER_ORG]}}})

        assert [("organization", "yes", "yes", [], [])] * 2 == _access(owner)[1:]

    def test_names_the_key_of_a_condition(self, owner: Home) -> None:
        secure = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
        _set(owner, _FOREIGN | {"Action": _PULL}, _FOREIGN | {"Sid": "x", "Action": "ecr:DescribeImages"} | secure)

        found = _well(owner.run(*_WHO, "--json")).answer["access"]
        assert [[], ["aws:SecureTransport"]] == [one["conditions"] for one in found]
        line = _well(owner.run(*_WHO)).stdout.splitlines()[2]
        assert line.endswith("pull, ecr:DescribeImages, some of it under a condition on aws:SecureTransport")

    def test_of_a_missing_repository_is_one_line(self, owner: Home) -> None:
        line = _line(owner.run("policy", "who", "nowhere", "--profile", "owner"), 1)

        assert "nowhere in us-east-1 with profile owner: the repository does not exist" in line
