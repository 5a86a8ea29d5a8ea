"""``token``: print a registry's password, for tools that do not use credential helpers."""

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from docker_credential_ecrx.cli import completers, console, registry_identity
from docker_credential_ecrx.cli.registry_identity import RegistryIdentity
from docker_credential_ecrx.errors import ArgumentError, Remedy
from docker_credential_ecrx.helper import Helper
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.store.token_cache import TokenCache

_HELP = """\
Print the password of an ECR registry on one line, for tools that do not use credential helpers.

HOST is an ECR registry, or an image in it. The user name is AWS for every registry. The password is the one that
Docker's get returns, for the same identity and from the same cache; it is valid for up to 12 hours.
It is a secret, so it is not printed on a terminal without --show; a tool should read it from a pipe, because other
users can see a program's arguments.
"""
_EPILOG = """\
\b
Examples:
  HOST=111111111111.dkr.ecr.us-east-1.amazonaws.com
  docker-credential-ecrx token $HOST | docker login --username AWS --password-stdin $HOST
  docker-credential-ecrx token $HOST | helm registry login --username AWS --password-stdin $HOST
  docker-credential-ecrx token $HOST | crane auth login --username AWS --password-stdin $HOST
"""


@click.command("token", short_help="Print a registry's password, for other tools.", help=_HELP, epilog=_EPILOG)
@click.argument("host", metavar="HOST", shell_complete=completers.hosts)
@click.option("--show", is_flag=True, help="Print it even if stdout is a terminal.")
def command(host: str, *, show: bool) -> int:
    found = registry_identity.find(host, os.environ)
    if not show and sys.stdout.isatty():
        raise ArgumentError(
            f"the token for {found.registry.host} is not printed: stdout is a terminal, which would show the secret",
            Remedy("pipe it to a program, or add --show", shlex.join([PROGRAM, "token", host, "--show"])),
        )
    with _reserved_stdout(), console.waiting(f"getting the token for {found.registry.host}"):
        password = _password(found)
    click.echo(password)  # not the console, which removes secrets
    return 0


def _password(found: RegistryIdentity) -> str:
    """Return the password that ``get`` returns; raise AwsError if AWS issues none, also for ECR Public."""
    login, _ = Helper(found.settings, os.environ).cached(found.registry)
    if login is not None:
        return login.password
    cache = TokenCache(found.settings.keyring, os.environ)
    return cache.get(cache.request(found.registry, found.identity)).password


@contextmanager
def _reserved_stdout() -> Iterator[None]:
    """Lead stdout to stderr until the block ends: a keyring's backend may print to it, or start a program that does."""
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(stdout, 1)
        os.close(stdout)
