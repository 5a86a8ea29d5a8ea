"""Prints the licence of the frozen program, and that of each component that its SBOM names.

Run after sbom.py with the Python that it was frozen with.
A text comes from the component's own distribution or from the system's package; where neither is on this machine, from
build/licences/, which has it from the library's authors.
By itself it prints Debian's copyright file, for deb.sh, which names common licences by their place in Debian.
With --whole it prints them too, for the archive; build.sh runs it so.
"""

import json
import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from contents import BUNDLE, NAME

_SHIPPED = Path(__file__).with_name("licences")
_COMMON = "/usr/share/common-licenses"
_NAMED = re.compile(rf"{_COMMON}/([\w.+-]*\w)")
_APACHE = "Apache License, version 2.0: /usr/share/common-licenses/Apache-2.0"
_WHOLE_APACHE = 9_000  # characters
_APACHE_WITHIN = re.compile(
    r"^ *Apache License\n\s*Version 2\.0, January 2004\n.*?END OF TERMS AND CONDITIONS\n", re.DOTALL | re.MULTILINE
)
_RULE = "=" * 78
_LONG_RULE = re.compile(rf"^{_RULE}=*$", re.MULTILINE)  # in a licence it would be taken for the end of a part
_HEAD = f"""\
{NAME} and the modules of Python, the libraries and the loader that are frozen into it.

Copyright: the authors of {NAME}
Licence: {_APACHE}
"""
_LOADER = """\
It is the program docker-credential-ecrx itself.
Copyright: 2010-2023, PyInstaller Development Team; 2005-2009, Giovanni Bajo; 2002, McMillan Enterprises, Inc.
Licence: GNU General Public License, version 2 or later: /usr/share/common-licenses/GPL-2,
with a special exception that permits what it loads to have any licence.
"""
_MICROSOFTS = re.compile(r"(vcruntime|msvcp|ucrtbase|api-ms-win-)", re.IGNORECASE)


def main() -> None:
    """Print one part for each component; with --whole, one for each common licence that they name."""
    sbom = json.loads((BUNDLE / "share" / f"{NAME}.cdx.json").read_text(encoding="utf-8"))
    parts = [_HEAD, *(_LONG_RULE.sub("=" * 70, part) for part in _parts(sbom["components"], ""))]
    if sys.argv[1:] == ["--whole"]:
        names = sorted({name for part in parts for name in _NAMED.findall(part)})
        parts += [f"{_COMMON}/{name}\n\n{text}" for name in names if (text := _common(name))]
    sys.stdout.write(f"\n{_RULE}\n\n".join(parts))


def _parts(components: list[dict[str, Any]], holder: str) -> Iterator[str]:
    """Yield a title and a licence for each component, and for those that are linked into it; a file is no component."""
    for component in components:
        if component["type"] != "file":
            name = component["name"].replace("CPython", "Python")
            title = " ".join(filter(None, [name, component.get("version")])) + (f", in {holder}" if holder else "")
            yield f"{title}\n\n{_licence(component)}"
            yield from _parts(component.get("components", []), name)


def _licence(component: dict[str, Any]) -> str:
    name: str = component["name"]
    if name == "CPython":
        return _python()
    if name == "PyInstaller bootloader":
        return _LOADER
    if component["purl"].startswith("pkg:pypi/"):
        return "\n".join(_text(path.read_text(encoding="utf-8")) for path in _licences(distribution(name)))
    if component["purl"].startswith("pkg:deb/"):
        # Some images leave all documents out.
        upstream = component["description"].partition(" ")[0]
        return _first([Path(f"/usr/share/doc/{name}/copyright")]) or _shipped(upstream)
    return _shipped(name)


def _shipped(name: str) -> str:
    """Return the licence of a C library by its own name."""
    if _MICROSOFTS.match(name):
        return "Licence: that of Microsoft's distributable code, which is in Python's licence.\n"
    amazons = [_SHIPPED / "aws.txt"] if name.startswith(("aws-", "s2n")) else []
    text = _APACHE_WITHIN.sub(f"Licence: {_APACHE}\n", _first([_SHIPPED / f"{name.lower()}.txt", *amazons]))
    if not text:
        print(f"licences.py: the licence of {name} is not in build/licences/", file=sys.stderr)  # noqa: T201
    return text or "Licence: not known here; its authors have it.\n"


def _common(name: str) -> str:
    """Return the text of a licence that Debian calls by this name; elsewhere, of those of our own parts."""
    texts = [Path(_COMMON, name)]
    texts += [Path("LICENSE")] if name == "Apache-2.0" else []
    texts += _licences(distribution("pyinstaller")) if name == "GPL-2" else []  # with the exception
    return _first(texts)


def _first(paths: list[Path]) -> str:
    """Return the text of the first of these files that is there, or an empty one."""
    return next((path.read_text(encoding="utf-8") for path in paths if path.exists()), "")


def _python() -> str:
    own = [Path(sysconfig.get_path("stdlib"), "LICENSE.txt"), Path(sys.base_prefix, "LICENSE.txt")]
    debian = Path(f"/usr/share/doc/python{sysconfig.get_python_version()}/copyright")
    return _first([*own, debian]) or "Licence: Python-2.0, https://docs.python.org/3/license.html\n"


def _licences(package: Distribution) -> list[Path]:
    names = ("licen", "notice", "copying")
    paths = [
        path for path in package.files or [] if ".dist-info" in path.parts[0] and path.name.lower().startswith(names)
    ]
    return [Path(str(package.locate_file(path))) for path in sorted(paths)]


def _text(licence: str) -> str:
    """Return the licence, or where Debian has it."""
    return f"Licence: {_APACHE}\n" if len(licence) > _WHOLE_APACHE and "Apache License" in licence[:200] else licence


main()
