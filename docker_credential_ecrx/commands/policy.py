"""Let another account, a role or a user push to and pull from a repository of one's own."""

import os
import shlex
from collections.abc import Callable
from typing import TypedDict, TypeVar, Unpack

import click

from docker_credential_ecrx import policy, principal, terminal
from docker_credential_ecrx.aws_policy import Owned, target
from docker_credential_ecrx.errors import ArgumentError, AwsError
from docker_credential_ecrx.identity import Identity
from docker_credential_ecrx.policy import Document
from docker_credential_ecrx.principal import Principal
from docker_credential_ecrx.settings import PROGRAM

_HELP = """\
Let others push to and pull from your repositories.

Run it as the owner of the repository: with --profile, or with AWS's own default credentials.
REPOSITORY is a name, or HOST/NAME with the host of the registry.
Nothing is written without --apply, and statements that this program did not write are kept as they are.
"""
_EPILOG = """\
\b
Example: the account 222222222222 may push and pull, and what that changes is looked at first:
  docker-credential-ecrx policy grant app --to 222222222222 --profile owner
  docker-credential-ecrx policy grant app --to 222222222222 --profile owner --apply
"""
_SHOW_HELP = "Show who may do what with a repository, and its policy document."
_SHOW_EPILOG = """\
\b
Examples:
  docker-credential-ecrx policy show app --profile owner --region us-east-1
  docker-credential-ecrx policy show 111111111111.dkr.ecr.us-east-1.amazonaws.com/app --json | jq '.Statement[].Sid'
"""
_GRANT_HELP = """\
Let an account, a role or a user push and pull.

The document that it leads to is printed, with what changes; --apply sets it.
The exit status is 1 where another statement shuts them out all the same.
A principal of another account also needs these actions, and ecr:GetAuthorizationToken, in its own IAM policy;
the managed policy AmazonEC2ContainerRegistryPowerUser has them.
"""
_GRANT_EPILOG = """\
\b
Examples:
  docker-credential-ecrx policy grant app --to 222222222222 --apply
  docker-credential-ecrx policy grant app --to arn:aws:iam::222222222222:role/puller --pull-only --apply
"""
_REVOKE_HELP = """\
Take back what was granted to an account, a role or a user.

The document that it leads to is printed, with what changes; --apply sets it.
With the last statement the policy itself goes. The exit status is 1 where another statement still lets them in.
"""
_REVOKE_EPILOG = """\
\b
Example:
  docker-credential-ecrx policy revoke app --to 222222222222 --apply
"""


class _Options(TypedDict):
    repository: str
    to: str
    pull_only: bool
    profile: str | None
    region: str | None
    apply: bool


_Function = TypeVar("_Function", bound=Callable[..., int])


def _of_repository(function: _Function) -> _Function:
    """Add the argument REPOSITORY to a command, and the options that say whose it is."""
    function = click.option("--region", metavar="REGION", help="The repository's region; else the profile's.")(function)
    function = click.option("--profile", metavar="OWNER", help="The AWS profile of the repository's owner.")(function)
    return click.argument("repository")(function)


def _changing(function: _Function) -> _Function:
    """Add to a command what ``_of_repository`` does, and whom it is about, and whether to write."""
    function = click.option("--apply", is_flag=True, help="Set the policy; else it is only printed.")(function)
    to = click.option(
        "--to",
        metavar="ACCOUNT|ARN",
        required=True,
        multiple=True,  # click would take the last and drop the others without a word
        callback=_only_one,
        help="The other account's id, or an ARN in it.",
    )
    return _of_repository(to(function))


