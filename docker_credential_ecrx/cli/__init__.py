"""The commands for users: one module each, imported when the command is run."""

import importlib
import os

import click

from docker_credential_ecrx import __version__
from docker_credential_ecrx.cli import console
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.system import installation, state_folder

NAMES = ("completion", "configure", "demo", "doctor", "forget", "kubelet", "login", "policy", "status", "version")
_USING_STATE = ("configure", "forget", "login", "status")

# These are not docstrings, because the frozen program has none.
_HELP = "Docker credential helper for Amazon ECR across AWS accounts, which stores passwords in the OS keyring."
_EPILOG = """\
\b
Docker runs it with a verb and a request on stdin: get, store, erase, list or version.

\b
Example: a registry in another account, with the role of your AWS profile "secondary":
  docker-credential-ecrx configure 111111111111.dkr.ecr.us-east-1.amazonaws.com --profile secondary
  docker pull 111111111111.dkr.ecr.us-east-1.amazonaws.com/app:latest
"""


class _Commands(click.Group):
    """A group whose commands are in the modules of their names, as ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in NAMES:
            return None
        command: click.Command = importlib.import_module(f"{__name__}.{cmd_name}").command
        return command


@click.command(cls=_Commands, help=_HELP, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-v", "--version", message=f"{PROGRAM} %(version)s")
def commands() -> None:
    """Group the commands."""


def run(arguments: list[str]) -> int:
    """Run a command and return its exit status: 0 for success, 1 for failure, 2 for invalid arguments."""
    if arguments[0] in _USING_STATE and not {"-h", "--help"} & {*arguments}:
        state_folder.warn(os.environ)
    try:
        status: int | None = commands.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        console.misuse(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        console.say("interrupted")
        return 130
    except Exception as error:  # noqa: BLE001 - a traceback could show secrets
        console.fail(installation.user_facing_error(error, arguments[0]))
        return 1
    return status or 0
