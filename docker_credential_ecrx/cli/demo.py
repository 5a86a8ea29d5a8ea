"""``demo``: demonstrate a cross-account docker pull against a local fake AWS."""

import click

from docker_credential_ecrx.demo import walkthrough

_HELP = """\
Demonstrate a cross-account docker pull against a local fake AWS.

It needs no AWS account and no network, and does not read or change your files.
"""


@click.command(
    "demo",
    short_help="Demonstrate a pull against a local fake AWS.",
    help=_HELP,
    epilog="\b\nExample:\n  docker-credential-ecrx demo",
)
def command() -> int:
    return walkthrough.run()
