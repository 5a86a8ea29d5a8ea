"""Repository policies: what is granted and taken back, and that all else in them stays as it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx import policy, principal
from docker_credential_ecrx.aws_policy import target
from docker_credential_ecrx.errors import ArgumentError, AwsError
from docker_credential_ecrx.policy import PULL, PUSH, Access, Document
from docker_credential_ecrx.principal import Principal

_ID = "222222222222"
_ROOT = f"arn:aws:iam::{_ID}:root"
_ROLE = f"arn:aws:iam::{_ID}:role/puller"
_HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
_PULL_ACTIONS = ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability"]
_PUSH_ACTIONS = [
    *_PULL_ACTIONS,
    "ecr:PutImage",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
]
_FOREIGN = {"Sid": "AllowOther", "Effect": "Allow", "Principal": {"AWS": "333333333333"}, "Action": "ecr:*"}


def _named(to: str) -> Principal:
    return principal.parse(to, "aws")


def _document(*statements: Document) -> Document:
    return {"Version": "2008-10-17", "Id": "theirs", "Statement": list(statements)}


def _all_but(actions: object, whom: object) -> Document:
    return {"Effect": "Allow", "Principal": whom, "NotAction": actions}


def _statement(to: str = _ID, access: Access = PUSH) -> Document:
    (statement,) = policy.grant(None, _named(to), access)["Statement"]
    assert isinstance(statement, dict)
    return statement


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_PRINCIPALS = [_ID, "333333333333", _ROLE, f"arn:aws:iam::{_ID}:user/ci-a", f"arn:aws:iam::{_ID}:user/cia"]
_OWN = {f"{access.sid}{_named(to).sid}" for access in (PULL, PUSH) for to in _PRINCIPALS}
_sids = st.text() | st.sampled_from(["EcrxPull", f"EcrxPushPull{_ID}0", f"EcrxPull{_ID}Role", f"ecrxpull{_ID}"])
_statements = st.fixed_dictionaries(
    {},
    optional={
        "Sid": _sids.filter(lambda sid: sid not in _OWN),
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Principal": _json | st.fixed_dictionaries({"AWS": _json | st.sampled_from([_ID, _ROOT, [_ROLE]])}),
        "Action": _json | st.lists(st.sampled_from(_PUSH_ACTIONS)),
        "Condition": _json,
    },
)
_documents = st.none() | st.builds(
    lambda version, statements: {"Version": version, "Statement": statements},
    st.sampled_from(["2008-10-17", "2012-10-17"]),
    st.lists(_statements, min_size=1, max_size=4),
)
_principals = st.sampled_from(_PRINCIPALS)
_accesses = st.sampled_from([PULL, PUSH])


class TestGrant:
    def test_is_the_statement_of_awss_article(self) -> None:
        assert {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "EcrxPushPull222222222222",
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
                    "Action": _PUSH_ACTIONS,
                }
            ],
        } == policy.grant(None, _named(_ID), PUSH)

    def test_of_pulls_alone_has_three_actions_and_another_identifier(self) -> None:
        statement = _statement(access=PULL)

        assert ("EcrxPull222222222222", _PULL_ACTIONS) == (statement["Sid"], statement["Action"])

    def test_goes_behind_what_is_there(self) -> None:
        assert _document(_FOREIGN, _statement()) == policy.grant(_document(_FOREIGN), _named(_ID), PUSH)

    @pytest.mark.parametrize(("before", "after"), [(PULL, PUSH), (PUSH, PULL)])
    def test_of_another_kind_takes_the_place_of_the_one_before(self, before: Access, after: Access) -> None:
        document = _document(_FOREIGN, _statement(access=before), {**_FOREIGN, "Sid": "Last"})

        granted = policy.grant(document, _named(_ID), after)

        assert _document(_FOREIGN, _statement(access=after), {**_FOREIGN, "Sid": "Last"}) == granted

    def test_leaves_one_statement_of_two_for_the_same_principal(self) -> None:
        both = _document(_statement(access=PULL), _FOREIGN, _statement(access=PUSH))

        assert _document(_statement(), _FOREIGN) == policy.grant(both, _named(_ID), PUSH)

    @pytest.mark.parametrize(
        "changes",
        [
            {"Action": _PUSH_ACTIONS[::-1]},
            {"Principal": {"AWS": [_ROOT]}},
        ],
    )
    def test_takes_the_forms_that_aws_may_give_a_statement_for_the_same(self, changes: Document) -> None:
        document = _document(_statement() | changes)

        assert document == policy.grant(document, _named(_ID), PUSH)

    @pytest.mark.parametrize(
        "changes",
        [
            {"Effect": "Deny"},
            {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {"Action": _PUSH_ACTIONS[1:]},
            {"Principal": {"AWS": "AROAEXAMPLEEXAMPLE00"}},  # AWS's for a role that was deleted, and made again
            {"Principal": {"AWS": _ROOT, "Service": "codebuild.amazonaws.com"}},
        ],
    )
    def test_mends_a_statement_of_its_own_that_was_changed(self, changes: Document) -> None:
        document = _document(_statement() | changes)

        assert _document(_statement()) == policy.grant(document, _named(_ID), PUSH)

    @given(_documents, _principals, _accesses)
    def test_twice_is_once(self, document: Document | None, to: str, access: Access) -> None:
        once = policy.grant(document, _named(to), access)

        assert once == policy.grant(once, _named(to), access)

    @given(_documents, _principals)
    def test_of_pushes_after_pulls_is_that_of_pushes(self, document: Document | None, to: str) -> None:
        pull = policy.grant(document, _named(to), PULL)

        assert policy.grant(document, _named(to), PUSH) == policy.grant(pull, _named(to), PUSH)

    @given(_documents, _principals, _accesses)
    def test_keeps_other_statements_and_their_order(self, document: Document | None, to: str, access: Access) -> None:
        granted = policy.grant(document, _named(to), access)

        assert (document["Statement"] if document else []) == granted["Statement"][:-1]
        assert _statement(to, access) == granted["Statement"][-1]


class TestRevoke:
    @given(_documents, _principals, _accesses)
    def test_gives_the_document_before_the_grant(self, document: Document | None, to: str, access: Access) -> None:
        assert document == policy.revoke(policy.grant(document, _named(to), access), _named(to))

    @given(_documents, st.lists(_principals, unique=True, min_size=2, max_size=2), _accesses, _accesses)
    def test_takes_back_nobody_elses_grant(
        self, document: Document | None, both: list[str], first: Access, second: Access
    ) -> None:
        one, two = map(_named, both)
        granted = policy.grant(policy.grant(document, one, first), two, second)

        assert policy.grant(document, two, second) == policy.revoke(granted, one)

    @given(_documents, _principals)
    def test_of_nothing_changes_nothing(self, document: Document | None, to: str) -> None:
        assert document == policy.revoke(document, _named(to))

    def test_can_be_of_a_grant_of_pulls_alone(self) -> None:
        document = _document(_FOREIGN, _statement(access=PUSH))

        assert document == policy.revoke(document, _named(_ID), (PULL,))
        assert _document(_FOREIGN) == policy.revoke(_document(_FOREIGN, _statement(access=PULL)), _named(_ID), (PULL,))

    def test_knows_its_own_statement_by_the_identifier_whatever_became_of_it(self) -> None:
        changed = _statement(_ROLE) | {"Principal": {"AWS": "AROAEXAMPLEEXAMPLE00"}, "Action": "ecr:*"}

        assert _document(_FOREIGN) == policy.revoke(_document(changed, _FOREIGN), _named(_ROLE))

    def test_keeps_the_articles_own_statement(self) -> None:
        by_hand = _document(_statement() | {"Sid": "AllowPushPull"})

        assert by_hand == policy.revoke(by_hand, _named(_ID))


class TestStillAllowedBy:
    @pytest.mark.parametrize(
        ("to", "statement", "expected"),
        [
            (_ID, _FOREIGN, []),
            (_ID, _FOREIGN | {"Principal": "*"}, ["AllowOther"]),
            (_ID, _FOREIGN | {"Principal": {"AWS": "*"}}, ["AllowOther"]),
            (_ID, _FOREIGN | {"Principal": {"AWS": ["333333333333", _ID]}}, ["AllowOther"]),
            (_ID, _FOREIGN | {"Principal": {"AWS": _ROOT}, "Action": "ecr:Describe*"}, []),
            (_ID, _FOREIGN | {"Principal": {"AWS": _ROOT}, "Effect": "Deny"}, []),
            (_ID, {"Effect": "Allow", "Principal": {"AWS": _ROOT}, "Action": ["ecr:batchgetimage"]}, ["number 1"]),
            (_ID, _FOREIGN | {"Principal": {"AWS": _ROLE}}, []),
            (_ROLE, _FOREIGN | {"Principal": {"AWS": _ROLE}}, ["AllowOther"]),
            (_ROLE, _statement(), ["EcrxPushPull222222222222"]),
            (_ROLE, _FOREIGN | {"Principal": {"Service": "codebuild.amazonaws.com"}}, []),
            (_ID, _all_but("ecr:DeleteRepository", {"AWS": _ROOT}), ["number 1"]),
            (_ID, _all_but(["ecr:Put*", "ecr:*Layer*"], {"AWS": _ROOT}), ["number 1"]),
            (_ID, _all_but("ecr:*", {"AWS": _ROOT}), []),
            (_ID, _all_but(["ecr:Batch*", "ECR:*Layer*", "ecr:PutImage"], {"AWS": _ROOT}), []),
            (_ID, _all_but("ecr:DeleteRepository", {"AWS": "333333333333"}), []),
        ],
    )
    def test_names_the_statements_that_let_in(self, to: str, statement: Document, expected: list[str]) -> None:
        assert expected == policy.still_allowed_by(_document(statement), _named(to))

    @pytest.mark.parametrize(
        ("to", "excepted", "expected"),
        [
            (_ID, "333333333333", ["number 1"]),
            (_ID, _ROOT, []),
            (_ID, [_ID, "333333333333"], []),
            (_ID, "*", []),
            (_ROLE, [_ROOT, _ROLE], []),
            (_ROLE, [_ID, _ROLE], []),
            (_ROLE, _ROOT, ["number 1"]),
            (_ROLE, _ROLE, ["number 1"]),
        ],
    )
    def test_names_those_that_let_in_all_but_some(self, to: str, excepted: object, expected: list[str]) -> None:
        statement = {"Effect": "Allow", "NotPrincipal": {"AWS": excepted}, "Action": "ecr:*"}

        assert expected == policy.still_allowed_by(_document(statement), _named(to))

    def test_is_none_without_a_policy(self) -> None:
        assert [] == policy.still_allowed_by(None, _named(_ID))


class TestDeniedBy:
    @pytest.mark.parametrize(
        ("to", "changes", "expected"),
        [
            (_ID, {"Principal": "*"}, (["AllowOther"], [])),
            (_ID, {"Principal": {"AWS": _ROOT}}, (["AllowOther"], [])),
            (_ROLE, {"Principal": {"AWS": [_ROOT, "333333333333"]}}, (["AllowOther"], [])),
            (_ROLE, {"Principal": {"AWS": _ROLE}, "Action": "ecr:Put*"}, (["AllowOther"], [])),
            (_ID, {"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, ([], ["AllowOther"])),
            (_ID, {"Principal": "*", "Action": "ecr:DeleteRepository"}, ([], [])),
            (_ID, {"Principal": {"AWS": "333333333333"}}, ([], [])),
            (_ID, {"Principal": "*", "Effect": "Allow"}, ([], [])),
        ],
    )
    def test_names_the_statements_that_shut_out(
        self, to: str, changes: Document, expected: tuple[list[str], list[str]]
    ) -> None:
        statement = _FOREIGN | {"Effect": "Deny", "Action": "ecr:*"} | changes

        assert expected == policy.denied_by(_document(statement), _named(to))

    @pytest.mark.parametrize(
        ("excepted", "expected"),
        [("ecr:DescribeImages", ["number 1"]), (["ecr:*"], []), (_PULL_ACTIONS, ["number 1"]), (_PUSH_ACTIONS, [])],
    )
    def test_names_those_that_forbid_all_but_some_actions(self, excepted: object, expected: list[str]) -> None:
        statement = _all_but(excepted, "*") | {"Effect": "Deny"}

        assert (expected, []) == policy.denied_by(_document(statement), _named(_ID))

    @pytest.mark.parametrize(("excepted", "expected"), [(_ROOT, []), ("333333333333", ["number 1"])])
    def test_names_those_that_shut_out_all_but_some(self, excepted: str, expected: list[str]) -> None:
        statement = {"Effect": "Deny", "NotPrincipal": {"AWS": excepted}, "Action": "ecr:*"}

        assert (expected, []) == policy.denied_by(_document(statement), _named(_ID))

    @pytest.mark.parametrize(
        ("excepted", "expected"), [([_ROOT, _ROLE], []), ([_ROOT], ["number 1"]), ([_ROLE], ["number 1"])]
    )
    def test_spare_a_role_only_by_its_own_name_beside_its_accounts(
        self, excepted: list[str], expected: list[str]
    ) -> None:
        statement = {"Effect": "Deny", "NotPrincipal": {"AWS": excepted}, "Action": "ecr:*"}

        assert (expected, []) == policy.denied_by(_document(statement), _named(_ROLE))


class TestSuspects:
    def test_are_the_principal_and_ids_of_deleted_ones(self) -> None:
        gone = "AIDAEXAMPLEEXAMPLE00"
        document = policy.grant(
            _document(_FOREIGN | {"Principal": {"AWS": ["444444444444", gone]}}), _named(_ROLE), PUSH
        )

        assert [gone, _ROLE] == policy.suspects(document, _named(_ROLE))

    def test_may_be_those_that_a_statement_excepts(self) -> None:
        gone = "AROAEXAMPLEEXAMPLE00"
        statement = {"Effect": "Deny", "NotPrincipal": {"AWS": [_ROOT, gone]}, "Action": "ecr:*"}

        assert [gone] == policy.suspects(_document(statement), _named(_ROLE))


class TestSummary:
    @pytest.mark.parametrize(
        ("statement", "expected"),
        [
            (_statement(), ("EcrxPushPull222222222222", f"{_ROOT} may push and pull")),
            (_statement(access=PULL), ("EcrxPull222222222222", f"{_ROOT} may pull")),
            (_FOREIGN | {"Effect": "Deny"}, ("AllowOther", "333333333333 may not ecr:*")),
            (_FOREIGN | {"Condition": {"Bool": {}}}, ("AllowOther", "333333333333 may ecr:*, on a condition")),
            (_FOREIGN | {"Sid": "a\x1b[2Jb\nc"}, ("a [2Jb c", "333333333333 may ecr:*")),
            (
                {"Effect": "Allow", "NotPrincipal": {"AWS": _ID}, "NotAction": ["ecr:Put*", "ecr:Get*"]},
                ("", f"all but {_ID} may do anything but ecr:Put*, ecr:Get*"),
            ),
            (_all_but(_PULL_ACTIONS, "*") | {"Effect": "Deny"}, ("", "* may not do anything but pull")),
            ({"Effect": "Allow"}, ("", "… may …")),
        ],
    )
    def test_says_who_may_do_what(self, statement: Document, expected: tuple[str, str]) -> None:
        assert [expected] == policy.summary(_document(statement))


class TestRead:
    def test_takes_a_single_statement_for_a_list_of_one(self) -> None:
        assert _document(_FOREIGN) == policy.read(json.dumps(_document() | {"Statement": _FOREIGN}))

    @given(_documents.filter(bool))
    def test_reads_what_is_sent(self, document: Document) -> None:
        assert document == policy.read(policy.compact(document))

    @pytest.mark.parametrize(
        "text",
        ["", "not JSON", "null", "[]", '"text"', "{}", '{"Statement": null}', '{"Statement": ["a"]}', "[" * 100_000],
        ids=lambda text: text[:20] or "empty",
    )
    def test_refuses_what_is_no_policy(self, text: str) -> None:
        with pytest.raises(AwsError, match="not a JSON object with statements"):
            policy.read(text)


class TestCompact:
    def test_refuses_what_is_longer_than_aws_takes(self) -> None:
        document = _document(*({**_FOREIGN, "Sid": f"Statement{number}"} for number in range(200)))

        with pytest.raises(AwsError, match=r"10,240"):
            policy.compact(document)


class TestPrincipal:
    @pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b"])
    def test_is_an_account_by_its_id_or_root_in_every_partition(self, partition: str) -> None:
        root = f"arn:{partition}:iam::{_ID}:root"

        assert (root, _ID, _ID) == principal.parse(_ID, partition) == principal.parse(root, partition)

    @pytest.mark.parametrize(
        "resource",
        [
            "role/puller",
            "role/service-role/a/deep/path/puller",
            "user/base",
            "user/me@example.com",
            "role/a+b=c,d.e_f-g",
        ],
    )
    def test_is_a_role_or_a_user_by_its_arn(self, resource: str) -> None:
        arn = f"arn:aws:iam::{_ID}:{resource}"

        assert (arn, _ID) == _named(arn)[:2]
        assert _ROOT == _named(arn).root

    def test_has_an_identifier_of_letters_and_digits_that_is_nobody_elses(self) -> None:
        resources = ["root", "role/ci-a", "role/cia", "role/ci.a", "user/cia", "role/x/cia", "role/CIA"]
        sids = [_named(f"arn:aws:iam::{_ID}:{resource}").sid for resource in resources]

        assert len(resources) == len(set(sids))
        assert all(sid.isascii() and sid.isalnum() and sid.startswith(_ID) for sid in sids)

    @pytest.mark.parametrize(
        "to",
        [
            "",
            "22222222222",
            "2222-2222-2222",
            "٢٢٢٢٢٢٢٢٢٢٢٢",
            f"{_ID}\n",
            "*",
            "arn:aws:iam::*:root",
            f"arn:aws:iam::{_ID}:role/",
            f"arn:aws:iam::{_ID}:role/*",
            f"arn:aws:iam::{_ID}:role/a b",
            f"arn:aws:iam::{_ID}:group/developers",
            f"arn:aws:iam::{_ID}:rooted",
            f"arn:aws:s3::{_ID}:role/puller",
            "arn:aws:iam::2222:role/puller",
            "codebuild.amazonaws.com",
        ],
    )
    def test_is_nothing_else(self, to: str) -> None:
        with pytest.raises(ArgumentError, match="neither an account's id nor the ARN"):
            _named(to)

    def test_of_another_partition_is_refused(self) -> None:
        with pytest.raises(ArgumentError, match="partition aws-cn, and the repository is in aws"):
            _named(f"arn:aws-cn:iam::{_ID}:root")

    def test_is_the_role_and_not_its_session(self) -> None:
        with pytest.raises(ArgumentError, match=f"name the role.*arn:aws:iam::{_ID}:role/puller"):
            _named(f"arn:aws:sts::{_ID}:assumed-role/puller/session")


class TestTarget:
    @pytest.mark.parametrize("name", ["app", "team/app", "a0", "my.repo__x/y-z"])
    def test_is_a_name_in_a_region_that_is_known_or_not(self, name: str) -> None:
        assert (name, None, None) == target(name, None)
        assert (name, None, "eu-west-1") == target(name, "eu-west-1")

    @pytest.mark.parametrize("region", [None, "us-east-1"])
    def test_has_region_and_registry_of_its_host(self, region: str | None) -> None:
        found = target(f"{_HOST}/team/app", region)

        assert ("team/app", "us-east-1") == (found.name, found.region)
        assert found.registry is not None
        assert _HOST == found.registry.host

    @pytest.mark.parametrize(
        ("repository", "region", "words"),
        [
            ("", None, "not a repository's name"),
            ("a", None, "not a repository's name"),
            ("App", None, "App is not a repository's name"),
            ("app:latest", None, "without a tag"),
            (f"{_HOST}/app@sha256:0", None, "without a tag"),
            (_HOST, None, "not a repository's name"),
            (f"{_HOST}/", None, "not a repository's name"),
            ("app//x", None, "not a repository's name"),
            (f"{_HOST}.evil.example/app", None, "not the host of an ECR registry"),
            ("public.ecr.aws/alias/app", None, "ECR Public"),
            (f"{_HOST}/app", "eu-west-1", "is in us-east-1, not in eu-west-1"),
            ("app", "Ohio", "Ohio is not an AWS region"),
            ("app", "us-east-1 ", "not an AWS region"),
        ],
    )
    def test_is_nothing_else(self, repository: str, region: str | None, words: str) -> None:
        with pytest.raises(ArgumentError, match=words):
            target(repository, region)


def test_nothing_that_json_can_hold_breaks_the_rest() -> None:
    """A policy is AWS's and still a stranger's text."""
    odd: list[Any] = [None, 0, "*", [], [None], {}, {"AWS": None}, {"AWS": [{}]}]
    for value in odd:
        statement = {"Sid": value, "Effect": value, "Principal": value, "Action": value}
        document = _document(statement, statement | {"NotPrincipal": value, "NotAction": value})
        assert policy.summary(document)
        policy.still_allowed_by(document, _named(_ID))
        policy.denied_by(document, _named(_ID))
        policy.suspects(document, _named(_ID))
        assert 3 == len(policy.grant(document, _named(_ID), PUSH)["Statement"])
