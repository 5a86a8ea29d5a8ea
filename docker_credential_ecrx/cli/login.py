"""``login``: fetch tokens now, while a user can type an MFA code or sign in, so that ``get`` needs neither."""

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from docker_credential_ecrx.keyrings import Keyring

# Imported here, because botocore looks for awscrt, which a profile may need, before the first token.
from docker_credential_ecrx import formatting
from docker_credential_ecrx.aws import authorization_token
from docker_credential_ecrx.aws.session import Mfa
from docker_credential_ecrx.cli import console, mfa_code
from docker_credential_ecrx.config_files import cred_helpers
from docker_credential_ecrx.ecr import arn, image
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import (
    ArgumentError,
    AwsError,
    FileError,
    KeyringError,
    KeyringUnavailableError,
    MfaCodeNeededError,
    Remedy,
    SettingsError,
    SignInNeededError,
)
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import cached_token, index, item_names, refresh
from docker_credential_ecrx.store.cached_token import Token
from docker_credential_ecrx.store.token_cache import TokenCache, TokenRequest
from docker_credential_ecrx.system import programs

_HELP = """\
Fetch tokens from AWS now and cache them, so that Docker's get needs no prompt until they expire.

It asks for what a credential helper cannot ask for: an MFA code, or a sign-in with SSO. HOST is an ECR registry;
without any, login uses all registries for which Docker's config.json names this program, or its link for --profile.
The identity is the one that Docker uses, unless --profile names another.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx login
  ykman oath accounts code --single aws | docker-credential-ecrx login --mfa-code -
"""
_MFA_HELP = "The MFA code, if there is no terminal; - reads it from standard input, which other users cannot see."


class _Group(NamedTuple):
    """The registries that share one token, its identity, and the name of its item in the keyring.

    ``logins`` are the items that ``docker login`` stored for them, which would take precedence over the token.
    """

    identity: Identity
    name: str
    registries: list[Registry]
    logins: list[str]

    @property
    def request(self) -> TokenRequest:
        """Return the request for the token, which is valid for all the registries."""
        return TokenRequest(self.registries[0], self.identity, self.name)


@click.command(
    "login", short_help="Fetch tokens from AWS now, so that get needs no prompt.", help=_HELP, epilog=_EPILOG
)
@click.argument("hosts", metavar="[HOST]...", nargs=-1)
@click.option("--mfa-code", "code", default="", metavar="CODE|-", help=_MFA_HELP)
@click.option("--profile", metavar="PROFILE", help="The AWS profile to use instead of the one that Docker uses.")
def command(hosts: tuple[str, ...], code: str, profile: str | None) -> int:
    code = mfa_code.from_option(code)
    groups = _groups([image.registry_of(host) for host in hosts], profile)
    cache = TokenCache(settings.load(sys.argv[0], os.environ).keyring, os.environ)
    keyring = _keyring(cache)
    sessions: dict[str, Mfa] = {}
    for group in groups:
        # The role sessions of an identity are valid in all its regions, so its code is needed once.
        mfa = sessions.setdefault(group.name.rpartition(":")[2], Mfa())
        mfa.code = code
        token = _fetch(group, cache, mfa)
        code = mfa.code
        with console.waiting("asking AWS for the principal"):
            principal = authorization_token.principal(group.registries[0], group.identity, mfa)
        _check_cached(group, token, keyring)
        _add_to_index(group, token, cache, keyring)
        if group is not groups[0]:
            console.out.print()
        _print(group, token, keyring, principal)
        _warn(group)
    return 0


def _groups(registries: list[Registry], profile: str | None) -> list[_Group]:
    """Return the groups of registries, one for each identity, region and service."""
    profile = profile or settings.profile_of(sys.argv[0])
    docker = cred_helpers.CredHelpers({}) if registries and profile else cred_helpers.read(os.environ)
    if not registries:
        registries = docker.registries()
        if profile:
            registries = [registry for registry in registries if docker.profile_for(registry.host) == profile]
    if not registries:
        raise ArgumentError(
            "docker's config.json does not name this program for any ECR registry",
            Remedy("name a HOST, or first run", f"{PROGRAM} configure HOST"),
        )
    groups: dict[str, _Group] = {}
    for registry in {registry.host: registry for registry in registries}.values():
        loaded = cred_helpers.settings_of(profile or docker.profile_for(registry.host), os.environ)
        loaded.require(registry)
        logins, name = item_names.names_for(registry, loaded, os.environ)
        group = groups.setdefault(name, _Group(loaded.identity_for(registry.host), name, [], []))
        group.registries.append(registry)
        group.logins.extend(logins)
    return list(groups.values())


