"""Writes the simulation's figures into docs/, or says that they are not what is there."""

import argparse
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.fleet.page import figures

_DOCS = Path(__file__).parents[3] / "docs"
_PAGE, _FIGURE = _DOCS / "scale.md", _DOCS / "fleet.svg"


def main() -> int:
    """Run the simulations; return the exit status."""
    parser = argparse.ArgumentParser("python3 -m bench.fleet", description="Simulate a fleet's day.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with status 1 where docs/ differs")
    options = parser.parse_args()
    tables, figure = figures()
    wanted = {_FIGURE: figure, _PAGE: _with(tables, _PAGE.read_text())}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        if options.check:
            sys.stderr.write(f"docs/{path.name} is not what the simulation gives; run python3 -m bench.fleet\n")
        else:
            path.write_text(wanted[path])
    return int(options.check and bool(stale))


def _with(tables: Mapping[str, str], page: str) -> str:
    """Return ``page`` with each table between its marks."""
    for name, table in tables.items():
        marks = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        page, found = marks.subn(lambda match, table=table: f"{match[1]}{table}\n{match[2]}", page)  # type: ignore[misc]
        assert found == 1, f"docs/scale.md has no place for {name}"
    return page


if __name__ == "__main__":
    sys.exit(main())
