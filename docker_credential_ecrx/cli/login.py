"""``login``: fetch tokens now, while a user can type an MFA code or sign in, so that ``get`` needs neither."""

import os
import shlex
import sys
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

import click

from docker_credential_ecrx import formatting
from docker_credential_ecrx.aws.session import Mfa
from docker_credential_ecrx.cli import completers, console, json_parts, login_token, mfa_code
from docker_credential_ecrx.cli.login_token import Group
from docker_credential_ecrx.cli.name_options import of_profile
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.ecr import arn, image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import EcrxError, FileError, Remedy, SettingsError
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import item_names
from docker_credential_ecrx.store.token_cache import TokenCache

_HELP = """\
Fetch tokens from AWS now and cache them, so that Docker's get needs no prompt until they expire.

It asks for what a credential helper cannot ask for: an MFA code, or a sign-in with SSO. It waits for a
credential_process without a time limit, and shows its questions.
HOST is an ECR registry. Without HOST, login uses all registries for which Docker's config.json names this program, or
with --profile PROFILE, those for which it names the symlink docker-credential-ecrx-PROFILE.
The identity is the one that Docker uses, unless --profile names another one.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx login
  docker-credential-ecrx login --json | jq -r '.registries[].expires'
  ykman oath accounts code --single aws | docker-credential-ecrx login --mfa-code -
"""
_MFA_HELP = "The MFA code, if there is no terminal; - reads it from standard input, which other users cannot see."


class Cached(NamedTuple):
    """A group whose token is in the ``keyring``, since when and until when, in seconds since 1970.

    ``principal`` is the ARN that AWS knows the identity by, or empty.
    """

    group: Group
    issued: float
    expires: float
    principal: str
    keyring: str


@click.command(
    "login", short_help="Fetch tokens from AWS now, so that get needs no prompt.", help=_HELP, epilog=_EPILOG
)
@click.argument("hosts", metavar="[HOST]...", nargs=-1, shell_complete=completers.hosts)
@click.option("--mfa-code", "code", default="", metavar="CODE|-", help=_MFA_HELP)
@of_profile("--profile", "The AWS profile to use instead of the one that Docker uses.")
@click.option("--yes", is_flag=True, help="Do not ask before running aws to sign in.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(hosts: tuple[str, ...], code: str, profile: str | None, *, yes: bool, as_json: bool) -> int:
    code = mfa_code.from_option(code)
    loaded = settings.load(sys.argv[0], os.environ)
    groups = _groups([image.registry_of(host, loaded.registry_of) for host in hosts], profile)
    cache = TokenCache(loaded.keyring, os.environ)
    done: list[Cached] = []
    try:
        for cached in _cached(groups, cache, code, yes=yes):
            if not (as_json or console.is_quiet()):
                _print(cached, is_first=not done)
            done.append(cached)
            _warn(cached.group)
    except EcrxError as error:
        if as_json:
            console.print_json(_document(groups, done, error))
        raise
    if as_json:
        console.print_json(_document(groups, done))
    return 0


def _cached(groups: list[Group], cache: TokenCache, code: str, *, yes: bool) -> Iterator[Cached]:
    """Fetch and cache the token of each group, with the MFA code if AWS requires one; raise EcrxError if one fails."""
    keyring = login_token.keyring_of(cache)
    sessions: dict[str, Mfa] = {}
    for group in groups:
        # The role sessions of an identity are valid in all its regions, so its code is needed once.
        mfa = sessions.setdefault(group.name.rpartition(":")[2], Mfa())
        mfa.code = code
        token, principal = login_token.fetch_and_cache(group, cache, mfa, yes=yes)
        code = mfa.code
        yield Cached(group, token.issued_at.utc, token.issued_at.utc + token.lifetime, principal, keyring.label)


def _groups(registries: list[Registry], profile: str | None) -> list[Group]:
    """Return the groups of registries, one for each identity, region and service."""
    profile = profile or settings.profile_of(sys.argv[0])
    docker = cred_helpers.CredHelpers({}) if registries and profile else cred_helpers.read(os.environ)
    if not registries:
        registries = docker.registries()
        if profile:
            registries = [registry for registry in registries if docker.profile_for(registry.host) == profile]
    if not registries and profile:
        raise EcrxError(
            f"docker's config.json does not name docker-credential-ecrx-{profile} for any ECR registry",
            Remedy("name a HOST", f"{PROGRAM} login HOST {shlex.join(['--profile', profile])}"),
        )
    if not registries:
        raise EcrxError(
            "docker's config.json does not name this program for any ECR registry",
            Remedy("name a HOST, or first run", f"{PROGRAM} configure HOST"),
        )
    groups: dict[str, Group] = {}
    for registry in {registry.host: registry for registry in registries}.values():
        loaded = cred_helpers.settings_of(profile or docker.profile_for(registry.host), os.environ)
        loaded.require(registry)
        logins, name = item_names.names_for(registry, loaded, os.environ)
        group = groups.setdefault(name, Group(loaded.identity_for(registry.host), name, [], []))
        group.registries.append(registry)
        group.logins.extend(logins)
    return list(groups.values())


def _print(cached: Cached, *, is_first: bool) -> None:
    if not is_first:
        console.out.print()
    for registry in cached.group.registries:
        console.heading(registry.host)
    rows = [("identity", str(cached.group.identity))]
    if found := arn.parse(cached.principal):
        rows += [("account", found.account), ("principal", cached.principal)]
    rows += [("expires", formatting.moment(cached.expires, cached.issued)), ("keyring", cached.keyring)]
    console.facts(rows)


def _document(groups: list[Group], done: list[Cached], error: EcrxError | None = None) -> dict[str, Any]:
    """Return the JSON object; ``error`` is of the first group that is not ``done``, after which no other was tried."""
    ended: list[Cached | EcrxError | None] = [*done, error]
    outcomes = zip_longest(groups, ended[: len(groups)])
    return {
        "registries": [
            _registry_document(group, registry, outcome) for group, outcome in outcomes for registry in group.registries
        ]
    }


def _registry_document(group: Group, registry: Registry, outcome: Cached | EcrxError | None) -> dict[str, Any]:
    cached = outcome if isinstance(outcome, Cached) else None
    return {
        "host": registry.host,
        "region": json_parts.text(registry.region),
        "identity": json_parts.text(str(group.identity)),
        "cached": cached is not None,
        "principal": json_parts.text(cached.principal) if cached else None,
        "expires": json_parts.time(cached.expires) if cached else None,
        "keyring": cached.keyring if cached else None,
        "error": json_parts.error(outcome) if isinstance(outcome, EcrxError) else None,
    }


def _warn(group: Group) -> None:
    """Say if Docker uses another identity for a registry, and so does not get this token."""
    profile = shlex.quote(str(group.identity.profile))
    try:
        docker = cred_helpers.read(os.environ)
        for registry in group.registries:
            host = registry.host
            loaded = cred_helpers.settings_of(docker.profile_for(host), os.environ)
            if docker.asks_for(host) and item_names.names_for(registry, loaded, os.environ)[1] != group.name:
                what = f"Docker uses {loaded.identity_for(host)} for {host}, so it does not get this token"
                console.say(f"{what}; to change that: {PROGRAM} configure {host} --profile {profile}", "warning")
    except (FileError, SettingsError) as error:
        console.say(str(error), "warning")  # the token is cached even if Docker cannot use it now
