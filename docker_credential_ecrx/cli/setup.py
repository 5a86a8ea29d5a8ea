"""``setup``: ask for a registry and an AWS profile, try them, and configure Docker as ``configure`` does."""

import os
import shlex
import sys
from functools import partial
from typing import NamedTuple

import click

from docker_credential_ecrx import doctor
from docker_credential_ecrx.aws.error_rules import WRONG_MFA_CODE
from docker_credential_ecrx.aws.session import Mfa
from docker_credential_ecrx.cli import (
    choices,
    completers,
    configure_edits,
    configure_hosts,
    configure_identity,
    configure_plan,
    configure_tokens,
    console,
    login_token,
    setup_profile,
    setup_registry,
)
from docker_credential_ecrx.cli.configure_plan import Options, Plan
from docker_credential_ecrx.cli.login_token import Group
from docker_credential_ecrx.cli.name_options import of_profile
from docker_credential_ecrx.config_files import cred_helpers, docker_config, text_file
from docker_credential_ecrx.doctor.context import Context, Facts, IdentityFacts, TokenFacts
from docker_credential_ecrx.ecr.image import Image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import AwsError, EcrxError, Remedy
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM, Settings
from docker_credential_ecrx.store import item_names
from docker_credential_ecrx.store.cached_token import Token
from docker_credential_ecrx.store.token_cache import TokenCache

_HELP = """\
Configure Docker to use this program for an ECR registry, question by question.

It asks for the registry and the AWS profile, and lists those that it finds: registries in Docker's config.json, in the
compose files and the Dockerfile of the current folder and in local images, and profiles in AWS's files. HOST, a
registry or an image in it, and --profile answer these questions in advance.
Then it signs in if that is needed, as login does, tries the token at the registry, shows what would change, and asks
before it writes. Ctrl-C at a question leaves all files and keyrings as they are.

It needs a terminal; configure does the same without questions.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx setup
  docker-credential-ecrx setup 111111111111.dkr.ecr.us-east-1.amazonaws.com/app:latest --profile secondary
"""
_UNCHANGED = "nothing was changed"
_IMAGE = "image"
_CHECKS = ("registry", _IMAGE)  # those of doctor
_NAME_WIDTH = max(map(len, _CHECKS))


class _Choice(NamedTuple):
    """The profile that was chosen, its identity, and the token that AWS issued for it.

    The profile is None for what is used without one.
    """

    profile: str | None
    identity: Identity
    token: Token
    principal: str
    mfa: Mfa

    def __repr__(self) -> str:
        """Leave the token out."""
        return f"_Choice({self.identity})"


@click.command("setup", short_help="Configure Docker, question by question.", help=_HELP, epilog=_EPILOG)
@click.argument("host", metavar="[HOST]", required=False, shell_complete=completers.hosts)
@of_profile("--profile", "The AWS profile to use.")
@click.option("--podman", is_flag=True, help="Edit podman's auth.json instead of Docker's config.json.")
def command(host: str | None, profile: str | None, *, podman: bool) -> int:
    _require_terminal(host, profile, podman=podman)
    try:
        planned = _dialogue(host, profile, podman=podman)
    except (click.Abort, EOFError, KeyboardInterrupt) as error:  # EOFError comes from getpass
        raise click.Abort(_UNCHANGED) from error
    if planned is None:
        console.say(_UNCHANGED)
        return 1
    plan, image_to_pull, mfa, failed = planned
    registry = image_to_pull.registry
    before = configure_edits.settings_with(plan.config)
    if plan.has_changes:
        plan.apply(console.report)
    if plan.keys:
        configure_tokens.note_replaced(plan.hosts, before, configure_edits.identity_of(plan.keys))
    _cache(registry, mfa)
    pull = configure_plan.pull(registry.host, str(image_to_pull), podman=podman)
    if failed == [_IMAGE]:
        console.say("the image cannot be pulled until you have done what its check says", "warning")
    console.report_next(pull if failed in ([], [_IMAGE]) else f"{PROGRAM} doctor {image_to_pull}")
    return 0


