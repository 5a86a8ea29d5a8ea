"""Show what a docker pull sets off, against an AWS stand-in on loopback."""

import click

from docker_credential_ecrx.demo import walkthrough

_HELP = """\
Show what a docker pull across accounts sets off.

AWS is a stand-in on loopback: no account and no network is needed, and nothing of yours is touched.
"""


@click.command("demo", help=_HELP, epilog="\b\nExample:\n  docker-credential-ecrx demo")
def command() -> int:
    return walkthrough.run()
