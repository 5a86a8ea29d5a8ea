"""Finishes the folder that PyInstaller made: no path of the builder's machine in it, and a list of its parts.

Run by build.sh with the Python of the build's virtual environment.
"""

import subprocess
import sys
from pathlib import Path

import cached_get
import first_get
from code_file import join

_PROGRAM = Path("dist/docker-credential-ecrx/docker-credential-ecrx")
_INSIDE = _PROGRAM.parent / "_internal"
_LIST = _INSIDE / "parts.txt"  # docker_credential_ecrx.system.installation reads it


def main() -> None:
    """Finish the folder in dist."""
    if sys.platform == "linux":
        forget_prefix(sys.base_prefix)
        lead_launcher_to_zlib()
    # entry.py imports from these two.
    join(_INSIDE, "cached_get", cached_get.modules(), cached_get.full(*cached_get.START, *cached_get.EVERY_GET))
    join(_INSIDE, "first_get", first_get.modules())
    files = sorted(path for path in _INSIDE.rglob("*") if path.is_file() and path != _LIST)
    lines = [f"{path.stat().st_size} {path.relative_to(_INSIDE).as_posix()}\n" for path in files]
    _LIST.write_text("".join(lines), newline="\n")


def forget_prefix(prefix: str) -> None:
    """Take out of Python's own libraries where that Python is installed; the launcher says where they all are now.

    The path keeps its length and its last name: strings that end alike are stored as one, and a version is often both.
    """
    if prefix == "/usr":
        return
    folder, _, name = prefix.rpartition("/")
    nowhere = "/" * len(folder)
    for path in (*_INSIDE.glob("libpython*"), *_INSIDE.glob("python3*/lib-dynload/*")):
        patchelf("--remove-rpath", path)
        path.write_bytes(path.read_bytes().replace(f"{folder}/{name}".encode(), f"{nowhere}/{name}".encode()))


def lead_launcher_to_zlib() -> None:
    """Let PyInstaller's launcher take the bundle's zlib, which it needs before it tells the loader where to look.

    By its path and not by a folder to search, which would be searched for the C library too.
    """
    if b"/ld-musl-" in _PROGRAM.read_bytes():
        # musl knows $ORIGIN in the folders alone, and searches them for no C library: that is its loader itself.
        patchelf("--set-rpath", "$ORIGIN/_internal", _PROGRAM)
    elif (_INSIDE / "libz.so.1").exists():
        # ld.so(8) knows $ORIGIN in the names of what a program needs, too.
        patchelf("--replace-needed", "libz.so.1", "$ORIGIN/_internal/libz.so.1", _PROGRAM)


def patchelf(*arguments: str | Path) -> None:
    """Run patchelf, which lies beside this Python."""
    subprocess.run([Path(sys.executable).with_name("patchelf"), *arguments], check=True)  # noqa: S603 - words of ours


main()
