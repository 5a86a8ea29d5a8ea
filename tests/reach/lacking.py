"""A pytest plugin: skips the tests that cannot run under the emulation of one program. No other test may be skipped.

$REACH_LACKS has what the place lacks, in words.
"""

import os
from inspect import signature

import pytest

_REASONS = {
    "keyctl": "the emulator lacks add_key(2) and keyctl(2)",
    "strace": "strace sees the emulator's system calls instead of the program's",
}
# The tests, or their classes, that look at the program's system calls.
TRACED = (
    "tests/blackbox/test_guard.py::TestStart",
    "tests/blackbox/test_guard.py::TestCachedGet",
    "tests/blackbox/test_guard.py::TestMappedGet",
    "tests/blackbox/test_guard.py::TestFirstGet",
    "tests/blackbox/test_identities.py::TestConnectionToAws::test_reads_ca_bundle_once",
    "tests/blackbox/test_kubelet.py::TestCost::test_cached_response_imports_three_more_modules",
    "tests/blackbox/test_kubelet.py::TestKeyring::test_is_not_written_unless_configured",
    "tests/blackbox/test_kubelet.py::TestServiceAccount::test_own_token_stays_private",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that need what is lacking."""
    for item in items:
        for part in os.environ.get("REACH_LACKS", "").split():
            if part in needs(item):
                item.add_marker(pytest.mark.skip(reason=_REASONS[part]))


def needs(item: pytest.Item) -> set[str]:
    """Return what a test needs: of the kernel's keyring, what asks for it itself, by a fixture or as a parameter.

    A user's home asks for that fixture too, but only to leave the keyring as it was.
    """
    found = {"strace"} if any(_is_of(item, name) for name in TRACED) else set[str]()
    if isinstance(item, pytest.Function):
        given = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if "kernel" in signature(item.function).parameters or "kernel" in given:
            found.add("keyctl")
    return found


def _is_of(item: pytest.Item, name: str) -> bool:
    return item.nodeid == name or item.nodeid.startswith((f"{name}::", f"{name}["))
