"""``policy``: the owner grants and revokes access after a preview, and errors of AWS are one line."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from docker_credential_ecrx.demo.fake_aws import HttpResponse
from fakes import faults
from fakes.aws import Repository
from fakes.faults import FaultyAws
from support import terminals
from support.forms import in_one_form
from support.home import HOST, PRIMARY, ROLE, SECONDARY, Home, Result

_APP = Repository(PRIMARY, "us-east-1", "app")
_ROOT = f"arn:aws:iam::{SECONDARY}:root"
_SID = f"EcrxPushPull{SECONDARY}"
_FOREIGN = {
    "Sid": "new statement",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
    "Action": ["ecr:BatchGetImage", "ecr:PutImage"],
}
# The statement of AWS's article on access from a secondary account.
_ACTIONS = [
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchGetImage",
    "ecr:BatchCheckLayerAvailability",
    "ecr:PutImage",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
]
_EVERY = f"every principal of account {SECONDARY}"
_OURS: dict[str, Any] = {"Sid": _SID, "Effect": "Allow", "Principal": {"AWS": _ROOT}, "Action": _ACTIONS}
PROGRAM = "docker-credential-ecrx"
_GRANT = ("policy", "grant", "app", "--to", SECONDARY, "--profile", "owner")
_REVOKE = ("policy", "revoke", "app", "--to", SECONDARY, "--profile", "owner")
_SHOW = ("policy", "show", "app", "--profile", "owner")
_FOR_OTHERS = {"StringEquals": {"aws:SourceAccount": "333333333333"}}
_CONDITION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}


@pytest.fixture
def aws() -> Iterator[FaultyAws]:
    """Return a fake AWS, with principals in the accounts that policies name."""
    with FaultyAws() as aws:
        aws.add_role(ROLE)
        aws.add_user("333333333333", "other")
        yield aws


@pytest.fixture
def owner(home: Home) -> Home:
    """Return the home of the repository's owner, with a profile in us-east-1."""
    home.add_keys("owner", home.aws.add_user(PRIMARY, "owner"))
    home.add_profile("owner", region="us-east-1")
    home.aws.add_repository(PRIMARY, "app")
    return home


def _set(home: Home, *statements: dict[str, Any]) -> None:
    home.aws.add_repository(PRIMARY, "app", policy={"Version": "2008-10-17", "Statement": list(statements)})


def _policy(home: Home, repository: Repository = _APP) -> Any:  # noqa: ANN401 - JSON
    text = home.aws.ecr.repositories[repository]
    return text and json.loads(text)


def _sids(home: Home, repository: Repository = _APP) -> list[str]:
    return [statement["Sid"] for statement in _policy(home, repository)["Statement"]]


def _add_mfa_profile(home: Home) -> None:
    """Add the profile ``admin``, whose role requires an MFA code."""
    role, serial = f"arn:aws:iam::{PRIMARY}:role/admin", f"arn:aws:iam::{PRIMARY}:mfa/me"
    home.aws.add_role(role, trusts=[PRIMARY], mfa=True)
    home.add_profile("admin", role_arn=role, source_profile="owner", mfa_serial=serial, region="us-east-1")


def _well(found: Result) -> Result:
    assert found.status == 0, found
    return found


def _command_in(said: str) -> list[str]:
    """Return the arguments of the command at the end of a line."""
    program, *arguments = shlex.split(said.strip().rpartition(": ")[2])
    assert program == "docker-credential-ecrx"
    return arguments


def _line(found: Result, status: int = 1) -> str:
    """Return the one line of a failure."""
    assert found.status == status, found
    (line,) = found.stderr.splitlines()
    assert line.startswith("docker-credential-ecrx: ")
    return line


