"""The tests that SECURITY.md names exist, and packages are pinned."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_every_test_named_in_security_md_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (ROOT / "SECURITY.md").read_text())

    assert len(named) > 20
    assert [] == [
        f"{path}::{name}" for path, name in named if f"def {name}(" not in (ROOT / "tests" / path).read_text()
    ]


def _requirements(path: Path) -> list[str]:
    """Return the requirements of a file, a line each."""
    text = re.sub(r" *\\\n *", " ", path.read_text())
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("path", sorted((ROOT / "build").glob("requirements*.txt")), ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_hashes(path: Path) -> None:
    requirements = _requirements(path)

    assert requirements
    for line in requirements:
        assert re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==[^ ]+( ;.*)? --hash=sha256:[0-9a-f]{64}( |$)", line), line


def test_fuzzing_has_the_requirements_of_the_tests() -> None:
    """tests/fuzz/run runs tests in an environment of its own, which nothing else uses."""
    fuzz, tests = (set(_requirements(ROOT / "build" / f"requirements-{name}.txt")) for name in ("fuzz", "tests"))

    assert [] == sorted(tests - fuzz)
