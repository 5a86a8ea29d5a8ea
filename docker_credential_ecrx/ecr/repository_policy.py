"""A repository policy: grants access in a statement of its own, and leaves all other statements unchanged.

The statement is the one in AWS's article on access from a secondary account.
https://repost.aws/knowledge-center/secondary-account-access-ecr
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from docker_credential_ecrx.ecr import policy_condition, policy_statement
from docker_credential_ecrx.ecr.policy_statement import covers, denies, listed
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.sanitizer import third_party

Document = dict[str, Any]

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html
_LONGEST = 10240
# The longest element name that a message quotes: AWS's own have up to 12 characters.
_LONGEST_NAME = 20


class Access(NamedTuple):
    """A kind of access: the prefix of its statements' Sid, its name in a sentence, and its actions."""

    sid: str
    words: str
    actions: tuple[str, ...]


PULL = Access(
    "EcrxPull", "pull", ("ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability")
)
PUSH = Access(
    "EcrxPushPull",
    "push and pull",
    (*PULL.actions, "ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"),
)
_ACCESSES = (PULL, PUSH)


def read(text: str) -> Document:
    """Return the policy document ``text``; a single statement becomes a list.

    Raises AwsError if it is not a policy.
    """
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_float=_number, parse_constant=_refuse)
    except (ValueError, RecursionError):
        document = None
    statements = listed(document.get("Statement")) if isinstance(document, dict) else []
    if not isinstance(document, dict) or not all(isinstance(statement, dict) for statement in statements):
        raise AwsError(
            "the repository policy is not a JSON object with statements",
            "show it with aws ecr get-repository-policy, and replace or delete it",
        )
    return document | {"Statement": statements}


def grant(document: Document | None, to: Principal, access: Access) -> Document:
    """Return the document with a statement that grants ``access`` to ``to``, instead of an earlier one of this program.

    The document is unchanged if that one grants more, or if another statement has the Sid: AWS accepts each Sid once.
    """
    granted = [found for statement in _statements(document) if (found := _granted(statement, to))]
    if document is not None and (granted == [access] or PUSH in {*granted} - {access} or altered(document, to)):
        return document
    changed = _replaced(_statements(document), to, _ACCESSES, _statement(to, access))
    return (document or {"Version": "2012-10-17"}) | {"Statement": changed}


def revoke(document: Document | None, to: Principal, accesses: tuple[Access, ...] = _ACCESSES) -> Document | None:
    """Return the document without this program's statements for ``to``, or None if no statement is left."""
    if document is None:
        return None
    left = _replaced(document["Statement"], to, accesses)
    return document | {"Statement": left} if left else None


def granted(document: Document | None, to: Principal) -> Access | None:
    """Return the widest access that this program's statements grant to ``to``."""
    found = [_granted(statement, to) for statement in _statements(document)]
    return next((access for access in (PUSH, PULL) if access in found), None)


def altered(
    document: Document | None, to: Principal, accesses: tuple[Access, ...] = _ACCESSES
) -> list[tuple[str, list[str]]]:
    """Return the Sid of each statement for ``to`` that somebody changed after this program wrote it.

    With each come the names of the elements that differ from what ``grant`` writes.
    """
    found = []
    for statement in _statements(document):
        access = _claimed(statement, to, accesses)
        if access and (differences := _differences(statement, to, access)):
            found.append((f"{access.sid}{to.sid}", differences))
    return found


def restored(
    document: Document | None, to: Principal, accesses: tuple[Access, ...] = _ACCESSES, wanted: Access | None = None
) -> Document | None:
    """Return the document with each statement of ``altered`` replaced with what ``grant`` writes.

    It then grants ``wanted``, or else what its Sid says.
    """
    if document is None:
        return None
    claimed = [(statement, _claimed(statement, to, accesses)) for statement in document["Statement"]]
    return document | {
        "Statement": [
            _statement(to, wanted or access) if access and not _granted(statement, to) else statement
            for statement, access in claimed
        ]
    }


def still_allowed_by(document: Document | None, to: Principal) -> tuple[list[str], list[str]]:
    """Return the statements that may still allow access for ``to`` or its sessions: always, and with a condition."""
    return _named(document, lambda one: policy_statement.may_allow(one, to, PUSH.actions), to.organization)


def others_allowed_by(document: Document | None) -> list[str]:
    """Return the statements that allow access to the accounts, roles and users that they name."""
    without, with_condition = _named(document, lambda statement: policy_statement.names_others(statement, PUSH.actions))
    return [*without, *with_condition]


def denied_by(document: Document | None, to: Principal) -> tuple[list[str], list[str]]:
    """Return the statements that deny ``to`` push or pull: always, and with a condition."""
    return _named(document, lambda one: denies(one, to) and covers(one, PUSH.actions), to.organization)


