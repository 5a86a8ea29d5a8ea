"""Packs the frozen program as a release archive, with its SHA-256 and its SBOM beside it.

Run by build.sh after glibc.py with the Python that the program was frozen with, and with the program's version line.
"""

import gzip
import hashlib
import os
import sys
import tarfile
from pathlib import Path

from glibc import label

_DIST = Path("dist")
_EXTRAS = ("install.sh", "LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")


def main() -> None:
    """Write dist/NAME-VERSION-SYSTEM.tar.gz, .tar.gz.sha256 and .cdx.json, and delete those of older versions."""
    name, version = sys.argv[1].split()
    for old in (*_DIST.glob(f"{name}-*.tar.gz*"), *_DIST.glob(f"{name}-*.cdx.json")):
        old.unlink()
    base = f"{name}-{version}-{label()}"
    path = _DIST / f"{base}.tar.gz"
    folder = f"{name}-{version}"
    with (
        path.open("wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for member in sorted((_DIST / name).rglob("*")):
            inside = f"{folder}/{member.relative_to(_DIST)}"
            archive.add(member, inside, recursive=False, filter=_impersonal)
        for extra in (*_EXTRAS, *sorted(path.as_posix() for path in Path("docs").glob("*.*"))):
            archive.add(extra, f"{folder}/{extra}", filter=_impersonal)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n", newline="\n")
    (_DIST / f"{base}.cdx.json").write_bytes((_DIST / name / "share" / f"{name}.cdx.json").read_bytes())


def _impersonal(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out who built it, when and with what umask, so that two builds of one commit are the same."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = int(os.environ["SOURCE_DATE_EPOCH"])
    member.mode = 0o755 if member.mode & 0o100 else 0o644
    return member


main()
