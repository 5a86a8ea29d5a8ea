"""Describes the statements of a repository policy, one line each."""

from docker_credential_ecrx.ecr import policy_statement
from docker_credential_ecrx.ecr.repository_policy import PULL, PUSH, Document
from docker_credential_ecrx.sanitizer import third_party


def summary(document: Document) -> list[tuple[str, str]]:
    """Return for each statement its Sid and who may do what by it."""
    lines = [(str(statement.get("Sid", "")), _sentence(statement)) for statement in document["Statement"]]
    return [(third_party.text(sid), third_party.text(sentence)) for sid, sentence in lines]


def _sentence(statement: Document) -> str:
    may = "may" if statement.get("Effect") == "Allow" else "may not"
    organization = policy_statement.organization_of(statement)
    if organization:
        return f"every principal of organization {organization} {may} {_actions(statement)}"
    condition = ", on a condition" if "Condition" in statement else ""
    return f"{_principals(statement)} {may} {_actions(statement)}{condition}"


def _principals(statement: Document) -> str:
    if "NotPrincipal" in statement:
        return f"all but {', '.join(policy_statement.principals(statement, 'NotPrincipal'))}"
    return ", ".join(policy_statement.principals(statement)) or "…"


def _actions(statement: Document) -> str:
    if "NotAction" in statement:
        return f"do anything but {_words(policy_statement.actions(statement, 'NotAction'))}"
    return _words(policy_statement.actions(statement)) or "…"


def _words(actions: list[str]) -> str:
    """Return the name for ``actions`` if they have one, else the actions themselves."""
    return next((access.words for access in (PUSH, PULL) if set(actions) == set(access.actions)), ", ".join(actions))
