"""A repository's policy: the statement that lets others push and pull, merged into what is there already; pure.

The statement is that of AWS's article on access from a secondary account.
https://repost.aws/knowledge-center/secondary-account-access-ecr
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from docker_credential_ecrx.ecr import policy_statement
from docker_credential_ecrx.ecr.policy_statement import listed
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.errors import AwsError
from docker_credential_ecrx.sanitizer import third_party

Document = dict[str, Any]

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html
_LONGEST = 10240
# The longest name of an element that is quoted: AWS's own have up to 12 characters.
_LONGEST_NAME = 20


class Access(NamedTuple):
    """A kind of grant: with what the identifiers of its statements begin, its name in a sentence, and its actions."""

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
    """Return the policy document ``text``; its statements are a list, also where it has one without.

    Raises AwsError where it is no policy.
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
    """Return the document with a statement that grants ``access`` to ``to``, in place of an earlier one of ours.

    It stays as it is if one of our identifiers is taken: AWS takes no two statements with the same one.
    """
    granted = [found for statement in _statements(document) if (found := _granted(statement, to))]
    if document is not None and (granted == [access] or altered(document, to)):
        return document
    changed = _replaced(_statements(document), to, _ACCESSES, _statement(to, access))
    return (document or {"Version": "2012-10-17"}) | {"Statement": changed}


def revoke(document: Document | None, to: Principal, accesses: tuple[Access, ...] = _ACCESSES) -> Document | None:
    """Return the document without our statements for ``to``, or None if no statement is left."""
    if document is None:
        return None
    kept = _replaced(document["Statement"], to, accesses)
    return document | {"Statement": kept} if kept else None


def altered(
    document: Document | None, to: Principal, accesses: tuple[Access, ...] = _ACCESSES
) -> list[tuple[str, list[str]]]:
    """Return the identifiers of statements that look like ours for ``to`` and are not exactly ours.

    Beside each are the names of the elements that differ from what ``grant`` writes.
    """
    found = []
    for statement in _statements(document):
        access = _claimed(statement, to, accesses)
        if access and (differences := _differences(statement, to, access)):
            found.append((f"{access.sid}{to.sid}", differences))
    return found


def restored(document: Document | None, to: Principal, accesses: tuple[Access, ...] = _ACCESSES) -> Document | None:
    """Return the document with each statement that ``altered`` finds as ``grant`` writes it."""
    if document is None:
        return None
    claimed = [(statement, _claimed(statement, to, accesses)) for statement in document["Statement"]]
    return document | {
        "Statement": [
            _statement(to, access) if access and not _granted(statement, to) else statement
            for statement, access in claimed
        ]
    }


def still_allowed_by(document: Document | None, to: Principal) -> tuple[list[str], list[str]]:
    """Return the names of the statements that may let ``to``, or what belongs to it, in: always, and on a condition."""
    return _named(document, lambda statement: policy_statement.lets_in(statement, to, PUSH.actions))


def denied_by(document: Document | None, to: Principal) -> tuple[list[str], list[str]]:
    """Return the names of the statements that forbid ``to`` to push or pull: always, and on a condition."""
    return _named(document, lambda statement: policy_statement.shuts_out(statement, to, PUSH.actions))


def suspects(document: Document | None, to: Principal) -> list[str]:
    """Return the principals that may not exist: ``to``, and those that AWS has an id for in place of an ARN."""
    named: dict[str, None] = {}
    for statement in _statements(document):
        for key in ("Principal", "NotPrincipal"):
            named |= dict.fromkeys(policy_statement.principals(statement, key))
    return [name for name in named if name == to.arn or policy_statement.UNIQUE_ID.fullmatch(name)]


def summary(document: Document) -> list[tuple[str, str]]:
    """Return a line for each statement: its identifier, and whom it lets do what."""
    lines = [(str(statement.get("Sid", "")), _sentence(statement)) for statement in document["Statement"]]
    return [(third_party.text(sid), third_party.text(sentence)) for sid, sentence in lines]


def pretty(document: Document | None) -> str:
    """Return the document in lines for a person, or no line where there is none."""
    return f"{json.dumps(document, indent=2)}\n" if document else ""


def compact(document: Document) -> str:
    """Return the document as AWS is sent it; raise AwsError where it is longer than AWS takes."""
    text = json.dumps(document, separators=(",", ":"))
    if len(text) > _LONGEST:
        raise AwsError(
            f"the policy would have {len(text):,} characters, and AWS takes {_LONGEST:,}",
            "grant to accounts in place of single roles, or revoke what is not needed any more",
        )
    return text


