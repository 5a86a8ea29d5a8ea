"""Prints the SBOM of the frozen program, in CycloneDX 1.6: CPython, PyPI's distributions, and every C library.

Run by build.sh with the Python that the program was frozen with, and with the program's version line.
The same build gives the same text: its time is SOURCE_DATE_EPOCH, its serial number comes from what it says.
"""

import hashlib
import json
import os
import platform
import re
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import Distribution, version
from typing import Any
from urllib.parse import quote

from contents import BUNDLE, DebianPackage, Native, debian_package, frozen, natives
from glibc import label

Component = dict[str, Any]

# What a native file says of the libraries that are in it: their names, or their versions.
_VERSIONS = {
    "AWS-LC": re.compile(rb"\0AWS-LC (\d+(?:\.\d+)+)\0"),
    "Expat": re.compile(rb"\0expat_(\d+(?:\.\d+)+)\0"),
    "OpenSSL": re.compile(rb"OpenSSL (\d+\.\d+\.\d+[a-z]?) +\d"),
    "bzip2": re.compile(rb"\0(\d+\.\d+\.\d+), \d\d?-[A-Z][a-z]{2}-\d{4}\0"),
    "ncurses": re.compile(rb"\0ncurses (\d+\.\d+)\.\d{8}\0"),
    "SQLite": re.compile(rb"SQLite version (\d+(?:\.\d+)+)"),
    "zlib": re.compile(rb"\x20inflate (\d+(?:\.\d+)+) Copyright"),
}
_NAMES = re.compile(
    rb"/crt/(aws-(?:c-[a-z0-9-]+|checksums)|s2n)/|\0(aws-c-[a-z0-9-]+): AWS_ERROR_"
)  # awscrt's are named so
_LICENCES = {
    "Expat": "MIT",
    "OpenSSL": "Apache-2.0",
    "SQLite": "blessing",
    "bzip2": "bzip2-1.0.6",
    "ncurses": "X11",
    "libffi": "MIT",
    "libmpdec": "BSD-2-Clause",
    "zlib": "Zlib",
    "s2n": "Apache-2.0",
}
_FILES = {
    "libcrypto": "OpenSSL",
    "libssl": "OpenSSL",
    "libexpat": "Expat",
    "libffi": "libffi",
    "libz": "zlib",
    "libbz2": "bzip2",
    "sqlite3": "SQLite",
    "libsqlite3": "SQLite",
}
_SPDX = {
    "Apache Software License": "Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT": "MIT",
    "Python Software Foundation License": "PSF-2.0",
}


def main() -> None:
    """Print the SBOM."""
    name, number = sys.argv[1].split()
    root = _component("application", name, number, f"pkg:generic/{name}@{number}") | _licence("Apache-2.0")
    parts = sorted(_parts(), key=lambda part: str(part["bom-ref"]))
    moment = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "lifecycles": [{"phase": "build"}],
            "component": root,
            "properties": [{"name": "platform", "value": label()}],
        },
        "components": parts,
        "dependencies": [{"ref": root["bom-ref"], "dependsOn": [part["bom-ref"] for part in parts]}],
    }
    text = json.dumps(document, sort_keys=True)
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_OID, text).urn
    sys.stdout.write(json.dumps(document, indent=1, sort_keys=True) + "\n")


def _parts() -> Iterator[Component]:
    """Yield each part of the program with the native files that are its own; no file is left out."""
    files = list(natives())
    launcher = [file for file in files if file.path.parent == BUNDLE]
    yield _with_files(_loader(), launcher)
    rest = [file for file in files if file not in launcher]
    for package in frozen():
        own = [file for file in rest if file.is_of(package)]
        rest = [file for file in rest if file not in own]
        yield _with_files(_distribution(package), own)
    own = [file for file in rest if file.is_pythons()]
    yield _with_files(_python(own), own)
    yield from _libraries([file for file in rest if file not in own])


def _loader() -> Component:
    """Return what starts the program: PyInstaller's, as it comes in its wheel."""
    number = version("pyinstaller")
    part = _component("library", "PyInstaller bootloader", number, f"pkg:pypi/pyinstaller@{number}")
    return part | _licence("GPL-2.0-or-later WITH Bootloader-exception")


def _python(own: list[Native]) -> Component:
    number = platform.python_version()
    package = _package_of(next((file for file in own if "python" in file.path.name.lower()), None))
    purl = _debian_purl(package) if package else f"pkg:generic/python@{number}"
    part = _component("platform", "CPython", number, purl) | _licence("Python-2.0")
    return part | {"cpe": f"cpe:2.3:a:python:python:{number}:*:*:*:*:*:*:*"}


