"""``policy``: let another account, a role, a user or an organization push to and pull from your repositories."""

from collections.abc import Callable
from typing import TypeVar, Unpack

import click

from docker_credential_ecrx.cli import completers, console, policy_outcome, policy_runs, policy_who
from docker_credential_ecrx.cli.name_options import NAME, of_profile
from docker_credential_ecrx.cli.policy_change import (
    Kind,
    Options,
    owned_repository,
    policy_command,
    read_policy,
)
from docker_credential_ecrx.ecr import policy_summary, repository_policy
from docker_credential_ecrx.errors import AwsError, Remedy

_HELP = """\
Let others push to and pull from your repositories.

Run it as the owner of the repository: with --profile, or with the AWS default credential chain.
REPOSITORY is a name, or HOST/NAME with the host of the registry, or with a host name of your own from config.toml.
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
_WHO_HELP = """\
List who can pull from and push to a repository, and what else they can do.

The repository policy alone is evaluated, including statements that deny something; a principal of another account also
needs its own IAM policy to allow the action. Access that depends on a condition is shown as such.
A line for an account, an organization or anybody is about the principals that have no line of their own.
--json prints {"schema_version": 1, "repository": ..., "region": ..., "owner": ..., "access": [...]}. Each element has
kind, name, pull and push ("yes", "no" or "condition"), other (actions), statements, denied_by, and conditions (keys).
"""
_WHO_EPILOG = """\
\b
Examples:
  docker-credential-ecrx policy who app --profile owner
  docker-credential-ecrx policy who app --json | jq -r '.access[] | select(.push != "no").name'
"""
_GRANT_HELP = """\
Let an account, a role, a user or all accounts of an organization push and pull.

The resulting policy document and the difference are printed; --apply sets the policy, and prints what it allows.
No access is revoked: --pull-only keeps a permission to push that was granted before, and says how to revoke it.
A statement that somebody modified after this program wrote it is replaced only with --force.
It then grants exactly what this command grants: with --pull-only, no push.
The exit status is 1 if another statement denies the granted access.
--prefix changes every repository whose name begins with it; --apply lists them and asks once on a terminal, and needs
--yes without one. --terraform prints the grant as a Terraform resource instead, without a request to AWS.
A principal of another account also needs these actions, and ecr:GetAuthorizationToken, in its own IAM policy;
the managed policy AmazonEC2ContainerRegistryPowerUser includes them.
"""
_GRANT_EPILOG = """\
\b
Examples:
  docker-credential-ecrx policy grant app --to 222222222222 --apply
  docker-credential-ecrx policy grant app --to arn:aws:iam::222222222222:role/puller --pull-only --apply
  docker-credential-ecrx policy grant --prefix team/ --org o-a1b2c3d4e5 --pull-only --apply
"""
_REVOKE_HELP = """\
Revoke what was granted to an account, a role, a user or an organization.

The resulting policy document and the difference are printed; --apply sets the policy, and asks first on a terminal,
unless --yes is given.
If no statement remains, the policy itself is deleted.
A statement that somebody modified after this program wrote it is deleted only with --force.
The exit status is 1 if a statement may still grant access to the principal, its account, or its roles or sessions.
With --org, the statements that name accounts are listed, because these accounts may belong to the organization.
--prefix works as in policy grant.
"""
_REVOKE_EPILOG = """\
\b
Example:
  docker-credential-ecrx policy revoke app --to 222222222222 --apply
"""


_Function = TypeVar("_Function", bound=Callable[..., int])


def _of_owner(function: _Function) -> _Function:
    """Add to a command the options that name the repository's owner and region."""
    function = click.option(
        "--region",
        type=NAME,
        metavar="REGION",
        shell_complete=completers.regions,
        help="The repository's region; the profile's by default.",
    )(function)
    return of_profile("--profile", "The AWS profile of the repository's owner.", "OWNER")(function)


def _changing(function: _Function) -> _Function:
    """Add to a command the repositories, their owner, the principal, and the options for writing."""
    force = "Also replace or delete a statement that somebody modified after this program wrote it."
    options = [
        click.argument("repository", required=False, type=NAME),
        click.option("--prefix", type=NAME, metavar="[HOST/]PREFIX", help="Repositories whose names begin with it."),
        _only_once("--to", "ACCOUNT|ARN", "The other account's ID, or the ARN of its root, a role or a user."),
        _only_once("--org", "ID", "The ID of an organization in AWS Organizations: all its accounts."),
        _of_owner,
        click.option("--apply", is_flag=True, help="Set the policy; without it, the policy is only printed."),
        click.option("--force", is_flag=True, help=force),
        click.option("--yes", is_flag=True, help="Do not ask before revoking access, or changes with --prefix."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and ask no question."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def _only_once(name: str, metavar: str, text: str) -> Callable[[_Function], _Function]:
    """Return an option of which click would silently use the last value if it is given twice."""
    return click.option(name, type=NAME, metavar=metavar, multiple=True, callback=_only_one, help=text)


def _only_one(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> str | None:
    if len(values) > 1:
        raise click.BadParameter(f"only one is allowed; {' and '.join(values)} need a command each")
    return values[0] if values else None


@click.group("policy", help=_HELP, epilog=_EPILOG)
def command() -> None:
    pass


@command.command("show", help=_SHOW_HELP, epilog=_SHOW_EPILOG)
@click.argument("repository")
@_of_owner
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


@command.command("who", help=_WHO_HELP, epilog=_WHO_EPILOG)
@click.argument("repository")
@_of_owner
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def who(repository: str, profile: str | None, region: str | None, *, as_json: bool) -> int:
    owned = owned_repository(repository, profile, region)
    document = read_policy(owned)
    if as_json:
        console.print_json(policy_who.document(owned, document))
    else:
        console.heading(owned.where)
        console.facts(policy_who.rows(owned, document))
    return 0


@command.command("grant", help=_GRANT_HELP, epilog=_GRANT_EPILOG)
@_changing
@click.option("--pull-only", is_flag=True, help="Let them pull, but not push.")
@click.option("--terraform", is_flag=True, help="Print the grant as a Terraform resource, without a request to AWS.")
def grant(*, terraform: bool, **options: Unpack[Options]) -> int:
    policy_runs.check(options)
    access = repository_policy.PULL if options["pull_only"] else repository_policy.PUSH
    if terraform:
        flags = {name: options[name] for name in ("apply", "force", "yes")} | {"json": options["as_json"]}
        if given := [f"--{name}" for name, is_given in flags.items() if is_given]:
            raise click.UsageError(f"--terraform only prints the grant; omit {' and '.join(given)}")
        return policy_runs.print_terraform(options, access)
    kind = Kind("grant", lambda document, to: repository_policy.grant(document, to, access), wanted=access)
    return policy_runs.run(kind, options, lambda change: policy_outcome.grant(change, access))


@command.command("revoke", help=_REVOKE_HELP, epilog=_REVOKE_EPILOG)
@_changing
@click.option("--pull-only", is_flag=True, help="Revoke only what grant --pull-only granted.")
def revoke(**options: Unpack[Options]) -> int:
    policy_runs.check(options)
    accesses = (repository_policy.PULL,) if options["pull_only"] else (repository_policy.PULL, repository_policy.PUSH)
    kind = Kind("revoke", lambda document, to: repository_policy.revoke(document, to, accesses), accesses)
    return policy_runs.run(kind, options, policy_outcome.revoke)
