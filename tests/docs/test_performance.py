"""The figures of README.md are those of docs/performance.md, whose ratios are of its own figures."""

from itertools import pairwise
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PAGE = "| what | compared with | ms | ms of the other | ratio |"
_README = "| milliseconds, medians of `tests/bench/run` | docker-credential-ecrx | compared with |"


def test_ratios_are_those_of_the_milliseconds() -> None:
    for what, _, ours, theirs, ratio in _rows("docs/performance.md", _PAGE):
        assert abs(float(ours) / float(theirs) - float(ratio)) < 0.02, what  # all three were rounded


def test_readme_has_them_rounded() -> None:
    compared = _rows("docs/performance.md", _PAGE)
    for what, ours, rest in _rows("README.md", _README):
        theirs, _, program = rest.partition(": ")
        name = what.removeprefix("a ")
        found = next(row for row in compared if row[0].startswith(name) and row[1].startswith(program.split("`")[1], 1))

        assert abs(float(found[2]) - float(ours)) < 0.6, what
        assert abs(float(found[3]) - float(theirs)) < 0.6, what


def _rows(page: str, head: str) -> list[list[str]]:
    """Return the cells of the rows of the table with that head."""
    lines = (_ROOT / page).read_text().splitlines()
    start = lines.index(head) + 2
    end = next(at for at, (line, _) in enumerate(pairwise(lines[start:]), start) if not line.startswith("|"))
    assert end > start
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:end]]
