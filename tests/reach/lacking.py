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
    "tests/blackbox/test_identities.py::TestTheWayToAws::test_takes_what_vouches_for_it_from_the_disk_once",
    "tests/blackbox/test_kubelet.py::TestCost::test_of_a_cached_answer_is_three_modules_more_than_a_cached_get",
    "tests/blackbox/test_kubelet.py::TestKeyring::test_gets_nothing_unless_one_is_configured",
    "tests/blackbox/test_kubelet.py::TestServiceAccount::test_leaves_its_own_token_in_no_file_no_log_and_with_no_other_program",
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