class TestGrant:
    def test_prints_document_and_diff_and_changes_nothing(self, owner: Home) -> None:
        _set(owner, _FOREIGN)

        found = _well(owner.run(*_GRANT))

        document, end = json.JSONDecoder().raw_decode(found.stdout)
        assert ["new statement", _SID] == [statement["Sid"] for statement in document["Statement"]]
        assert f'+      "Sid": "{_SID}",' in found.stdout[end:].splitlines()
        assert "nothing has been changed yet" in found.stderr
        assert ["new statement"] == _sids(owner)
        assert 0 == owner.aws.count("SetRepositoryPolicy")

    def test_warns_of_statement_that_denies_the_principal(self, owner: Home) -> None:
        deny = {"Sid": "Nobody", "Effect": "Deny", "Principal": "*", "Action": "ecr:*"}
        _set(owner, deny)

        found = owner.run(*_GRANT, "--apply")

        assert (1, f"app in us-east-1: the grant to {_EVERY} has no effect\n") == (found.status, found.stdout)
        assert f'{_ROOT} is still denied access by the statement "Nobody"; see policy show' in found.stderr
        assert ["Nobody", _SID] == _sids(owner)

    def test_warns_of_conditional_deny(self, owner: Home) -> None:
        condition = {"Bool": {"aws:SecureTransport": "false"}}
        _set(owner, {"Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Condition": condition})

        said = _well(owner.run(*_GRANT)).stderr

        assert 'is still denied access under a condition by the statement "number 1"' in said

    def test_fails_if_not_action_denies_the_rest(self, owner: Home) -> None:
        """A Deny of everything except some actions still keeps the principal out."""
        _set(owner, {"Sid": "Nobody", "Effect": "Deny", "Principal": "*", "NotAction": "ecr:DescribeImages"})

        found = owner.run(*_GRANT)

        assert (1, True) == (found.status, 'still denied access by the statement "Nobody"' in found.stderr)

    def test_names_the_command_that_applies_it(self, owner: Home) -> None:
        said = _well(owner.run(*_GRANT, "--pull-only", "--region", "us-east-1")).stderr

        program, *arguments = shlex.split(said.partition("to make the change: ")[2])
        assert program == "docker-credential-ecrx"
        _well(owner.run(*arguments))
        assert [f"EcrxPull{SECONDARY}"] == _sids(owner)

    def test_applied_sets_the_statement_of_awss_article(self, owner: Home) -> None:
        found = _well(owner.run(*_GRANT, "--apply"))

        assert {"Version": "2012-10-17", "Statement": [_OURS]} == _policy(owner)
        assert (f"app in us-east-1: {_EVERY} can push and pull\n", "") == (found.stdout, found.stderr)

    def test_applied_again_sets_nothing(self, owner: Home) -> None:
        _well(owner.run(*_GRANT, "--apply"))
        found = _well(owner.run(*_GRANT, "--apply"))

        assert 1 == owner.aws.count("SetRepositoryPolicy")
        assert "nothing to grant" in found.stderr

    def test_of_pulls_can_be_extended_to_pushes(self, owner: Home) -> None:
        _well(owner.run(*_GRANT, "--pull-only", "--apply"))
        assert [f"EcrxPull{SECONDARY}"] == _sids(owner)

        _well(owner.run(*_GRANT, "--apply"))

        assert [_SID] == _sids(owner)

    @pytest.mark.parametrize("options", [(), ("--force",)])
    def test_of_pulls_takes_no_push_away(self, owner: Home, options: tuple[str, ...]) -> None:
        """It says that push stays, and the command that it names takes it."""
        _set(owner, _FOREIGN)
        _well(owner.run(*_GRANT, "--apply"))
        before = _policy(owner)

        preview = _well(owner.run(*_GRANT, "--pull-only", *options))
        applied = _well(owner.run(*_GRANT, "--pull-only", "--apply", *options))

        assert (before, 1) == (_policy(owner), owner.aws.count("SetRepositoryPolicy"))
        assert f"app in us-east-1: {_EVERY} can push and pull\n" == applied.stdout
        for found in (preview, applied):
            assert f"{_EVERY} could already push, and grant takes nothing away; to take it: " in found.stderr
        for command in applied.stderr.strip().partition("to take it: ")[2].split(" && "):
            _well(owner.run(*shlex.split(command)[1:]))
        assert ["new statement", f"EcrxPull{SECONDARY}"] == _sids(owner)

    def test_of_pulls_keeps_both_statements(self, owner: Home) -> None:
        """Both kinds may have been granted, one after the other, by an earlier version."""
        pull = _OURS | {"Sid": f"EcrxPull{SECONDARY}", "Action": _ACTIONS[:3]}
        _set(owner, pull, _OURS)

        _well(owner.run(*_GRANT, "--pull-only", "--apply"))

        assert [pull, _OURS] == _policy(owner)["Statement"]

    @pytest.mark.parametrize(
        ("to", "options", "effect"),
        [
            (SECONDARY, (), f"{_EVERY} can push and pull"),
            (SECONDARY, ("--pull-only",), f"{_EVERY} can pull"),
            (ROLE, (), f"{ROLE} can push and pull"),
            (ROLE, ("--pull-only",), f"{ROLE} can pull"),
        ],
    )
    def test_says_in_a_sentence_who_can_do_what(
        self, owner: Home, to: str, options: tuple[str, ...], effect: str
    ) -> None:
        grant = ("policy", "grant", "app", "--to", to, "--profile", "owner", *options)

        preview = _well(owner.run(*grant))

        assert f"app in us-east-1: with --apply, {effect}" == preview.stdout.splitlines()[-1]
        assert f"app in us-east-1: {effect}\n" == _well(owner.run(*grant, "--apply")).stdout
        assert f"app in us-east-1: {effect}\n" == _well(owner.run(*grant, "--apply")).stdout

    def test_keeps_other_statements(self, owner: Home) -> None:
        statements = [
            _FOREIGN,
            {**_FOREIGN, "Sid": "ünïcode", "Effect": "Deny", "Condition": {"Bool": {"a:b": "true"}}},
        ]
        _set(owner, *statements)

        _well(owner.run(*_GRANT, "--apply"))

        assert {"Version": "2008-10-17", "Statement": [*statements, _policy(owner)["Statement"][2]]} == _policy(owner)

    def test_accepts_a_statement_outside_a_list(self, owner: Home) -> None:
        owner.aws.add_repository(PRIMARY, "app", policy={"Version": "2008-10-17", "Statement": _FOREIGN})

        _well(owner.run(*_GRANT, "--apply"))

        assert ["new statement", _SID] == _sids(owner)

    @pytest.mark.parametrize("to", [_ROOT, ROLE, f"arn:aws:iam::{SECONDARY}:user/ci"])
    def test_accepts_root_role_and_user(self, owner: Home, to: str) -> None:
        owner.aws.add_user(SECONDARY, "ci")

        _well(owner.run("policy", "grant", "app", "--to", to, "--profile", "owner", "--apply"))

        (statement,) = _policy(owner)["Statement"]
        assert {"AWS": to} == statement["Principal"]

    def test_takes_account_and_region_from_host(self, owner: Home) -> None:
        there = owner.aws.add_repository(PRIMARY, "team/app", region="eu-west-1")
        host = HOST.replace("us-east-1", "eu-west-1")

        _well(owner.run("policy", "grant", f"{host}/team/app", "--to", SECONDARY, "--profile", "owner", "--apply"))

        assert [_SID] == _sids(owner, there)

    def test_uses_the_partition_of_the_region(self, owner: Home) -> None:
        owner.aws.add_role(f"arn:aws-cn:iam::{SECONDARY}:role/puller")
        there = owner.aws.add_repository(PRIMARY, "app", region="cn-north-1")

        _well(owner.run(*_GRANT, "--region", "cn-north-1", "--apply"))

        (statement,) = _policy(owner, there)["Statement"]
        assert {"AWS": f"arn:aws-cn:iam::{SECONDARY}:root"} == statement["Principal"]

    @pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
    def test_needs_no_profile_with_environment_keys_and_region(self, owner: Home, variable: str) -> None:
        keys = owner.aws.add_user(PRIMARY, "ci")
        env = {"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1], variable: "us-east-1"}

        _well(owner.run("policy", "grant", "app", "--to", SECONDARY, "--apply", env=env))

        assert [_SID] == _sids(owner)

    def test_of_one_repository_asks_nothing(self, owner: Home) -> None:
        status, seen = terminals.run([owner.program, *_GRANT, "--apply"], owner.env)

        assert (0, False, [_SID]) == (status, "[y/N]" in seen, _sids(owner))

    def test_of_a_recreated_role_needs_force(self, owner: Home) -> None:
        """AWS then has an ID in place of the role's ARN, so the statement differs from ours."""
        grant = ("policy", "grant", "app", "--to", ROLE, "--profile", "owner", "--apply")
        _well(owner.run(*grant))
        (statement,) = _policy(owner)["Statement"]
        _set(owner, statement | {"Principal": {"AWS": "AROAEXAMPLEEXAMPLE00"}})

        _well(owner.run(*_command_in(_line(owner.run(*grant)))))

        assert [statement] == _policy(owner)["Statement"]


class TestRevoke:
    def test_prints_document_and_diff_and_changes_nothing(self, owner: Home) -> None:
        _set(owner, _FOREIGN)
        _well(owner.run(*_GRANT, "--apply"))

        found = _well(owner.run(*_REVOKE))

        document, end = json.JSONDecoder().raw_decode(found.stdout)
        assert [_FOREIGN] == document["Statement"]
        assert f'-      "Sid": "{_SID}",' in found.stdout[end:].splitlines()
        assert "policy revoke app" in found.stderr
        assert ["new statement", _SID] == _sids(owner)

    def test_applied_restores_the_original_policy(self, owner: Home) -> None:
        _set(owner, _FOREIGN)
        before = _policy(owner)
        _well(owner.run(*_GRANT, "--apply"))

        _well(owner.run(*_REVOKE, "--apply"))

        assert before == _policy(owner)

    def test_of_the_last_statement_deletes_the_policy(self, owner: Home) -> None:
        _well(owner.run(*_GRANT, "--apply"))

        found = _well(owner.run(*_REVOKE, "--apply"))

        assert _policy(owner) is None
        assert "only the repository's own account has access" in found.stdout

    def test_applied_again_sets_nothing(self, owner: Home) -> None:
        _set(owner, _FOREIGN)

        assert "nothing to revoke" in _well(owner.run(*_REVOKE, "--apply")).stderr
        assert 0 == owner.aws.count("SetRepositoryPolicy")

    def test_without_a_policy_succeeds(self, owner: Home) -> None:
        assert "nothing to revoke" in _well(owner.run(*_REVOKE, "--apply")).stderr

    def test_fails_if_another_statement_still_allows(self, owner: Home) -> None:
        _set(owner, _FOREIGN | {"Principal": {"AWS": _ROOT}})
        _well(owner.run(*_GRANT, "--apply"))

        found = owner.run(*_REVOKE, "--apply")

        assert 1 == found.status
        assert 'still has access by the statement "new statement"' in found.stderr
        assert ["new statement"] == _sids(owner)

    def test_fails_if_not_action_still_allows(self, owner: Home) -> None:
        statement = {key: value for key, value in _FOREIGN.items() if key != "Action"}
        _set(owner, statement | {"Principal": {"AWS": _ROOT}, "NotAction": "ecr:DeleteRepository"})

        found = owner.run(*_REVOKE, "--apply")

        assert (1, True) == (found.status, 'still has access by the statement "new statement"' in found.stderr)

    def test_of_a_role_leaves_the_grant_of_its_account(self, owner: Home) -> None:
        for to in (SECONDARY, ROLE):
            _well(owner.run("policy", "grant", "app", "--to", to, "--profile", "owner", "--apply"))

        found = owner.run("policy", "revoke", "app", "--to", ROLE, "--profile", "owner", "--apply")

        assert [_SID] == _sids(owner)
        assert (1, True) == (found.status, _SID in found.stderr)


# Changes that an owner may make to a granted statement, and the element that differs then.
_CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"Condition": _CONDITION}, "Condition"),
    ({"Effect": "Deny"}, "Effect"),
    ({"Principal": {"AWS": [_ROOT, "arn:aws:iam::333333333333:root"]}}, "Principal"),
    ({"Principal": {"AWS": _ROOT, "Service": "codebuild.amazonaws.com"}}, "Principal"),
    ({"Principal": "*"}, "Principal"),
    ({"Action": ["ecr:BatchGetImage"]}, "Action"),
    ({"Action": "ecr:*"}, "Action"),
]


