"""The manual page covers every command and option as --help does, and is valid."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from docker_credential_ecrx import cli
from support import need

_SCRIPT = Path(__file__).parent.parent.parent / "build" / "man.py"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the manual page."""
    path = tmp_path_factory.mktemp("man") / "docker-credential-ecrx.1"
    env = {"SOURCE_DATE_EPOCH": "1700000000", "PATH": os.environ["PATH"]}
    path.write_bytes(subprocess.run([sys.executable, "-I", _SCRIPT], env=env, capture_output=True, check=True).stdout)
    return path


def _options(command: click.Command, context: click.Context) -> set[str]:
    """Return the options of a command and of all its subcommands."""
    found = {name for parameter in command.params if isinstance(parameter, click.Option) for name in parameter.opts}
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found |= _options(inner, click.Context(inner, info_name=name, parent=context))
    return found


class TestPage:
    def test_is_valid(self, page: Path) -> None:
        lint = subprocess.run(
            [need.command("mandoc"), "-T", "lint", "-W", "warning", page], capture_output=True, check=False
        )

        assert (0, b"", b"") == (lint.returncode, lint.stdout, lint.stderr)

    def test_has_every_command_and_option(self, page: Path) -> None:
        shown = subprocess.run([need.command("mandoc"), "-T", "ascii", page], capture_output=True, check=True).stdout
        text = re.sub(".\b", "", shown.decode())

        context = click.Context(cli.commands)
        wanted = _options(cli.commands, context) | {f"docker-credential-ecrx {name} " for name in cli.NAMES}
        assert {"--push", "--pull-only", "--mfa-code"} < wanted
        assert [] == sorted(word for word in wanted if word not in text)

    def test_has_the_date_of_the_commit(self, page: Path) -> None:
        assert ".TH DOCKER-CREDENTIAL-ECRX 1 2023-11-14 " in page.read_text().splitlines()[0]
