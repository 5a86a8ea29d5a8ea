"""Writes the manual page to stdout, from the text that --help shows; run by build.sh and install.sh."""

import os
import re
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from docker_credential_ecrx import __version__
from docker_credential_ecrx.cli import commands
from docker_credential_ecrx.identity.settings import PROGRAM

_SUMMARY = "Docker credential helper for Amazon ECR across AWS accounts"


def main() -> None:
    """Write the page of the program and all its commands."""
    date = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)
    context = click.Context(commands, info_name=PROGRAM, **commands.context_settings)
    lines = [
        f'.TH {PROGRAM.upper()} 1 {date:%Y-%m-%d} "{PROGRAM} {__version__}"',
        ".SH NAME",
        f"{_escaped(PROGRAM)} \\- {_SUMMARY}",
        ".SH SYNOPSIS",
        _bold(PROGRAM),
        _escaped(" ".join(commands.collect_usage_pieces(context))),
        ".SH DESCRIPTION",
        *list(_text(commands))[1:],
        ".SH OPTIONS",
        *_options(commands, context),
        ".SH COMMANDS",
        *_commands(commands, context),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _commands(group: click.Group, context: click.Context) -> Iterator[str]:
    """Yield the section of each command, a group's own commands after it."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        yield f".SS {_escaped(inner.command_path.removeprefix(f'{PROGRAM} '))}"
        yield _bold(inner.command_path)
        yield _escaped(" ".join(command.collect_usage_pieces(inner)))
        yield from _text(command)
        yield from _options(command, inner)
        if isinstance(command, click.Group):
            yield from _commands(command, inner)


def _text(command: click.Command) -> Iterator[str]:
    """Yield what a command's help says; a paragraph that click does not wrap keeps its lines."""
    for paragraph in re.split(r"\n\n+", f"{command.help or ''}\n\n{command.epilog or ''}".strip()):
        yield ".PP"
        if paragraph.startswith("\b\n"):
            yield from (".nf", *map(_escaped, paragraph.removeprefix("\b\n").rstrip().split("\n")), ".fi")
        else:
            yield from map(_escaped, textwrap.wrap(paragraph, break_long_words=False, break_on_hyphens=False))


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Option) and record is not None:
            yield from (".TP", _bold(record[0]), _escaped(record[1]))


def _bold(text: str) -> str:
    return f".B {_escaped(text)}"


def _escaped(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


main()
