"""What ``policy who`` prints: who can do what with a repository, and why."""

from typing import Any

from docker_credential_ecrx.aws.repository_policy_client import Owned
from docker_credential_ecrx.ecr import policy_access
from docker_credential_ecrx.ecr.policy_access import CONDITION, NO, YES, Grantee
from docker_credential_ecrx.ecr.repository_policy import Document

_NAMES = {
    "owner": "its owner, account {}",
    "account": "every principal of account {}",
    "organization": "every principal of organization {}",
    "anybody": "anybody with an AWS account",
    "all-but": "everybody except {}",
    "service": "the AWS service {}",
}


def rows(owned: Owned, document: Document | None) -> list[tuple[str, str]]:
    """Return each principal and what it can do, in words; the owner's account comes first."""
    found = policy_access.grantees(document, owned.account)
    return [(_NAMES.get(one.kind, "{}").format(one.name), _words(one)) for one in found]


def document(owned: Owned, policy: Document | None) -> dict[str, Any]:
    """Return the same as a JSON object."""
    found = [one._asdict() for one in policy_access.grantees(policy, owned.account)]
    place = {"repository": owned.name, "region": owned.region, "owner": owned.account}
    return {**place, "access": found}


def _words(one: Grantee) -> str:
    """Return what it can do: ``push and pull``, and then all other actions."""
    if one.kind == "owner":
        return f"what its IAM policies allow{_except(one)}"
    when = f" under a condition on {', '.join(one.conditions)}"
    able = {YES: "push and pull", CONDITION: f"push and pull{when}", NO: ""}[one.push]
    if one.pull == YES and one.push != YES:
        able = f"pull{f', and push{when}' if one.push == CONDITION else ''}"
    elif one.pull == CONDITION and one.push == NO:
        able = f"pull{when}"
    words = [*filter(None, (able, *one.other))]
    if one.conditions and CONDITION not in (one.pull, one.push):
        words.append(f"some of it{when}")
    if one.denied_by and one.pull != NO and one.push == NO:
        words.append("but not push")
    return f"{', '.join(words) or 'nothing'}{_except(one)}"


def _except(one: Grantee) -> str:
    names = ", ".join(f'"{name}"' for name in one.denied_by)
    verb = "statement {} denies" if len(one.denied_by) == 1 else "statements {} deny"
    return f"; the {verb.format(names)} some of it" if names else ""
