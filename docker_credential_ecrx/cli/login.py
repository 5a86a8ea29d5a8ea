"""Get tokens now, while there is a person to ask for an MFA code or a sign-in: ``get`` then asks nothing."""

import os
import re
import shlex
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from docker_credential_ecrx.keyrings import Keyring

# At the top, since it is before the first token that botocore looks for awscrt, which some profile here may need.
from docker_credential_ecrx import formatting, log
from docker_credential_ecrx.aws import authorization_token
from docker_credential_ecrx.aws.session import Mfa
from docker_credential_ecrx.cli import console
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
    SettingsError,
    SignInNeededError,
)
from docker_credential_ecrx.identity import settings
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.store import cached_token, index, item_names, refresh
from docker_credential_ecrx.store.cached_token import Token
from docker_credential_ecrx.store.token_cache import TokenCache, TokenRequest
from docker_credential_ecrx.system import programs

_HELP = """\
Get tokens from AWS now, and keep them for docker: get then asks nothing until they end.

It asks you for what a credential helper cannot ask for: an MFA code, or a sign-in with SSO. HOST is a registry of
Amazon ECR; without any, it is all that docker's config.json gives to this program, or to its link of --profile. The
identity is the one that answers docker, unless --profile names another.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx login
  ykman oath accounts code --single aws | docker-credential-ecrx login --mfa-code -
"""
_MFA_HELP = (
    "The MFA code, if nobody can be asked for it; - reads it from standard input, where no process list shows it."
)
_CODE = re.compile(r"\d{6}", re.ASCII)
_LONGEST_LINE = 64  # bytes, of which a code is six


class _Errand(NamedTuple):
    """A token to get: for whom and for which registries, and the name of the item that keeps it.

    ``logins`` are the names of what ``docker login`` stored for them, which would be served before it.
    """

    identity: Identity
    name: str
    registries: list[Registry]
    logins: list[str]

    @property
    def request(self) -> TokenRequest:
        """Return what is asked of AWS: one token serves all the registries."""
        return TokenRequest(self.registries[0], self.identity, self.name)


@click.command("login", short_help="Get tokens from AWS now, so that get asks nothing.", help=_HELP, epilog=_EPILOG)
@click.argument("hosts", metavar="[HOST]...", nargs=-1)
@click.option("--mfa-code", default="", metavar="CODE|-", help=_MFA_HELP)
@click.option("--profile", metavar="PROFILE", help="The AWS profile to use, in place of the one that answers docker.")
def command(hosts: tuple[str, ...], mfa_code: str, profile: str | None) -> int:
    code = _given(mfa_code)
    errands = _errands([image.registry_of(host) for host in hosts], profile)
    cache = TokenCache(settings.load(sys.argv[0], os.environ).keyring, os.environ)
    keyring = _keyring(cache)
    people: dict[str, Mfa] = {}
    for errand in errands:
        # One identity's role sessions serve all its regions, and its code is asked for once.
        mfa = people.setdefault(errand.name.rpartition(":")[2], Mfa())
        mfa.code = code
        token = _mint(errand, cache, mfa)
        code = mfa.code
        with console.waiting("asking AWS who that is"):
            principal = authorization_token.principal(errand.registries[0], errand.identity, mfa)
        _check_kept(errand, token, keyring)
        _note(errand, token, cache, keyring)
        if errand is not errands[0]:
            console.out.print()
        _tell(errand, token, keyring, principal)
        _warn(errand)
    return 0


def _given(option: str) -> str:
    """Return the code that the option --mfa-code gives, or an empty text: a person is asked when AWS wants one."""
    if not option or (option == "-" and console.can_ask()):
        return ""
    if option == "-":
        return _checked(_first_line())
    code = _checked(option)
    what = "other users can see the MFA code in the list of processes"
    console.say(f"{what}; give it on standard input: --mfa-code -", "yellow")
    return code


def _first_line() -> str:
    """Return the first line of standard input, as far as a code could be in it."""
    line = b""
    with suppress(OSError):  # a folder, or a pipe that does not wait
        while len(line) < _LONGEST_LINE and not line.endswith(b"\n") and (byte := os.read(0, 1)):
            line += byte
    return line.decode("ascii", "replace")


def _checked(code: str) -> str:
    code = "".join(code.split())
    if not _CODE.fullmatch(code):
        raise ArgumentError("an MFA code is six digits", "type the number that the device shows")
    log.add_secret(code)
    return code


def _errands(registries: list[Registry], profile: str | None) -> list[_Errand]:
    """Return the tokens to get, one for each identity, region and service."""
    profile = profile or settings.profile_of(sys.argv[0])
    docker = cred_helpers.CredHelpers({}) if registries and profile else cred_helpers.read(os.environ)
    if not registries:
        registries = docker.registries()
        if profile:
            registries = [registry for registry in registries if docker.profile_for(registry.host) == profile]
    if not registries:
        raise ArgumentError(
            "docker's config.json gives no registry of Amazon ECR to this program",
            f"name one here, or first: {settings.PROGRAM} configure HOST",
        )
    errands: dict[str, _Errand] = {}
    for registry in {registry.host: registry for registry in registries}.values():
        loaded = cred_helpers.settings_of(profile or docker.profile_for(registry.host), os.environ)
        loaded.require(registry)
        logins, name = item_names.names_for(registry, loaded, os.environ)
        errand = errands.setdefault(name, _Errand(loaded.identity_for(registry.host), name, [], []))
        errand.registries.append(registry)
        errand.logins.extend(logins)
    return list(errands.values())


