"""Reads one statement of a repository policy: to whom it may allow or denies which actions.

Whether AWS allows a request also depends on the request, so ``may_allow`` errs on the safe side: it takes an unknown
form as one that allows access.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from docker_credential_ecrx.ecr import arn, policy_condition, principal
from docker_credential_ecrx.ecr.arn import Arn
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.ecr.registry import is_account

Statement = dict[str, Any]

# What AWS shows instead of the ARN of a deleted principal: it allows access to nobody.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
UNIQUE_ID = re.compile(r"A(ID|RO)A[A-Z0-9]{12,}")
# Every form of the Principal that is everybody.
_EVERYBODY = ("*", ["*"], {"AWS": "*"}, {"AWS": ["*"]})
_PARTS = 6  # of an ARN
# Whoever may set the policy, or delete one that denies, can get access.
_POLICY_ACTIONS = ("ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy")
# A role's sessions act as the role; only users and the root have federated users.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
_SESSIONS = {"role": "assumed-role", "user": "federated-user"}


def may_allow(statement: Statement, to: Principal, actions: Iterable[str]) -> bool:
    """Return whether the statement may allow ``to``, its account, its roles or its sessions any of ``actions``."""
    # AWS's grammar has these names only in this case, so another case is an unknown form.
    elements = {name.lower(): value for name, value in statement.items()}
    if len(elements) < len(statement):
        return True
    if elements.get("effect") == "Deny" or not _may_cover(elements, actions):
        return False
    # A service acts for every account that no condition excludes: Lambda pulls for functions in other accounts.
    # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
    if _is_service(elements.get("principal")) and not policy_condition.is_for_others(
        statement, to.account, to.organization
    ):
        return True
    return policy_condition.is_met(statement, to.organization) is not False and _may_name(elements, to)


def names_others(statement: Statement, actions: Iterable[str]) -> bool:
    """Return whether the statement allows any of ``actions`` to accounts, roles or users that it names.

    They may belong to any organization.
    """
    named = [name for name in principals(statement) if name != "*" and not UNIQUE_ID.fullmatch(name)]
    is_any = bool(named) or (_is_service(statement.get("Principal")) and policy_condition.is_for_others(statement, ""))
    return statement.get("Effect") == "Allow" and is_any and covers(statement, actions)


def in_organization(organization: str) -> Statement:
    """Return the Condition that the principal belongs to the organization."""
    return {"StringEquals": {"aws:PrincipalOrgID": organization}}


def organization_of(statement: Statement) -> str:
    """Return the organization whose principals the statement is for, if that is its only condition, or an empty text.

    AWS may return the ID in a list.
    """
    condition = statement.get("Condition")
    if statement.get("Principal") not in _EVERYBODY or not isinstance(condition, dict):
        return ""
    equals = condition.get("StringEquals")
    ids = listed(equals.get("aws:PrincipalOrgID") if isinstance(equals, dict) else None)
    text = ids[0] if len(ids) == 1 and isinstance(ids[0], str) else ""
    is_known = condition in (in_organization(text), {"StringEquals": {"aws:PrincipalOrgID": [text]}})
    return text if is_known and principal.is_organization(text) else ""


def denies(statement: Statement, to: Principal) -> bool:
    """Return whether the statement denies ``to`` some actions, at least under a condition."""
    is_met = policy_condition.is_met(statement, to.organization)
    return statement.get("Effect") == "Deny" and is_met is not False and names(statement, to)


def names(statement: Statement, to: Principal) -> bool:
    """Return whether the statement names ``to``, its role, its account or everybody, or does not exempt it."""
    named = principals(statement, "NotPrincipal" if "NotPrincipal" in statement else "Principal")
    # AWS compares the account, then the role or the user in it: an exempt principal has to be named by each.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    levels = [to.account != "" and any(_is_account(name, to.account) for name in named)]
    own = arn.parse(to.arn)
    if own is not None and own.kind == "assumed-role":
        levels.append(any(_is_role_of(own, name) for name in named))
    if to.arn != to.root:
        levels.append(to.arn in named)
    if "NotPrincipal" in statement:
        return "*" not in named and not all(levels)
    return "*" in named or any(levels)


def covers(statement: Statement, wanted: Iterable[str]) -> bool:
    """Return whether the statement covers any of the actions ``wanted``."""
    if "NotAction" not in statement:
        return any(_is_among(action, actions(statement)) for action in wanted)
    return not all(_is_among(action, actions(statement, "NotAction")) for action in wanted)


def takes_from(statement: Statement, allowing: Statement) -> bool:
    """Return whether the actions of ``statement`` and those of ``allowing`` have any in common."""
    if "NotAction" in statement and "NotAction" in allowing:
        return not {"*", "ecr:*"} & {*actions(statement, "NotAction"), *actions(allowing, "NotAction")}
    for one, other in ((statement, allowing), (allowing, statement)):
        if "NotAction" in one:
            return not all(_is_among(action, actions(one, "NotAction")) for action in actions(other))
    return any(_overlap(one.lower(), other.lower()) for one in actions(statement) for other in actions(allowing))


def principals(statement: Statement, key: str = "Principal") -> list[str]:
    """Return the accounts, roles and users that a statement names, without services."""
    named = statement.get(key, [])
    return [str(name) for name in listed(named.get("AWS", []) if isinstance(named, dict) else named)]


def actions(statement: Statement, key: str = "Action") -> list[str]:
    """Return the actions that a statement names."""
    return [str(action) for action in listed(statement.get(key, []))]


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Return ``value`` as a list: a policy may have a single value without one."""
    return value if isinstance(value, list) else [value]


