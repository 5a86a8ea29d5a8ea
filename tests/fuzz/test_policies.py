"""A repository's policy and its principals: revoke undoes grant, and no other statement changes."""

import json
import re

from fuzz.helpers import fuzzed, is_line, joined, json_texts, told
from hypothesis import strategies as st

from docker_credential_ecrx.demo.fake_aws import policies
from docker_credential_ecrx.ecr import principal, repository_policy
from docker_credential_ecrx.errors import ArgumentError, AwsError

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
PRINCIPAL = re.compile(r"[0-9]{12}|arn:aws:iam::[0-9]{12}:(root|(role|user)/([\x21-\x7e]+/)?[\w+=,.@-]+)", re.ASCII)
_accounts = st.sampled_from(["111111111111", "222222222222", "11111111111", "11111111111\u0661", ""])
_arns = joined(
    st.sampled_from(["arn:aws:iam::", "arn:aws:sts::", "arn:aws-cn:iam::", "arn:aws:iam:us-east-1:", "arn:"]),
    _accounts,
    st.sampled_from([":root", ":role/", ":user/", ":assumed-role/", ":role/path/", ":", "/", ":role//"]),
    st.sampled_from(["", "puller", "a b", "a/b", "a*", "a\n", "é", "A+=,.@-_", "puller/session", "x" * 65]) | st.text(),
)
names = st.one_of(_arns, _arns, _accounts, st.text())
_statements = json_texts("Sid", "Effect", "Allow", "Principal", "AWS", "*", "Action", "ecr:*", "EcrxPull222222222222")
_documents = st.one_of(
    _statements.map(lambda text: f'{{"Version": "2012-10-17", "Statement": {text}}}'),
    st.lists(_statements, max_size=4).map(lambda texts: f'{{"Statement": [{",".join(texts)}]}}'),
    json_texts("Statement", "Version"),
)


@fuzzed(names)
def test_accepts_only_principals_as_aws_writes_them(text: str) -> None:
    try:
        found = principal.parse(text, "aws")
    except ArgumentError as error:
        told(error)
    else:
        assert PRINCIPAL.fullmatch(text)
        assert found.account in text
        assert re.fullmatch(r"[A-Za-z0-9]+", found.sid, re.ASCII)
        assert found.root == f"arn:aws:iam::{found.account}:root"


@fuzzed(_documents, st.sampled_from([repository_policy.PULL, repository_policy.PUSH]))
def test_grant_and_revoke_change_one_principal_only(text: str, access: repository_policy.Access) -> None:
    to = principal.parse("222222222222", "aws")
    try:
        before = repository_policy.read(text)
    except AwsError as error:
        told(error)
        return
    granted = repository_policy.grant(before, to, access)
    revoked = repository_policy.revoke(granted, to)

    assert granted == repository_policy.grant(granted, to, access)
    assert _others(before, to) == _others(granted, to) == (revoked or {"Statement": []})["Statement"]
    if repository_policy.altered(before, to):
        assert granted == before
    else:
        assert to.arn in repository_policy.suspects(granted, to)
        assert ([], []) != repository_policy.still_allowed_by(granted, to)
    assert [] == repository_policy.altered(repository_policy.restored(before, to), to)
    for sid, sentence in repository_policy.summary(granted):
        assert is_line(sentence)
        assert not sid or is_line(sid)
    assert granted == repository_policy.read(repository_policy.pretty(granted))


def _others(document: repository_policy.Document, to: principal.Principal) -> list[repository_policy.Document]:
    """Return the statements that are not exactly what is granted to ``to``."""
    own = [
        repository_policy.grant(None, to, access)["Statement"][0]
        for access in (repository_policy.PULL, repository_policy.PUSH)
    ]
    return [statement for statement in document["Statement"] if statement not in own]


_A, _B = "222222222222", "333333333333"
# The callers of ECR, as AWS names them: the root, users, sessions of roles and federated users.
_CALLERS = {
    account: [
        f"arn:aws:iam::{account}:root",
        f"arn:aws:iam::{account}:user/ci",
        f"arn:aws:iam::{account}:user/team/ci",
        f"arn:aws:sts::{account}:assumed-role/puller/session",
        f"arn:aws:sts::{account}:assumed-role/puller/i-0123456789abcdef0",
        f"arn:aws:sts::{account}:assumed-role/pusher/session",
        f"arn:aws:sts::{account}:federated-user/ci",
    ]
    for account in (_A, _B)
}
_ROLES = [f"arn:aws:iam::{_A}:role/{name}" for name in ("puller", "team/puller", "pusher")]
_NAMED = [_A, _B, "*", *_ROLES, *_CALLERS[_A], f"arn:aws:iam::{_B}:role/puller", "AROAEXAMPLEEXAMPLE00"]
_names = st.sampled_from(_NAMED) | st.lists(st.sampled_from(_NAMED), max_size=3)
_actions = st.sampled_from(
    ["*", "ecr:*", "ECR:Batch*", "ecr:PutImage", "ecr:Describe*", list(repository_policy.PULL.actions)]
)
_statement = st.builds(
    lambda whom, what, effect, condition: {"Effect": effect, **whom, **what, **condition},
    st.one_of(
        _names.map(lambda names: {"Principal": {"AWS": names}}),
        _names.map(lambda names: {"NotPrincipal": {"AWS": names}}),
        st.just({"Principal": "*"}),
        st.just({"Principal": {"Service": "codebuild.amazonaws.com"}}),
    ),
    st.one_of(_actions.map(lambda names: {"Action": names}), _actions.map(lambda names: {"NotAction": names})),
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from([{}, {}, {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}]),
)
_GRANTEES = [_A, *_ROLES, *_CALLERS[_A][1:3]]


@fuzzed(
    st.lists(_statement, max_size=4),
    st.lists(
        st.tuples(st.sampled_from(_GRANTEES), st.sampled_from([repository_policy.PULL, repository_policy.PUSH])),
        max_size=2,
    ),
    st.sampled_from(_GRANTEES),
)
def test_successful_revoke_denies_the_principal(
    statements: list[repository_policy.Document], grants: list[tuple[str, repository_policy.Access]], to: str
) -> None:
    """Under any conditions, the stand-in's engine denies the principal and everything that belongs to it."""
    document: repository_policy.Document = {"Version": "2012-10-17", "Statement": statements}
    for grantee, access in grants:
        document = repository_policy.grant(document, principal.parse(grantee, "aws"), access)
    revoked = repository_policy.revoke(document, principal.parse(to, "aws"))
    if revoked is None or repository_policy.still_allowed_by(revoked, principal.parse(to, "aws")) != ([], []):
        return

    for caller in _belonging_to(to):
        assert not [action for action in repository_policy.PUSH.actions if _may_do(revoked, caller, action)], caller


def _belonging_to(to: str) -> list[str]:
    """Return the callers that act as ``to``: all of an account, a role's sessions, a user and its federated users."""
    if to == _A:
        return _CALLERS[_A]
    if ":user/" in to:
        return [to, f"arn:aws:sts::{_A}:federated-user/ci"]
    return [caller for caller in _CALLERS[_A] if f":assumed-role/{to.rpartition('/')[2]}/" in caller]


def _may_do(document: repository_policy.Document, caller: str, action: str) -> bool:
    """Return whether the engine allows it at best: the conditions of Allow hold, and those of Deny do not."""
    statements = [
        {name: value for name, value in statement.items() if name != "Condition"}
        for statement in document["Statement"]
        if statement["Effect"] == "Allow" or "Condition" not in statement
    ]
    return policies.permits(json.dumps({"Statement": statements}), caller, action)