def _keyring(cache: TokenCache) -> "Keyring":
    """Return the keyring in which ``get`` looks; raise KeyringUnavailableError where there is none to keep a token."""
    keyring = cache.open()
    if keyring is None:
        raise KeyringUnavailableError(
            "there is no keyring that could keep a token", "choose one with ECRX_KEYRING: kernel or secret-service"
        )
    return keyring


def _mint(errand: _Errand, cache: TokenCache, mfa: Mfa) -> Token:
    """Return a new token from AWS, and ask the person for what AWS wants of them."""
    registry = errand.registries[0]
    while True:
        try:
            with console.waiting(f"asking AWS for a token for {registry.host}"):
                return cache.refresh(errand.request, mfa)
        except MfaCodeNeededError as error:
            if not console.can_ask():
                raise AwsError(
                    f"no token for {registry.host}: {errand.identity} needs an MFA code, and there is no terminal",
                    f"{error.hint} --mfa-code -",
                ) from error
            mfa.code = _checked(console.ask_secretly(f"MFA code for {errand.identity}"))
        except SignInNeededError as error:
            _sign_in(error)


def _sign_in(error: SignInNeededError) -> None:
    """Run AWS's own command that signs the person in, once they agree.

    Raises ``error``, whose hint names the command, where AWS's is not installed, or nobody is there or agrees.
    Raises AwsError if all users may change AWS's.
    """
    program, *arguments = error.remedy.arguments
    path = programs.find(program, os.environ.get("PATH", ""))
    if path is None or not console.can_ask():
        raise error
    if weak := programs.writable_by_all(path):
        raise AwsError(
            f"{error.message}; {path} is not run, because all users may change {weak}",
            f"chmod o-w {shlex.quote(str(weak))}, and run this again",
        )
    command = [str(path), *arguments]
    console.say(error.message)
    if not console.ask(f"run {shlex.join(command)}?"):
        raise error
    if subprocess.run(command, check=False, env=programs.environment()).returncode != 0:  # noqa: S603 - what was shown
        raise AwsError(f"{error.hint} did not succeed", "run it by hand, and then this again")


def _check_kept(errand: _Errand, token: Token, keyring: "Keyring") -> None:
    """Raise EcrxError where ``get`` will not find the token that ``keyring`` was given."""
    if not refresh.identity_unchanged(errand.request, os.environ):
        raise AwsError(f"what AWS's files say of {errand.identity} has changed meanwhile", "run it again")
    kept = cached_token.load_or_none(errand.name, keyring)
    if kept is None or kept.password != token.password:
        raise KeyringError(
            f"the keyring {keyring.label} did not keep the token",
            f"see what {settings.PROGRAM} doctor says of it, or choose another: ECRX_KEYRING",
        )


def _note(errand: _Errand, token: Token, cache: TokenCache, keyring: "Keyring") -> None:
    """Note the token for each of its registries, and drop what ``docker login`` stored for them."""
    for registry in errand.registries:
        refresh.add_to_index(cache, errand.name, registry, str(errand.identity), token)
    for login in errand.logins:
        keyring.delete(login)
    index.delete(os.environ, *errand.logins)


def _tell(errand: _Errand, token: Token, keyring: "Keyring", principal: str) -> None:
    for registry in errand.registries:
        console.heading(registry.host)
    rows = [("for", str(errand.identity))]
    if found := arn.parse(principal):
        rows += [("account", found.account), ("principal", principal)]
    rows += [
        ("until", formatting.moment(token.issued_at.utc + token.lifetime, token.issued_at.utc)),
        ("kept in", keyring.label),
    ]
    console.facts(rows)


def _warn(errand: _Errand) -> None:
    """Tell where docker asks for a registry of the errand as somebody else, whom this token does not serve."""
    profile = shlex.quote(str(errand.identity.profile))
    try:
        docker = cred_helpers.read(os.environ)
        for registry in errand.registries:
            host = registry.host
            loaded = cred_helpers.settings_of(docker.profile_for(host), os.environ)
            if docker.asks_for(host) and item_names.names_for(registry, loaded, os.environ)[1] != errand.name:
                asked = f"docker asks for {host} as {loaded.identity_for(host)}, and is not served this"
                change = f"{settings.PROGRAM} configure {host} --profile {profile}"
                console.say(f"{asked}; to change that: {change}", "yellow")
    except (FileError, SettingsError) as error:
        console.say(str(error), "yellow")  # docker cannot ask, then; the token is kept all the same
