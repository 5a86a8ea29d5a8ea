"""Reads one statement of a repository policy: to whom it may allow or denies which actions.

Whether AWS allows a request also depends on the request, so ``may_allow`` errs on the safe side: it takes an unknown
form as one that allows access.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.ecr.principal import Principal

Statement = dict[str, Any]

# What AWS shows instead of the ARN of a deleted principal: it allows access to nobody.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
UNIQUE_ID = re.compile(r"A(ID|RO)A[A-Z0-9]{12,}")
_ACCOUNT = re.compile(r"[0-9]{12}")
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
    return elements.get("effect") != "Deny" and _may_name(elements, to) and _may_cover(elements, actions)


def denies(statement: Statement, to: Principal, actions: Iterable[str]) -> bool:
    """Return whether the statement denies ``to`` any of ``actions``, at least under a condition."""
    return statement.get("Effect") == "Deny" and _names_exactly(statement, to) and _covers(statement, actions)


def principals(statement: Statement, key: str = "Principal") -> list[str]:
    """Return the accounts, roles and users that a statement names, without services."""
    principal = statement.get(key, [])
    return [str(name) for name in listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)]


def actions(statement: Statement, key: str = "Action") -> list[str]:
    """Return the actions that a statement names."""
    return [str(action) for action in listed(statement.get(key, []))]


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Return ``value`` as a list: a policy may have a single value without one."""
    return value if isinstance(value, list) else [value]


def _may_name(elements: Statement, to: Principal) -> bool:
    """Return whether the statement may apply to ``to``, or to a role or a session that belongs to it."""
    if "notprincipal" in elements and "principal" not in elements:
        # It exempts only the named ones: not the sessions of a role or the roles of an account.
        return "*" not in _names(elements["notprincipal"])
    is_known = "principal" in elements and "notprincipal" not in elements
    if not is_known or any(_may_be(name, to) for name in _names(elements["principal"])):
        return True
    # A service may act for an account in a condition: Lambda pulls for functions in other accounts.
    # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
    return _is_service(elements["principal"]) and to.account in str(elements.get("condition", ""))


def _is_service(principal: Any) -> bool:  # noqa: ANN401 - JSON
    return isinstance(principal, dict) and "service" in map(str.lower, principal)


def _names(principal: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Return everything that a Principal names, except services, which belong to no account."""
    if not isinstance(principal, dict):
        return listed(principal)
    return [name for kind, names in principal.items() if kind.lower() != "service" for name in listed(names)]


def _may_be(name: Any, to: Principal) -> bool:  # noqa: ANN401 - JSON
    """Return whether ``name`` may be ``to``, its account, or one of its roles or sessions."""
    if not isinstance(name, str):
        return True
    if _ACCOUNT.fullmatch(name):
        return name == to.account
    parts = name.split(":", _PARTS - 1)
    if len(parts) < _PARTS or not _ACCOUNT.fullmatch(parts[4]):
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


def _names_exactly(statement: Statement, to: Principal) -> bool:
    accounts = {"*", to.account, to.root}
    if "NotPrincipal" not in statement:
        return not (accounts | {to.arn}).isdisjoint(principals(statement))
    # AWS compares the account, then the role or the user in it: an exempt principal has to be named by both.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    left_out = principals(statement, "NotPrincipal")
    is_itself = to.arn == to.root or "*" in left_out or to.arn in left_out
    return accounts.isdisjoint(left_out) or not is_itself


def _covers(statement: Statement, wanted: Iterable[str]) -> bool:
    """Return whether the statement covers any of the actions ``wanted``."""
    if "NotAction" not in statement:
        return any(_is_among(action, actions(statement)) for action in wanted)
    return not all(_is_among(action, actions(statement, "NotAction")) for action in wanted)


def _is_among(action: str, patterns: list[Any]) -> bool:
    """Return whether one of ``patterns`` matches ``action``: IAM has only ``*`` and ``?``, and ignores case."""
    plain = (pattern.lower().replace("[", "[[]") for pattern in patterns if isinstance(pattern, str))
    return any(fnmatchcase(action.lower(), pattern) for pattern in plain)
