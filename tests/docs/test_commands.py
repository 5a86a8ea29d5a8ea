"""docs/commands.md has a row for each command, and only rows of commands."""

from docker_credential_ecrx import cli
from support import pages


def test_page_has_a_row_for_each_command() -> None:
    rows = {cells[0].strip("`").split()[0].rstrip("`,") for cells in pages.table("commands.md") if "`" in cells[0]}

    assert {*cli.NAMES} == rows
