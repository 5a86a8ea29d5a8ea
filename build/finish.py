"""Finishes the folder that PyInstaller made: no path of the builder's machine in it, and a list of its parts.

Run by build.sh with the Python of the build's virtual environment.
"""

import importlib.util
import marshal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import cached_get
import first_get

_PROGRAM = Path("dist/docker-credential-ecrx/docker-credential-ecrx")
_INSIDE = _PROGRAM.parent / "_internal"
_LIST = _INSIDE / "parts.txt"  # docker_credential_ecrx.system.installation reads it
_HEADER = 16  # bytes before the code object in a .pyc (PEP 552)


def main() -> None:
    """Finish the folder in dist."""
    if sys.platform == "linux":
        forget_prefix(sys.base_prefix)
        lead_launcher_to_zlib()
    join(_INSIDE / "cached_get", cached_get.modules())  # entry.py imports from these two
    join(_INSIDE / "first_get", first_get.modules())
    files = sorted(path for path in _INSIDE.rglob("*") if path.is_file() and path != _LIST)
    lines = [f"{path.stat().st_size} {path.relative_to(_INSIDE).as_posix()}\n" for path in files]
    _LIST.write_text("".join(lines), newline="\n")


def join(file: Path, names: Iterable[str]) -> None:
    """Put the code objects of modules into one file, by their names, and whether each is a package.

    A package's own file stays, for a program whose one file is lost: it has to say so.
    """
    found = {}
    for name in names:
        place = _INSIDE / name.replace(".", "/")
        is_package = place.is_dir()
        path = place / "__init__.pyc" if is_package else place.with_suffix(".pyc")
        code = path.read_bytes()
        if code[:4] != importlib.util.MAGIC_NUMBER:
            sys.exit(f"finish.py: {path} is not of this Python")
        found[name] = (is_package, code[_HEADER:])
        if not is_package:
            path.unlink()
    file.write_bytes(marshal.dumps(found))


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
