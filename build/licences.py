"""Prints Debian's copyright file of the frozen program: its own licence, and those of all that is frozen into it.

Run by deb.sh with the Python that it was frozen in, on Debian, where packages' licences are in /usr/share/doc.
"""

import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import Distribution
from pathlib import Path

from contents import NAME, debian_package, frozen, natives

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
    """Print one part for each component."""
    parts = [_HEAD, _LOADER, *_python(), *_packages(), *_libraries()]
    sys.stdout.write(f"\n{'=' * 78}\n\n".join(parts))


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