def _distribution(package: Distribution) -> Component:
    name = re.sub(r"[-_.]+", "-", package.name).lower()  # as purl-spec says of PyPI's names
    part = _component("library", package.name, package.version, f"pkg:pypi/{name}@{package.version}")
    expression = package.metadata.get("License-Expression")
    if expression:
        return part | _licence(expression)
    classifiers = [name for name in package.metadata.get_all("Classifier", []) if name.startswith("License :: ")]
    texts = [name.rpartition(" :: ")[2] for name in classifiers] or [package.metadata.get("License", "unknown")]
    licences = [{"id": _SPDX[text]} if text in _SPDX else {"name": text.partition("\n")[0]} for text in texts]
    return part | {"licenses": [{"license": licence} for licence in licences]}


def _libraries(files: list[Native]) -> Iterator[Component]:
    """Yield the C libraries: by the system's package if there is one, else by what they are and say themselves."""
    groups: dict[DebianPackage | str, list[Native]] = {}
    for file in files:
        groups.setdefault(_package_of(file) or _library_of(file), []).append(file)
    for group, own in groups.items():
        name = _library_of(own[0])
        if isinstance(group, DebianPackage):
            part = _component("library", group.name, group.version, _debian_purl(group)) | {"description": name}
        else:
            number = next((number for file in own for said, number in _inside(file) if said == name), "")
            part = _component("library", name, number, _generic_purl(name, number))
        yield _with_files(part | _licence(_LICENCES.get(name, "")), own, name)


def _library_of(file: Native) -> str:
    """Return the name of the library that a file is, or the file's own if it is not known."""
    stem = re.split(r"[.-]", file.path.name)[0]
    return _FILES.get(stem, stem)


def _with_files(part: Component, files: list[Native], upstream: str = "") -> Component:
    """Return the part with its native files, and with the libraries that are linked into them."""
    inner = [
        {
            "type": "file",
            "name": file.inside,
            "bom-ref": f"file:{file.inside}",
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(file.path.read_bytes()).hexdigest()}],
        }
        | ({"properties": [{"name": "debian:package", "value": " ".join(package[:2])}]} if package else {})
        for file in files
        for package in [_package_of(file)]
    ]
    linked = {found for file in files for found in _inside(file)}
    for name, number in sorted(linked):
        if name == upstream:
            part["description"] = f"{name} {number}"
        else:
            licence = _LICENCES.get(name, "Apache-2.0" if name.startswith("aws-") else "")
            found = _component("library", name, number, _generic_purl(name, number)) | _licence(licence)
            inner.append(found | {"bom-ref": f"{part['bom-ref']}#{name.lower()}"})
    return part | ({"components": inner} if inner else {})


def _inside(file: Native) -> Iterator[tuple[str, str]]:
    """Yield the libraries whose code is in a native file, with their versions or an empty one."""
    text = file.path.read_bytes()
    for name, pattern in _VERSIONS.items():
        for number in set(pattern.findall(text)):
            yield name, number.decode()
    for names in set(_NAMES.findall(text)):
        yield b"".join(names).decode(), ""
    if file.path.name.startswith(("_decimal.", "libpython")) and b"libmpdec" in text:
        from _decimal import __libmpdec_version__ as number

        yield "libmpdec", number


def _package_of(file: Native | None) -> DebianPackage | None:
    return debian_package(file.origin) if file is not None and file.origin is not None else None


def _debian_purl(package: DebianPackage) -> str:
    system = platform.freedesktop_os_release()
    qualifiers = f"arch={package.architecture}&distro={system['ID']}-{system.get('VERSION_ID', '')}"
    if package.source != package.name:
        qualifiers += f"&upstream={quote(package.source)}"
    return f"pkg:deb/{system['ID']}/{quote(package.name)}@{quote(package.version, safe=':')}?{qualifiers}"


def _generic_purl(name: str, number: str) -> str:
    return f"pkg:generic/{quote(name.lower())}" + (f"@{number}" if number else "")


def _component(kind: str, name: str, number: str, purl: str) -> Component:
    part = {"type": kind, "name": name, "bom-ref": purl, "purl": purl}
    return part | ({"version": number} if number else {})


def _licence(expression: str) -> Component:
    return {"licenses": [{"expression": expression}]} if expression else {}


main()