def suspects(document: Document | None, to: Principal) -> list[str]:
    """Return the principals that may not exist: ``to``, and those for which AWS shows an ID instead of an ARN."""
    named: dict[str, None] = {}
    for statement in _statements(document):
        for key in ("Principal", "NotPrincipal"):
            named |= dict.fromkeys(policy_statement.principals(statement, key))
    own = () if to.organization else (to.arn,)  # AWS does not look an organization up
    return [name for name in named if name in own or policy_statement.UNIQUE_ID.fullmatch(name)]


def pretty(document: Document | None) -> str:
    """Return the document as indented JSON, or an empty text if there is none."""
    return f"{json.dumps(document, indent=2)}\n" if document else ""


def compact(document: Document) -> str:
    """Return the document in the form for AWS; raise AwsError if it is longer than AWS accepts."""
    text = json.dumps(document, separators=(",", ":"))
    if len(text) > _LONGEST:
        raise AwsError(
            f"the policy would have {len(text):,} characters, and AWS accepts at most {_LONGEST:,}",
            "grant access to accounts instead of single roles, or revoke access that is no longer needed",
        )
    return text


def _object(pairs: list[tuple[str, Any]]) -> Document:
    """Return the object with these members; raise ValueError if one occurs twice, since a dict loses the first."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError
    return members


def _number(text: str) -> float:
    """Return the number; raise ValueError if Python would write it back as a different one."""
    number = float(text)
    if Decimal(text) != Decimal(repr(number)):
        raise ValueError(text)
    return number


def _refuse(constant: str) -> None:
    """Raise ValueError: Python accepts NaN and Infinity, which JSON does not have."""
    raise ValueError(constant)


def _statements(document: Document | None) -> list[Document]:
    return document["Statement"] if document else []


def _statement(to: Principal, access: Access) -> Document:
    """Return the statement that grants ``access`` to ``to``."""
    statement = {
        "Sid": f"{access.sid}{to.sid}",
        "Effect": "Allow",
        "Principal": "*" if to.organization else {"AWS": to.arn},
        "Action": list(access.actions),
    }
    return statement | ({"Condition": policy_statement.in_organization(to.organization)} if to.organization else {})


def _replaced(
    statements: list[Document], to: Principal, accesses: tuple[Access, ...], *wanted: Document
) -> list[Document]:
    """Return the statements with ``wanted`` instead of the first that grants ``accesses``, or at the end."""
    own = [number for number, statement in enumerate(statements) if _granted(statement, to) in accesses]
    at = own[0] if own else len(statements)
    rest = (statement for number, statement in enumerate(statements) if number >= at and number not in own)
    return [*statements[:at], *wanted, *rest]


def _granted(statement: Document, to: Principal) -> Access | None:
    """Return what the statement grants to ``to`` if it is exactly what ``grant`` writes."""
    access = _claimed(statement, to, _ACCESSES)
    return access if access and not _differences(statement, to, access) else None


def _claimed(statement: Document, to: Principal, accesses: tuple[Access, ...]) -> Access | None:
    """Return what the statement grants to ``to`` by its Sid alone."""
    return next((access for access in accesses if statement.get("Sid") == f"{access.sid}{to.sid}"), None)


def _differences(statement: Document, to: Principal, access: Access) -> list[str]:
    """Return the names of the elements in which the statement differs from what ``grant`` writes.

    AWS may return the same in another form: an account by its id, a principal in a list, actions in another order.
    """
    wanted, plain = _statement(to, access), dict(statement)
    names = [to.arn, *([to.account] if to.arn == to.root else [])]
    if statement.get("Principal") in [{"AWS": form} for name in names for form in (name, [name])]:
        plain["Principal"] = wanted["Principal"]
    if to.organization and policy_statement.organization_of(statement) == to.organization:
        plain |= {name: wanted[name] for name in ("Principal", "Condition")}
    actions = statement.get("Action")
    if isinstance(actions, list) and sorted(map(str, actions)) == sorted(access.actions):
        plain["Action"] = wanted["Action"]
    missing = [name for name in wanted if name not in plain]
    differing = missing + [name for name, value in plain.items() if name not in wanted or value != wanted[name]]
    return [name if name.isalpha() and len(name) <= _LONGEST_NAME else "an unknown element" for name in differing]


def _named(
    document: Document | None, applies: Callable[[Document], bool], organization: str = ""
) -> tuple[list[str], list[str]]:
    """Return the Sid or the number of each statement for which ``applies`` is true: always, and under a condition."""
    found: tuple[list[str], list[str]] = ([], [])
    for number, statement in enumerate(_statements(document), 1):
        if applies(statement):
            depends = policy_condition.is_met(statement, organization) is None
            found[depends].append(third_party.text(str(statement.get("Sid") or f"number {number}")))
    return found
