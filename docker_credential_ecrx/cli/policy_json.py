"""The JSON object of ``policy grant`` and ``policy revoke``: what each repository's policy becomes."""

from collections.abc import Iterable
from typing import Any

from docker_credential_ecrx.aws.repository_policy_client import Owned
from docker_credential_ecrx.cli import json_parts, remarks
from docker_credential_ecrx.cli.policy_change import Kind, Options, PolicyChange
from docker_credential_ecrx.cli.policy_outcome import Outcome
from docker_credential_ecrx.ecr import repository_policy
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.errors import EcrxError
from docker_credential_ecrx.sanitizer import third_party


def document(options: Options, owned: Owned, to: Principal, repositories: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the object for ``repositories``, as ``made`` and ``failed`` return them; ``owned`` is one, or a prefix."""
    return {
        "region": owned.region,
        "principal": None if to.organization else to.arn,
        "organization": to.organization or None,
        "access": (repository_policy.PULL if options["pull_only"] else repository_policy.PUSH).words,
        "repositories": repositories,
        "remarks": remarks.document(),
    }


def made(kind: Kind, change: PolicyChange, outcome: Outcome) -> dict[str, Any]:
    """Return what becomes of one repository's policy."""
    return {
        "name": change.owned.name,
        "account": change.owned.account,
        "changed": outcome.is_needed and change.before != change.after,
        "applied": change.is_applied,
        "policy": change.after if outcome.is_needed else change.before,
        **_statements(kind, outcome),
        "modified": [{"statement": third_party.line(sid), "elements": _names(keys)} for sid, keys in outcome.modified],
        "error": None,
    }


def failed(kind: Kind, owned: Owned, error: EcrxError) -> dict[str, Any]:
    """Return why the policy of one repository of several cannot be read or set."""
    place = {"name": owned.name, "account": owned.account, "changed": False, "applied": False, "policy": None}
    return {
        **place,
        **_statements(kind, Outcome()),
        "modified": [],
        "error": json_parts.error(error),
    }


def _statements(kind: Kind, outcome: Outcome) -> dict[str, list[str]]:
    """Return the names of the statements because of which the effect is not as the user asked."""
    if kind.verb == "grant":
        found = {"denied_by": outcome.always, "denied_under_condition_by": outcome.sometimes}
    else:
        found = {"allowed_by": outcome.always, "allowed_under_condition_by": outcome.sometimes}
        found |= {"accounts_allowed_by": outcome.others}
    return {key: _names(names) for key, names in found.items()}


def _names(names: Iterable[str]) -> list[str]:
    return [*map(third_party.line, names)]
