"""``policy``: let another account, a role or a user push to and pull from your repository."""

from collections.abc import Callable
from typing import TypeVar, Unpack

import click

from docker_credential_ecrx.cli import console
from docker_credential_ecrx.cli.policy_change import (
    Options,
    PolicyChange,
    owned_repository,
    policy_command,
    read_policy,
)
from docker_credential_ecrx.ecr import policy_summary, repository_policy
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.errors import AwsError, Remedy

_HELP = """\
Let others push to and pull from your repositories.

Run it as the owner of the repository: with --profile, or with AWS's default credential chain.
REPOSITORY is a name, or HOST/NAME with the host of the registry.
Without --apply, nothing is written. Statements that this program did not write are not changed.
"""
_EPILOG = """\
\b
Example: show the change that lets the account 222222222222 push and pull, then make it:
  docker-credential-ecrx policy grant app --to 222222222222 --profile owner
  docker-credential-ecrx policy grant app --to 222222222222 --profile owner --apply
"""
_SHOW_HELP = "Show who is allowed to do what with a repository, and its policy document."
_SHOW_EPILOG = """\
\b
Examples:
  docker-credential-ecrx policy show app --profile owner --region us-east-1
  docker-credential-ecrx policy show 111111111111.dkr.ecr.us-east-1.amazonaws.com/app --json | jq '.Statement[].Sid'
"""
_GRANT_HELP = """\
Let an account, a role or a user push and pull.

The resulting policy document and the difference are printed; --apply sets the policy.
A statement that somebody modified after this program wrote it is not replaced without --force.
The exit status is 1 if another statement denies them access regardless.
A principal of another account also needs these actions, and ecr:GetAuthorizationToken, in its own IAM policy;
the managed policy AmazonEC2ContainerRegistryPowerUser includes them.
"""
_GRANT_EPILOG = """\
\b
Examples:
  docker-credential-ecrx policy grant app --to 222222222222 --apply
  docker-credential-ecrx policy grant app --to arn:aws:iam::222222222222:role/puller --pull-only --apply
"""
_REVOKE_HELP = """\
Revoke what was granted to an account, a role or a user.

The resulting policy document and the difference are printed; --apply sets the policy.
If no statement remains, the policy itself is deleted.
A statement that somebody modified after this program wrote it is not deleted without --force.
The exit status is 1 if a statement may still allow them access, or their account, one of its roles or a session.
"""
_REVOKE_EPILOG = """\
\b
Example:
  docker-credential-ecrx policy revoke app --to 222222222222 --apply
"""


_Function = TypeVar("_Function", bound=Callable[..., int])


def _of_repository(function: _Function) -> _Function:
    """Add to a command the argument REPOSITORY, and the options that name its owner and region."""
    function = click.option("--region", metavar="REGION", help="The repository's region; the profile's by default.")(
        function
    )
    function = click.option("--profile", metavar="OWNER", help="The AWS profile of the repository's owner.")(function)
    return click.argument("repository")(function)


def _changing(function: _Function) -> _Function:
    """Add to a command what ``_of_repository`` adds, and the options for the principal and for writing."""
    force = "Also replace or delete a statement that somebody modified after this program wrote it."
    function = click.option("--force", is_flag=True, help=force)(function)
    function = click.option("--apply", is_flag=True, help="Set the policy; without it, the policy is only printed.")(
        function
    )
    to = click.option(
        "--to",
        metavar="ACCOUNT|ARN",
        required=True,
        multiple=True,  # click would silently use only the last one
        callback=_only_one,
        help="The other account's ID, or the ARN of its root, a role or a user.",
    )
    return _of_repository(to(function))


def _only_one(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> str:
    if len(values) > 1:
        raise click.BadParameter(f"only one is allowed; {' and '.join(values)} need a command each")
    return values[0]


@click.group("policy", help=_HELP, epilog=_EPILOG)
def command() -> None:
    pass


@command.command("show", help=_SHOW_HELP, epilog=_SHOW_EPILOG)
@_of_repository
@click.option("--json", "as_json", is_flag=True, help="Print the policy document alone.")
def show(repository: str, profile: str | None, region: str | None, *, as_json: bool) -> int:
    owned = owned_repository(repository, profile, region)
    document = read_policy(owned)
    if document is None:
        raise AwsError(
            f"{owned} has no repository policy, so only its own account has access",
            Remedy("to give others access", policy_command("grant", repository, profile, region, "--to", "ACCOUNT")),
        )
    if not as_json:
        console.heading(owned.where)
        console.facts(policy_summary.summary(document))
        console.out.print()
    console.out.print(repository_policy.pretty(document), end="")
    return 0


@command.command("grant", help=_GRANT_HELP, epilog=_GRANT_EPILOG)
@_changing
@click.option("--pull-only", is_flag=True, help="Let them pull, but not push.")
def grant(**options: Unpack[Options]) -> int:
    access = repository_policy.PULL if options["pull_only"] else repository_policy.PUSH
    change = PolicyChange("grant", options, lambda document, to: repository_policy.grant(document, to, access))
    if modified := change.modified():
        raise AwsError(
            f"cannot grant access to {change.owned}: {_describe(modified)}, and no second statement can have its Sid",
            Remedy("check it with policy show; to replace it anyway", change.command("--force")),
        )
    change.make()
    always, sometimes = repository_policy.denied_by(change.after, change.to)
    for names, when in ((always, ""), (sometimes, " under a condition")):
        _warn(names, f"{change.to.arn} is still denied access{when} by the statement")
    return 1 if always else 0


@command.command("revoke", help=_REVOKE_HELP, epilog=_REVOKE_EPILOG)
@_changing
@click.option("--pull-only", is_flag=True, help="Revoke only what grant --pull-only granted.")
def revoke(**options: Unpack[Options]) -> int:
    accesses = (repository_policy.PULL,) if options["pull_only"] else (repository_policy.PULL, repository_policy.PUSH)
    change = PolicyChange(
        "revoke", options, lambda document, to: repository_policy.revoke(document, to, accesses), accesses
    )
    change.make()
    kept = change.modified()
    if kept:
        console.say(f"{_describe(kept)}, so it is kept; to delete it anyway: {change.command('--force')}", "yellow")
    always, sometimes = repository_policy.still_allowed_by(change.after, change.to)
    for names, when in ((always, ""), (sometimes, " under a condition")):
        _warn(names, f"{_with_members(change.to)} still has access{when} by the statement")
    return 1 if kept or always or sometimes else 0


def _describe(modified: list[tuple[str, list[str]]]) -> str:
    """Name the statements that somebody modified, and their elements that differ."""
    named = [
        f'the statement "{sid}" differs from what this program writes ({", ".join(names)})' for sid, names in modified
    ]
    return " and ".join(named)


def _warn(statements: list[str], message: str) -> None:
    """Print ``message`` with the names of ``statements``, if there are any."""
    if statements:
        quoted = ", ".join(f'"{name}"' for name in statements)
        console.say(f"{message} {quoted}; see policy show", "yellow")


def _with_members(to: Principal) -> str:
    """Name ``to`` and the principals that belong to it."""
    if to.arn == to.root:
        return f"{to.arn}, or a role, user or session of it,"
    return f"{to.arn}, or a session of it,"
