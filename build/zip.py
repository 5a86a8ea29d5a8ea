"""Packs a release archive as a .zip, too, which winget, scoop and Windows' Explorer open.

Run with the path of the .tar.gz; in place of install.sh it has install.ps1.
Two runs give the same bytes, and the .sha256 is beside it.
"""

import hashlib
import sys
import tarfile
import time
import zipfile
from pathlib import Path

_INSTALLER = Path(__file__).parents[1] / "install.ps1"
_1980 = 315_532_800  # a zip cannot have an earlier time
_UNIX = 3  # so that a file has its mode
_REGULAR = 0o100000  # stat.S_IFREG


def main() -> None:
    """Write ARCHIVE.zip and ARCHIVE.zip.sha256."""
    source = Path(sys.argv[1])
    path = source.with_name(source.name.removesuffix(".tar.gz") + ".zip")
    with (
        tarfile.open(source, "r:gz") as archive,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed,
    ):
        for member in archive:
            file = archive.extractfile(member)
            folder, _, name = member.name.rpartition("/")
            if name == "install.sh":
                packed.writestr(_info(f"{folder}/{_INSTALLER.name}", member), _INSTALLER.read_bytes())
            elif file is not None:
                packed.writestr(_info(member.name, member), file.read())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n", newline="\n")


def _info(name: str, member: tarfile.TarInfo) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, time.gmtime(max(_1980, member.mtime))[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = _UNIX
    info.external_attr = (_REGULAR | member.mode) << 16
    return info


main()
