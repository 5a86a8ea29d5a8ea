"""What a test needs, read off its fixtures and code, as marks for pytest's -m: root, docker, frozen, go, java, slow."""

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType

import pytest

_TESTS = Path(__file__).parents[1]

# A mark's signs: names of fixtures, with an @; names that the code of the test or of its fixtures uses; and texts in
# that code, which are what support.need.missing is given. If a test has none of its mark's signs, mark it by hand.
_SIGNS = {
    "root": re.compile(
        r"root, .*|root is missing|the right to mount|need_namespaces"
        r"|unshared|another_user|ordinary|ordinary_number|as_ordinary_user|_as_root"
    ),
    "go": re.compile(r"kubelet_code|KubeletCode|_kubelet|go_client|go_plugin"),
    "java": re.compile(r"@java_project"),
    "docker": re.compile(r"@docker_host"),
    "frozen": re.compile(
        r"@bundle|@machine|debian_package|archive|the (frozen program|release archive|program in both its forms).*"
    ),
}
_SLOW_UNITS = ("unit/system/test_deadline.py", "unit/test_contributing.py", "unit/test_windows.py")
_SLOW = ("clients/", "docs/", "e2e/", "faults/", "fuzz/", "install/", "release/", "soak/", *_SLOW_UNITS)
# Where tests run with nothing but Python's packages: the others need Debian's and npm's packages and wheels, too.
_PURE = ("unit/",)


def add(items: list[pytest.Item]) -> None:
    """Mark each test by what it needs."""
    for item in items:
        words = set(_words(item))
        for name, sign in _SIGNS.items():
            if any(map(sign.fullmatch, words)):
                item.add_marker(name)
        if form(item) == "frozen":
            item.add_marker("frozen")
        if _place(item).startswith(_SLOW):
            item.add_marker("slow")


def needed(items: list[pytest.Item]) -> set[str]:
    """Return what tests/run has to prepare.

    It is ``frozen``, the program; ``go`` and ``java``, programs in these languages; ``others``, other people's.
    """
    built = {name for name in ("frozen", "go", "java") for item in items if item.get_closest_marker(name)}
    return built | {"others" for item in items if not _place(item).startswith(_PURE)}


def form(item: pytest.Item) -> str:
    """Return the form of the program that is tested, wheel or frozen, or an empty string if it is not chosen so."""
    return str(_params(item).get("program", ""))


def _place(item: pytest.Item) -> str:
    return item.path.relative_to(_TESTS).as_posix() if item.path.is_relative_to(_TESTS) else ""


def _params(item: pytest.Item) -> dict[str, object]:
    return item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}


def _words(item: pytest.Item) -> Iterator[str]:
    if not isinstance(item, pytest.Function):
        return
    yield from (f"@{name}" for name in item.fixturenames)
    yield from (str(marker.kwargs.get("reason")) for marker in item.iter_markers("skipif"))
    functions: list[object] = [item.function, *_params(item).values()]
    functions += [fixtures[-1].func for fixtures in item._fixtureinfo.name2fixturedefs.values()]  # noqa: SLF001
    for function in functions:
        if callable(function):
            yield from _words_of(function)


def _words_of(function: Callable[..., object]) -> Iterator[str]:
    code = getattr(inspect.unwrap(function), "__code__", None)
    codes = [code] if code else []
    while codes:
        code = codes.pop()
        yield from code.co_names
        for constant in code.co_consts:
            if isinstance(constant, str):
                yield constant.strip()
            elif isinstance(constant, CodeType):
                codes.append(constant)
