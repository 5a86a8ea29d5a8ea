"""Fixtures of the tests of install.sh."""

from pathlib import Path

import pytest

from support.releases import User


@pytest.fixture
def user(tmp_path: Path) -> User:
    """Return a user with an empty home."""
    return User(tmp_path)
