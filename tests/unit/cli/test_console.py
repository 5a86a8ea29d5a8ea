"""Output for a person consists of lines, whatever text they contain."""

import shlex
from io import StringIO

import pytest
from rich.console import Console

from docker_credential_ecrx.cli import console
from docker_credential_ecrx.errors import Remedy

COLUMNS = 60


def test_text_stays_on_its_line_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    odd = "a\x1b[2J\n\ud800b"

    console.heading(odd)
    console.facts([(odd, odd)])

    assert "a [2J b\n  a [2J b  a [2J b\n" == capsys.readouterr().out


class TestFinding:
    @pytest.fixture(autouse=True)
    def terminal(self, monkeypatch: pytest.MonkeyPatch) -> StringIO:
        """Return what is shown on a terminal."""
        shown = StringIO()
        monkeypatch.setattr(console, "out", Console(file=shown, force_terminal=True, width=COLUMNS, color_system=None))
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        monkeypatch.setenv("TERM", "xterm")
        return shown

    def test_wraps_long_commands_for_copying(self, terminal: StringIO) -> None:
        command = "docker-credential-ecrx policy grant app --to 222222222222 --pull-only --profile OWNER --apply"

        console.finding("image", "denied", [Remedy("run as the owner: account 111111111111", command)], ok=False)

        first, text, *lines = terminal.getvalue().splitlines()
        assert ("✗ image  denied", "  →  run as the owner: account 111111111111:") == (first, text)
        assert shlex.split(command) == shlex.split("\n".join(lines).replace("\\\n", " "))
        assert max(map(len, lines)) <= COLUMNS

    def test_wraps_text_at_spaces(self, terminal: StringIO) -> None:
        remedy = "install it, or delete credsStore: see the page about it, which says how to do that"

        console.finding("image", "denied", [Remedy(remedy)], ok=False)

        _, *lines = terminal.getvalue().splitlines()
        assert remedy == " ".join(line.strip("→ ") for line in lines)

    def test_shows_a_line_for_each_remedy(self, terminal: StringIO) -> None:
        console.finding("image", "denied", [Remedy("one"), Remedy(command="two")], ok=False)

        assert ["one", "two"] == [line.strip("→ ") for line in terminal.getvalue().splitlines()[1:]]
