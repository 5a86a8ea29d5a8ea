"""Repository policies: grant and revoke change their own statement, and everything else stays."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docker_credential_ecrx.aws.repository_policy_client import target
from docker_credential_ecrx.ecr import policy_summary, principal, repository_policy
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.ecr.repository_policy import PULL, PUSH, Access, Document
from docker_credential_ecrx.errors import ArgumentError, AwsError
from fakes import policies

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
# Forms in which AWS may return the statement that it was given.
_OTHER_FORMS = [
    {"Action": _PUSH_ACTIONS[::-1]},
    {"Principal": {"AWS": [_ROOT]}},
    {"Principal": {"AWS": _ID}},
    {"Principal": {"AWS": [_ID]}, "Action": sorted(_PUSH_ACTIONS)},
]
_CHANGES: list[Document] = [
    {"Effect": "Deny"},
    {"Effect": "allow"},
    {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    {"Condition": {}},
    {"Condition": None},
    {"Action": _PUSH_ACTIONS[1:]},
    {"Action": [*_PUSH_ACTIONS, "ecr:DeleteRepository"]},
    {"Action": [*_PUSH_ACTIONS, _PUSH_ACTIONS[0]]},
    {"Action": "ecr:*"},
    {"Action": _PULL_ACTIONS},
    {"NotAction": "ecr:DeleteRepository"},
    {"NotPrincipal": {"AWS": _ROOT}},
    {"Resource": "*"},
    {"effect": "Deny"},
    {"Principal": "*"},
    {"Principal": {"AWS": "*"}},
    {"Principal": {"AWS": [_ROOT, "333333333333"]}},
    {"Principal": {"AWS": [_ROOT, _ROOT]}},
    {"Principal": {"AWS": _ROLE}},
    {"Principal": {"AWS": []}},
    {"Principal": {"AWS": "AROAEXAMPLEEXAMPLE00"}},  # AWS's form for a role that was deleted
    {"Principal": {"AWS": _ROOT, "Service": "codebuild.amazonaws.com"}},
    {"Principal": {"Service": "codebuild.amazonaws.com"}},
]


def _named(to: str) -> Principal:
    return principal.parse(to, "aws")


def _document(*statements: Document) -> Document:
    return {"Version": "2008-10-17", "Id": "theirs", "Statement": list(statements)}


def _all_but(actions: object, whom: object) -> Document:
    return {"Effect": "Allow", "Principal": whom, "NotAction": actions}


def _statement(to: str = _ID, access: Access = PUSH) -> Document:
    (statement,) = repository_policy.grant(None, _named(to), access)["Statement"]
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
        } == repository_policy.grant(None, _named(_ID), PUSH)

    def test_of_pulls_has_three_actions_and_its_own_sid(self) -> None:
        statement = _statement(access=PULL)

        assert ("EcrxPull222222222222", _PULL_ACTIONS) == (statement["Sid"], statement["Action"])

    def test_is_appended(self) -> None:
        assert _document(_FOREIGN, _statement()) == repository_policy.grant(_document(_FOREIGN), _named(_ID), PUSH)

    def test_of_pushes_replaces_one_of_pulls(self) -> None:
        document = _document(_FOREIGN, _statement(access=PULL), {**_FOREIGN, "Sid": "Last"})

        granted = repository_policy.grant(document, _named(_ID), PUSH)

        assert _document(_FOREIGN, _statement(), {**_FOREIGN, "Sid": "Last"}) == granted

    def test_of_pulls_takes_no_push_away(self) -> None:
        document = _document(_FOREIGN, _statement())

        assert document == repository_policy.grant(document, _named(_ID), PULL)
        assert PUSH == repository_policy.granted(document, _named(_ID))

    def test_leaves_one_of_two_statements_for_a_principal(self) -> None:
        both = _document(_statement(access=PULL), _FOREIGN, _statement(access=PUSH))

        assert _document(_statement(), _FOREIGN) == repository_policy.grant(both, _named(_ID), PUSH)

    @pytest.mark.parametrize("changes", _OTHER_FORMS)
    def test_accepts_equivalent_forms_that_aws_returns(self, changes: Document) -> None:
        document = _document(_statement() | changes)

        assert document == repository_policy.grant(document, _named(_ID), PUSH)
        assert [] == repository_policy.altered(document, _named(_ID))

    @pytest.mark.parametrize("changes", _OTHER_FORMS)
    def test_replaces_its_own_in_other_forms(self, changes: Document) -> None:
        """A grant of pulls that AWS returns in another form can still be extended to pushes."""
        changes = {**changes, **({"Action": sorted(_PULL_ACTIONS)} if "Action" in changes else {})}
        document = _document(_statement(access=PULL) | changes)

        assert _document(_statement()) == repository_policy.grant(document, _named(_ID), PUSH)

    @pytest.mark.parametrize("access", [PULL, PUSH])
    @pytest.mark.parametrize("changes", _CHANGES)
    def test_leaves_changed_statements(self, changes: Document, access: Access) -> None:
        """A statement with one of our Sids is foreign if anything in it differs from what we write."""
        document = _document(_FOREIGN, _statement() | changes)

        assert document == repository_policy.grant(document, _named(_ID), access)

    @pytest.mark.parametrize("changes", _CHANGES)
    def test_with_force_restores_and_replaces(self, changes: Document) -> None:
        """The statement becomes what we write, and keeps its place."""
        document = _document(_statement() | changes, _FOREIGN)

        restored = repository_policy.restored(document, _named(_ID))

        assert _document(_statement(), _FOREIGN) == restored == repository_policy.grant(restored, _named(_ID), PUSH)

    @given(_documents, _principals, _accesses)
    def test_twice_has_no_further_effect(self, document: Document | None, to: str, access: Access) -> None:
        once = repository_policy.grant(document, _named(to), access)

        assert once == repository_policy.grant(once, _named(to), access)

    @given(_documents, _principals)
    def test_of_pushes_after_pulls_is_that_of_pushes(self, document: Document | None, to: str) -> None:
        pull = repository_policy.grant(document, _named(to), PULL)

        assert repository_policy.grant(document, _named(to), PUSH) == repository_policy.grant(pull, _named(to), PUSH)

    @given(_documents, _principals, _accesses)
    def test_keeps_other_statements_and_their_order(self, document: Document | None, to: str, access: Access) -> None:
        granted = repository_policy.grant(document, _named(to), access)

        assert (document["Statement"] if document else []) == granted["Statement"][:-1]
        assert _statement(to, access) == granted["Statement"][-1]


class TestRevoke:
    @given(_documents, _principals, _accesses)
    def test_restores_the_document_before_the_grant(self, document: Document | None, to: str, access: Access) -> None:
        assert document == repository_policy.revoke(repository_policy.grant(document, _named(to), access), _named(to))

    @given(_documents, st.lists(_principals, unique=True, min_size=2, max_size=2), _accesses, _accesses)
    def test_keeps_grants_of_other_principals(
        self, document: Document | None, both: list[str], first: Access, second: Access
    ) -> None:
        one, two = map(_named, both)
        granted = repository_policy.grant(repository_policy.grant(document, one, first), two, second)

        assert repository_policy.grant(document, two, second) == repository_policy.revoke(granted, one)

    @given(_documents, _principals)
    def test_of_nothing_changes_nothing(self, document: Document | None, to: str) -> None:
        assert document == repository_policy.revoke(document, _named(to))

    def test_can_revoke_a_grant_of_pulls(self) -> None:
        document = _document(_FOREIGN, _statement(access=PUSH))

        assert document == repository_policy.revoke(document, _named(_ID), (PULL,))
        assert _document(_FOREIGN) == repository_policy.revoke(
            _document(_FOREIGN, _statement(access=PULL)), _named(_ID), (PULL,)
        )

    @pytest.mark.parametrize("changes", _OTHER_FORMS)
    def test_recognises_its_own_in_other_forms(self, changes: Document) -> None:
        assert _document(_FOREIGN) == repository_policy.revoke(_document(_statement() | changes, _FOREIGN), _named(_ID))

    @pytest.mark.parametrize("changes", _CHANGES)
    def test_leaves_changed_statements(self, changes: Document) -> None:
        document = _document(_statement() | changes, _FOREIGN)

        assert document == repository_policy.revoke(document, _named(_ID))

    @pytest.mark.parametrize("changes", _CHANGES)
    def test_with_force_removes_changed_statements(self, changes: Document) -> None:
        document = _document(_statement() | changes, _FOREIGN)

        assert _document(_FOREIGN) == repository_policy.revoke(
            repository_policy.restored(document, _named(_ID)), _named(_ID)
        )

    def test_of_an_account_leaves_a_role_of_the_same_form(self) -> None:
        """AWS may return an account by its ID, but never a role."""
        changed = _statement(_ROLE) | {"Principal": {"AWS": _ID}}

        assert _document(changed) == repository_policy.revoke(_document(changed), _named(_ROLE))

    def test_keeps_the_statement_of_awss_article(self) -> None:
        by_hand = _document(_statement() | {"Sid": "AllowPushPull"})

        assert by_hand == repository_policy.revoke(by_hand, _named(_ID))


_ALLOW = {"Sid": "X", "Effect": "Allow", "Action": "ecr:*"}
_FUNCTIONS = "arn:aws:lambda:us-east-1:{}:function:*"
_OTHERS = _FUNCTIONS.format("333333333333")


class TestServices:
    """A service may act for any account whose functions or projects the statement's condition does not exclude."""

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            ({"StringLike": {"aws:sourceArn": _FUNCTIONS.format(_ID)}}, True),
            ({"StringLike": {"aws:sourceArn": _OTHERS}}, False),
            ({"ArnLike": {"AWS:SourceArn": [_OTHERS, _OTHERS.replace("us-east-1", "*")]}}, False),
            ({"StringEquals": {"aws:SourceAccount": ["333333333333", "444444444444"]}}, False),
            ({"StringEquals": {"aws:SourceAccount": "333333333333"}, "Bool": {"aws:SecureTransport": "true"}}, False),
            ({"StringEquals": {"aws:SourceAccount": ["333333333333", _ID]}}, True),
            ({"StringLike": {"aws:sourceArn": [_OTHERS, _FUNCTIONS.format("*")]}}, True),
            ({"StringLike": {"aws:sourceArn": _FUNCTIONS.format("22222222222?")}}, True),
            ({"StringLike": {"aws:sourceArn": "*"}}, True),
            ({"StringLike": {"aws:sourceArn": _OTHERS.replace("us-east-1", "*")}}, True),  # it matches colons, too
            ({"StringLike": {"aws:SourceAccount": "3*"}}, True),
            ({"StringEquals": {"aws:SourceAccount": "${aws:ResourceAccount}"}}, True),
            ({"StringEqualsIfExists": {"aws:SourceAccount": "333333333333"}}, True),
            ({"ForAllValues:StringEquals": {"aws:SourceAccount": "333333333333"}}, True),
            ({"StringNotEquals": {"aws:SourceAccount": "333333333333"}}, True),
            ({"StringEquals": {"aws:SourceAccount": []}}, True),
            ({"StringEquals": {"aws:SourceAccount": 333333333333}}, True),
            ({"StringEquals": {"aws:SourceOrgID": "o-zzzzzzzzzz"}}, True),  # that of an account is unknown
            ({"Bool": {"aws:SecureTransport": "true"}}, True),
            ({}, True),
            ("", True),
        ],
    )
    def test_may_act_for_every_account_not_excluded(self, condition: object, *, expected: bool) -> None:
        document = _document(_ALLOW | {"Principal": {"Service": "lambda.amazonaws.com"}, "Condition": condition})

        assert ([], ["X"] if expected else []) == repository_policy.still_allowed_by(document, _named(_ID))

    @pytest.mark.parametrize(
        ("condition", "still", "others"),
        [
            ({"StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"}}, ["X"], []),
            ({"StringEquals": {"aws:SourceOrgID": ["o-zzzzzzzzzz", "o-a1b2c3d4e5"]}}, ["X"], []),
            ({"StringEquals": {"aws:SourceOrgID": "o-zzzzzzzzzz"}}, [], []),
            ({"StringLike": {"aws:SourceOrgID": "o-*"}}, ["X"], []),
            ({"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, ["X"], []),  # services have none
            ({"StringLike": {"aws:sourceArn": _OTHERS}}, [], ["X"]),
            ({"StringLike": {"aws:sourceArn": _FUNCTIONS.format("*")}}, ["X"], []),
        ],
    )
    def test_may_act_for_an_organization(self, condition: object, still: list[str], others: list[str]) -> None:
        document = _document(_ALLOW | {"Principal": {"Service": "lambda.amazonaws.com"}, "Condition": condition})
        always, sometimes = repository_policy.still_allowed_by(document, principal.organization("o-a1b2c3d4e5"))

        assert (still, others) == ([*always, *sometimes], repository_policy.others_allowed_by(document))


class TestAltered:
    @pytest.mark.parametrize(
        ("changes", "elements"),
        [
            ({"Condition": {}}, ["Condition"]),
            ({"Effect": "Deny", "Principal": "*"}, ["Effect", "Principal"]),
            ({"Action": "ecr:*"}, ["Action"]),
            ({"x\n\x1b[2J": 1}, ["an unknown element"]),
            ({"Effect": "Deny", "y" * 21: 1}, ["Effect", "an unknown element"]),
        ],
    )
    def test_names_the_elements_that_differ(self, changes: Document, elements: list[str]) -> None:
        document = _document(_FOREIGN, _statement() | changes)

        assert [(f"EcrxPushPull{_ID}", elements)] == repository_policy.altered(document, _named(_ID))

    def test_names_missing_elements(self) -> None:
        document = _document({"Sid": f"EcrxPull{_ID}", "Effect": "Allow"})

        assert [(f"EcrxPull{_ID}", ["Principal", "Action"])] == repository_policy.altered(document, _named(_ID))

    def test_is_limited_to_one_principal_and_kind(self) -> None:
        """An account's changed statement does not concern its roles, nor a revoke of pulls."""
        document = _document(_statement() | {"Condition": {}})

        assert [] == repository_policy.altered(document, _named(_ROLE))
        assert [] == repository_policy.altered(document, _named(_ID), (PULL,))
        assert [] == repository_policy.altered(None, _named(_ID))


_SESSION = f"arn:aws:sts::{_ID}:assumed-role/puller/session"
_USER = f"arn:aws:iam::{_ID}:user/ci"
_FEDERATED = f"arn:aws:sts::{_ID}:federated-user/ci"
_IN_PATH = f"arn:aws:iam::{_ID}:role/team/puller"


class TestStillAllowedBy:
    @pytest.mark.parametrize(
        ("to", "named", "expected"),
        [
            # Everything that belongs to the account.
            (_ID, _ID, True),
            (_ID, _ROOT, True),
            (_ID, _ROLE, True),
            (_ID, _IN_PATH, True),
            (_ID, _USER, True),
            (_ID, _SESSION, True),
            (_ID, _FEDERATED, True),
            (_ID, "*", True),
            (_ID, "333333333333", False),
            (_ID, "arn:aws:iam::333333333333:role/puller", False),
            (_ID, "arn:aws:sts::333333333333:assumed-role/puller/session", False),
            # The role and its sessions.
            (_ROLE, _ROLE, True),
            (_ROLE, _SESSION, True),
            (_ROLE, _ROOT, True),
            (_ROLE, _ID, True),
            (_ROLE, "*", True),
            (_ROLE, _IN_PATH, True),
            (_IN_PATH, _ROLE, True),
            (_IN_PATH, _SESSION, True),
            (_ROLE, _ROLE.replace("puller", "Puller"), True),
            (_ROLE, _SESSION.replace("puller", "pusher"), False),
            (_ROLE, f"{_ROLE}-2", False),
            (_ROLE, _USER, False),
            (_ROLE, f"arn:aws:iam::{_ID}:user/puller", False),
            (_ROLE, _FEDERATED, False),
            # The user and its federated users, whatever their names.
            (_USER, _USER, True),
            (_USER, _FEDERATED.replace("ci", "another"), True),
            (_USER, _ROOT, True),
            (_USER, f"arn:aws:iam::{_ID}:role/ci", False),
            (_USER, f"{_USER}2", False),
            # Deleted: the ID belongs to nobody any more.
            (_ID, "AROAEXAMPLEEXAMPLE00", False),
            # Principals without such a form in AWS.
            (_ID, "", True),
            (_ID, f" {_ID}", True),
            (_ID, "2222*", True),
            (_ID, "arn:aws:iam::2222*:root", True),
            (_ID, "arn:aws:iam::*:role/puller", True),
            (_ROLE, f"arn:aws:iam::{_ID}:role/*", True),
            (_ROLE, f"arn:aws:iam::{_ID}:group/developers", True),
            (_ROLE, f"arn:aws:iam::{_ID}:saml-provider/corp", True),
            (_ID, "AUTHENTICATEDUSERS", True),
            (_ID, None, True),
            (_ID, {}, True),
        ],
    )
    def test_names_statements_that_still_allow(self, to: str, named: object, *, expected: bool) -> None:
        """They allow the principal, its account, one of its roles or one of its sessions."""
        names = ["X"] if expected else []
        for principals in ({"AWS": named}, {"AWS": ["333333333333", named]}):
            assert (names, []) == repository_policy.still_allowed_by(
                _document(_ALLOW | {"Principal": principals}), _named(to)
            )

    @pytest.mark.parametrize(
        ("principals", "expected"),
        [
            ("*", True),
            (_ROOT, True),
            ({"AWS": []}, False),
            ({"Service": "codebuild.amazonaws.com"}, True),
            ({"Service": ["codebuild.amazonaws.com"], "AWS": _ROLE}, True),
            ({"aws": _ROLE}, True),
            ({"Federated": "cognito-identity.amazonaws.com"}, True),
            ({"Federated": "arn:aws:iam::333333333333:saml-provider/corp"}, False),
            ({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, True),
            (None, True),
            (7, True),
        ],
    )
    def test_reads_every_kind_of_principal(self, principals: object, *, expected: bool) -> None:
        document = _document(_ALLOW | {"Principal": principals})

        assert (["X"] if expected else [], []) == repository_policy.still_allowed_by(document, _named(_ID))

    @pytest.mark.parametrize(
        ("excepted", "expected"),
        [("333333333333", True), (_ROOT, True), ([_ROOT, _ROLE], True), ([_ROOT, _ROLE, _SESSION], True), ("*", False)],
    )
    @pytest.mark.parametrize("to", [_ID, _ROLE])
    def test_names_statements_with_not_principal(self, to: str, excepted: object, *, expected: bool) -> None:
        """No list can exclude all roles of an account or all sessions of a role."""
        document = _document(_ALLOW | {"NotPrincipal": {"AWS": excepted}})

        assert (["X"] if expected else [], []) == repository_policy.still_allowed_by(document, _named(to))

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"Action": "*"}, True),
            ({"Action": "ecr:Describe*"}, False),
            ({"Action": []}, False),
            ({"Action": ["ecr:batchgetimage"]}, True),
            ({"Action": "ECR:Batch???????"}, False),
            ({"Action": "ECR:Batch????????"}, True),
            ({"Action": "ecr:SetRepositoryPolicy"}, True),  # who may grant themselves access
            ({"Action": [7]}, True),
            ({"Action": None}, True),
            ({"NotAction": "ecr:DeleteRepository"}, True),
            ({"NotAction": ["ecr:Put*", "ecr:*Layer*"]}, True),
            ({"NotAction": "ecr:*"}, False),
            ({"NotAction": ["ecr:Batch*", "ECR:*Layer*", "ecr:PutImage", "ecr:Set*"]}, True),
            ({"NotAction": ["ecr:Batch*", "ECR:*Layer*", "ecr:PutImage", "ecr:Set*", "ecr:Delete*"]}, False),
            ({"Action": "ecr:DeleteRepositoryPolicy"}, True),
            ({"NotAction": ["ecr:Batch*", "ECR:*Layer*", "ecr:PutImage"]}, True),
            ({"NotAction": "*", "Action": "ecr:*"}, True),
            ({}, True),
            ({"Action": "ecr:*", "Effect": "Deny"}, False),
            ({"Action": "ecr:*", "Effect": "deny"}, True),
            ({"Action": "ecr:*", "effect": "Allow"}, True),
        ],
    )
    def test_covers_pushes_and_pulls(self, changes: Document, *, expected: bool) -> None:
        document = _document({"Sid": "X", "Effect": "Allow", "Principal": {"AWS": _ROOT}} | changes)

        assert (["X"] if expected else [], []) == repository_policy.still_allowed_by(document, _named(_ID))

    def test_separates_conditions_and_numbers_unnamed_statements(self) -> None:
        organization = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
        nameless = {"Effect": "Allow", "Principal": {"AWS": _ROLE}, "Action": "ecr:*"}
        everybody = _ALLOW | {"Principal": "*", "Condition": organization}

        assert (["number 3"], ["X"]) == repository_policy.still_allowed_by(
            _document(_FOREIGN, everybody, nameless), _named(_ID)
        )

    @pytest.mark.parametrize("to", [_ID, _ROLE, _IN_PATH, _USER])
    def test_agrees_with_the_policy_engine(self, to: str) -> None:
        """Each principal that a statement can name is compared with the fake AWS's evaluation."""
        callers = [_ROOT, _USER, _SESSION, _SESSION.replace("puller", "pusher"), _FEDERATED]
        kin = {_ID: callers, _ROLE: [_SESSION], _IN_PATH: [_SESSION], _USER: [_USER, _FEDERATED]}[to]
        missed = []
        for named in [_ID, "*", _ROLE, _IN_PATH, *callers]:
            for key in ("Principal", "NotPrincipal"):
                document = _document(_ALLOW | {key: {"AWS": named}})
                is_let_in = any(policies.permits(json.dumps(document), caller, "ecr:BatchGetImage") for caller in kin)
                if is_let_in and repository_policy.still_allowed_by(document, _named(to)) != (["X"], []):
                    missed.append((key, named))
        assert [] == missed

    def test_is_empty_without_a_policy(self) -> None:
        assert ([], []) == repository_policy.still_allowed_by(None, _named(_ID))


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
    def test_names_the_denying_statements(
        self, to: str, changes: Document, expected: tuple[list[str], list[str]]
    ) -> None:
        statement = _FOREIGN | {"Effect": "Deny", "Action": "ecr:*"} | changes

        assert expected == repository_policy.denied_by(_document(statement), _named(to))

    @pytest.mark.parametrize(
        ("excepted", "expected"),
        [("ecr:DescribeImages", ["number 1"]), (["ecr:*"], []), (_PULL_ACTIONS, ["number 1"]), (_PUSH_ACTIONS, [])],
    )
    def test_names_statements_with_not_action(self, excepted: object, expected: list[str]) -> None:
        statement = _all_but(excepted, "*") | {"Effect": "Deny"}

        assert (expected, []) == repository_policy.denied_by(_document(statement), _named(_ID))

    @pytest.mark.parametrize(("excepted", "expected"), [(_ROOT, []), ("333333333333", ["number 1"])])
    def test_names_statements_with_not_principal(self, excepted: str, expected: list[str]) -> None:
        statement = {"Effect": "Deny", "NotPrincipal": {"AWS": excepted}, "Action": "ecr:*"}

        assert (expected, []) == repository_policy.denied_by(_document(statement), _named(_ID))

    @pytest.mark.parametrize(
        ("excepted", "expected"), [([_ROOT, _ROLE], []), ([_ROOT], ["number 1"]), ([_ROLE], ["number 1"])]
    )
    def test_requires_role_and_account_in_not_principal(self, excepted: list[str], expected: list[str]) -> None:
        statement = {"Effect": "Deny", "NotPrincipal": {"AWS": excepted}, "Action": "ecr:*"}

        assert (expected, []) == repository_policy.denied_by(_document(statement), _named(_ROLE))


