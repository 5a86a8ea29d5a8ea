"""``demo``: show a docker pull across accounts against a local stand-in for AWS."""

import click

from docker_credential_ecrx.demo import walkthrough

_HELP = """\
Show a docker pull across accounts against a local stand-in for AWS.

It needs no AWS account and no network, and does not read or change your files.
"""


@click.command(
    "demo",
    short_help="Show a pull against a local stand-in for AWS.",
    help=_HELP,
    epilog="\b\nExample:\n  docker-credential-ecrx demo",
)
def command() -> int:
    return walkthrough.run()
