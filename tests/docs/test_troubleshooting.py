"""docs/troubleshooting.md lists exactly the lines with which the program fails or warns.

A line is the text in the code, with the name of each placeholder in capitals, or "…" if it has no name.
If this fails, change the rows of the page as the failure shows.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import docker_credential_ecrx
from docker_credential_ecrx import errors
from docker_credential_ecrx.errors import EcrxError
from support import pages
from support.rules import ALL_RULES

_PAGE = "troubleshooting.md"
_PACKAGE = Path(docker_credential_ecrx.__file__).parent
_KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, EcrxError)}
_GAP = "…"


def _text(node: ast.AST | None, constants: dict[str, str]) -> str | None:
    """Return the text of a literal or constant, with a name for each placeholder; None for anything else."""
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _capitals(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else _filled(part) for part in node.values)
    return None


def _capitals(template: str) -> str:
    """Return a format string with the names of its values in capitals."""
    return re.sub(r"\{(\w+)\}", lambda match: match[1].upper(), template)


def _filled(part: ast.expr) -> str:
    assert isinstance(part, ast.FormattedValue)
    match part.value:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name.strip("_").upper()
    return _GAP


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (inner for inner in ast.walk(node) if isinstance(inner, ast.Call))


def _bodies(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            found = getattr(node, name, None)
            if isinstance(found, list):
                yield found


def _raised(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the texts of errors: a literal, or the nearest ``message`` before it."""
    for body in _bodies(tree):
        message: ast.AST | None = None
        for statement in body:
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "message":
                message = statement.value
            elif isinstance(statement, (ast.Raise, ast.Return, ast.Expr)):
                for call in _calls(statement):
                    if _name(call) in _KINDS and call.args:
                        said = message if ast.unparse(call.args[0]) == "message" else call.args[0]
                        yield from _choices(said)


def _warned(tree: ast.Module) -> Iterator[ast.AST]:
    return (call.args[0] for call in _calls(tree) if _name(call) == "log.warn")


def _written(tree: ast.Module) -> Iterator[str]:
    """Yield the lines that go straight to stderr, because no caller could handle an error."""
    for call in _calls(tree):
        match call:
            case ast.Call(func=ast.Name("_write"), args=[ast.Constant(2), said]):
                yield (_text(said, {}) or "").removeprefix("docker-credential-ecrx: ").strip()


def _choices(node: ast.AST | None) -> Iterator[ast.AST]:
    if isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    elif node is not None:
        yield node


def _constants(tree: ast.Module) -> dict[str, str]:
    """Return the texts that a module assigns to names."""
    assigned = ((ast.unparse(node.targets[0]), node.value) for node in tree.body if isinstance(node, ast.Assign))
    return {name: text for name, value in assigned if (text := _text(value, {}))}


def _lines() -> set[str]:
    found = {_capitals(rule.message) for rule in ALL_RULES if rule.message != "{said}"}
    trees = [ast.parse(path.read_text()) for path in _PACKAGE.rglob("*.py") if "demo" not in path.parts]
    public = {name: text for tree in trees for name, text in _constants(tree).items() if not name.startswith("_")}
    for tree in trees:
        constants = public | _constants(tree)
        nodes = [*_raised(tree), *_warned(tree)]
        texts = [*_written(tree), *(_text(node, constants) for node in nodes)]
        found |= {text for text in texts if text and re.search("[a-z]", text)}
    return found


def _rows() -> list[list[str]]:
    """Return the page's rows for the lines of the program; those before them are for what Docker says."""
    of_docker, _ = pages.text(_PAGE).split("\n## What this program says\n")
    count = sum(line.startswith("|") for line in of_docker.splitlines())
    return [cells for cells in pages.table(_PAGE)[count:] if cells[0].startswith("`")]


def test_page_has_exactly_the_lines_of_the_program() -> None:
    rows = {cells[0].strip("`") for cells in _rows()}
    lines = _lines()

    assert [] == sorted(lines - rows), "add these rows to docs/troubleshooting.md"
    assert [] == sorted(rows - lines), "delete these rows from docs/troubleshooting.md: no such line is in the program"


def test_every_line_has_cause_and_remedy() -> None:
    assert [] == [cells[0] for cells in _rows() if not cells[1]]
