"""A pytest plugin: skips, and so names, what a place cannot run. $REACH_LACKS has what the place lacks, in words.

It is for the emulation of one program, in which the kernel below is another processor's.
"""

import os
from inspect import signature

import pytest

_REASONS = {
    "keyctl": "the emulator lacks add_key(2) and keyctl(2)",
    "strace": "strace sees the emulator's system calls instead of the program's",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need what is lacking."""
    for item in items:
        for part in os.environ.get("REACH_LACKS", "").split():
            if isinstance(item, pytest.Function) and part in needs(item):
                item.add_marker(pytest.mark.skip(reason=_REASONS[part]))


def needs(item: pytest.Function) -> set[str]:
    """Return what a test needs; a user's home, which asks for the kernel's keyring too, only leaves that as it was."""
    asked = set(signature(item.function).parameters)
    found = set()
    if "kernel" in asked or (hasattr(item, "callspec") and "kernel" in item.callspec.params.values()):
        found.add("keyctl")
    if item.path.name == "test_guard.py" or "deeds_of" in item.function.__code__.co_names:
        found.add("strace")
    return found
