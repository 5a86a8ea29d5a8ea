"""Reads one statement of a repository's policy: whom it may let in or shuts out, and for which actions; pure.

Whether AWS lets somebody in also depends on their request, so ``lets_in`` errs on one side: a form that is not known
counts as one that lets them in.
"""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from docker_credential_ecrx.ecr import arn
from docker_credential_ecrx.ecr.principal import Principal

Statement = dict[str, Any]

# What AWS shows in place of the ARN of a principal that was deleted: nobody is let in by it any more.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
UNIQUE_ID = re.compile(r"A(ID|RO)A[A-Z0-9]{12,}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_PARTS = 6  # of an ARN
# Who may set the policy, or delete one that denies, can let themselves in.
_POLICY_ACTIONS = ("ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy")
# A role's sessions act as it; only users and the root have federated users.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
_SESSIONS = {"role": "assumed-role", "user": "federated-user"}


def lets_in(statement: Statement, to: Principal, actions: Iterable[str]) -> bool:
    """Return whether the statement may let ``to``, its account, one of its roles or sessions do any of ``actions``."""
    # AWS's grammar has these names in this case alone, so another one is a form that is not known.
    elements = {name.lower(): value for name, value in statement.items()}
    if len(elements) < len(statement):
        return True
    return elements.get("effect") != "Deny" and _may_name(elements, to) and _may_allow(elements, actions)


def shuts_out(statement: Statement, to: Principal, actions: Iterable[str]) -> bool:
    """Return whether the statement denies ``to`` any of ``actions``, at least on a condition."""
    return statement.get("Effect") == "Deny" and _names_in_full(statement, to) and _is_about(statement, actions)


def principals(statement: Statement, key: str = "Principal") -> list[str]:
    """Return the accounts, roles and users that a statement names; a service is none."""
    principal = statement.get(key, [])
    return [str(name) for name in listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)]


def actions(statement: Statement, key: str = "Action") -> list[str]:
    """Return the actions that a statement names."""
    return [str(action) for action in listed(statement.get(key, []))]


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Return a list, also where a policy has a single value without one."""
    return value if isinstance(value, list) else [value]


def _may_name(elements: Statement, to: Principal) -> bool:
    """Return whether the statement may be about ``to`` or anybody that belongs to it."""
    if "notprincipal" in elements and "principal" not in elements:
        # It leaves out who is named alone: the sessions of a role and the roles of an account are others.
        return "*" not in _names(elements["notprincipal"])
    known = "principal" in elements and "notprincipal" not in elements
    if not known or any(_may_be(name, to) for name in _names(elements["principal"])):
        return True
    # A service acts for an account that a condition names, as Lambda pulls for functions of others' accounts:
    # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
    return _is_service(elements["principal"]) and to.account in str(elements.get("condition", ""))


def _is_service(principal: Any) -> bool:  # noqa: ANN401 - JSON
    return isinstance(principal, dict) and "service" in map(str.lower, principal)


def _names(principal: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """Return all that a Principal names, except services, which belong to no account."""
    if not isinstance(principal, dict):
        return listed(principal)
    return [name for kind, names in principal.items() if kind.lower() != "service" for name in listed(names)]


def _may_be(name: Any, to: Principal) -> bool:  # noqa: ANN401 - JSON
    """Return whether ``name`` may stand for ``to``, its account, or a role or session of it."""
    if not isinstance(name, str):
        return True
    if _ACCOUNT.fullmatch(name):
        return name == to.account
    parts = name.split(":", _PARTS - 1)
    if len(parts) < _PARTS or not _ACCOUNT.fullmatch(parts[4]):
        return not UNIQUE_ID.fullmatch(name)
    return parts[4] == to.account and _may_be_in_account(name, to)


def _may_be_in_account(name: str, to: Principal) -> bool:
    """Return whether ``name``, an ARN of the account of ``to``, may stand for ``to`` or what belongs to it."""
    named, own = arn.parse(name), arn.parse(to.arn)
    if named is None or own is None or "root" in (named.kind, own.kind):
        return True
    if named.kind == "federated-user":
        return own.kind == "user"  # any of them may be its session, whatever that is called
    # An account has each name once, whatever its path and case; a session has the name of its role alone.
    return named.kind in (own.kind, _SESSIONS[own.kind]) and named.name.lower() == own.name.lower()


def _may_allow(elements: Statement, wanted: Iterable[str]) -> bool:
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


def _names_in_full(statement: Statement, to: Principal) -> bool:
    accounts = {"*", to.account, to.root}
    if "NotPrincipal" not in statement:
        return not (accounts | {to.arn}).isdisjoint(principals(statement))
    # AWS compares the account, then the role or the user in it: who is to be left out has to be named by both.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    left_out = principals(statement, "NotPrincipal")
    is_itself = to.arn == to.root or "*" in left_out or to.arn in left_out
    return accounts.isdisjoint(left_out) or not is_itself


def _is_about(statement: Statement, wanted: Iterable[str]) -> bool:
    """Return whether the statement is about any of the actions ``wanted``."""
    if "NotAction" not in statement:
        return any(_is_among(action, actions(statement)) for action in wanted)
    return not all(_is_among(action, actions(statement, "NotAction")) for action in wanted)


def _is_among(action: str, patterns: list[Any]) -> bool:
    """Return whether one of ``patterns`` is of ``action``: IAM knows ``*`` and ``?`` alone, and no case."""
    plain = (pattern.lower().replace("[", "[[]") for pattern in patterns if isinstance(pattern, str))
    return any(fnmatchcase(action.lower(), pattern) for pattern in plain)
