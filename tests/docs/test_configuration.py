"""docs/configuration.md lists exactly the keys, keyrings and variables that the program reads."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import docker_credential_ecrx
from docker_credential_ecrx.identity import settings
from support import pages

_PAGE = "configuration.md"
_PACKAGE = Path(docker_credential_ecrx.__file__).parent
_ENVIRONMENT = re.compile(r"\benv(iron)?\b")
_VARIABLE = re.compile(r"(ECRX|AWS|XDG|DOCKER|REGISTRY|DBUS|BOTO|REQUESTS|CURL|SSL_CERT)_[A-Z0-9_]+")


def _rows() -> dict[str, list[str]]:
    """Return the names in the first column of the page's tables, by the heading of that column."""
    found: dict[str, list[str]] = {}
    heading = ""
    for first, *_ in pages.table(_PAGE):
        if first.startswith("`"):
            found.setdefault(heading, []).append(first.strip("`"))
        elif not first.startswith("-"):
            heading = first
    return found


def _variables() -> Iterator[str]:
    """Yield every variable that the code names, and what else it reads from the environment.

    The list of those with which the direct way does not decline names more than it reads.
    """
    for path in _PACKAGE.rglob("*.py"):
        is_list = path.match("aws/direct/*.py")
        for node in ast.walk(ast.parse(path.read_text())) if "demo" not in path.parts else ():
            match node:
                case ast.Constant(str(value)) if _VARIABLE.fullmatch(value) and not is_list:
                    yield value
                case ast.Call(func=ast.Attribute(value=place, attr="get"), args=[ast.Constant(str(name)), *_]):
                    if _ENVIRONMENT.search(ast.unparse(place)):
                        yield name
                case ast.Subscript(value=place, slice=ast.Constant(str(name))) if _ENVIRONMENT.search(
                    ast.unparse(place)
                ):
                    yield name


def test_page_has_the_keys_of_the_configuration_file() -> None:
    keys = [*settings.REGISTRY_KEYS, *settings._CACHE_KEYS, *settings.SECURITY_KEYS]  # noqa: SLF001 - what a user may write

    assert keys == _rows()["key"]


def test_page_has_the_names_of_the_keyrings() -> None:
    assert [*settings._KEYRINGS] == _rows()["name"]  # noqa: SLF001 - what a user may write


def test_page_has_the_variables_of_the_program() -> None:
    rows = _rows()["variable"]

    assert sorted(set(_variables())) == sorted(rows)


@pytest.mark.parametrize("example", pages.blocks(_PAGE, "toml"))
def test_example_on_page_is_valid(tmp_path: Path, example: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(example)

    assert settings.load("x", {"ECRX_CONFIG": str(path)})
