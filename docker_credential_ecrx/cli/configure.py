"""``configure``: make this program the helper for registries in Docker's or podman's file, and set their identity."""

import os
import shlex
from typing import Unpack

import click

from docker_credential_ecrx.aws import profile_hints
from docker_credential_ecrx.cli import (
    completers,
    configure_edits,
    configure_identity,
    configure_json,
    configure_plan,
    configure_tokens,
    console,
    remarks,
)
from docker_credential_ecrx.cli.configure_plan import Options, Plan
from docker_credential_ecrx.cli.name_options import NAME, of_profile
from docker_credential_ecrx.identity import rule_index
from docker_credential_ecrx.identity.aws_profiles import chain
from docker_credential_ecrx.identity.settings import PROGRAM, Settings

_HELP = """\
Configure Docker to use this program for an ECR registry.

HOST is the registry, or an image in it. "HOST": "ecrx" is added to credHelpers in Docker's config.json.
With --profile or --role-arn, an entry for HOST is added to config.toml, before any other entry that matches it.
With --registry, HOST is a host name of your own, and the entry names the ECR registry that HOST stands for.
Without these options, config.toml does not change: the identity is that of the entry that matches HOST, or else that
of the AWS default credential chain.
credsStore is set to the store that Docker would select for other registries, because it selects none beside
credHelpers. A token that docker login stored for HOST is deleted, because Docker would get that token.

The AWS profile must exist; without --profile, there must be AWS credentials. With --force, the command only warns if
they are missing, for configuration management that creates them later.

The rest of both files does not change, not even its whitespace. --remove deletes only what this command added; with
--all, for every registry.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx configure 111111111111.dkr.ecr.us-east-1.amazonaws.com --profile secondary
  docker pull 111111111111.dkr.ecr.us-east-1.amazonaws.com/app:latest
  docker-credential-ecrx configure 111111111111.dkr.ecr.us-east-1.amazonaws.com \\
    --role-arn arn:aws:iam::222222222222:role/puller --source-profile base --dry-run
  docker-credential-ecrx configure images.example.com \\
    --registry 111111111111.dkr.ecr.us-east-1.amazonaws.com --profile secondary
  docker-credential-ecrx configure --remove --all --dry-run --json | jq -r '.registries[].host'
"""
# The settings of AWS profiles that need a user who signs in or types a code.
_INTERACTIVE = ("mfa_serial", "sso_session", "sso_start_url", "login_session")


@click.command("configure", short_help="Configure Docker to use this program.", help=_HELP, epilog=_EPILOG)
@click.argument("names", metavar="HOST...", nargs=-1, shell_complete=completers.hosts)
@of_profile("--profile", "The AWS profile to use.")
@click.option("--role-arn", type=NAME, metavar="ARN", help="The role to assume, if no AWS profile names it.")
@of_profile("--source-profile", "The AWS profile that assumes the role.")
@click.option("--external-id", type=NAME, metavar="ID", help="The external ID that the role requires.")
@click.option(
    "--registry",
    type=NAME,
    metavar="ECRHOST",
    shell_complete=completers.hosts,
    help="The ECR registry that HOST, a host name of your own, stands for.",
)
@click.option("--podman", is_flag=True, help="Edit podman's auth.json instead of Docker's config.json.")
@click.option("--remove-password", is_flag=True, help="Also delete an old password for HOST from the file.")
@click.option("--remove", is_flag=True, help="Delete what this command added for HOST.")
@click.option("--all", "everything", is_flag=True, help="With --remove: for every registry in the file.")
@click.option("--dry-run", is_flag=True, help="Print what would change, and write nothing.")
@click.option("--force", is_flag=True, help="Accept a missing AWS profile or missing credentials.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and ask no question.")
def command(names: tuple[str, ...], *, as_json: bool, **options: Unpack[Options]) -> int:
    plan = configure_plan.make(names, options, may_ask=not as_json)
    before = configure_edits.settings_with(plan.config)
    document = configure_json.document(plan, options) if as_json else {}
    if options["dry_run"]:
        is_changed = plan.has_changes
        if not as_json:
            plan.show()
    else:
        is_changed = plan.apply((lambda _: None) if as_json else console.report)
    _remark(plan, options, before if is_changed else None)
    if as_json:
        console.print_json({**document, "remarks": remarks.document()})
    elif not is_changed and options["remove"]:
        console.report("nothing to change")
    elif not is_changed:
        configure_identity.report_unchanged(plan.hosts, plan.file, plan.config)
    elif not (options["remove"] or options["dry_run"]):
        _print_next(plan, podman=options["podman"])
    return 0


def _remark(plan: Plan, options: Options, before: Settings | None) -> None:
    """Say what the user should know or do; ``before`` are the settings before the change, None if there is none."""
    if not options["remove"]:
        undo = f"{PROGRAM} configure --remove{' --podman' * options['podman']}"
        configure_identity.warn_of_regions(plan.registries, undo if before and not options["dry_run"] else "")
    elif not options["dry_run"]:
        configure_tokens.note_left(plan.hosts, podman=options["podman"])
    if before and plan.keys and not options["dry_run"]:
        configure_tokens.note_replaced(plan.hosts, before, configure_edits.identity_of(plan.keys))
    plan.warn()


def _print_next(plan: Plan, *, podman: bool) -> None:
    """Print the next command, and the identity if the options name none."""
    found: dict[str, tuple[str, bool]] = {}  # the identity of each host, and whether it needs a user
    variable = profile_hints.profile_variable(os.environ)
    selected = os.environ.get(variable)
    lasts = f", only while {variable} is set; to save it, add {shlex.join(['--profile', selected])}" if selected else ""
    for identity, same in configure_identity.by_identity(plan.hosts, rule_index.load(PROGRAM, os.environ)):
        needs_user = any(key in _INTERACTIVE for _, key, _ in chain(identity, os.environ))
        said = f"{identity}{lasts if str(identity).endswith(f'(from {variable})') else ''}"
        found |= dict.fromkeys(same, (said, needs_user))
    for host in () if plan.keys else plan.hosts:
        console.report(f"{host}: using {found[host][0]}")
    for host, name in plan.hosts.items():
        pull = configure_plan.pull(host, name, podman=podman)
        first = f"{plan.needed[host]}, then: " if host in plan.needed else ""
        console.report_next(f"{first}{f'{PROGRAM} login {host}' if found[host][1] else pull}")