def _object(pairs: list[tuple[str, Any]]) -> Document:
    """Return the object that has these members; raise ValueError if it has one twice, which would lose the other."""
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError
    return members


def _number(text: str) -> float:
    """Return the number; raise ValueError if Python would write another one back."""
    number = float(text)
    if Decimal(text) != Decimal(repr(number)):
        raise ValueError(text)
    return number


def _refuse(constant: str) -> None:
    """Raise ValueError: Python reads NaN and Infinity, and JSON has none."""
    raise ValueError(constant)


def _statements(document: Document | None) -> list[Document]:
    return document["Statement"] if document else []


def _statement(to: Principal, access: Access) -> Document:
    """Return the statement that grants ``access`` to ``to``."""
    return {
        "Sid": f"{access.sid}{to.sid}",
        "Effect": "Allow",
        "Principal": {"AWS": to.arn},
        "Action": list(access.actions),
    }


def _replaced(
    statements: list[Document], to: Principal, accesses: tuple[Access, ...], *wanted: Document
) -> list[Document]:
    """Return the statements with ``wanted`` in the place of the first that grants ``accesses``, or at their end."""
    own = [number for number, statement in enumerate(statements) if _granted(statement, to) in accesses]
    at = own[0] if own else len(statements)
    rest = (statement for number, statement in enumerate(statements) if number >= at and number not in own)
    return [*statements[:at], *wanted, *rest]


def _granted(statement: Document, to: Principal) -> Access | None:
    """Return what the statement grants to ``to`` if it is exactly ours."""
    access = _claimed(statement, to, _ACCESSES)
    return access if access and not _differences(statement, to, access) else None


def _claimed(statement: Document, to: Principal, accesses: tuple[Access, ...]) -> Access | None:
    """Return what the statement grants to ``to`` by its identifier, which is all that may be ours in it."""
    return next((access for access in accesses if statement.get("Sid") == f"{access.sid}{to.sid}"), None)


def _differences(statement: Document, to: Principal, access: Access) -> list[str]:
    """Return the names of the elements in which the statement differs from what ``grant`` writes.

    AWS may give the same back in another form: an account by its id, one principal in a list, actions in any order.
    """
    wanted, plain = _statement(to, access), dict(statement)
    names = [to.arn, *([to.account] if to.arn == to.root else [])]
    if statement.get("Principal") in [{"AWS": form} for name in names for form in (name, [name])]:
        plain["Principal"] = wanted["Principal"]
    actions = statement.get("Action")
    if isinstance(actions, list) and sorted(map(str, actions)) == sorted(access.actions):
        plain["Action"] = wanted["Action"]
    missing = [name for name in wanted if name not in plain]
    differing = missing + [name for name, value in plain.items() if name not in wanted or value != wanted[name]]
    return [name if name.isalpha() and len(name) <= _LONGEST_NAME else "an unknown element" for name in differing]


def _named(document: Document | None, applies: Callable[[Document], bool]) -> tuple[list[str], list[str]]:
    """Return identifier or number of each statement to which ``applies`` does: without, and with a condition."""
    found: tuple[list[str], list[str]] = ([], [])
    for number, statement in enumerate(_statements(document), 1):
        if applies(statement):
            found["Condition" in statement].append(third_party.text(str(statement.get("Sid") or f"number {number}")))
    return found


def _sentence(statement: Document) -> str:
    """Return whom the statement lets do what, or forbids it."""
    may = "may" if statement.get("Effect") == "Allow" else "may not"
    condition = ", on a condition" if "Condition" in statement else ""
    return f"{_whom(statement)} {may} {_what(statement)}{condition}"


def _whom(statement: Document) -> str:
    if "NotPrincipal" in statement:
        return f"all but {', '.join(policy_statement.principals(statement, 'NotPrincipal'))}"
    return ", ".join(policy_statement.principals(statement)) or "…"


def _what(statement: Document) -> str:
    if "NotAction" in statement:
        return f"do anything but {_words(policy_statement.actions(statement, 'NotAction'))}"
    return _words(policy_statement.actions(statement)) or "…"


def _words(actions: list[str]) -> str:
    """Return a name for ``actions`` where they have one, else themselves."""
    return next((access.words for access in (PUSH, PULL) if set(actions) == set(access.actions)), ", ".join(actions))
