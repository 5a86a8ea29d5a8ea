"""The options that the program accepts before a command's name, and each command after it."""

import os
from collections.abc import Callable

import click

from docker_credential_ecrx.cli import console


class _GlobalOption(click.Option):
    """An option without a value for the command; only the program's own help lists it."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option's line of help, or None if the help is that of a command."""
        return super().get_help_record(ctx) if ctx.parent is None else None


def add_to(command: click.Command) -> None:
    """Add the options to a command, and to the commands in it."""
    if any(isinstance(parameter, _GlobalOption) for parameter in command.params):
        return
    command.params += [
        _option("--quiet", _be_quiet, "Print only results, warnings and errors."),
        _option("--verbose", _be_verbose, "Log each step to stderr, never a secret, as ECRX_LOG=debug does."),
        _option("--no-color", _use_no_colour, "Use no colours, as NO_COLOR=1 does."),
    ]
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            add_to(inner)


def _option(name: str, act: Callable[[click.Context, click.Parameter, bool], None], text: str) -> click.Option:
    return _GlobalOption([name], is_flag=True, expose_value=False, callback=act, help=text)


def _be_quiet(_context: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value:
        console.be_quiet()


def _be_verbose(_context: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if value:
        os.environ["ECRX_LOG"] = "debug"


def _use_no_colour(_context: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001
    if value:
        console.use_no_colour()
