"""Evaluates a statement's condition on the organization of a principal; any other condition depends on the request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from docker_credential_ecrx.ecr import principal

_KEY = "aws:principalorgid"  # the case of a key has no meaning
# The keys that say for whom a service acts, with the form of a value that matches one account or organization only.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
_SOURCES = {
    "aws:sourceaccount": re.compile(r"([0-9]{12})"),
    "aws:sourcearn": re.compile(r"arn:[^:*?$]+:[^:*?$]+:[^:*?$]*:([0-9]{12}):[^$]*"),
    "aws:sourceorgid": re.compile(r"(o-[a-z0-9]{10,32})"),
}
# An ARN is compared part by part, so a wildcard matches no colon before the account.
_SOURCE_BY_PARTS = re.compile(r"arn:[^:$]+:[^:$]+:[^:$]*:([0-9]{12}):[^$]*")
_HAS_TO_EQUAL = {"StringEquals": True, "StringLike": True, "StringNotEquals": False, "StringNotLike": False}


class _Test(NamedTuple):
    """One test of a condition: its operator, the key, and the values."""

    operator: str
    key: str
    values: list[Any]

    def is_exact(self) -> bool:
        """Return whether it compares the organization's ID with known ones."""
        # A dollar sign begins a variable, such as ${aws:PrincipalTag/org}.
        inexact = set("*?$" if "Like" in self.operator else "$")
        is_plain = all(isinstance(value, str) and inexact.isdisjoint(value) for value in self.values)
        return self.operator in _HAS_TO_EQUAL and self.key.lower() == _KEY and bool(self.values) and is_plain


def is_met(statement: dict[str, Any], organization: str) -> bool | None:
    """Return whether the principals of ``organization`` meet the statement's condition, or None if that depends.

    Without a condition, everybody meets it. ``organization`` is empty for accounts, roles and users: theirs is unknown.
    """
    if "Condition" not in statement:
        return True
    tests = list(_tests(statement))
    results = {_result(test, organization) for test in tests} or {None}
    return next(result for result in (False, None, True) if result in results)


def organizations(statement: dict[str, Any]) -> list[str]:
    """Return the IDs of the organizations with which the statement's condition compares a principal's."""
    values = [value for test in _tests(statement) if test.is_exact() for value in test.values]
    return [value for value in dict.fromkeys(values) if principal.is_organization(value)]


def is_for_others(statement: dict[str, Any], account: str, organization: str = "") -> bool:
    """Return whether a service meets the statement's condition only if it acts for others than the account.

    For an ``organization``, it has to act for other organizations, or for accounts that the condition names.
    """
    own = {account, organization}
    tests = (test for test in _tests(statement) if organization or test.key.lower() != "aws:sourceorgid")
    return any((found := _sources(test)) and own.isdisjoint(found) for test in tests)


def keys(statement: dict[str, Any], organization: str) -> list[str]:
    """Return the keys of the statement's condition on which ``is_met`` depends."""
    unknown = ["unknown"] if "Condition" in statement else []
    return [test.key for test in _tests(statement) if _result(test, organization) is None] or unknown


def _tests(statement: dict[str, Any]) -> Iterator[_Test]:
    condition = statement.get("Condition")
    for operator, members in condition.items() if isinstance(condition, dict) else ():
        for key, value in members.items() if isinstance(members, dict) else {"unknown": None}.items():
            yield _Test(operator, key or "unknown", value if isinstance(value, list) else [value])


def _result(test: _Test, organization: str) -> bool | None:
    if not organization or not test.is_exact():
        return None
    return (organization in test.values) == _HAS_TO_EQUAL[test.operator]


def _sources(test: _Test) -> list[str]:
    """Return the accounts or organizations for one of which a service has to act to pass the test, if it names all."""
    key, operator = test.key.lower(), test.operator
    if key not in _SOURCES or operator not in ("StringEquals", "StringLike", "ArnEquals", "ArnLike"):
        return []
    form = _SOURCE_BY_PARTS if operator.startswith("Arn") else _SOURCES[key]
    found = [form.fullmatch(value) if isinstance(value, str) else None for value in test.values]
    return [each[1] for each in found if each] if all(found) else []