@in_one_form
class TestChangedStatement:
    """It belongs to its owner: it is neither replaced nor deleted, and the error says what to do."""

    @pytest.mark.parametrize(("changes", "element"), _CHANGES)
    def test_is_replaced_only_with_force(self, owner: Home, changes: dict[str, Any], element: str) -> None:
        """The error names the statement, what differs in it, and the command that replaces it."""
        _set(owner, _OURS | changes, _FOREIGN)
        before = _policy(owner)

        line = _line(owner.run(*_GRANT, "--apply"))

        assert f'the statement "{_SID}" differs from what this program writes ({element})' in line
        assert (before, 0) == (_policy(owner), owner.aws.count("SetRepositoryPolicy"))
        _well(owner.run(*_command_in(line)))
        assert [_OURS, _FOREIGN] == _policy(owner)["Statement"]

    @pytest.mark.parametrize(("changes", "element"), _CHANGES)
    def test_is_deleted_only_with_force(self, owner: Home, changes: dict[str, Any], element: str) -> None:
        """The error names the statement, what differs in it, and the command that deletes it."""
        _set(owner, _OURS | changes, _FOREIGN)
        before = _policy(owner)

        found = owner.run(*_REVOKE, "--apply")

        assert (1, before) == (found.status, _policy(owner))
        (line,) = (line for line in found.stderr.splitlines() if "so it is kept" in line)
        assert f'the statement "{_SID}" differs from what this program writes ({element})' in line
        _well(owner.run(*_command_in(line)))
        assert [_FOREIGN] == _policy(owner)["Statement"]

    def test_blocks_a_grant_of_the_other_kind(self, owner: Home) -> None:
        """A grant of pulls beside a changed grant of pushes would take nothing back."""
        _set(owner, _OURS | {"Condition": _CONDITION})

        line = _line(owner.run(*_GRANT, "--pull-only", "--apply"))

        assert [_SID] == _sids(owner)
        assert "to replace it with one that grants pull and not push: " in line
        _well(owner.run(*_command_in(line)))
        assert [f"EcrxPull{SECONDARY}"] == _sids(owner)

    @pytest.mark.parametrize("options", [(), ("--apply",)])
    @pytest.mark.parametrize(("changes", "element"), _CHANGES)
    def test_loses_push_with_a_note(
        self, owner: Home, changes: dict[str, Any], element: str, options: tuple[str, ...]
    ) -> None:
        """Its changed element and the push are gone then, and the preview and the change say both."""
        _set(owner, _OURS | changes)

        found = _well(owner.run(*_GRANT, "--pull-only", "--force", *options))

        says = f'the statement "{_SID}" differs from what this program writes ({element}), and --force replaces it'
        assert f"{says} with one that grants pull and not push\n" in found.stderr

    def test_of_pulls_loses_only_the_change(self, owner: Home) -> None:
        pull = _OURS | {"Sid": f"EcrxPull{SECONDARY}", "Action": _ACTIONS[:3]}
        _set(owner, pull | {"Condition": _CONDITION})

        found = _well(owner.run(*_GRANT, "--pull-only", "--force", "--apply"))

        assert [pull] == _policy(owner)["Statement"]
        assert "(Condition), and --force replaces it\n" in found.stderr

    def test_stays_when_others_are_deleted(self, owner: Home) -> None:
        """Both kinds were granted, and one statement now has a condition."""
        pull = _OURS | {"Sid": f"EcrxPull{SECONDARY}", "Action": _ACTIONS[:3], "Condition": _CONDITION}
        _set(owner, _OURS, pull)

        found = owner.run(*_REVOKE, "--apply")

        assert (1, [pull]) == (found.status, _policy(owner)["Statement"])
        assert f'still has access under a condition by the statement "{pull["Sid"]}"' in found.stderr

    @pytest.mark.parametrize(
        "form",
        [{"AWS": SECONDARY}, {"AWS": [SECONDARY]}, {"AWS": [_ROOT]}],
        ids=["id", "list of an id", "list"],
    )
    def test_accepts_the_forms_that_aws_returns(self, owner: Home, form: dict[str, Any]) -> None:
        _set(owner, _FOREIGN, _OURS | {"Principal": form, "Action": sorted(_ACTIONS)})

        assert "nothing to grant" in _well(owner.run(*_GRANT, "--apply")).stderr
        _well(owner.run(*_REVOKE, "--apply"))
        assert ["new statement"] == _sids(owner)


