"""Fixtures of the tests of faults."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from faults.helpers import Aws, World

from support.home import Home


@pytest.fixture
def aws() -> Iterator[Aws]:
    """Return a fake AWS with faults, which knows its own secrets."""
    with Aws() as fake:
        yield fake


@pytest.fixture
def world(home: Home, aws: Aws) -> Iterator[World]:
    """Return a user who has a role profile ``secondary``."""
    home.add_role_profile()
    with ExitStack() as stack:
        yield World(home, aws, stack)


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a folder that everybody can reach, unlike the home."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
