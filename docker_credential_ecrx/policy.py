"""A repository's policy: the statement that lets others push and pull, merged into what is there already; pure.

The statement is that of AWS's article on access from a secondary account.
https://repost.aws/knowledge-center/secondary-account-access-ecr
"""

import json
import re
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from docker_credential_ecrx.errors import AwsError, one_line
from docker_credential_ecrx.principal import Principal

Document = dict[str, Any]

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html
_LONGEST = 10240
# What AWS shows in place of the ARN of a principal that is no more; it takes no document with it.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,}")


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


def read(text: str) -> Document:
    """Return the policy document ``text``; its statements are a list, also where it has one without.

    Raises AwsError where it is no policy.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    statements = _listed(document.get("Statement")) if isinstance(document, dict) else []
    if not isinstance(document, dict) or not all(isinstance(statement, dict) for statement in statements):
        message = "what it has for a repository policy is not a JSON object with statements"
        raise AwsError(message, "see it with aws ecr get-repository-policy, and set or delete it")
    return document | {"Statement": statements}


def grant(document: Document | None, to: Principal, access: Access) -> Document:
    """Return the document with a statement that grants ``access`` to ``to``, in place of an earlier one of ours."""
    wanted = {
        "Sid": f"{access.sid}{to.sid}",
        "Effect": "Allow",
        "Principal": {"AWS": to.arn},
        "Action": list(access.actions),
    }
    sids = _sids(to, (PULL, PUSH))
    own = [statement for statement in _statements(document) if statement.get("Sid") in sids]
    if document is not None and [_plain(statement) for statement in own] == [_plain(wanted)]:
        return document
    statements = _replaced(_statements(document), sids, wanted)
    return (document or {"Version": "2012-10-17"}) | {"Statement": statements}


def revoke(document: Document | None, to: Principal, accesses: tuple[Access, ...] = (PULL, PUSH)) -> Document | None:
    """Return the document without our statements for ``to``, or None where no statement is left."""
    if document is None:
        return None
    sids = _sids(to, accesses)
    kept = _replaced(document["Statement"], sids)
    return document | {"Statement": kept} if kept else None


def still_allowed_by(document: Document | None, to: Principal) -> list[str]:
    """Return the identifier, or the number, of each statement that lets ``to`` push or pull."""
    return [name for name, _ in _about(document, to, "Allow")]


def denied_by(document: Document | None, to: Principal) -> tuple[list[str], list[str]]:
    """Return the identifiers of the statements that forbid ``to`` to push or pull: always, and on a condition."""
    found = _about(document, to, "Deny")
    always = [name for name, statement in found if "Condition" not in statement]
    return always, [name for name, statement in found if "Condition" in statement]


def suspects(document: Document | None, to: Principal) -> list[str]:
    """Return the principals that may not exist: ``to``, and those that AWS has an id for in place of an ARN."""
    named: dict[str, None] = {}
    for statement in _statements(document):
        named |= dict.fromkeys([*_principals(statement), *_principals(statement, "NotPrincipal")])
    return [name for name in named if name == to.arn or _UNIQUE_ID.fullmatch(name)]


def summary(document: Document) -> list[tuple[str, str]]:
    """Return a line for each statement: its identifier, and whom it lets do what."""
    lines = [(str(statement.get("Sid", "")), _sentence(statement)) for statement in document["Statement"]]
    return [(one_line(sid), one_line(sentence)) for sid, sentence in lines]


def pretty(document: Document | None) -> str:
    """Return the document in lines for a person, or no line where there is none."""
    return f"{json.dumps(document, indent=2)}\n" if document else ""


def compact(document: Document) -> str:
    """Return the document as AWS is sent it; raise AwsError where it is longer than AWS takes."""
    text = json.dumps(document, separators=(",", ":"))
    if len(text) > _LONGEST:
        message = f"the policy would have {len(text):,} characters, and AWS takes {_LONGEST:,}"
        raise AwsError(message, "grant to accounts in place of single roles, or revoke what is not needed any more")
    return text


def _statements(document: Document | None) -> list[Document]:
    return document["Statement"] if document else []


def _sids(to: Principal, accesses: tuple[Access, ...]) -> list[str]:
    return [f"{access.sid}{to.sid}" for access in accesses]


def _replaced(statements: list[Document], sids: list[str], *wanted: Document) -> list[Document]:
    """Return the statements with ``wanted`` in the place of the first that has one of ``sids``, or at their end."""
    own = [number for number, statement in enumerate(statements) if statement.get("Sid") in sids]
    at = own[0] if own else len(statements)
    rest = (statement for statement in statements[at:] if statement.get("Sid") not in sids)
    return [*statements[:at], *wanted, *rest]


def _plain(statement: Document) -> Document:
    """Return the statement with its actions in order and its principals in a list: AWS may give back another form."""
    plain = statement | {"Action": sorted(_actions(statement))}
    principal = statement.get("Principal")
    if isinstance(principal, dict) and principal.keys() == {"AWS"}:
        plain["Principal"] = _principals(statement)
    return plain


def _principals(statement: Document, key: str = "Principal") -> list[str]:
    """Return the accounts, roles and users that a statement names; a service is none."""
    principal = statement.get(key, [])
    return [str(name) for name in _listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)]


def _actions(statement: Document, key: str = "Action") -> list[str]:
    return [str(action) for action in _listed(statement.get(key, []))]


def _about(document: Document | None, to: Principal, effect: str) -> list[tuple[str, Document]]:
    """Return name and statement of each statement that allows or denies, as ``effect`` says, ``to`` to push or pull."""
    return [
        (one_line(str(statement.get("Sid") or f"number {number}")), statement)
        for number, statement in enumerate(_statements(document), 1)
        if statement.get("Effect") == effect and _is_about_principal(statement, to) and _is_about_images(statement)
    ]


def _is_about_principal(statement: Document, to: Principal) -> bool:
    accounts = {"*", to.account, to.root}
    if "NotPrincipal" not in statement:
        return not (accounts | {to.arn}).isdisjoint(_principals(statement))
    # AWS compares the account, then the role or the user in it: who is to be left out has to be named by both.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    left_out = _principals(statement, "NotPrincipal")
    is_itself = to.arn == to.root or "*" in left_out or to.arn in left_out
    return accounts.isdisjoint(left_out) or not is_itself


def _is_about_images(statement: Document) -> bool:
    """Return whether the statement is about any of the actions that push or pull."""
    if "NotAction" not in statement:
        return any(_is_among(action, _actions(statement)) for action in PUSH.actions)
    return not all(_is_among(action, _actions(statement, "NotAction")) for action in PUSH.actions)


def _is_among(action: str, patterns: list[str]) -> bool:
    """Return whether one of ``patterns`` is of ``action``: IAM knows ``*`` and ``?`` alone, and no case."""
    return any(fnmatchcase(action.lower(), pattern.lower().replace("[", "[[]")) for pattern in patterns)


def _sentence(statement: Document) -> str:
    """Return whom the statement lets do what, or forbids it."""
    may = "may" if statement.get("Effect") == "Allow" else "may not"
    condition = ", on a condition" if "Condition" in statement else ""
    return f"{_whom(statement)} {may} {_what(statement)}{condition}"


def _whom(statement: Document) -> str:
    if "NotPrincipal" in statement:
        return f"all but {', '.join(_principals(statement, 'NotPrincipal'))}"
    return ", ".join(_principals(statement)) or "…"


def _what(statement: Document) -> str:
    if "NotAction" in statement:
        return f"do anything but {_words(_actions(statement, 'NotAction'))}"
    return _words(_actions(statement)) or "…"


def _words(actions: list[str]) -> str:
    """Return a name for ``actions`` where they have one, else themselves."""
    return next((access.words for access in (PUSH, PULL) if set(actions) == set(access.actions)), ", ".join(actions))


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else [value]
