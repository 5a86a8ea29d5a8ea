"""``version``: print the version, or what is installed where."""

import click

from docker_credential_ecrx import __version__
from docker_credential_ecrx.cli import console, installed
from docker_credential_ecrx.identity.settings import PROGRAM

_HELP = """\
Print the version; with --json, what is installed where.

With --json, it prints the program's path, whether it is frozen or a wheel, the commit that it was built from, its
Python and OpenSSL, the system with its C library, the versions of boto3, botocore and keyring, and every
docker-credential-ecrx on PATH: Docker runs the first one.
"""
_EPILOG = """\
\b
Examples:
  docker-credential-ecrx version
  docker-credential-ecrx version --json | jq -r .commit
  docker-credential-ecrx version --json | jq -r '.on_path[].path'
"""


@click.command("version", short_help="Print the version, or what is installed where.", help=_HELP, epilog=_EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(*, as_json: bool) -> int:
    if as_json:
        with console.waiting("asking each program on PATH for its version"):
            document = installed.document()
        console.print_json(document)
    else:
        console.out.print(f"{PROGRAM} {__version__}")
    return 0
