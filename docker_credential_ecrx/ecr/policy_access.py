"""Lists who can do what with a repository by its policy: everybody to whom a statement allows or denies something."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from docker_credential_ecrx.ecr import arn, policy_condition, policy_statement
from docker_credential_ecrx.ecr.policy_statement import Statement
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.ecr.registry import is_account
from docker_credential_ecrx.ecr.repository_policy import PULL, PUSH, Document
from docker_credential_ecrx.sanitizer import third_party

YES, CONDITION, NO = "yes", "condition", "no"
# All that a pull needs; ``grant`` also writes BatchCheckLayerAvailability, as AWS's article does.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-iam-awsmanpol.html has it as PullOnly.
PULL_NEEDS = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
_KINDS = {"root": "account", "assumed-role": "session", "federated-user": "session"}
# Stands for whatever organization the policy does not name.
_OTHER = "another"
_Numbered = list[tuple[str, Statement]]
_Key = tuple[str, str]  # kind and name


class Grantee(NamedTuple):
    """A principal, and what all statements for it, for its account and for everybody allow it together.

    ``kind`` is owner, account, role, user, session, organization, service, anybody, all-but or unknown; ``name`` is an
    account ID, an ARN, an organization's ID, or what the policy has.
    The owner, an account, an organization and anybody stand for their principals that are not listed themselves.
    ``pull`` and ``push`` are YES, NO, or CONDITION if that depends on a condition; whoever can push can pull.
    ``other`` has all other actions, as the policy names them; ``statements`` allow it, and ``denied_by`` deny some of
    it, each by its Sid or as ``number N``; ``conditions`` has the keys of the conditions on which it depends.
    """

    kind: str
    name: str
    pull: str
    push: str
    other: tuple[str, ...]
    statements: tuple[str, ...]
    denied_by: tuple[str, ...]
    conditions: tuple[str, ...]


def grantees(document: Document | None, owner: str) -> list[Grantee]:
    """Return the account ``owner``, which needs no statement, and everybody whom a statement allows something.

    Those follow for whom a statement that denies something has another result than for the rest of their account.
    """
    numbered = _numbered(document)
    # It has no Sid, and is for the owner and those of its principals that are denied something.
    own: _Numbered = [("", {"Effect": "Allow", "Principal": {"AWS": owner}, "Action": "ecr:*"}), *numbered]
    allowed = _all_named(numbered, "Allow")
    denied = {key: to for key, to in _all_named(numbered, "Deny").items() if key not in allowed}
    found = [_grantee(("owner", owner), _account(owner), own)]
    found += [_grantee(key, to, numbered) for key, to in allowed.items() if key != ("account", owner)]
    for key, to in denied.items():
        one, rest = _grantee(key, to, own), _grantee(("", ""), _rest_of(key[0], to), own)
        if one[2:5] != rest[2:5] or not set(one.denied_by) <= set(rest.denied_by):
            found += [one] if key != ("account", owner) else []
    return found


def organizations(document: Document | None) -> list[tuple[str, list[str]]]:
    """Return each statement that allows something to organizations that its condition names, with their IDs."""
    found = []
    for sid, one in _numbered(document):
        ids = [name for name in policy_condition.organizations(one) if policy_condition.is_met(one, name) is not False]
        if one.get("Effect") == "Allow" and "*" in policy_statement.principals(one) and ids:
            found.append((sid, ids))
    return found


def _numbered(document: Document | None) -> _Numbered:
    """Return the statements with their Sid, or their number if they have none."""
    statements = [] if document is None else document["Statement"]
    return [(third_party.text(str(one.get("Sid") or f"number {at}")), one) for at, one in enumerate(statements, 1)]


def _all_named(numbered: _Numbered, effect: str) -> dict[_Key, Principal]:
    named = _allowed if effect == "Allow" else _denied
    return {(kind, name): to for _, one in numbered if one.get("Effect") == effect for kind, name, to in named(one)}


def _allowed(statement: Statement) -> Iterator[tuple[str, str, Principal]]:
    """Yield the principals that a statement names to allow them something, each with its kind and its name."""
    if "NotPrincipal" in statement:
        yield "all-but", _all_but(statement), Principal(_all_but(statement), "", "")
        return
    for name in policy_statement.principals(statement):
        if name == "*":
            yield from _organizations(statement)
        if name != "*" or policy_condition.is_met(statement, _OTHER) is not False:
            yield _principal(name)
    yield from (("service", name, Principal(name, "", "")) for name in _services(statement))


def _denied(statement: Statement) -> Iterator[tuple[str, str, Principal]]:
    """Yield the principals for whom a statement that denies something may have another result than for others."""
    yield from _organizations(statement)
    for name in policy_statement.principals(statement):
        if (found := _principal(name))[0] not in ("anybody", "unknown"):
            yield found
    for name in policy_statement.principals(statement, "NotPrincipal"):
        kind, _, to = _principal(name)
        if kind == "account":  # is exempt by its root alone: all others have to be named, too
            yield "user", to.root, to._replace(arn=to.root)
        elif kind not in ("anybody", "unknown"):
            yield kind, to.arn, to


def _organizations(statement: Statement) -> Iterator[tuple[str, str, Principal]]:
    for name in policy_condition.organizations(statement):
        yield "organization", name, Principal("*", "", "", name)


def _principal(name: str) -> tuple[str, str, Principal]:
    if is_account(name):
        return "account", name, _account(name)
    if name == "*":
        return "anybody", name, Principal("*", "", "", _OTHER)
    found = arn.parse(name)
    if found is None:
        return "unknown", name, Principal(name, "", "")
    if found.kind == "root":
        return "account", found.account, _account(found.account, found.partition)
    return _KINDS.get(found.kind, found.kind), name, Principal(name, found.account, "")


def _account(account: str, partition: str = "aws") -> Principal:
    """Return one of the account's principals that no policy names."""
    return Principal(f"arn:{partition}:iam::{account}:*", account, "")


