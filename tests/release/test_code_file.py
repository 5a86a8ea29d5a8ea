"""The file with the code objects of modules: which come first, and that each comes after what it imports."""

from types import CodeType

import code_file

_SOURCES = {
    "p": "",
    "p.late": """\
TYPE_CHECKING = False
if TYPE_CHECKING:
    from p import early
    import p.other
from p.base import Thing
def later():
    import p.early
if TYPE_CHECKING:
    import p.early
import p.helper
""",
    "p.base": "Thing = 1",
    "p.early": "from p import base, late",
    "p.helper": "",
    "p.other": "from p import late",
}


def codes() -> dict[str, CodeType]:
    """Return the code objects of the modules, compiled as the frozen program's."""
    return {name: compile(text, name, "exec", optimize=2) for name, text in _SOURCES.items()}


class TestImportedBy:
    def test_yields_what_is_imported_at_once(self) -> None:
        """Neither what mypy alone imports, nor what a function does."""
        assert ["p.base", "p.base.Thing", "p.helper"] == [*code_file.imported_by(codes()["p.late"])]

    def test_yields_the_names_that_may_be_modules(self) -> None:
        assert ["p", "p.base", "p.late"] == [*code_file.imported_by(codes()["p.early"])]


class TestOrder:
    def test_has_each_module_after_its_imports(self) -> None:
        names = code_file.sorted_by_imports(codes())

        assert {*_SOURCES} == {*names}
        assert "p" == names[0]
        assert names.index("p.base") < names.index("p.late") < names.index("p.early")
        assert names.index("p.helper") < names.index("p.late") < names.index("p.other")
