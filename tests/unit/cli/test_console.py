"""Output for a person consists of lines, whatever text they contain."""

import pytest

from docker_credential_ecrx.cli import console


def test_text_stays_on_its_line_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    odd = "a\x1b[2J\n\ud800b"

    console.heading(odd)
    console.facts([(odd, odd)])

    assert "a [2J b\n  a [2J b  a [2J b\n" == capsys.readouterr().out