def _rest_of(kind: str, to: Principal) -> Principal:
    """Return one of the other principals of its account, or anybody if ``to`` is an account or an organization."""
    return Principal("*", "", "", _OTHER) if kind in ("account", "organization") else _account(to.account)


def _all_but(statement: Statement) -> str:
    return ", ".join(policy_statement.principals(statement, "NotPrincipal"))


def _services(statement: Statement) -> list[str]:
    named = statement.get("Principal")
    return [str(name) for name in policy_statement.listed(named.get("Service", []))] if isinstance(named, dict) else []


def _grantee(key: _Key, to: Principal, numbered: _Numbered) -> Grantee:
    kind, name = key
    allowing = [(sid, one) for sid, one in numbered if one.get("Effect") == "Allow" and _is_for(one, kind, to)]
    denying = [] if kind == "service" else [(sid, one) for sid, one in numbered if policy_statement.denies(one, to)]

    def verdict(actions: Iterable[str]) -> str:
        verdicts = {_verdict(to, action, allowing, denying)[0] for action in actions}
        return next(one for one in (NO, CONDITION, YES) if one in verdicts)

    pull, push = verdict(PULL_NEEDS), verdict(PUSH.actions)
    shown = PUSH.actions if push != NO else PULL.actions if pull != NO else ()
    named = dict.fromkeys(action for _, one in allowing for action in _actions(one) if action not in shown)
    other = [action for action in named if verdict([action]) != NO and not _is_in(action, named)]
    keys = (key for action in (*shown, *other) for key in _verdict(to, action, allowing, denying)[1])
    return Grantee(
        *(kind, third_party.text(name), pull, push),
        tuple(map(third_party.text, other)),
        tuple(sid for sid, _ in allowing if sid),
        tuple(sid for sid, one in denying if any(policy_statement.takes_from(one, given) for _, given in allowing)),
        tuple(dict.fromkeys(map(third_party.text, keys))),
    )


def _is_for(statement: Statement, kind: str, to: Principal) -> bool:
    """Return whether a statement that allows something is for ``to``, for its account or for everybody."""
    if kind == "service":
        return to.arn in _services(statement)
    if kind == "all-but":
        return "NotPrincipal" in statement and _all_but(statement) == to.arn
    return policy_condition.is_met(statement, to.organization) is not False and policy_statement.names(statement, to)


def _actions(statement: Statement) -> list[str]:
    if "NotAction" in statement:
        return [f"all but {', '.join(policy_statement.actions(statement, 'NotAction'))}"]
    return policy_statement.actions(statement)


def _is_in(action: str, named: Iterable[str]) -> bool:
    """Return whether another one of ``named`` includes ``action``."""
    return policy_statement.covers({"Action": [name for name in named if name != action]}, [action])


def _verdict(to: Principal, action: str, allowing: _Numbered, denying: _Numbered) -> tuple[str, list[str]]:
    """Return whether ``to`` can do ``action``, and the keys of conditions if that depends on them.

    A statement that denies it takes precedence.
    """
    allowed = [one for _, one in allowing if policy_statement.covers(one, [action])]
    denied = [one for _, one in denying if policy_statement.covers(one, [action])]
    always, never = (any(policy_condition.is_met(o, to.organization) for o in some) for some in (allowed, denied))
    if not allowed or never:
        return NO, []
    depends_on = [*([] if always else allowed), *denied]
    keys = [key for one in depends_on for key in policy_condition.keys(one, to.organization)]
    return (CONDITION if depends_on else YES), keys
