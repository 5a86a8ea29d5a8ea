"""Runs ``policy grant`` and ``policy revoke``: for one repository, or for each one whose name has a prefix."""

import os
import shlex
from collections.abc import Callable
from typing import Any

import click

from docker_credential_ecrx.aws import repository_policy_client
from docker_credential_ecrx.aws.repository_policy_client import prefix_target, target
from docker_credential_ecrx.cli import console, policy_json, remarks
from docker_credential_ecrx.cli.policy_change import (
    Kind,
    Options,
    PolicyChange,
    change_command,
    is_host,
    owned_prefix,
    owned_repository,
    principal_of,
    registry_of,
)
from docker_credential_ecrx.cli.policy_outcome import Outcome
from docker_credential_ecrx.ecr import arn, policy_terraform, principal, repository_policy
from docker_credential_ecrx.ecr.repository_policy import Access
from docker_credential_ecrx.errors import ArgumentError, AwsError, Remedy
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.sanitizer import third_party


def run(kind: Kind, options: Options, make: Callable[[PolicyChange], Outcome]) -> int:
    """Call ``make`` with the change for the repository, or for each one of --prefix; return the exit status.

    Raises AwsError, but of one repository of several that fails only the line is printed.
    """
    if options["repository"] is not None:
        owned = owned_repository(options["repository"], options["profile"], options["region"])
        change = PolicyChange(kind, options, owned, principal_of(kind.verb, options, owned))
        outcome = make(change)
        if options["as_json"]:
            console.print_json(
                policy_json.document(options, owned, change.to, [policy_json.made(kind, change, outcome)])
            )
        return outcome.status
    return _run_each(kind, options, make)


def check(options: Options) -> None:
    """Raise UsageError unless there are a repository or a prefix, and one principal."""
    repositories = "name a REPOSITORY, or the beginning of the names of several with --prefix"
    principals = "name an account, a role or a user with --to, or an organization with --org"
    for text, given in (
        (repositories, (options["repository"], options["prefix"])),
        (principals, (options["to"], options["org"])),
    ):
        if None not in given:
            raise click.UsageError(f"{text}, not both")
        if given == (None, None):
            raise click.UsageError(text)


def print_terraform(options: Options, access: Access) -> int:
    """Print the grant as Terraform's HCL, without a request to AWS; return the exit status."""
    name, prefix, profile = options["repository"], options["prefix"], options["profile"]
    _refuse_unknown_host(name or prefix or "")
    parse = prefix_target if name is None else target
    place = parse(name or prefix or "", options["region"], registry_of)
    region, partition = repository_policy_client.region_of(place, Identity(profile), os.environ)
    if options["org"] is not None:
        to = principal.organization(options["org"])
    else:
        named = arn.parse(options["to"] or "")
        to = principal.parse(options["to"] or "", partition or (named.partition if named else "aws"))
    document = repository_policy.grant(None, to, access)
    write = policy_terraform.of_prefix if name is None else policy_terraform.of_repository
    owns = "owns the repository" if name else "owns the repositories"
    account = f"the account of profile {profile}, which {owns}" if profile else f"the account that {owns}"
    account = f"account {place.registry.account}" if place.registry else account
    where = third_party.text(f"{account}, in {region}" if region else account)  # it becomes a comment of one line
    console.out.print(write(place.name, document, where), end="")
    return 0


def _refuse_unknown_host(repository: str) -> None:
    """Raise ArgumentError if the name begins with a host that is no registry: no request would show the mistake."""
    host, slash, _ = repository.partition("/")
    if slash and is_host(host) and registry_of(host) is None:
        raise ArgumentError(
            f"{host} is not the host of an ECR registry",
            Remedy(
                "write ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME, or let it stand for one",
                shlex.join([PROGRAM, "configure", host, "--registry", "ECRHOST"]),
            ),
        )


def _run_each(kind: Kind, options: Options, make: Callable[[PolicyChange], Outcome]) -> int:
    first = owned_prefix(options["prefix"] or "", options["profile"], options["region"])
    to = principal_of(kind.verb, options, first)
    with console.waiting("listing the repositories"):
        repositories = first.with_prefix()
    if not repositories:
        raise AwsError(f"no repository begins with {first}", "check the prefix, --region and --profile")
    status, changes = 0, []
    found: dict[str, dict[str, Any]] = {owned.name: {} for owned in repositories}  # in this order
    for owned in repositories:
        try:
            changes.append(PolicyChange(kind, options, owned, to))
        except AwsError as error:
            console.fail(error)
            found[owned.name] = policy_json.failed(kind, owned, error)
            status = 1
    if kind.verb == "grant" and changes and changes[0].is_for_the_owner():
        reason = f"account {to.account} owns the repositories, and its principals need only their IAM policies"
        remarks.note(f"nothing to grant to {first}: {reason}")
        found |= {change.owned.name: policy_json.made(kind, change, Outcome(is_needed=False)) for change in changes}
        changes = []
    pending = [change for change in changes if change.before != change.after]
    if pending and options["apply"]:
        _require_agreement(kind, options, pending, len(repositories))
    for change in changes:
        try:
            outcome = make(change)
            found[change.owned.name] = policy_json.made(kind, change, outcome)
            status |= outcome.status
        except AwsError as error:
            console.fail(error)
            found[change.owned.name] = policy_json.failed(kind, change.owned, error)
            status = 1
    if pending and not options["apply"]:
        command = change_command(kind.verb, options, "--apply")
        remarks.note("nothing has been changed yet", Remedy(f"to change the policy of {_count(len(pending))}", command))
    if options["as_json"]:
        console.print_json(policy_json.document(options, first, to, [*found.values()]))
    return status


def _require_agreement(kind: Kind, options: Options, pending: list[PolicyChange], every: int) -> None:
    """List the repositories whose policies change, and ask once; without a terminal or with --json, --yes is needed."""
    count, names = _count(len(pending)), pending[0].to.members
    if not options["yes"] and (options["as_json"] or not console.has_terminal()):
        why = "--json asks no question" if options["as_json"] else "there is no terminal to ask on"
        raise ArgumentError(
            f"--apply would change {count}, and {why}",
            Remedy("check the list without --apply, then make the change", change_command(kind.verb, options, "--yes")),
        )
    say = console.note if options["yes"] else console.say  # nobody agrees to what is not shown
    say(f"{len(pending)} of {every} repositories change:")
    for change in pending:
        say(change.owned.where)
    accesses = [change.access() for change in pending]
    words = max(accesses, key=lambda access: len(access.actions)).words
    question = f"let {names} {words}" if kind.verb == "grant" else f"revoke {words} from {names}"
    console.require_agreement(f"{question}, in {count}?", yes=options["yes"], refused="nothing was changed")


def _count(number: int) -> str:
    return "1 repository" if number == 1 else f"{number} repositories"