def _is_account(name: str, account: str) -> bool:
    """Return whether ``name`` is the account, or its root in any partition."""
    found = arn.parse(name)
    return name == account or (found is not None and (found.kind, found.account) == ("root", account))


def _is_role_of(session: Arn, name: str) -> bool:
    """Return whether ``name`` is the role of a session, whose ARN does not have the role's path."""
    role = arn.role(name)
    return role is not None and (role.account, role.name) == (session.account, session.name)


def _overlap(one: str, other: str) -> bool:
    """Return whether two patterns match any action both; ``*`` and ``?`` match as in IAM."""
    # In each row, entry n says whether what has been read of ``one`` and the first n characters of ``other`` can match.
    row = [True, *(set(other[: n + 1]) == {"*"} for n in range(len(other)))]
    for sign in one:
        below = [row[0] and sign == "*"]
        for n, wanted in enumerate(other):
            if "*" in (sign, wanted):
                below.append(row[n + 1] or below[n] or row[n])
            else:
                below.append(row[n] and ("?" in (sign, wanted) or sign == wanted))
        row = below
    return row[-1]


def _may_name(elements: Statement, to: Principal) -> bool:
    """Return whether the statement may apply to ``to``, or to a role or a session that belongs to it."""
    if "notprincipal" in elements and "principal" not in elements:
        # It exempts only the named ones: not the sessions of a role or the roles of an account.
        return "*" not in _names(elements["notprincipal"])
    is_known = "principal" in elements and "notprincipal" not in elements
    return not is_known or any(_may_be(name, to) for name in _names(elements["principal"]))


def _is_service(named: Any) -> bool:  # noqa: ANN401 - JSON
    return isinstance(named, dict) and "service" in map(str.lower, named)


def _names(named: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Return everything that a Principal names, except services, which belong to no account."""
    if not isinstance(named, dict):
        return listed(named)
    return [name for kind, names in named.items() if kind.lower() != "service" for name in listed(names)]


def _may_be(name: Any, to: Principal) -> bool:  # noqa: ANN401 - JSON
    """Return whether ``name`` may be ``to``, its account, or one of its roles or sessions."""
    if not isinstance(name, str):
        return True
    if is_account(name):
        return name == to.account
    parts = name.split(":", _PARTS - 1)
    if len(parts) < _PARTS or not is_account(parts[4]):
        return not UNIQUE_ID.fullmatch(name)
    return parts[4] == to.account and _may_be_in_account(name, to)


def _may_be_in_account(name: str, to: Principal) -> bool:
    """Return whether ``name``, an ARN in the account of ``to``, may be ``to``, or a role or session of it."""
    named, own = arn.parse(name), arn.parse(to.arn)
    if named is None or own is None or "root" in (named.kind, own.kind):
        return True
    if named.kind == "federated-user":
        return own.kind == "user"  # any of them may be its session: its name does not show it
    # Names are unique in an account, without regard to path and case; a session's ARN has its role's name.
    return named.kind in (own.kind, _SESSIONS[own.kind]) and named.name.lower() == own.name.lower()


def _may_cover(elements: Statement, wanted: Iterable[str]) -> bool:
    if "action" in elements and "notaction" in elements:
        return True
    wanted = (*wanted, *_POLICY_ACTIONS)
    if "notaction" in elements:
        patterns = listed(elements["notaction"])
        return not all(_is_among(action, patterns) for action in wanted)
    patterns = listed(elements.get("action"))
    return not all(isinstance(pattern, str) for pattern in patterns) or any(
        _is_among(action, patterns) for action in wanted
    )


def _is_among(action: str, patterns: list[Any]) -> bool:
    """Return whether one of ``patterns`` matches ``action``: IAM has only ``*`` and ``?``, and ignores case."""
    plain = (pattern.lower().replace("[", "[[]") for pattern in patterns if isinstance(pattern, str))
    return any(fnmatchcase(action.lower(), pattern) for pattern in plain)