class TestSuspects:
    def test_are_the_principal_and_ids_of_deleted_ones(self) -> None:
        gone = "AIDAEXAMPLEEXAMPLE00"
        document = repository_policy.grant(
            _document(_FOREIGN | {"Principal": {"AWS": ["444444444444", gone]}}), _named(_ROLE), PUSH
        )

        assert [gone, _ROLE] == repository_policy.suspects(document, _named(_ROLE))

    def test_may_come_from_not_principal(self) -> None:
        gone = "AROAEXAMPLEEXAMPLE00"
        statement = {"Effect": "Deny", "NotPrincipal": {"AWS": [_ROOT, gone]}, "Action": "ecr:*"}

        assert [gone] == repository_policy.suspects(_document(statement), _named(_ROLE))


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
        assert [expected] == policy_summary.summary(_document(statement))


class TestRead:
    def test_accepts_a_single_statement_outside_a_list(self) -> None:
        assert _document(_FOREIGN) == repository_policy.read(json.dumps(_document() | {"Statement": _FOREIGN}))

    @given(_documents.filter(bool))
    def test_reads_its_own_output(self, document: Document) -> None:
        assert document == repository_policy.read(repository_policy.compact(document))

    @pytest.mark.parametrize(
        "text",
        [
            *("", "not JSON", "null", "[]", '"text"', "{}", "[" * 100_000),
            '{"Statement": null}',
            '{"Statement": ["a"]}',
            '{"Statement": {"Effect": "Deny", "Effect": "Allow"}}',
            '{"Statement": [], "Statement": {}}',
            '{"Statement": {"a": NaN}}',
            '{"Statement": {"a": 1e999}}',
            '{"Statement": {"a": 0.10000000000000000001}}',
        ],
        ids=lambda text: text[:20] or "empty",
    )
    def test_rejects_invalid_policies(self, text: str) -> None:
        with pytest.raises(AwsError, match="not a JSON object with statements"):
            repository_policy.read(text)


