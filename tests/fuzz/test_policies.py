"""A repository's policy and its principals: revoke undoes grant, and no other statement changes."""

import json
import re

from fuzz.helpers import fuzzed, is_line, joined, json_texts, told
from hypothesis import strategies as st

from docker_credential_ecrx.ecr import policy_access, policy_summary, principal, repository_policy
from docker_credential_ecrx.errors import ArgumentError, AwsError
from fakes import policies

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
_ORG, _OTHER_ORG = "o-a1b2c3d4e5", "o-zzzzzzzzzz"
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


@fuzzed(st.text() | joined(st.sampled_from(["o-", "O-", ""]), st.text("abz019\u0661-\n*", max_size=34)))
def test_accepts_only_organizations_as_aws_writes_them(text: str) -> None:
    try:
        found = principal.organization(text)
    except ArgumentError as error:
        told(error)
    else:
        assert re.fullmatch(r"o-[a-z0-9]{10,32}", text, re.ASCII)
        assert re.fullmatch(r"Org[a-z0-9]+", found.sid, re.ASCII)
        assert (text, "") == (found.organization, found.account)


@fuzzed(
    _documents,
    st.sampled_from([repository_policy.PULL, repository_policy.PUSH]),
    st.sampled_from([principal.parse("222222222222", "aws"), principal.organization(_ORG)]),
)
def test_grant_and_revoke_change_one_principal_only(
    text: str, access: repository_policy.Access, to: principal.Principal
) -> None:
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
        assert to.organization or to.arn in repository_policy.suspects(granted, to)
        assert ([], []) != repository_policy.still_allowed_by(granted, to)
    assert [] == repository_policy.altered(repository_policy.restored(before, to), to)
    for sid, sentence in policy_summary.summary(granted):
        assert is_line(sentence)
        assert not sid or is_line(sid)
    for one in policy_access.grantees(granted, "111111111111"):
        texts = (one.kind, one.pull, one.push, *one.other, *one.statements, *one.denied_by, *one.conditions)
        assert all(map(is_line, texts))
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
    st.sampled_from(
        [
            *({}, {}, {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            *(
                {"Condition": {operator: {key: org}}}
                for operator in ("StringEquals", "StringNotEquals", "StringLike")
                for key in ("aws:PrincipalOrgID", "AWS:principalorgid")
                for org in (_ORG, _OTHER_ORG, [_ORG, _OTHER_ORG])
            ),
        ]
    ),
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
    """Under any conditions, the fake AWS's engine denies the principal and everything that belongs to it."""
    document: repository_policy.Document = {"Version": "2012-10-17", "Statement": statements}
    for grantee, access in grants:
        document = repository_policy.grant(document, principal.parse(grantee, "aws"), access)
    revoked = repository_policy.revoke(document, principal.parse(to, "aws"))
    if revoked is None or repository_policy.still_allowed_by(revoked, principal.parse(to, "aws")) != ([], []):
        return

    for caller in _belonging_to(to):
        assert not [action for action in repository_policy.PUSH.actions if _may_do(revoked, caller, action)], caller


@fuzzed(st.lists(_statement, max_size=4), st.lists(st.sampled_from([_ORG, _OTHER_ORG]), max_size=2))
def test_successful_revoke_denies_the_organization(
    statements: list[repository_policy.Document], grants: list[str]
) -> None:
    """The engine denies its principals then, but those of accounts that the policy names."""
    document: repository_policy.Document = {"Version": "2012-10-17", "Statement": statements}
    for organization in grants:
        document = repository_policy.grant(document, principal.organization(organization), repository_policy.PULL)
    to = principal.organization(_ORG)
    revoked = repository_policy.revoke(document, to)
    if revoked is None or repository_policy.still_allowed_by(revoked, to) != ([], []):
        return

    others = repository_policy.others_allowed_by(revoked)
    for caller in [] if others else (*_CALLERS[_A], *_CALLERS[_B]):
        allowed = [action for action in repository_policy.PUSH.actions if _may_do(revoked, caller, action, _ORG)]
        assert not allowed, caller


# Who stands for each kind of name: nobody names user/other or account 444444444444.
_STANDS_FOR = {_A: f"arn:aws:iam::{_A}:user/other"} | {caller: caller for caller in _CALLERS[_A][1:6]}
_STRANGER = "arn:aws:iam::444444444444:user/other"
_NOWHERE = "o-0000000000"


@fuzzed(st.lists(_statement, max_size=4))
def test_who_agrees_with_the_engine(statements: list[repository_policy.Document]) -> None:
    """Who cannot do it is denied under any conditions, who can is allowed under any; without any, it is one of both."""
    document: repository_policy.Document = {"Version": "2012-10-17", "Statement": statements}
    listed = {one.name: one for one in policy_access.grantees(document, "111111111111") if one.kind != "all-but"}
    for name, one in listed.items():
        if (found := _caller(name)) is None:
            continue
        caller, organizations = found
        for said, actions in ((one.pull, policy_access.PULL_NEEDS), (one.push, repository_policy.PUSH.actions)):
            ever, always = (
                [
                    all(_may_do(document, caller, action, org, at_best=best) for action in actions)
                    for org in organizations
                ]
                for best in (True, False)
            )
            assert not any(ever) or said != policy_access.NO, (name, caller)
            assert all(always) or said != policy_access.YES, (name, caller)
            assert said != policy_access.CONDITION or any("Condition" in statement for statement in statements)


@fuzzed(st.lists(_statement, max_size=4))
def test_who_lists_everybody_with_another_result(statements: list[repository_policy.Document]) -> None:
    """Who is not listed has what is said of its account or, if that is not listed either, of anybody.

    ECR accepts no statement that allows something to all but some.
    """
    statements = [one for one in statements if one["Effect"] == "Deny" or "Principal" in one]
    document: repository_policy.Document = {"Version": "2012-10-17", "Statement": statements}
    listed = {one.name: one for one in policy_access.grantees(document, "111111111111") if one.kind != "all-but"}
    rest = listed.get(_A) or listed.get("*")
    for caller in _CALLERS[_A][:5]:
        role = [name for name in _ROLES if f":assumed-role/{name.rpartition('/')[2]}/" in caller and name in listed]
        if caller in listed or role or any(one.kind == "organization" for one in listed.values()):
            continue
        at_best = all(_may_do(document, caller, action) for action in policy_access.PULL_NEEDS)
        at_worst = all(_may_do(document, caller, action, at_best=False) for action in policy_access.PULL_NEEDS)
        said = rest.pull if rest else policy_access.NO
        assert not at_best or said != policy_access.NO, caller
        assert at_worst or said != policy_access.YES, caller


@fuzzed(st.lists(_statement, max_size=4))
def test_who_names_only_what_takes_something_away(statements: list[repository_policy.Document]) -> None:
    numbered = [statement | {"Sid": f"S{at}"} for at, statement in enumerate(statements)]
    for one in policy_access.grantees({"Statement": numbered}, "111111111111"):
        if one.kind == "all-but" or (found := _caller(one.name)) is None:
            continue
        caller, organizations = found
        allowing = [statement for statement in numbered if statement["Effect"] == "Allow"]
        for denying in (statement for statement in numbered if statement["Sid"] in one.denied_by):
            assert any(
                _may_do({"Statement": allowing}, caller, action, organization)
                and not _may_do({"Statement": [*allowing, denying]}, caller, action, organization, at_best=None)
                for action in (*repository_policy.PUSH.actions, "ecr:DescribeImages", "ecr:DeleteRepository")
                for organization in organizations
            )


def _caller(name: str) -> tuple[str, list[str]] | None:
    """Return who stands for a name that is listed, and the organizations in which it may be."""
    if name in (_ORG, _OTHER_ORG):
        return _STRANGER, [name]
    if name == "*":
        return _STRANGER, [_NOWHERE]
    return (_STANDS_FOR[name], [_ORG, _OTHER_ORG, _NOWHERE]) if name in _STANDS_FOR else None


def _belonging_to(to: str) -> list[str]:
    """Return the callers that act as ``to``: all of an account, a role's sessions, a user and its federated users."""
    if to == _A:
        return _CALLERS[_A]
    if ":user/" in to:
        return [to, f"arn:aws:sts::{_A}:federated-user/ci"]
    return [caller for caller in _CALLERS[_A] if f":assumed-role/{to.rpartition('/')[2]}/" in caller]


def _may_do(
    document: repository_policy.Document,
    caller: str,
    action: str,
    organization: str = "",
    *,
    at_best: bool | None = True,
) -> bool:
    """Return whether the engine allows it at best: unknown conditions of Allow hold, and those of Deny do not.

    If not at best, it is the other way round; None means that all hold.
    The condition on an organization is known if the caller's is.
    """
    statements = []
    for statement in document["Statement"]:
        holds = _holds(statement, organization)
        unknown = at_best is None or at_best == (statement["Effect"] == "Allow")
        if unknown if holds is None else holds:
            statements.append({name: value for name, value in statement.items() if name != "Condition"})
    return policies.permits(json.dumps({"Statement": statements}), caller, action)


def _holds(statement: repository_policy.Document, organization: str) -> bool | None:
    """Return whether the statement's only condition holds, or None if that is unknown."""
    if "Condition" not in statement:
        return True
    ((operator, members),) = statement["Condition"].items()
    ((key, value),) = members.items()
    if not organization or key.lower() != "aws:principalorgid":
        return None
    is_equal: bool = organization in (value if isinstance(value, list) else [value])
    return is_equal is not (operator == "StringNotEquals")
