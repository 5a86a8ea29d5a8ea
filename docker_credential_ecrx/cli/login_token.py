"""Fetches a token for a user who can type an MFA code or sign in, and caches it."""

import os
import shlex
import subprocess
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from docker_credential_ecrx.keyrings import Keyring
    from docker_credential_ecrx.store.entry import Entry

# Imported here, because botocore looks for awscrt, which a profile may need, before the first token.
from docker_credential_ecrx.aws import authorization_token, credential_source
from docker_credential_ecrx.aws.session import Mfa
from docker_credential_ecrx.cli import console, mfa_code
from docker_credential_ecrx.ecr.registry import Registry
from docker_credential_ecrx.errors import (
    AwsError,
    KeyringError,
    KeyringUnavailableError,
    MfaCodeNeededError,
    Remedy,
    SignInNeededError,
)
from docker_credential_ecrx.identity.model import Identity
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store import cached_token, index, refresh
from docker_credential_ecrx.store.cached_token import Token
from docker_credential_ecrx.store.token_cache import TokenCache, TokenRequest
from docker_credential_ecrx.system import programs

_INSTALL = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"


class Group(NamedTuple):
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


def keyring_of(cache: TokenCache) -> "Keyring":
    """Return the keyring that ``get`` uses; raise KeyringUnavailableError if there is none for tokens."""
    keyring = cache.open()
    if keyring is None:
        raise KeyringUnavailableError(
            "no keyring for tokens is available", "set ECRX_KEYRING to kernel or secret-service"
        )
    return keyring


def fetch(group: Group, cache: TokenCache, mfa: Mfa, *, yes: bool) -> Token:
    """Return a new token from AWS, and ask the user for what AWS requires; ``yes`` agrees to a sign-in."""
    host = group.registries[0].host
    while True:
        try:
            with _waiting(group.identity, f"asking AWS for a token for {host}"):
                return cache.refresh(group.request, mfa)
        except MfaCodeNeededError as error:
            if not console.can_ask():
                raise AwsError(
                    f"no token for {host}: {group.identity} needs an MFA code, and there is no terminal",
                    Remedy(error.remedy.text, f"{error.remedy.command} --mfa-code -"),
                ) from error
            mfa.code = mfa_code.ask(group.identity)
        except SignInNeededError as error:
            _sign_in(error, yes=yes)


def principal(group: Group, mfa: Mfa) -> str:
    """Return the ARN that AWS knows the identity by, or an empty text if it does not say."""
    with _waiting(group.identity, "asking AWS for the principal"):
        return authorization_token.principal(group.registries[0], group.identity, mfa)


def fetch_and_cache(group: Group, cache: TokenCache, mfa: Mfa, *, yes: bool) -> tuple[Token, str]:
    """Do what ``fetch`` does, with a keyring, and what ``principal`` does; return what both do.

    What ``docker login`` stored for the registries is deleted.
    Raises EcrxError, also if ``get`` will not find the token.
    """
    keyring = keyring_of(cache)
    token = fetch(group, cache, mfa, yes=yes)
    arn = principal(group, mfa)
    _check_cached(group, token, keyring)
    _add_to_index(group, token, cache, keyring, arn)
    return token, arn


def _waiting(identity: Identity, text: str) -> AbstractContextManager[None]:
    """Show ``text`` while the block runs, unless a credential_process may show its own questions."""
    is_process = credential_source.find_source(identity, os.environ).kind == "process"
    return nullcontext() if is_process else console.waiting(text)


def _sign_in(error: SignInNeededError, *, yes: bool) -> None:
    """Run the AWS command that signs the user in, if they agree, with ``yes`` or when asked.

    Raises ``error``, whose remedy is that command, if nobody agrees.
    Raises AwsError if it is not installed, or if every user may have put it there.
    """
    program, *arguments = error.remedy.arguments
    path = programs.find(program, os.environ)
    if path is None:
        message = f"{error.message}, and {program}, which signs in, is not on PATH"
        raise AwsError(message, Remedy(f"install version 2 of the AWS CLI ({_INSTALL}), and run", error.remedy.command))
    if not (yes or console.can_ask()):
        raise error
    if weakness := programs.weakness(path):
        remedy = Remedy(f"remove {path.parent} from PATH, and run this command again")
        if weakness.user is None:
            chmod = f"chmod o-w {shlex.quote(str(weakness.place))}"
            remedy = Remedy("remove that permission, and run this command again", chmod)
        raise AwsError(f"{error.message}; {path} is not run, because {weakness}", remedy)
    command = [str(path), *arguments]
    console.say(error.message)
    if not yes and not console.ask(f"run {shlex.join(command)}?"):
        raise error
    # What it prints is for the person, and stdout is for the command's result.
    done = subprocess.run(command, check=False, env=programs.environment(), stdout=2)  # noqa: S603 - what was shown
    if done.returncode != 0:
        if _is_version_1(path):
            raise AwsError(
                f"{path} is version 1 of the AWS CLI, which cannot sign in with {error.remedy.command}",
                f"install version 2 ({_INSTALL}), and run this command again",
            )
        raise AwsError(f"{error.remedy.command} failed", "run it yourself, and then this command again")


def _is_version_1(aws: Path) -> bool:
    """Return whether the AWS CLI at ``aws`` is version 1, which prints its usage instead of signing in."""
    stdout, stderr = programs.output(aws, "--version")
    return b"aws-cli/1." in stdout + stderr  # on which of both it is depends on the version


def _check_cached(group: Group, token: Token, keyring: "Keyring") -> None:
    """Raise EcrxError if ``get`` will not find the token that was written to ``keyring``."""
    if not refresh.identity_unchanged(group.request, os.environ):
        raise AwsError(f"the AWS configuration of {group.identity} changed in the meantime", "run it again")
    cached = cached_token.load_or_none(group.name, keyring)
    if cached is None or cached.password != token.password:
        raise KeyringError(
            f"the keyring {keyring.label} did not store the token",
            Remedy("choose another with ECRX_KEYRING, or check it", f"{PROGRAM} doctor"),
        )


def _add_to_index(group: Group, token: Token, cache: TokenCache, keyring: "Keyring", principal: str) -> None:
    """Add the token to the index for each of its registries, and delete what ``docker login`` stored for them."""
    found: Entry = {"identity": str(group.identity), "principal": principal}
    for registry in group.registries:
        refresh.add_to_index(cache, group.name, registry, found, token)
    for login in group.logins:
        keyring.delete(login)
    index.delete(os.environ, *group.logins)