class TestCompact:
    def test_rejects_what_exceeds_the_limit_of_aws(self) -> None:
        document = _document(*({**_FOREIGN, "Sid": f"Statement{number}"} for number in range(200)))

        with pytest.raises(AwsError, match=r"10,240"):
            repository_policy.compact(document)


class TestPrincipal:
    @pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b"])
    def test_is_an_account_by_id_or_root_in_every_partition(self, partition: str) -> None:
        root = f"arn:{partition}:iam::{_ID}:root"

        assert Principal(root, _ID, _ID) == principal.parse(_ID, partition) == principal.parse(root, partition)

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

    def test_has_a_unique_alphanumeric_sid(self) -> None:
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
    def test_rejects_everything_else(self, to: str) -> None:
        with pytest.raises(ArgumentError, match="neither an account ID nor the ARN"):
            _named(to)

    def test_of_another_partition_is_rejected(self) -> None:
        with pytest.raises(ArgumentError, match="partition aws-cn, and the repository is in aws"):
            _named(f"arn:aws-cn:iam::{_ID}:root")

    def test_is_the_role_and_not_its_session(self) -> None:
        with pytest.raises(ArgumentError, match=f"name the role.*arn:aws:iam::{_ID}:role/puller"):
            _named(f"arn:aws:sts::{_ID}:assumed-role/puller/session")


class TestTarget:
    @pytest.mark.parametrize("name", ["app", "team/app", "a0", "my.repo__x/y-z"])
    def test_is_a_name_with_or_without_a_region(self, name: str) -> None:
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
    def test_rejects_everything_else(self, repository: str, region: str | None, words: str) -> None:
        with pytest.raises(ArgumentError, match=words):
            target(repository, region)


def test_no_json_value_raises_an_unexpected_error() -> None:
    """A policy comes from AWS and is still third-party text."""
    odd: list[Any] = [None, 0, "*", [], [None], {}, {"AWS": None}, {"AWS": [{}]}]
    for value in odd:
        statement = {"Sid": value, "Effect": value, "Principal": value, "Action": value}
        document = _document(statement, statement | {"NotPrincipal": value, "NotAction": value})
        assert policy_summary.summary(document)
        repository_policy.still_allowed_by(document, _named(_ID))
        repository_policy.denied_by(document, _named(_ID))
        repository_policy.suspects(document, _named(_ID))
        assert 3 == len(repository_policy.grant(document, _named(_ID), PUSH)["Statement"])