def _only_one(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> str:
    if len(values) > 1:
        message = f"it is for one at a time: {' and '.join(values)} need a command each"
        raise click.BadParameter(message)
    return values[0]


@click.group("policy", help=_HELP, epilog=_EPILOG)
def command() -> None:
    pass


@command.command("show", help=_SHOW_HELP, epilog=_SHOW_EPILOG)
@_of_repository
@click.option("--json", "as_json", is_flag=True, help="Print the policy document alone.")
def show(repository: str, profile: str | None, region: str | None, *, as_json: bool) -> int:
    owned = _owned(repository, profile, region)
    document = _policy_of(owned)
    if document is None:
        message = f"{owned} has no repository policy, so only its own account may use it"
        raise AwsError(message, f"to let others in: {_typed('grant', repository, profile, region, '--to', 'ACCOUNT')}")
    if not as_json:
        terminal.heading(owned.where)
        terminal.facts(policy.summary(document))
        terminal.out.print()
    terminal.out.print(policy.pretty(document), end="")
    return 0


@command.command("grant", help=_GRANT_HELP, epilog=_GRANT_EPILOG)
@_changing
@click.option("--pull-only", is_flag=True, help="Let them pull and not push.")
def grant(**options: Unpack[_Options]) -> int:
    access = policy.PULL if options["pull_only"] else policy.PUSH
    document, to = _change("grant", options, lambda document, to: policy.grant(document, to, access))
    always, sometimes = policy.denied_by(document, to)
    for names, when in ((always, ""), (sometimes, ", on a condition")):
        if names:
            quoted = ", ".join(f'"{name}"' for name in names)
            line = f"{to.arn} is shut out{when}, whatever is granted, by the Deny of {quoted}: see policy show"
            terminal.say(line, "yellow")
    return 1 if always else 0


@command.command("revoke", help=_REVOKE_HELP, epilog=_REVOKE_EPILOG)
@_changing
@click.option("--pull-only", is_flag=True, help="Take back only what grant --pull-only gave.")
def revoke(**options: Unpack[_Options]) -> int:
    accesses = (policy.PULL,) if options["pull_only"] else (policy.PULL, policy.PUSH)
    document, to = _change("revoke", options, lambda document, to: policy.revoke(document, to, accesses))
    others = policy.still_allowed_by(document, to)
    if others:
        names = ", ".join(f'"{other}"' for other in others)
        terminal.say(f"{to.arn} is still let in, by the statement {names}: see policy show", "yellow")
    return 1 if others else 0


def _change(
    verb: str, options: _Options, alter: Callable[[Document | None, Principal], Document | None]
) -> tuple[Document | None, Principal]:
    """Print the policy that ``alter`` makes of the repository's for the principal of --to; with --apply set it.

    Returns that policy, and the principal.
    """
    owned = _owned(options["repository"], options["profile"], options["region"])
    to = _principal(verb, options["to"], owned)
    before = _policy_of(owned)
    after = alter(before, to)
    _print(before, after)
    if before == after:
        terminal.say(f"nothing to {verb}: the policy of {owned.where} is like that already")
    elif options["apply"]:
        with terminal.waiting("setting the policy"):
            owned.set_policy(after, policy.suspects(after, to))
        terminal.say(f"the policy of {owned.where} is {'set' if after else 'deleted'}")
    else:
        more = ("--to", options["to"], *(["--pull-only"] if options["pull_only"] else []), "--apply")
        command = _typed(verb, options["repository"], options["profile"], options["region"], *more)
        terminal.say(f"nothing is changed yet; to change it: {command}")
    return after, to


def _principal(verb: str, to: str, owned: Owned) -> Principal:
    """Return whom ``to`` names in the repository's partition; raise ArgumentError where that is nobody."""
    try:
        return principal.parse(to, owned.partition)
    except ArgumentError as error:
        message = f"cannot {verb} on {owned}: {error.message}"
        raise ArgumentError(message, error.hint) from error


def _owned(repository: str, profile: str | None, region: str | None) -> Owned:
    return Owned(target(repository, region), Identity(profile), os.environ, _ask)


def _ask(question: str) -> str:
    return terminal.ask_secretly(question) if terminal.can_ask() else ""


def _policy_of(owned: Owned) -> Document | None:
    with terminal.waiting("asking for the policy"):
        return owned.policy()


def _print(before: Document | None, after: Document | None) -> None:
    terminal.out.print(policy.pretty(after) or "no policy: only the repository's own account may use it\n", end="")
    if before != after:
        terminal.out.print()
        terminal.diff(policy.pretty(before), policy.pretty(after), "policy now", "policy then")


def _typed(verb: str, repository: str, profile: str | None, region: str | None, *more: str) -> str:
    """Return a command of this group as it is typed."""
    words = [PROGRAM, "policy", verb, repository, *more]
    words += ["--profile", profile] if profile else []
    words += ["--region", region] if region else []
    return shlex.join(words)
