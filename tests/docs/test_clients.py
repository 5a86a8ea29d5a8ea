"""docs/clients.md: its table has exactly one row for each cell of the matrix of clients."""

import ast
import re
from pathlib import Path

from fakes.matrix import HEAD
from support import pages

_TESTS = Path(__file__).parents[1] / "e2e"


def _cells() -> set[tuple[str, ...]]:
    """Return client and action of every ``pytest.mark.cell``."""
    calls = (node for path in _TESTS.glob("test_*.py") for node in ast.walk(ast.parse(path.read_text())))
    return {
        tuple(ast.literal_eval(argument) for argument in call.args)
        for call in calls
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.cell"
    }


def test_table_matches_the_matrix_without_failures() -> None:
    head, _, *rows = pages.table("clients.md")

    assert HEAD == head
    assert sorted(_cells()) == [(client, does) for client, _, does, *_ in rows]
    assert {"yes", "not read"} == {cell for _, _, _, *cells in rows for cell in cells}
    assert [] == [client for client, release, *_ in rows if not re.match(r"\d", release)]
