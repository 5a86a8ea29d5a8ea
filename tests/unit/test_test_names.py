"""Names of tests are short, and no test replaces another one of the same name."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_TESTS = Path(__file__).parents[1]
_LONGEST = 60


def _scopes() -> Iterator[tuple[str, list[str]]]:
    """Yield each test file, and each of its classes, with the names of the tests in it."""
    for path in sorted(_TESTS.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        scopes: list[ast.Module | ast.ClassDef] = [
            tree,
            *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)),
        ]
        for scope in scopes:
            names = [node.name for node in scope.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
            where = str(path.relative_to(_TESTS)) + (f"::{scope.name}" if isinstance(scope, ast.ClassDef) else "")
            yield where, [name for name in names if name.lower().startswith("test")]


def test_names_have_at_most_60_characters() -> None:
    scopes = list(_scopes())

    assert sum(len(names) for _, names in scopes) > 1000
    assert [] == [f"{where}::{name}" for where, names in scopes for name in names if len(name) > _LONGEST]


def test_names_are_unique_in_their_file_or_class() -> None:
    """Python keeps only the last function of a name, so pytest would not run the others."""
    counted = [(where, Counter(names)) for where, names in _scopes()]

    assert [] == [f"{where}::{name}" for where, names in counted for name, count in names.items() if count > 1]
