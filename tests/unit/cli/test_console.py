"""What a person sees: lines, whatever is in them."""

import pytest

from docker_credential_ecrx.cli import console


def test_no_text_leaves_its_line_or_tells_the_terminal_anything(capsys: pytest.CaptureFixture[str]) -> None:
    odd = "a\x1b[2J\n\ud800b"

    console.heading(odd)
    console.facts([(odd, odd)])

    assert "a [2J b\n  a [2J b  a [2J b\n" == capsys.readouterr().out
