"""Fixtures of the tests of the pages."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session", params=["either"])
def program(program: Path) -> Path:
    """Return the program in one form, because both read the same configuration; a test may ask for another form."""
    return program
