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
PyInstaller's loader, /usr/lib/docker-credential-ecrx/docker-credential-ecrx

Copyright: 2010-2023, PyInstaller Development Team; 2005-2009, Giovanni Bajo; 2002, McMillan Enterprises, Inc.
Licence: GNU General Public License, version 2 or later: /usr/share/common-licenses/GPL-2,
with a special exception that permits what it loads to have any licence.
"""


def main() -> None:
    """Print one part for each component; with --whole, one for each common licence that they name."""
    parts = [_HEAD, _LOADER, *_python(), *_packages(), *_libraries()]
    if sys.argv[1:] == ["--whole"]:
        names = sorted({name for part in parts for name in _NAMED.findall(part)})
        parts += [f"{_COMMON}/{name}\n\n{_common(name)}" for name in names]
    sys.stdout.write(f"\n{'=' * 78}\n\n".join(parts))


def _common(name: str) -> str:
    """Return the text of a licence that Debian calls by this name; elsewhere there are those of our own parts."""
    path = Path(_COMMON, name)
    if path.exists():
        return path.read_text()
    if name == "Apache-2.0":
        return Path("LICENSE").read_text()
    if name == "GPL-2":  # with the exception
        return "\n".join(path.read_text() for path in _licences(distribution("pyinstaller")))
    message = f"licences.py: there is no text of {name} here"
    raise SystemExit(message)


def _python() -> Iterator[str]:
    own = Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    debian = Path(f"/usr/share/doc/python{sysconfig.get_python_version()}/copyright")
    text = next(path.read_text() for path in (own, debian) if path.exists())
    yield f"Python {sys.version.split()[0]}\n\n{text}"


def _packages() -> Iterator[str]:
    for package in frozen():
        texts = [_text(path.read_text()) for path in _licences(package)]
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
            text = Path(f"/usr/share/doc/{package.name}/copyright").read_text()
            yield f"{file.path.name}, of Debian's package {package.name}\n\n{text}"


main()