@in_one_form
class TestStillAllowed:
    """``revoke`` succeeds only if nothing still allows the principal or what belongs to it."""

    @pytest.mark.parametrize(
        ("to", "changes"),
        [
            (SECONDARY, {"Principal": {"AWS": ROLE}}),
            (SECONDARY, {"Principal": {"AWS": f"arn:aws:iam::{SECONDARY}:role/team/puller"}}),
            (SECONDARY, {"Principal": {"AWS": f"arn:aws:iam::{SECONDARY}:user/ci"}}),
            (SECONDARY, {"Principal": {"AWS": f"arn:aws:sts::{SECONDARY}:assumed-role/puller/session"}}),
            (SECONDARY, {"Principal": {"AWS": f"arn:aws:sts::{SECONDARY}:federated-user/me"}}),
            (SECONDARY, {"Principal": {"AWS": SECONDARY}}),
            (SECONDARY, {"Principal": {"AWS": ["333333333333", _ROOT]}}),
            (SECONDARY, {"Principal": "*"}),
            (SECONDARY, {"Principal": {"AWS": "*"}, "Action": "*"}),
            (SECONDARY, {"Principal": "*", "Condition": _CONDITION}),
            (SECONDARY, {"Principal": {"Service": "lambda.amazonaws.com"}}),
            (SECONDARY, {"NotPrincipal": {"AWS": "333333333333"}}),
            (SECONDARY, {"NotPrincipal": {"AWS": _ROOT}}),
            (ROLE, {"Principal": {"AWS": _ROOT}}),
            (ROLE, {"Principal": {"AWS": SECONDARY}}),
            (ROLE, {"Principal": "*"}),
            (ROLE, {"Principal": {"AWS": f"arn:aws:sts::{SECONDARY}:assumed-role/puller/session"}}),
            (ROLE, {"NotPrincipal": {"AWS": [_ROOT, ROLE]}}),
        ],
    )
    def test_statement_is_named(self, owner: Home, to: str, changes: dict[str, Any]) -> None:
        statement = {key: value for key, value in _FOREIGN.items() if key != "Principal"} | changes
        _set(owner, statement)
        owner.run("policy", "grant", "app", "--to", to, "--profile", "owner", "--apply")

        found = owner.run("policy", "revoke", "app", "--to", to, "--profile", "owner", "--apply")

        when = " under a condition" if "Condition" in changes else ""
        assert (1, True) == (found.status, f'still has access{when} by the statement "new statement"' in found.stderr)

    @pytest.mark.parametrize(
        ("to", "changes"),
        [
            (SECONDARY, {"Principal": {"AWS": "333333333333"}}),
            (SECONDARY, {"Principal": {"AWS": "arn:aws:iam::333333333333:role/puller"}}),
            (SECONDARY, {"Principal": {"Service": "codebuild.amazonaws.com"}, "Condition": _FOR_OTHERS}),
            (SECONDARY, {"Principal": {"AWS": ROLE}, "Action": "ecr:DescribeImages"}),
            (ROLE, {"Principal": {"AWS": f"arn:aws:iam::{SECONDARY}:role/other"}}),
            (ROLE, {"Principal": {"AWS": f"arn:aws:sts::{SECONDARY}:assumed-role/other/puller"}}),
        ],
    )
    def test_succeeds_if_nothing_allows(self, owner: Home, to: str, changes: dict[str, Any]) -> None:
        _set(owner, _FOREIGN | changes)
        before = _policy(owner)
        owner.aws.add_role(f"arn:aws:iam::{SECONDARY}:role/other")
        owner.aws.add_user("333333333333", "puller")

        found = _well(owner.run("policy", "revoke", "app", "--to", to, "--profile", "owner", "--apply"))

        assert (True, before) == ("still" not in found.stderr, _policy(owner))


