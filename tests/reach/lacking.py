"""A pytest plugin: skips the tests that cannot run under the emulation of one program. No other test may be skipped.

$REACH_LACKS has what the place lacks, in words.
Where that is the kernel's keyring, the homes of users have the Secret Service instead.
Where $REACH_ONLY has such words, only the tests that need one of these are run: those that are skipped elsewhere.
"""

import os
from collections.abc import Generator
from inspect import signature

import pytest

from support.home import Home

_REASONS = {
    "keyctl": "the emulator lacks add_key(2) and keyctl(2)",
    "strace": "strace sees the emulator's system calls instead of the program's",
}
# A home asks for the kernel's keyring only to leave it as it was, and the others only for one of their parameters.
_UNCERTAIN = ("home", "user", "keyring")
# The tests, or their classes, that look at the program's system calls.
TRACED = (
    "tests/blackbox/test_guard.py::TestStart",
    "tests/blackbox/test_guard.py::TestCachedGet",
    "tests/blackbox/test_guard.py::TestMappedGet",
    "tests/blackbox/test_guard.py::TestFirstGet",
    "tests/blackbox/test_guard.py::TestFirstGetThroughBotocore",
    "tests/blackbox/test_identities.py::TestConnectionToAws::test_reads_ca_bundle_once",
    "tests/blackbox/test_kubelet.py::TestCost::test_cached_response_imports_three_more_modules",
    "tests/blackbox/test_kubelet.py::TestKeyring::test_is_not_written_unless_configured",
    "tests/blackbox/test_kubelet.py::TestServiceAccount::test_own_token_stays_private",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests that need what is lacking; leave out those that need nothing special if only others are wanted."""
    lacking, only = (set(os.environ.get(name, "").split()) for name in ("REACH_LACKS", "REACH_ONLY"))
    for item in items:
        for part in sorted(lacking & needs(item)):
            item.add_marker(pytest.mark.skip(reason=_REASONS[part]))
    if only:
        config.hook.pytest_deselected(items=[item for item in items if only.isdisjoint(needs(item))])
        items[:] = [item for item in items if not only.isdisjoint(needs(item))]


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Lead a home to the Secret Service: ``auto`` selects that where the kernel has no keyring."""
    value = yield
    if isinstance(value, Home) and fixturedef.argname == "home" and "keyctl" in os.environ.get("REACH_LACKS", ""):
        value.env |= request.getfixturevalue("secret_service")
    return value


def needs(item: pytest.Item) -> set[str]:
    """Return what a test needs: the kernel's keyring if it or a fixture of it asks for that, or as a parameter."""
    found = {"strace"} if any(_is_of(item, name) for name in TRACED) else set[str]()
    if isinstance(item, pytest.Function):
        given = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if "kernel" in _asked_for(item) or "kernel" in given or item.path.name == "test_kernel.py":
            found.add("keyctl")
    return found


def _asked_for(item: pytest.Function) -> set[str]:
    """Return the fixtures that a test asks for, and that these ask for, and so on."""
    fixtures = item._fixtureinfo.name2fixturedefs  # noqa: SLF001 - pytest offers only their names
    found, names = set[str](), [*signature(item.function).parameters]
    while names:
        found.add(name := names.pop())
        if name not in _UNCERTAIN:
            names += [asked for fixture in fixtures.get(name, ()) for asked in fixture.argnames if asked not in found]
    return found


def _is_of(item: pytest.Item, name: str) -> bool:
    return item.nodeid == name or item.nodeid.startswith((f"{name}::", f"{name}["))
