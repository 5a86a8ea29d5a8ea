"""The commands for users: one module each, imported when the command is run."""

import difflib
import gc
import importlib
import os
from collections.abc import Callable

import click

from docker_credential_ecrx import __version__
from docker_credential_ecrx.cli import console, global_options
from docker_credential_ecrx.errors import ArgumentError
from docker_credential_ecrx.identity.settings import PROGRAM
from docker_credential_ecrx.protocols import docker
from docker_credential_ecrx.sanitizer import third_party
from docker_credential_ecrx.system import installation, state_folder

NAMES = (
    *("completion", "configure", "demo", "doctor", "forget", "kubelet", "login", "policy", "setup"),
    *("status", "token", "version", "which"),
)
_MAX_WORD_CHARACTERS = 200
_USING_STATE = ("configure", "forget", "login", "setup", "status", "token")

# These are not docstrings, because the frozen program has none.
_HELP = "Docker credential helper for Amazon ECR across AWS accounts, which stores passwords in the OS keyring."
_EPILOG = """\
The options --quiet, --verbose and --no-color can also follow the name of a command.

\b
Docker runs it with a verb and a request on stdin: get, store, erase, list or version. Verbs take no options.

\b
To configure Docker question by question:
  docker-credential-ecrx setup

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
        global_options.add_to(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names; raise NoSuchCommand, with similar names, if none does.

        Docker's verbs come here only after an option; raises UsageError for them.
        """
        name = third_party.text(args[0], _MAX_WORD_CHARACTERS)
        if name in docker.VERBS and not ctx.resilient_parsing:
            said = f"{name} takes no options; for a log, set ECRX_LOG=debug. Docker sends the request for it on stdin."
            raise click.UsageError(said, ctx)
        if args[0] not in NAMES and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(name, possibilities=(*NAMES, *docker.VERBS, "help"), ctx=ctx)
        return super().resolve_command(ctx, args)


@click.command(cls=_Commands, help=_HELP, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-v", "-V", "--version", message=f"{PROGRAM} %(version)s")
def commands() -> None:
    """Group the commands."""


global_options.add_to(commands)


def run(arguments: list[str], serve_kubelet: Callable[[], int]) -> int:
    """Run a command and return its exit status: 0 for success, 1 for failure, 2 for invalid arguments.

    ``serve_kubelet`` answers a request from kubelet whose command line has options; it returns the exit status.
    """
    gc.enable()  # a command may run for long, so build/entry.py's reason not to does not apply
    name = next((word for word in arguments if not word.startswith("-")), arguments[0])
    if name == "help":
        arguments.remove("help")
        arguments = [*(word for word in arguments if word not in docker.VERBS), "--help"]
    if name in _USING_STATE and not {"-h", "--help"} & {*arguments}:
        state_folder.warn(os.environ)
    try:
        status: int | None = commands.main(arguments, prog_name=PROGRAM, standalone_mode=False, obj=serve_kubelet)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        if isinstance(error, click.NoSuchOption):
            _keep_similar(error)
        console.misuse(error)
        return error.exit_code
    except (click.Abort, EOFError, KeyboardInterrupt) as error:  # EOFError comes from getpass
        if console.err.is_terminal:
            console.err.print()  # the cursor may be after a question
        outcome = error.args if isinstance(error, click.Abort) else ()
        console.say("; ".join(("interrupted", *outcome)))
        return 130
    except Exception as error:  # noqa: BLE001 - a traceback could show secrets
        if not console.is_written():
            return 1  # __main__ says so
        console.fail(installation.user_facing_error(error, name))
        return 2 if isinstance(error, ArgumentError) else 1
    return status or 0


def _keep_similar(error: click.NoSuchOption) -> None:
    """Remove what is similar to an unknown option only because both begin with dashes, which click compares, too."""
    if error.possibilities:
        names = {name.lstrip("-"): name for name in error.possibilities}
        error.possibilities[:] = [
            names[name] for name in difflib.get_close_matches(error.option_name.lstrip("-"), names)
        ]