@in_one_form
class TestConcurrentChange:
    """The policy is read again right before it is set: AWS has no precondition for that."""

    @pytest.fixture
    def meanwhile(self, owner: Home, aws: FaultyAws) -> dict[str, Any]:
        """Have another client set a policy after this program has read the current one; return the new one."""
        _set(owner, _FOREIGN)
        theirs = {"Version": "2012-10-17", "Statement": [_FOREIGN | {"Action": "ecr:ListImages"}]}

        def change(answer: HttpResponse) -> HttpResponse:
            owner.aws.add_repository(PRIMARY, "app", policy=theirs)
            return answer

        aws.fail("GetRepositoryPolicy", change, times=1)
        return theirs

    @pytest.mark.parametrize("arguments", [_GRANT, _REVOKE], ids=["grant", "revoke"])
    def test_is_not_overwritten(self, owner: Home, meanwhile: dict[str, Any], arguments: tuple[str, ...]) -> None:
        if arguments == _REVOKE:
            _set(owner, _OURS)
            meanwhile["Statement"].append(_OURS)

        found = owner.run(*arguments, "--apply")

        line = _line(found)
        assert "the policy of app in us-east-1 was changed while this command ran, so it is not set" in line
        assert (meanwhile, 0) == (_policy(owner), owner.aws.count("SetRepositoryPolicy"))
        # The second diff is against the current policy.
        shown = found.stdout.rpartition("--- current policy")[2]
        assert '       "Action": "ecr:ListImages"' in shown.splitlines()
        sign = "+" if arguments == _GRANT else "-"
        assert f'{sign}      "Sid": "{_SID}",' in shown.splitlines()

    def test_survives_a_second_run(self, owner: Home, meanwhile: dict[str, Any]) -> None:
        line = _line(owner.run(*_GRANT, "--apply"))

        found = owner.run(*_command_in(line))

        assert 0 == found.status, found
        assert [*meanwhile["Statement"], _OURS] == _policy(owner)["Statement"]

    @pytest.mark.usefixtures("meanwhile")
    def test_is_noticed_if_policy_was_deleted(self, owner: Home, aws: FaultyAws) -> None:
        aws.clear_faults()

        def delete(answer: HttpResponse) -> HttpResponse:
            owner.aws.add_repository(PRIMARY, "app")
            return answer

        aws.fail("GetRepositoryPolicy", delete, times=1)

        assert "was changed while this command ran" in _line(owner.run(*_GRANT, "--apply"))
        assert _policy(owner) is None

    def test_is_not_checked_if_nothing_is_set(self, owner: Home) -> None:
        _well(owner.run(*_GRANT))

        assert 1 == owner.aws.count("GetRepositoryPolicy")