def _keyring(cache: TokenCache) -> "Keyring":
    """Return the keyring that ``get`` uses; raise KeyringUnavailableError if there is none for tokens."""
    keyring = cache.open()
    if keyring is None:
        raise KeyringUnavailableError(
            "no keyring for tokens is available", "set ECRX_KEYRING to kernel or secret-service"
        )
    return keyring


def _fetch(group: _Group, cache: TokenCache, mfa: Mfa) -> Token:
    """Return a new token from AWS, and ask the user for what AWS requires."""
    host = group.registries[0].host
    while True:
        try:
            with console.waiting(f"asking AWS for a token for {host}"):
                return cache.refresh(group.request, mfa)
        except MfaCodeNeededError as error:
            if not console.can_ask():
                raise AwsError(
                    f"no token for {host}: {group.identity} needs an MFA code, and there is no terminal",
                    Remedy(error.remedy.text, f"{error.remedy.command} --mfa-code -"),
                ) from error
            mfa.code = mfa_code.ask(group.identity)
        except SignInNeededError as error:
            _sign_in(error)


def _sign_in(error: SignInNeededError) -> None:
    """Run the AWS command that signs the user in, if they agree.

    Raises ``error``, whose remedy is that command, if it is not installed, or if nobody agrees.
    Raises AwsError if every user can write to the command's file.
    """
    program, *arguments = error.remedy.arguments
    path = programs.find(program, os.environ.get("PATH", ""))
    if path is None or not console.can_ask():
        raise error
    if weak := programs.writable_by_all(path):
        raise AwsError(
            f"{error.message}; {path} is not run, because every user can write to {weak}",
            Remedy("remove that permission, and run this command again", f"chmod o-w {shlex.quote(str(weak))}"),
        )
    command = [str(path), *arguments]
    console.say(error.message)
    if not console.ask(f"run {shlex.join(command)}?"):
        raise error
    if subprocess.run(command, check=False, env=programs.environment()).returncode != 0:  # noqa: S603 - what was shown
        raise AwsError(f"{error.remedy.command} failed", "run it yourself, and then this command again")


def _check_cached(group: _Group, token: Token, keyring: "Keyring") -> None:
    """Raise EcrxError if ``get`` will not find the token that was written to ``keyring``."""
    if not refresh.identity_unchanged(group.request, os.environ):
        raise AwsError(f"the AWS configuration of {group.identity} changed in the meantime", "run it again")
    cached = cached_token.load_or_none(group.name, keyring)
    if cached is None or cached.password != token.password:
        raise KeyringError(
            f"the keyring {keyring.label} did not store the token",
            Remedy("choose another with ECRX_KEYRING, or check it", f"{PROGRAM} doctor"),
        )


def _add_to_index(group: _Group, token: Token, cache: TokenCache, keyring: "Keyring") -> None:
    """Add the token to the index for each of its registries, and delete what ``docker login`` stored for them."""
    for registry in group.registries:
        refresh.add_to_index(cache, group.name, registry, str(group.identity), token)
    for login in group.logins:
        keyring.delete(login)
    index.delete(os.environ, *group.logins)


def _print(group: _Group, token: Token, keyring: "Keyring", principal: str) -> None:
    for registry in group.registries:
        console.heading(registry.host)
    rows = [("identity", str(group.identity))]
    if found := arn.parse(principal):
        rows += [("account", found.account), ("principal", principal)]
    rows += [
        ("expires", formatting.moment(token.issued_at.utc + token.lifetime, token.issued_at.utc)),
        ("keyring", keyring.label),
    ]
    console.facts(rows)


def _warn(group: _Group) -> None:
    """Say if Docker uses another identity for a registry, and so does not get this token."""
    profile = shlex.quote(str(group.identity.profile))
    try:
        docker = cred_helpers.read(os.environ)
        for registry in group.registries:
            host = registry.host
            loaded = cred_helpers.settings_of(docker.profile_for(host), os.environ)
            if docker.asks_for(host) and item_names.names_for(registry, loaded, os.environ)[1] != group.name:
                what = f"Docker uses {loaded.identity_for(host)} for {host}, so it does not get this token"
                console.say(f"{what}; to change that: {PROGRAM} configure {host} --profile {profile}", "yellow")
    except (FileError, SettingsError) as error:
        console.say(str(error), "yellow")  # the token is cached even if Docker cannot use it now
