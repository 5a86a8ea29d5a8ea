"""Joins the code objects of modules in one file, from which entry.py imports them."""

import dis
import importlib.util
import marshal
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from types import CodeType

_HEADER = 16  # bytes before the code object in a .pyc (PEP 552)


def join(folder: Path, file: str, names: Iterable[str], ready: Collection[str] = ()) -> None:
    """Put the code objects of modules in ``folder`` into one file there, by name, and whether each is a package.

    Those of the ``ready`` ones come first, each after those that it imports; the others are stored as bytes.
    A package's own file stays, so that a program that has lost the one file can still say so.
    """
    found = {}
    for name in names:
        place = folder / name.replace(".", "/")
        is_package = place.is_dir()
        path = place / "__init__.pyc" if is_package else place.with_suffix(".pyc")
        code = path.read_bytes()
        if code[:4] != importlib.util.MAGIC_NUMBER:
            sys.exit(f"code_file.py: {path} is not of this Python")
        found[name] = (is_package, code[_HEADER:])
        if not is_package:
            path.unlink()
    codes = {name: marshal.loads(found[name][1]) for name in ready}  # noqa: S302 - what was just compiled
    in_order = {name: (found[name][0], codes[name]) for name in sorted_by_imports(codes)}
    others = {name: part for name, part in found.items() if name not in in_order}
    (folder / file).write_bytes(marshal.dumps(in_order | others))


def sorted_by_imports(codes: Mapping[str, CodeType]) -> list[str]:
    """Return the names of modules, each after its package and after what it imports at once; always the same."""
    graph = {name: sorted({*imported_by(code), name.rpartition(".")[0]} & codes.keys()) for name, code in codes.items()}
    return [*TopologicalSorter(graph).static_order()]


def imported_by(code: CodeType) -> Iterator[str]:
    """Yield the modules that a module's code imports, and the names that it imports from each; none for mypy alone."""
    names: object = ()
    is_for_mypy, end = False, 0
    for instruction in dis.get_instructions(code):
        if instruction.argval == "TYPE_CHECKING":
            is_for_mypy = True
        elif is_for_mypy and "JUMP" in instruction.opname:
            is_for_mypy, end = False, instruction.argval
        elif instruction.opname == "LOAD_CONST":
            names = instruction.argval  # before an import, what it imports from the module
        elif instruction.opname == "IMPORT_NAME" and instruction.offset >= end:
            yield instruction.argval
            yield from (f"{instruction.argval}.{name}" for name in names or ())  # type: ignore[attr-defined]
