"""Fixtures of the tests of faults."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from faults.parts import Aws, World

from support.home import Home


@pytest.fixture
def aws() -> Iterator[Aws]:
    """Return a stand-in for AWS with faults, which knows its own secrets."""
    with Aws() as standin:
        yield standin


@pytest.fixture
def world(home: Home, aws: Aws) -> Iterator[World]:
    """Return a user who has a role profile ``secondary``."""
    home.add_role_profile()
    with ExitStack() as stack:
        yield World(home, aws, stack)
