"""What every command begins with."""

import gc

import pytest

from docker_credential_ecrx import cli


def test_starts_the_collector(capsys: pytest.CaptureFixture[str]) -> None:
    """The frozen program stops it for a get, but a command may run for long."""
    gc.disable()
    try:
        status = cli.run(["version", "--json"], lambda: 1)
        assert (0, True) == (status, gc.isenabled())
    finally:
        gc.enable()
    assert "version" in capsys.readouterr().out
