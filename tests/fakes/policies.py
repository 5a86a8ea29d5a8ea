"""Repository policies as ECR evaluates them: which documents are valid, and which actions they allow.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

_VERSIONS = (None, "2008-10-17", "2012-10-17")
# A repository policy is part of its repository, so it names no resource.
_KEYS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"}


class ConditionError(Exception):
    """The result depends on a condition that is not evaluated here."""


def is_valid(text: str, exists: Callable[[str], bool]) -> bool:
    """Return whether ECR accepts the document ``text``; ``exists`` tells whether a principal exists."""
    try:
        document = json.loads(text)
    except ValueError:
        return False
    if not isinstance(document, dict) or document.get("Version") not in _VERSIONS:
        return False
    statements = _listed(document.get("Statement", []))
    if not statements or not all(_is_statement(statement, exists) for statement in statements):
        return False
    sids = [statement["Sid"] for statement in statements if "Sid" in statement]
    return len(sids) == len(set(sids))


def permits(text: str | None, principal: str, action: str, organization: str = "") -> bool:
    """Return whether the policy ``text`` allows the principal ``action``, such as ``ecr:PutImage``.

    ``organization`` is the ID of the one that the principal's account is in, if it is in one.
    Raises ConditionError if a statement that applies to both has a condition other than on that.
    """
    effects = set()
    for statement in _listed(json.loads(text)["Statement"]) if text else []:
        if _applies_to(statement, principal) and _covers(statement, action):
            if not _is_met(statement, organization):
                continue
            effects.add(statement["Effect"])
    return effects == {"Allow"}


def _is_met(statement: dict[str, Any], organization: str) -> bool:
    """Return whether the statement has no condition, or one that only the organization's principals meet."""
    if "Condition" not in statement:
        return True
    match statement["Condition"]:
        case {"StringEquals": {"aws:PrincipalOrgID": wanted, **others}, **operators} if not others and not operators:
            return organization in _listed(wanted)
    raise ConditionError(statement.get("Sid", ""))


def _is_statement(statement: Any, exists: Callable[[str], bool]) -> bool:  # noqa: ANN401 - JSON
    return (
        isinstance(statement, dict)
        and statement.keys() <= _KEYS
        and len(statement.keys() & {"Principal", "NotPrincipal"}) == 1
        and len(statement.keys() & {"Action", "NotAction"}) == 1
        and statement.get("Effect") in (("Allow", "Deny") if "Principal" in statement else ("Deny",))
        and all(exists(principal) for principal in _principals(statement))
        and all(action == "*" or action.startswith("ecr:") for action in _actions(statement))
    )


def _applies_to(statement: dict[str, Any], principal: str) -> bool:
    """Return whether the statement applies to the principal: an account's root, a user, or a session.

    To exempt a principal, NotPrincipal has to name its account too and, if it is a session, its role.
    """
    named = list(_principals(statement))
    has_named = [any(map(level, named)) for level in _levels(principal)]
    if "Principal" in statement:
        return "*" in named or any(has_named)
    return "*" not in named and not all(has_named)


def _levels(principal: str) -> list[Callable[[str], bool]]:
    """Return a test for each level at which a policy may name the principal: its account, its role, and itself."""
    _, partition, *_, account, resource = principal.split(":", 5)
    iam = f"arn:{partition}:iam::{account}:"
    levels: list[Callable[[str], bool]] = [lambda name: name in (account, f"{iam}root")]
    kind, _, name = resource.partition("/")
    if kind == "assumed-role":
        role = name.partition("/")[0]
        levels.append(
            lambda name: name.startswith(f"{iam}role/") and name.endswith(f"/{role}")
        )  # a path may be between
    if resource != "root":
        levels.append(lambda name: name == principal)
    return levels


def _covers(statement: dict[str, Any], action: str) -> bool:
    return ("Action" in statement) == any(
        fnmatchcase(action.lower(), pattern.lower()) for pattern in _actions(statement)
    )


def _principals(statement: dict[str, Any]) -> Iterator[str]:
    """Yield the accounts, roles, users and sessions that the statement names, without services."""
    principal = statement["Principal" if "Principal" in statement else "NotPrincipal"]
    yield from _listed(principal.get("AWS", [])) if isinstance(principal, dict) else _listed(principal)


def _actions(statement: dict[str, Any]) -> list[str]:
    return _listed(statement["Action" if "Action" in statement else "NotAction"])


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else [value]
