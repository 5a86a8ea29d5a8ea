"""What the frozen program consists of: distributions from PyPI, native files, and where each of them comes from.

Imported by glibc.py, licences.py and sbom.py, which run with the Python that the program was frozen with.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

NAME = "docker-credential-ecrx"
BUNDLE = Path("dist", NAME)
_INSIDE = BUNDLE / "_internal"
_ORIGINS = Path(".work/build", NAME, "origins.json")  # the .spec writes it
_NATIVE = (b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")  # Linux, Windows, macOS: several machines, one


class DebianPackage(NamedTuple):
    """A package of the system's, as dpkg names it."""

    name: str
    version: str
    architecture: str
    source: str


class Native(NamedTuple):
    """A program or a shared library in the bundle; ``origin`` is the file that it was made from, if that is known."""

    path: Path
    origin: Path | None

    @property
    def inside(self) -> str:
        """Its path in the bundle."""
        return self.path.relative_to(BUNDLE).as_posix()

    def is_pythons(self) -> bool:
        """Return whether it is CPython's library or extension module; a distribution's own look the same."""
        name = self.path.name
        return name.lower().startswith(("libpython", "python")) or name.endswith(tuple(EXTENSION_SUFFIXES))

    def is_of(self, package: Distribution) -> bool:
        """Return whether a distribution installed it."""
        return any(_INSIDE / path == self.path for path in package.files or [])


def frozen() -> list[Distribution]:
    """Return the distributions that have a module in the bundle, without the program itself, by name."""
    found = [package for package in distributions() if package.name != NAME and _is_frozen(package)]
    return sorted(found, key=lambda package: package.name.lower())


def _is_frozen(package: Distribution) -> bool:
    files = [_INSIDE / path for path in package.files or [] if ".." not in path.parts]
    return any(
        path.with_suffix(".pyc").exists() if path.suffix == ".py" else path.exists()
        for path in files
        if path.name.endswith((".py", *EXTENSION_SUFFIXES))
    )


def natives() -> Iterator[Native]:
    """Yield the programs and shared libraries in the bundle, by path."""
    origins = json.loads(_ORIGINS.read_text())
    for path in sorted(BUNDLE.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                magic = file.read(4)
            if magic.startswith(_NATIVE):
                origin = origins.get(path.relative_to(_INSIDE).as_posix()) if path.is_relative_to(_INSIDE) else None
                yield Native(path, Path(origin) if origin else None)


@cache
def debian_package(origin: Path) -> DebianPackage | None:
    """Return the package that installed a file, or None if none did or the system has no dpkg."""
    dpkg, query = shutil.which("dpkg"), shutil.which("dpkg-query")
    if dpkg is None or query is None:
        return None
    # Since Debian merged /lib into /usr/lib, dpkg knows some files by one of the two names and some by the other.
    other = Path("/", *origin.parts[2:]) if origin.parts[1:2] == ("usr",) else Path("/usr", *origin.parts[1:])
    for path in (origin, other):
        found = subprocess.run([dpkg, "-S", path], capture_output=True, text=True, check=False)  # noqa: S603 - no shell
        if found.returncode == 0:
            package = found.stdout.partition(": ")[0]
            show = [query, "-W", "-f", "${Package}\t${Version}\t${Architecture}\t${source:Package}", package]
            done = subprocess.run(show, capture_output=True, text=True, check=True)  # noqa: S603 - no shell
            return DebianPackage(*done.stdout.split("\t"))
    return None
