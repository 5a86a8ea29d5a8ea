"""What ``policy grant`` and ``policy revoke`` do to one repository and print; each returns the outcome."""

from collections.abc import Sequence
from typing import NamedTuple

from docker_credential_ecrx.cli import remarks
from docker_credential_ecrx.cli.policy_change import PolicyChange
from docker_credential_ecrx.ecr import policy_access, repository_policy
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.ecr.repository_policy import Access
from docker_credential_ecrx.errors import AwsError, Remedy


class Outcome(NamedTuple):
    """The exit status, and the names of the statements because of which the effect is not as the user asked.

    They deny what was granted, or still allow what was revoked: ``always``, or ``sometimes``, under a condition.
    ``others`` allow access to accounts that may belong to the organization.
    ``modified`` are this program's statements that somebody modified, with their elements that differ.
    ``is_needed`` is false if the principal needs no statement.
    """

    status: int = 0
    always: Sequence[str] = ()
    sometimes: Sequence[str] = ()
    others: Sequence[str] = ()
    modified: Sequence[tuple[str, list[str]]] = ()
    is_needed: bool = True


def grant(change: PolicyChange, access: Access) -> Outcome:
    """Make the grant of ``access`` to one repository, and print its effect; raise AwsError."""
    if change.is_for_the_owner():
        reason = f"account {change.to.account} owns it, and its principals need only their IAM policies"
        remarks.note(f"nothing to grant to {change.owned}: {reason}")
        return Outcome(is_needed=False)
    if modified := change.modified():
        raise AwsError(
            f"cannot grant access to {change.owned}: {_describe(modified)}, and no second statement can have its Sid",
            Remedy(f"check it with policy show; to replace it{_as_pull(modified, access)}", change.command("--force")),
        )
    if replaced := change.replaced():
        remarks.warn(f"{_describe(replaced)}, and --force replaces it{_as_pull(replaced, access)}")
    always, sometimes = repository_policy.denied_by(change.after, change.to)
    granted = repository_policy.granted(change.after, change.to) or access
    members = change.to.members
    change.make(f"the grant to {members} has no effect" if always else f"{members} can {granted.words}")
    if granted != access:
        what = f"{members} could already push, and grant takes nothing away"
        remarks.note(what, Remedy("to take it", change.narrowing()))
    for names, when in ((always, ""), (sometimes, " under a condition")):
        _warn(names, f"{change.to.name} is still denied access{when} by the statement")
    return Outcome(int(bool(always)), always, sometimes, modified=replaced)


def revoke(change: PolicyChange) -> Outcome:
    """Make the revocation for one repository, and print what is left; raise AwsError."""
    change.make(_revoked(change), f"revoke {change.access().words} from {change.to.members}?")
    kept = change.modified()
    if kept:
        what = f"{_describe(kept)}, so it is kept"
        remarks.warn(what, Remedy("to delete it anyway", change.command("--force")))
    always, sometimes = repository_policy.still_allowed_by(change.after, change.to)
    for names, when in ((always, ""), (sometimes, " under a condition")):
        _warn(names, f"{_with_members(change.to)} still has access{when} by the statement")
    if change.to.organization and change.before == change.after:
        _say_who_else(change)
    others = repository_policy.others_allowed_by(change.after) if change.to.organization else []
    _warn(others, f"accounts that may belong to {change.to.name} have access by the statement")
    return Outcome(int(bool(kept or always or sometimes)), always, sometimes, others, kept)


def _say_who_else(change: PolicyChange) -> None:
    """Name the other organizations that have access: the ID of which nothing was revoked may be mistyped."""
    for sid, ids in policy_access.organizations(change.after):
        if change.to.organization not in ids:
            kind = "another organization" if len(ids) == 1 else "other organizations"
            remarks.note(f'the statement "{sid}" allows access to {kind}: {", ".join(ids)}', Remedy("see policy show"))


def _revoked(change: PolicyChange) -> str:
    """Say what a revocation leaves."""
    if change.after is None:
        return "there is no policy, so only the repository's own account has access"
    return f"no statement of this program grants {change.to.members} access"


def _describe(modified: list[tuple[str, list[str]]]) -> str:
    """Name the statements that somebody modified, and their elements that differ."""
    named = [
        f'the statement "{sid}" differs from what this program writes ({", ".join(names)})' for sid, names in modified
    ]
    return " and ".join(named)


def _as_pull(modified: list[tuple[str, list[str]]], wanted: Access) -> str:
    """Say that a statement of pushes becomes one of pulls, if it does; what had been modified may have allowed them."""
    was_of_pushes = any(sid.startswith(repository_policy.PUSH.sid) for sid, _ in modified)
    return " with one that grants pull and not push" if was_of_pushes and wanted == repository_policy.PULL else ""


def _warn(statements: list[str], message: str) -> None:
    """Print ``message`` with the names of ``statements``, if there are any."""
    if statements:
        quoted = ", ".join(f'"{name}"' for name in statements)
        remarks.warn(f"{message} {quoted}", Remedy("see policy show"))


def _with_members(to: Principal) -> str:
    """Name ``to`` and the principals that belong to it."""
    if to.organization:
        return to.members
    if to.arn == to.root:
        return f"{to.arn}, or a role, user or session of it,"
    return f"{to.arn}, or a session of it,"
