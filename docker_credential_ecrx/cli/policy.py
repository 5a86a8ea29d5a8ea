"""Let another account, a role or a user push to and pull from a repository of one's own."""

import os
import shlex
from collections.abc import Callable
from typing import TypedDict, TypeVar, Unpack

import click

from docker_credential_ecrx.aws.repository_policy_client import Owned, target
from docker_credential_ecrx.cli import console
from docker_credential_ecrx.ecr import policy_summary, principal, repository_policy
from docker_credential_ecrx.ecr.principal import Principal
from docker_credential_ecrx.ecr.repository_policy import Access, Document
from docker_credential_ecrx.errors import ArgumentError, AwsError
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM

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
A statement that was changed since this program wrote it is not replaced without --force.
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
With the last statement the policy itself goes.
A statement that was changed since this program wrote it is not removed without --force.
The exit status is 1 where a statement may still let them in, or their account, one of its roles or a session.
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
    force: bool


_Function = TypeVar("_Function", bound=Callable[..., int])


def _of_repository(function: _Function) -> _Function:
    """Add the argument REPOSITORY to a command, and the options that say whose it is."""
    function = click.option("--region", metavar="REGION", help="The repository's region; else the profile's.")(function)
    function = click.option("--profile", metavar="OWNER", help="The AWS profile of the repository's owner.")(function)
    return click.argument("repository")(function)


def _changing(function: _Function) -> _Function:
    """Add to a command what ``_of_repository`` does, and whom it is about, and whether to write."""
    force = "Also replace or remove a statement that was changed since this program wrote it."
    function = click.option("--force", is_flag=True, help=force)(function)
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
        raise click.BadParameter(f"it is for one at a time: {' and '.join(values)} need a command each")
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
        raise AwsError(
            f"{owned} has no repository policy, so only its own account may use it",
            f"to let others in: {_typed('grant', repository, profile, region, '--to', 'ACCOUNT')}",
        )
    if not as_json:
        console.heading(owned.where)
        console.facts(policy_summary.summary(document))
        console.out.print()
    console.out.print(repository_policy.pretty(document), end="")
    return 0


@command.command("grant", help=_GRANT_HELP, epilog=_GRANT_EPILOG)
@_changing
@click.option("--pull-only", is_flag=True, help="Let them pull and not push.")
def grant(**options: Unpack[_Options]) -> int:
    access = repository_policy.PULL if options["pull_only"] else repository_policy.PUSH
    change = _Change("grant", options, lambda document, to: repository_policy.grant(document, to, access))
    if taken := change.altered():
        raise AwsError(
            f"cannot grant on {change.owned}: {_quoted(taken)}, and no second statement can have its Sid",
            f"see it with policy show; to replace it all the same: {change.typed('--force')}",
        )
    change.make()
    always, sometimes = repository_policy.denied_by(change.after, change.to)
    for names, when in ((always, ""), (sometimes, ", on a condition")):
        _warn(names, f"{change.to.arn} is shut out{when}, whatever is granted, by the Deny of")
    return 1 if always else 0


@command.command("revoke", help=_REVOKE_HELP, epilog=_REVOKE_EPILOG)
@_changing
@click.option("--pull-only", is_flag=True, help="Take back only what grant --pull-only gave.")
def revoke(**options: Unpack[_Options]) -> int:
    accesses = (repository_policy.PULL,) if options["pull_only"] else (repository_policy.PULL, repository_policy.PUSH)
    change = _Change("revoke", options, lambda document, to: repository_policy.revoke(document, to, accesses), accesses)
    change.make()
    left = change.altered()
    if left:
        console.say(f"{_quoted(left)}, so it is left; to remove it all the same: {change.typed('--force')}", "yellow")
    always, sometimes = repository_policy.still_allowed_by(change.after, change.to)
    for names, when in ((always, ""), (sometimes, ", on a condition")):
        _warn(names, f"{_all_of(change.to)} is still let in{when}, by the statement")
    return 1 if left or always or sometimes else 0


