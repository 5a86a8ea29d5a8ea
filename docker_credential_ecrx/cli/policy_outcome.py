"""What ``policy grant`` and ``policy revoke`` do to one repository and print; each returns the exit status."""

from docker_credential_ecrx.cli import console
from docker_credential_ecrx.cli.policy_change import PolicyChange
from docker_credential_ecrx.ecr import policy_access, repository_policy
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.ecr.repository_policy import Access
from docker_credential_ecrx.errors import AwsError, Remedy


def grant(change: PolicyChange, access: Access) -> int:
    """Make the grant of ``access`` to one repository, and print its effect; raise AwsError."""
    if change.is_for_the_owner():
        reason = f"account {change.to.account} owns it, and its principals need only their IAM policies"
        console.note(f"nothing to grant to {change.owned}: {reason}")
        return 0
    if modified := change.modified():
        raise AwsError(
            f"cannot grant access to {change.owned}: {_describe(modified)}, and no second statement can have its Sid",
            Remedy(f"check it with policy show; to replace it{_as_pull(modified, access)}", change.command("--force")),
        )
    if replaced := change.replaced():
        console.say(f"{_describe(replaced)}, and --force replaces it{_as_pull(replaced, access)}", "warning")
    always, sometimes = repository_policy.denied_by(change.after, change.to)
    granted = repository_policy.granted(change.after, change.to) or access
    members = change.to.members
    change.make(f"the grant to {members} has no effect" if always else f"{members} can {granted.words}")
    if granted != access:
        console.note(f"{members} could already push, and grant takes nothing away; to take it: {change.narrowing()}")
    for names, when in ((always, ""), (sometimes, " under a condition")):
        _warn(names, f"{change.to.name} is still denied access{when} by the statement")
    return 1 if always else 0


def revoke(change: PolicyChange) -> int:
    """Make the revocation for one repository, and print what is left; raise AwsError."""
    change.make(_revoked(change), f"revoke {change.access().words} from {change.to.members}?")
    kept = change.modified()
    if kept:
        console.say(f"{_describe(kept)}, so it is kept; to delete it anyway: {change.command('--force')}", "warning")
    always, sometimes = repository_policy.still_allowed_by(change.after, change.to)
    for names, when in ((always, ""), (sometimes, " under a condition")):
        _warn(names, f"{_with_members(change.to)} still has access{when} by the statement")
    if change.to.organization and change.before == change.after:
        _say_who_else(change)
    if change.to.organization and (others := repository_policy.others_allowed_by(change.after)):
        _warn(others, f"accounts that may belong to {change.to.name} have access by the statement")
    return 1 if kept or always or sometimes else 0


def _say_who_else(change: PolicyChange) -> None:
    """Name the other organizations that have access: the ID of which nothing was revoked may be mistyped."""
    for sid, ids in policy_access.organizations(change.after):
        if change.to.organization not in ids:
            kind = "another organization" if len(ids) == 1 else "other organizations"
            console.note(f'the statement "{sid}" allows access to {kind}: {", ".join(ids)}; see policy show')


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
        console.say(f"{message} {quoted}; see policy show", "warning")


def _with_members(to: Principal) -> str:
    """Name ``to`` and the principals that belong to it."""
    if to.organization:
        return to.members
    if to.arn == to.root:
        return f"{to.arn}, or a role, user or session of it,"
    return f"{to.arn}, or a session of it,"
