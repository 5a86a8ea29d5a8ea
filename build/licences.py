"""Prints the licence of the frozen program, and those of all that is frozen into it.

Run with the Python that it was frozen in; on Debian packages' licences are in /usr/share/doc.
By itself it prints Debian's copyright file, for deb.sh, which names common licences by their place in Debian.
With --whole it prints them too, for the archive; build.sh runs it so.
"""

import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from contents import NAME, debian_package, frozen, natives

_COMMON = "/usr/share/common-licenses"
_NAMED = re.compile(rf"{_COMMON}/([\w.+-]*\w)")
_APACHE = "Apache License, version 2.0: /usr/share/common-licenses/Apache-2.0"
_WHOLE_APACHE = 9_000  # characters
_HEAD = f"""\
{NAME} and the modules of Python, the libraries and the loader that are frozen into it.

Copyright: the authors of {NAME}
Licence: {_APACHE}
"""
_LOADER = """\
PyInstaller's loader, the program docker-credential-ecrx itself

Copyright: 2010-2023, PyInstaller Development Team; 2005-2009, Giovanni Bajo; 2002, McMillan Enterprises, Inc.
Licence: GNU General Public License, version 2 or later: /usr/share/common-licenses/GPL-2,
with a special exception that permits what it loads to have any licence.
"""


def main() -> None:
    """Print one part for each component; with --whole, one for each common licence that they name."""
    parts = [_HEAD, _LOADER, *_python(), *_packages(), *_libraries()]
    if sys.argv[1:] == ["--whole"]:
        names = sorted({name for part in parts for name in _NAMED.findall(part)})
        parts += [f"{_COMMON}/{name}\n\n{text}" for name in names if (text := _common(name))]
    sys.stdout.write(f"\n{'=' * 78}\n\n".join(parts))


def _common(name: str) -> str:
    """Return the text of a licence that Debian calls by this name; elsewhere, of those of our own parts."""
    texts = [Path(_COMMON, name)]
    texts += [Path("LICENSE")] if name == "Apache-2.0" else []
    texts += _licences(distribution("pyinstaller")) if name == "GPL-2" else []  # with the exception
    return _first(texts)


def _first(paths: list[Path]) -> str:
    """Return the text of the first of these files that is there, or an empty one."""
    return next((path.read_text(encoding="utf-8") for path in paths if path.exists()), "")


def _python() -> Iterator[str]:
    own = Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    debian = Path(f"/usr/share/doc/python{sysconfig.get_python_version()}/copyright")
    text = _first([own, debian]) or "Licence: Python-2.0, https://docs.python.org/3/license.html\n"
    yield f"Python {sys.version.split()[0]}\n\n{text}"


def _packages() -> Iterator[str]:
    for package in frozen():
        texts = [_text(path.read_text(encoding="utf-8")) for path in _licences(package)]
        yield "\n".join([f"{package.name} {package.version}\n", *texts])


def _licences(package: Distribution) -> list[Path]:
    names = ("licen", "notice", "copying")
    paths = [
        path for path in package.files or [] if ".dist-info" in path.parts[0] and path.name.lower().startswith(names)
    ]
    return [Path(str(package.locate_file(path))) for path in sorted(paths)]


def _text(licence: str) -> str:
    """Return the licence, or where Debian has it."""
    return f"Licence: {_APACHE}\n" if len(licence) > _WHOLE_APACHE and "Apache License" in licence[:200] else licence


def _libraries() -> Iterator[str]:
    for file in natives():
        package = None if file.is_pythons() or file.origin is None else debian_package(file.origin)
        if package is not None:
            # Some images leave all documents out.
            text = _first([Path(f"/usr/share/doc/{package.name}/copyright")]) or "Licence: as that package's\n"
            yield f"{file.path.name}, of Debian's package {package.name}\n\n{text}"


main()