def _dialogue(host: str | None, profile: str | None, *, podman: bool) -> tuple[Plan, Image, Mfa, list[str]] | None:
    """Return what to change, what to pull, the MFA sessions and which checks failed; None if the user refuses.

    Nothing is written yet.
    """
    docker_config.document(text_file.read(configure_edits.paths(podman=podman)[-1]))  # raises FileError now, not later
    config = configure_plan.config_path(must_exist=False)
    loaded = configure_edits.settings_with(config)
    find = configure_hosts.finder(config, None, remove=False)
    image_to_pull = setup_registry.ask(find, loaded, host, podman=podman)
    registry = image_to_pull.registry
    attempt = partial(_attempt, registry, loaded)
    found = setup_profile.ask(attempt, registry, loaded, profile, podman=podman)
    failed = _check(image_to_pull, found)
    plan = configure_plan.make([str(image_to_pull)], _options(found.profile, podman=podman))
    console.group("changes")
    plan.show()
    plan.warn()
    if plan.has_changes:
        if not console.ask(_question(failed)):
            return None
    else:
        configure_identity.report_unchanged(plan.hosts, plan.file, plan.config)
    return plan, image_to_pull, found.mfa, failed


def _question(failed: list[str]) -> str:
    if failed == [_IMAGE]:
        return "only the image cannot be pulled yet; write this?"
    return "a check failed; write this all the same?" if failed else "write this?"


def _require_terminal(host: str | None, profile: str | None, *, podman: bool) -> None:
    """Raise EcrxError, with the command to use instead, if there is nobody to ask."""
    for name, stream in (("stdin", sys.stdin), ("stdout", sys.stdout), ("stderr", sys.stderr)):
        if stream is None or not stream.isatty():
            options = ["--profile", profile or "PROFILE", *(["--podman"] if podman else [])]
            raise EcrxError(
                f"setup asks questions, and {name} is not a terminal",
                Remedy("without one, run", shlex.join([PROGRAM, "configure", host or "HOST", *options])),
            )


def _attempt(registry: Registry, loaded: Settings, profile: str | None) -> _Choice:
    """Return a new token of the profile, which is not cached; if it is None, of what is used without one.

    The user is asked for what AWS requires, and again for an MFA code that is wrong.
    Raises AwsError if the profile does not exist, or if AWS issues no token.
    """
    identity = Identity(profile) if profile else loaded.identity_for(registry.host)
    group, mfa = Group(identity, "", [registry], []), Mfa()
    while True:
        try:
            token = login_token.fetch(group, TokenCache("none", os.environ), mfa, yes=False)
            return _Choice(profile, identity, token, login_token.principal(group, mfa), mfa)
        except EcrxError as error:
            if isinstance(error, AwsError) and f"code={WRONG_MFA_CODE}" not in error.codes:
                raise
            choices.refuse("MFA code", error)


def _check(image_to_pull: Image, found: _Choice) -> list[str]:
    """Print the results of doctor's checks of the registry, and return the names of those that failed."""
    context = Context(image_to_pull, sys.argv[0], dict(os.environ), push=False)
    loaded = cred_helpers.settings_of(None, os.environ)
    facts: dict[str, Facts | None] = {
        "profile": IdentityFacts(loaded, found.identity, None, None),
        "token": TokenFacts(found.token.password, found.principal),
    }
    failed = []
    issued = f"AWS issued one to {found.principal}" if found.principal else "AWS issued one"
    console.group("checks")
    console.finding("token".ljust(_NAME_WIDTH), issued, (), ok=True)
    for check in doctor.checks(context):
        if check.name not in _CHECKS:
            continue
        with console.waiting(check.name):
            finding = doctor.run(check, context, facts)
        facts[check.name] = finding.facts
        if finding.ok is not None:
            console.finding(check.name.ljust(_NAME_WIDTH), finding.detail, finding.remedies, ok=finding.ok)
        if finding.ok is False:
            failed.append(check.name)
    return failed


def _options(profile: str | None, *, podman: bool) -> Options:
    return Options(
        profile=profile,
        role_arn=None,
        source_profile=None,
        external_id=None,
        registry=None,
        podman=podman,
        remove_password=False,
        remove=False,
        everything=False,
        dry_run=False,
        force=False,
    )


def _cache(registry: Registry, mfa: Mfa) -> None:
    """Cache a token for the first pull, which cannot ask for what the user typed here."""
    loaded = cred_helpers.settings_of(None, os.environ)
    logins, name = item_names.names_for(registry, loaded, os.environ)
    group = Group(loaded.identity_for(registry.host), name, [registry], [*logins])
    try:
        login_token.fetch_and_cache(group, TokenCache(loaded.keyring, os.environ), mfa, yes=False)
    except EcrxError as error:
        console.say(f"the token is not cached: {error}", "warning")
