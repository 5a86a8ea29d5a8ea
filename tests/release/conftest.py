"""Fixtures of the tests of the build."""

import os
from pathlib import Path

import pytest

from support import need

_FROZEN = Path(__file__).parents[2] / "dist" / "docker-credential-ecrx" / "docker-credential-ecrx"


@pytest.fixture(scope="session")
def bundle() -> Path:
    """Return the folder of the frozen program."""
    path = Path(os.environ.get("ECRX_TEST_FROZEN", _FROZEN))
    return path.absolute().parent if path.exists() else need.missing(f"the frozen program, {path},")