class TestShow:
    def test_prints_summary_and_policy(self, owner: Home) -> None:
        _set(owner, _FOREIGN)
        _well(owner.run(*_GRANT, "--apply"))

        lines = _well(owner.run(*_SHOW)).stdout.splitlines()

        assert f"{_SID}  {_ROOT} may push and pull" in [line.strip() for line in lines]
        assert '      "Sid": "new statement",' in lines

    def test_json_prints_only_the_document(self, owner: Home) -> None:
        _set(owner, _FOREIGN)

        assert _policy(owner) == _well(owner.run(*_SHOW, "--json")).answer

    @pytest.mark.parametrize("options", [(), ("--json",)])
    def test_without_policy_names_the_grant_command(self, owner: Home, options: tuple[str, ...]) -> None:
        found = owner.run(*_SHOW, *options)

        assert "" == found.stdout
        line = _line(found)
        assert "app in us-east-1 with profile owner has no repository policy" in line
        assert "policy grant app --to ACCOUNT --profile owner" in line


class TestOwnHost:
    """A host name of the user's own stands for the registry that config.toml names."""

    @pytest.fixture
    def owner(self, owner: Home) -> Home:
        """Return the home of an owner who has two such hosts, without a region."""
        hosts = ("images.example.com", "localhost:5000")
        owner.configure("".join(f'[[registry]]\nmatch = "{host}"\nregistry = "{HOST}"\n' for host in hosts))
        owner.add_keys("bare", owner.aws.add_user(PRIMARY, "bare"))
        return owner

    @pytest.mark.parametrize("host", ["images.example.com", "IMAGES.example.com", "localhost:5000"])
    def test_is_the_host_of_the_registry(self, owner: Home, host: str) -> None:
        _set(owner, _FOREIGN)

        of_host, of_ecr = (owner.run("policy", "show", f"{name}/app", "--profile", "bare") for name in (host, HOST))

        assert (0, of_ecr) == (of_host.status, of_host)

    @pytest.mark.parametrize("verb", ["grant", "revoke"])
    def test_is_changed(self, owner: Home, verb: str) -> None:
        _set(owner, _FOREIGN, *([] if verb == "grant" else [_OURS]))

        _well(owner.run("policy", verb, "images.example.com/app", "--to", SECONDARY, "--profile", "bare", "--apply"))

        assert (_SID in _sids(owner)) == (verb == "grant")

    def test_needs_a_repository(self, owner: Home) -> None:
        line = _line(owner.run("policy", "show", "images.example.com", "--profile", "owner"), 2)

        assert "images.example.com is not a repository's name" in line

    def test_region_is_the_registrys(self, owner: Home) -> None:
        line = _line(owner.run("policy", "show", "images.example.com/app", "--region", "eu-west-1"), 2)

        assert "images.example.com is in us-east-1, not in eu-west-1; omit --region" in line

    def test_without_an_entry_is_a_name(self, owner: Home) -> None:
        owner.aws.add_repository(PRIMARY, "other.example.com/app", policy={"Statement": [_FOREIGN]})

        found = _well(owner.run("policy", "show", "other.example.com/app", "--profile", "owner"))

        assert "other.example.com/app in us-east-1" in found.stdout


class TestOwnAccount:
    """An account's principals need no statement for its own repositories, but their own policies."""

    @pytest.mark.parametrize("to", [PRIMARY, f"arn:aws:iam::{PRIMARY}:root"])
    @pytest.mark.parametrize("repository", ["app", f"{HOST}/app"])
    @pytest.mark.parametrize("statements", [[], [_FOREIGN]])
    def test_is_granted_nothing(self, owner: Home, to: str, repository: str, statements: list[dict[str, Any]]) -> None:
        if statements:
            _set(owner, *statements)
        before = owner.aws.ecr.repositories[_APP]

        done = owner.run("policy", "grant", repository, "--to", to, "--profile", "owner", "--apply")

        assert 0 == done.status, done
        assert f"nothing to grant to app in us-east-1 with profile owner: account {PRIMARY} owns it, " in done.stderr
        assert before == owner.aws.ecr.repositories[_APP]

    def test_role_is_granted_access(self, owner: Home) -> None:
        role = f"arn:aws:iam::{PRIMARY}:role/ci"
        owner.aws.add_role(role)

        _well(owner.run("policy", "grant", "app", "--to", role, "--profile", "owner", "--apply"))

        assert role == _policy(owner)["Statement"][0]["Principal"]["AWS"]

    def test_earlier_grant_is_revoked(self, owner: Home) -> None:
        arn = f"arn:aws:iam::{PRIMARY}:root"
        _set(owner, _FOREIGN, _OURS | {"Sid": f"EcrxPushPull{PRIMARY}", "Principal": {"AWS": arn}})

        owner.run("policy", "revoke", "app", "--to", PRIMARY, "--profile", "owner", "--apply")

        assert ["new statement"] == _sids(owner)


