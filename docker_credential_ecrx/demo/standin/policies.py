"""Repository policies as ECR has them: which documents it takes, and whom they let do what."""

import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

_VERSIONS = (None, "2008-10-17", "2012-10-17")
# A repository's policy is of that repository: it names no resource.
_KEYS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"}
_NEEDED = {"Effect", "Principal", "Action"}


def is_valid(text: str, exists: Callable[[str], bool]) -> bool:
    """Return whether ECR takes the document ``text``; ``exists`` says so of a principal."""
    try:
        document = json.loads(text)
    except ValueError:
        return False
    if not isinstance(document, dict) or document.get("Version") not in _VERSIONS:
        return False
    statements = _listed(document.get("Statement", []))
    return bool(statements) and all(_is_statement(statement, exists) for statement in statements)


def permits(text: str | None, principal: str, action: str) -> bool:
    """Return whether the policy ``text`` lets the principal do ``action``, such as ``ecr:PutImage``."""
    allowed = False
    for statement in _listed(json.loads(text)["Statement"]) if text else []:
        if _names(statement, principal) and _covers(statement, action):
            if statement["Effect"] == "Deny":
                return False
            allowed = True
    return allowed


def _is_statement(statement: Any, exists: Callable[[str], bool]) -> bool:  # noqa: ANN401 - JSON
    return (
        isinstance(statement, dict)
        and statement.keys() <= _KEYS
        and statement.keys() >= _NEEDED
        and statement["Effect"] in ("Allow", "Deny")
        and all(exists(principal) for principal in _principals(statement))
        and all(action == "*" or action.startswith("ecr:") for action in _listed(statement["Action"]))
    )


def _names(statement: dict[str, Any], principal: str) -> bool:
    *_, account, resource = principal.split(":", 5)
    kind, _, name = resource.partition("/")
    role = name.partition("/")[0] if kind == "assumed-role" else None
    for named in _principals(statement):
        if named in ("*", account, principal) or named.endswith(f":{account}:root"):
            return True
        if role and f":{account}:role/" in named and named.endswith(f"/{role}"):
            return True
    return False


def _covers(statement: dict[str, Any], action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _listed(statement["Action"]))


def _principals(statement: dict[str, Any]) -> Iterator[str]:
    principal = statement["Principal"]
    yield from _listed(principal.get("AWS", [])) if isinstance(principal, dict) else _listed(principal)


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else [value]
