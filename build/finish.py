"""Finishes the folder that PyInstaller made: removes the paths of the builder's machine, and lists the files.

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
    """Remove the path at which Python is installed from its own libraries; the launcher tells them where they are now.

    The path keeps its length and its last name: a linker stores strings with a common end as one, and the name may be
    a version that the library also has by itself.
    """
    if prefix == "/usr":
        return
    folder, _, name = prefix.rpartition("/")
    nowhere = "/" * len(folder)
    for path in (*_INSIDE.glob("libpython*"), *_INSIDE.glob("python3*/lib-dynload/*")):
        patchelf("--remove-rpath", path)
        path.write_bytes(path.read_bytes().replace(f"{folder}/{name}".encode(), f"{nowhere}/{name}".encode()))


def lead_launcher_to_zlib() -> None:
    """Make PyInstaller's launcher use the bundle's zlib, which it needs before it tells the loader where to look.

    It is named by its path, because a folder to search would be searched for the C library, too.
    """
    if b"/ld-musl-" in _PROGRAM.read_bytes():
        # musl expands $ORIGIN only in folders to search, and searches for no C library, which is its loader itself.
        patchelf("--set-rpath", "$ORIGIN/_internal", _PROGRAM)
    elif (_INSIDE / "libz.so.1").exists():
        # ld.so(8) also expands $ORIGIN in the names of the libraries that a program needs.
        patchelf("--replace-needed", "libz.so.1", "$ORIGIN/_internal/libz.so.1", _PROGRAM)


def patchelf(*arguments: str | Path) -> None:
    """Run the patchelf that is installed next to this Python."""
    subprocess.run([Path(sys.executable).with_name("patchelf"), *arguments], check=True)  # noqa: S603 - words of ours


main()
