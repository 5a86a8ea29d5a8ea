"""Imports point down the table of rooms in CONTRIBUTING.md, never up, and every module is of a room there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import docker_credential_ecrx

_PACKAGE = Path(docker_credential_ecrx.__file__).parent
_NAME = _PACKAGE.name
_PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"


def _floors() -> list[tuple[str, int]]:
    """Return each room of the table with the number of its row, counted from the top of the house."""
    rows = re.findall(r"^\| (`.+?`) \|", _PAGE.read_text(), re.MULTILINE)
    return [(room, number) for number, row in enumerate(rows) for room in re.findall(r"`(\w+)/?`", row)]


def _modules() -> dict[str, Path]:
    """Return the file of each module, by its name below the package's; a package is by its own name."""
    files = {path.relative_to(_PACKAGE).with_suffix(""): path for path in _PACKAGE.rglob("*.py")}
    named = {".".join(part for part in path.parts if part != "__init__"): file for path, file in files.items()}
    return {name: file for name, file in named.items() if name}


def _imported(source: str, modules: dict[str, Path]) -> Iterator[str]:
    """Yield the modules of ours that ``source`` imports: at its top, within its functions and for its types."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import, which this test does not read"
            wholes = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [whole if whole.removeprefix(f"{_NAME}.") in modules else str(node.module) for whole in wholes]
        yield from (name.removeprefix(f"{_NAME}.") for name in names if name.startswith(f"{_NAME}."))


def _room(module: str) -> str:
    return module.partition(".")[0]


def test_every_module_is_in_the_table() -> None:
    assert sorted({_room(module) for module in _modules()}) == sorted(room for room, _ in _floors())


def test_imports_point_down_the_table() -> None:
    floors, modules = dict(_floors()), _modules()

    up = [
        f"{module} imports {name}"
        for module, file in modules.items()
        for name in _imported(file.read_text(), modules)
        if floors[_room(name)] < floors[_room(module)]
    ]

    assert [] == up


def test_finds_imports_anywhere_in_a_module() -> None:
    """It finds them at the top, in functions and under TYPE_CHECKING."""
    source = f"""
import {_NAME}.aws
from {_NAME} import __version__, errors
if TYPE_CHECKING:
    from {_NAME}.diagnosis import case
def function():
    from {_NAME}.log import warn
"""
    assert {"aws", "errors", "diagnosis.case", "log"} == set(_imported(source, _modules()))