class TestErrors:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("nowhere", "--to", SECONDARY), "nowhere in us-east-1 with profile owner: the repository does not exist"),
            (
                ("app", "--to", SECONDARY, "--region", "eu-west-1"),
                "app in eu-west-1 with profile owner: the repository does not exist",
            ),
            (("app", "--to", "2222"), "app in us-east-1 with profile owner: 2222 is neither an account ID"),
            (("app", "--to", f"{_ROOT}x"), "is neither an account ID nor the ARN"),
            (
                ("app", "--to", "arn:aws-cn:iam::222222222222:root"),
                "is in the partition aws-cn, and the repository is in aws",
            ),
            (
                ("app", "--to", SECONDARY, "--region", "cn-north-1"),
                "app in cn-north-1 with profile owner: the repository does not exist",
            ),
            (("app:latest", "--to", SECONDARY), "without a tag"),
            (("app", "--to", SECONDARY, "--region", "Ohio"), "Ohio is not an AWS region"),
            ((f"{HOST}/app", "--to", SECONDARY, "--region", "eu-west-1"), "omit --region"),
            (("public.ecr.aws/x/app", "--to", SECONDARY), "ECR Public"),
        ],
    )
    @pytest.mark.parametrize("verb", ["grant", "revoke"])
    def test_are_one_line(self, owner: Home, verb: str, arguments: tuple[str, ...], words: str) -> None:
        found = owner.run("policy", verb, *arguments, "--profile", "owner", "--apply")

        assert words in _line(found, 1 if "does not exist" in words else 2)
        assert "" == found.stdout

    @pytest.mark.parametrize("to", ["999999999999", f"arn:aws:iam::{SECONDARY}:role/nobody"])
    def test_name_a_missing_principal(self, owner: Home, to: str) -> None:
        _set(owner, _FOREIGN)

        line = _line(owner.run("policy", "grant", "app", "--to", to, "--profile", "owner", "--apply"))

        assert f"app in us-east-1 with profile owner: the principal arn:aws:iam::{to.rpartition(':')[2]}" in line or (
            f"app in us-east-1 with profile owner: the principal {to} does not exist" in line
        )
        assert "does not exist" in line
        assert ["new statement"] == _sids(owner)

    def test_name_a_missing_principal_in_newer_wording(self, owner: Home, aws: FaultyAws) -> None:
        said = "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'"
        aws.fail("SetRepositoryPolicy", faults.error("InvalidParameterException", said))

        assert f"the principal {_ROOT} does not exist" in _line(owner.run(*_GRANT, "--apply"))

    def test_name_deleted_principal_of_another_statement(self, owner: Home) -> None:
        _set(owner, _FOREIGN | {"Principal": {"AWS": "AROAEXAMPLEEXAMPLE00"}})

        assert f"the principal AROAEXAMPLEEXAMPLE00 or {_ROOT} does not exist" in _line(owner.run(*_GRANT, "--apply"))

    @pytest.mark.parametrize("operation", ["GetRepositoryPolicy", "SetRepositoryPolicy"])
    def test_name_the_action_that_the_owner_lacks(self, owner: Home, aws: FaultyAws, operation: str) -> None:
        user = f"arn:aws:iam::{PRIMARY}:user/owner"
        said = f"User: {user} is not authorized to perform: ecr:{operation} on resource: {_APP.arn}"
        aws.fail(operation, faults.error("AccessDeniedException", said))

        line = _line(owner.run(*_GRANT, "--apply"))

        assert f"app in us-east-1 with profile owner: AWS denied {operation} at 127.0.0.1: {said}" in line
        assert f"allow ecr:{operation} in the principal's own policy" in line

    def test_of_foreign_repository_suggest_owners_profile(self, owner: Home) -> None:
        owner.add_keys("secondary", owner.aws.add_user(SECONDARY, "base"))

        line = _line(owner.run("policy", "show", f"{HOST}/app", "--profile", "secondary"))

        assert "app in us-east-1 with profile secondary: AWS denied GetRepositoryPolicy" in line
        assert line.endswith(f"; choose the owner's profile with --profile, or ask account {PRIMARY}")

    def test_without_credentials_say_so(self, owner: Home) -> None:
        line = _line(owner.run("policy", "show", "app", "--region", "us-east-1"))

        assert "app in us-east-1 with the default credential chain: there are no AWS credentials" in line

    def test_of_a_variable_that_names_no_file_name_it(self, owner: Home) -> None:
        """The region would come from that file."""
        found = owner.run("policy", "show", "app", "--profile", "owner", env={"AWS_CONFIG_FILE": "/proc/nope"})

        remedy = "unset AWS_CONFIG_FILE or fix it, or name the region with --region"
        said = f": no region is set (AWS_CONFIG_FILE names /proc/nope, which does not exist); {remedy}"
        assert _line(found).endswith(said)

    def test_without_credentials_suggest_configuration(self, owner: Home) -> None:
        """The remedy is to configure credentials or to name the owner's profile."""
        line = _line(owner.run("policy", "show", "app", "--region", "us-east-1"))

        command = f"{PROGRAM} policy show app --region us-east-1 --profile owner"
        assert line.endswith(f"; create some with aws configure, or use your AWS profile owner: {command}")

    def test_with_another_profile_name_it_before_the_arguments(self, owner: Home) -> None:
        line = _line(owner.run("policy", "show", "--profile", "ownr", "--region=us-east-1", "--", "app"))

        assert line.endswith(f": {PROGRAM} policy show --region=us-east-1 --profile owner -- app")

    def test_of_an_unknown_profile_name_it(self, owner: Home) -> None:
        line = _line(owner.run("policy", "show", "app", "--region", "us-east-1", "--profile", "nobody"))

        assert "app in us-east-1 with profile nobody: the AWS profile nobody does not exist" in line

    def test_of_a_misspelt_profile_suggest_the_similar_one(self, owner: Home) -> None:
        given = ["policy", "grant", "app", "--to", SECONDARY, "--region=us-east-1"]
        for option in (["--profile", "ownr"], ["--profile=ownr"]):
            line = _line(owner.run(*given, *option, "--apply"))

            command = shlex.join([PROGRAM, *given, "--apply", "--profile", "owner"])
            assert line.endswith(f"; if you meant owner (aws configure --profile ownr creates ownr): {command}")
        assert 0 == owner.run(*shlex.split(command)[1:]).status

    @pytest.mark.parametrize(
        ("arguments", "options"),
        [
            (("nowhere", "--profile", "owner"), " --region us-east-1 --profile owner"),
            (("nowhere", "--profile", "owner", "--region", "eu-west-1"), " --region eu-west-1 --profile owner"),
            ((f"{HOST}/nowhere", "--profile", "owner"), f" --region us-east-1 --registry-id {PRIMARY} --profile owner"),
            (("nowhere", "--region", "eu-west-1"), " --region eu-west-1"),
        ],
        ids=["profile", "region", "host", "environment"],
    )
    def test_of_a_missing_repository_name_the_list_command(
        self, owner: Home, arguments: tuple[str, ...], options: str
    ) -> None:
        keys = owner.aws.add_user(PRIMARY, "env")
        env = {"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]}

        line = _line(owner.run("policy", "show", *arguments, env=env))

        assert line.endswith(f": aws ecr describe-repositories{options}")

    def test_without_a_region_say_how_to_name_one(self, owner: Home) -> None:
        owner.add_keys("elsewhere", owner.aws.add_user(PRIMARY, "elsewhere"))

        line = _line(owner.run("policy", "show", "app", "--profile", "elsewhere"))

        assert "no region is set; name the region with --region" in line
        assert line.endswith(": aws configure set region REGION --profile elsewhere")

    def test_without_a_region_or_profile_name_no_profile(self, owner: Home) -> None:
        keys = owner.aws.add_user(PRIMARY, "env")
        env = {"AWS_ACCESS_KEY_ID": keys[0], "AWS_SECRET_ACCESS_KEY": keys[1]}

        assert _line(owner.run("policy", "show", "app", env=env)).endswith(": aws configure set region REGION")

    def test_of_a_role_with_mfa_need_a_terminal(self, owner: Home) -> None:
        _add_mfa_profile(owner)

        line = _line(owner.run("policy", "show", "app", "--profile", "admin"))

        assert "app in us-east-1 with profile admin: the role requires an MFA code" in line

    @pytest.mark.parametrize("text", ["not JSON", "{}", "[]", '{"Statement": [1]}'])
    @pytest.mark.parametrize("arguments", [_GRANT, _REVOKE, _SHOW], ids=["grant", "revoke", "show"])
    def test_of_an_invalid_document_leave_it(self, owner: Home, arguments: tuple[str, ...], text: str) -> None:
        owner.aws.ecr.repositories[_APP] = text

        line = _line(owner.run(*arguments, *(["--apply"] if arguments != _SHOW else [])))

        assert "app in us-east-1 with profile owner: the repository policy is not a JSON object" in line
        assert text == owner.aws.ecr.repositories[_APP]

    @pytest.mark.parametrize(
        "arguments", [("policy",), ("policy", "grant", "app"), ("policy", "show"), ("policy", "mend", "app")]
    )
    def test_of_arguments_show_usage(self, owner: Home, arguments: tuple[str, ...]) -> None:
        found = owner.run(*arguments)

        assert 2 == found.status
        assert "Usage: docker-credential-ecrx policy" in found.stdout + found.stderr

    def test_of_two_principals_name_both(self, owner: Home) -> None:
        found = owner.run(*_GRANT, "--to", "444444444444")

        assert (2, []) == (found.status, owner.aws.calls)
        assert f"{SECONDARY} and 444444444444 need a command each" in found.stderr


class TestTerminal:
    def test_asks_for_the_mfa_code_of_the_owners_role(self, owner: Home) -> None:
        _set(owner, _FOREIGN)
        _add_mfa_profile(owner)

        status, seen = terminals.run(
            [owner.program, "policy", "show", "app", "--profile", "admin"],
            owner.env,
            [("MFA code for profile admin: ", "123456\n")],
        )

        assert (0, True) == (status, "new statement" in seen)
        assert 1 == owner.aws.count("GetRepositoryPolicy")

    @pytest.mark.parametrize(("answer", "status", "left"), [("y\n", 0, []), ("n\n", 1, [_SID]), ("\n", 1, [_SID])])
    def test_revoke_asks_before_it_applies(self, owner: Home, answer: str, status: int, left: list[str]) -> None:
        _set(owner, _FOREIGN)
        _well(owner.run(*_GRANT, "--apply"))

        question = f"app in us-east-1: revoke push and pull from {_EVERY}?"
        found, seen = terminals.run([owner.program, *_REVOKE, "--apply"], owner.env, [(question[:60], answer)])

        assert (status, ["new statement", *left]) == (found, _sids(owner)), seen
        assert ("nothing was deleted" in seen) == (status == 1)

    @pytest.mark.parametrize("options", [("--apply", "--yes"), ()])
    def test_revoke_with_yes_or_without_apply_asks_nothing(self, owner: Home, options: tuple[str, ...]) -> None:
        _well(owner.run(*_GRANT, "--apply"))

        found, seen = terminals.run([owner.program, *_REVOKE, *options], owner.env)

        assert (0, False) == (found, "[y/N]" in seen)
        assert (_policy(owner) is None) == bool(options)

    def test_shows_diff_in_colour_by_default(self, owner: Home) -> None:
        _, colourful = terminals.run([owner.program, *_GRANT], owner.env)
        _, plain = terminals.run([owner.program, *_GRANT], owner.env | {"NO_COLOR": "1"})

        assert "\x1b[32m+" in colourful
        assert "\x1b[3" not in plain


class TestHelp:
    @pytest.mark.parametrize("verb", ["", "show", "who", "grant", "revoke"])
    def test_has_an_example(self, home: Home, verb: str) -> None:
        text = _well(home.run("policy", *verb.split(), "--help")).stdout

        assert f"docker-credential-ecrx policy {verb or 'grant'} app" in text
        assert max(map(len, text.splitlines())) <= 120