class _Change:
    """A change of the repository's policy for the principal of --to: ``alter`` makes ``after`` of ``before``.

    With --force, the statements of ``accesses`` that were altered count as written by this program.
    """

    def __init__(
        self,
        verb: str,
        options: _Options,
        alter: Callable[[Document | None, Principal], Document | None],
        accesses: tuple[Access, ...] = (repository_policy.PULL, repository_policy.PUSH),
    ) -> None:
        self._verb = verb
        self._options = options
        self._alter = alter
        self._accesses = accesses
        self.owned = _owned(options["repository"], options["profile"], options["region"])
        self.to = _principal(verb, options["to"], self.owned)
        self.before = _policy_of(self.owned)
        self.after = self._made_of(self.before)

    def altered(self) -> list[tuple[str, list[str]]]:
        """Return the statements that look like this program's, with what differs in each; none with --force."""
        return [] if self._options["force"] else repository_policy.altered(self.before, self.to, self._accesses)

    def make(self) -> None:
        """Print the policy and what changes; with --apply set it.

        Raises AwsError, also if somebody else changes the policy while this runs.
        """
        _print(self.before, self.after)
        where = self.owned.where
        if self.before == self.after:
            console.say(f"nothing to {self._verb}: the policy of {where} is like that already")
        elif self._options["apply"]:
            self._check_unchanged()
            with console.waiting("setting the policy"):
                self.owned.set_policy(self.after, repository_policy.suspects(self.after, self.to))
            console.say(f"the policy of {where} is {'set' if self.after else 'deleted'}")
        else:
            console.say(f"nothing is changed yet; to change it: {self.typed('--apply')}")

    def typed(self, *more: str) -> str:
        """Return the command of this change as it is typed, with ``more`` options."""
        options = self._options
        given = [f"--{name.replace('_', '-')}" for name in ("pull_only", "apply", "force") if options[name]]
        words = ("--to", options["to"], *dict.fromkeys([*given, *more]))
        return _typed(self._verb, options["repository"], options["profile"], options["region"], *words)

    def _made_of(self, document: Document | None) -> Document | None:
        if self._options["force"]:
            document = repository_policy.restored(document, self.to, self._accesses)
        return self._alter(document, self.to)

    def _check_unchanged(self) -> None:
        """Read the policy again, for setting it has no precondition: what somebody else wrote would be lost."""
        now = _policy_of(self.owned)
        if now != self.before:
            console.diff(
                repository_policy.pretty(now), repository_policy.pretty(self._made_of(now)), "policy now", "policy then"
            )
            raise AwsError(
                f"the policy of {self.owned.where} was changed while this command ran, so it is not set",
                f"check the new difference, and run it again: {self.typed()}",
            )


def _quoted(altered: list[tuple[str, list[str]]]) -> str:
    """Say which statements are not as this program writes them."""
    told = [f'the statement "{sid}" is not as this program writes it ({", ".join(names)})' for sid, names in altered]
    return " and ".join(told)


def _warn(statements: list[str], said: str) -> None:
    """Say what is so because of ``statements``, if there are any."""
    if statements:
        quoted = ", ".join(f'"{name}"' for name in statements)
        console.say(f"{said} {quoted}: see policy show", "yellow")


def _all_of(to: Principal) -> str:
    """Name ``to`` and all that belongs to it."""
    if to.arn == to.root:
        return f"{to.arn}, or a role, a user or a session of it,"
    return f"{to.arn}, or a session of it,"


def _principal(verb: str, to: str, owned: Owned) -> Principal:
    """Return whom ``to`` names in the repository's partition; raise ArgumentError where that is nobody."""
    try:
        return principal.parse(to, owned.partition)
    except ArgumentError as error:
        raise ArgumentError(f"cannot {verb} on {owned}: {error.message}", error.remedy) from error


def _owned(repository: str, profile: str | None, region: str | None) -> Owned:
    return Owned(target(repository, region), Identity(profile), os.environ, _ask)


def _ask(question: str) -> str:
    return console.ask_secretly(question) if console.can_ask() else ""


def _policy_of(owned: Owned) -> Document | None:
    with console.waiting("asking for the policy"):
        return owned.policy()


def _print(before: Document | None, after: Document | None) -> None:
    console.out.print(
        repository_policy.pretty(after) or "no policy: only the repository's own account may use it\n", end=""
    )
    if before != after:
        console.out.print()
        console.diff(repository_policy.pretty(before), repository_policy.pretty(after), "policy now", "policy then")


def _typed(verb: str, repository: str, profile: str | None, region: str | None, *more: str) -> str:
    """Return a command of this group as it is typed."""
    words = [PROGRAM, "policy", verb, repository, *more]
    words += ["--profile", profile] if profile else []
    words += ["--region", region] if region else []
    return shlex.join(words)
